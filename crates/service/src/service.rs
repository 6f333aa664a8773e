//! The service: the one object that everything is asked of.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use catalog::{Catalog, CatalogError};
use domain::{
    CustomerMeterIds, EventTypeIds, KeyedHash, OrganizationId, Scopes, Timestamp, TokenId,
};
use engine::{Disk, Engine, StoreOptions};
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashMap;
use subtle::ConstantTimeEq as _;

use crate::directory::Directory;
use crate::labels::Labels;
use crate::secrets::{ADMIN_PREFIX, KnownToken, KnownTokens, SecretHash, SecretHasher, mint};
use crate::sessions::{CustomerAccess, KnownSessions};
use crate::webhooks::Webhooks;
use crate::{Clock, Error, OpenError, Random, WebhookPayloads};

/// The catalogue's file in the data folder.
const CATALOG_FILE: &str = "catalog.sqlite";

/// How exact the time of a token's last use is.
const USE_NOTED_EVERY_MICROS: i64 = 60_000_000;

/// How to open a data folder.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The data folder; made when it does not exist.
    pub folder: PathBuf,
    /// The administrator's token. `None`: made at the first start and returned once.
    pub admin_token: Option<String>,
    /// The disk for the events.
    pub disk: Arc<dyn Disk>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// When events leave memory, and the like.
    pub store: StoreOptions,
    /// Writes what webhook endpoints are told.
    pub webhook_payloads: Arc<dyn WebhookPayloads>,
    /// Whether webhooks may go to hosts that are not public, and over plain HTTP.
    pub webhooks_allow_private: bool,
}

/// The use cases. Shared between threads behind an `Arc`.
#[derive(Debug)]
pub struct Service {
    pub(crate) catalog: Catalog,
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) hasher: SecretHasher,
    admin: SecretHash,
    pub(crate) tokens: RwLock<KnownTokens>,
    /// Uses of tokens that are not in the catalogue yet.
    uses: Mutex<FxHashMap<TokenId, Timestamp>>,
    pub(crate) sessions: RwLock<KnownSessions>,
    pub(crate) directory: RwLock<Directory>,
    pub(crate) webhooks: Webhooks,
    /// What persons say that events are called.
    pub(crate) labels: Labels,
    pub(crate) customer_meter_ids: CustomerMeterIds,
    pub(crate) event_type_ids: EventTypeIds,
    /// Held for reading from the look at a customer and a meter until a credit or reset of theirs is written; for writing by who
    /// deletes a customer or archives a meter, before [`Self::changing`].
    pub(crate) accounts: RwLock<()>,
    /// Held by whoever reads a row of the catalogue in order to change it, and until memory is as the catalogue.
    pub(crate) changing: Mutex<()>,
    /// Held while something happens to grants, and by who deletes what they are of; after [`Self::accounts`] and [`Self::changing`].
    pub(crate) granting: Mutex<()>,
}

/// Who asks, after [`Service::authenticate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    /// The administrator: organizations and tokens, nothing else.
    Admin,
    /// An organization, through one of its tokens.
    Organization(Access),
    /// A customer, through one of its sessions.
    Customer(CustomerAccess),
}

/// What an organization's token gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Which token.
    pub token: TokenId,
    /// Whose.
    pub organization: OrganizationId,
    /// What it may do.
    pub scopes: Scopes,
}

/// A service, and what its start has to tell.
#[derive(Debug)]
pub struct Opened {
    /// The service.
    pub service: Service,
    /// The administrator's token when it was made now: to be shown once, it is kept nowhere.
    pub admin_token: Option<String>,
    /// What recovery found.
    pub recovery: engine::RecoveryReport,
    /// Why what was begun with grants before the last end could not be done to its end. It is tried again before the next thing
    /// happens to a grant of the organization.
    pub unsettled: Option<Error>,
}

impl Service {
    /// Opens a data folder and recovers what was acknowledged. Blocks for the time of the recovery.
    pub fn open(options: OpenOptions) -> Result<Opened, OpenError> {
        let engine = Engine::open(&engine::OpenOptions {
            folder: options.folder.clone(),
            disk: Arc::clone(&options.disk),
            clock: Arc::clone(&options.clock),
            random: Arc::clone(&options.random),
            store: options.store,
        })?;
        let catalog = open_catalog(&engine, &options.folder.join(CATALOG_FILE));
        let catalog = catalog.inspect_err(|_| engine.abandon())?;
        Self::start(catalog, engine, options)
    }

    fn start(catalog: Catalog, engine: Engine, options: OpenOptions) -> Result<Opened, OpenError> {
        let hasher = SecretHasher::new(&engine.folder().secret().derive("token hashes"));
        let (admin, admin_token) = admin_token(&catalog, &hasher, &options)?;
        let mut tokens = KnownTokens::default();
        for (hash, token) in catalog.all_tokens()? {
            tokens.insert(hash, token.id, KnownToken::of(&token));
        }
        let mut sessions = KnownSessions::default();
        for (hash, session) in catalog.all_sessions()? {
            sessions.insert(hash, &session);
        }
        let hash = engine.folder().secret().derive("directory hash");
        let customer_meter_ids = CustomerMeterIds::new(engine.folder().secret().bytes());
        let mut directory = Directory::new(KeyedHash::new(hash), customer_meter_ids.clone());
        for (organization, id) in catalog.deleted_customers()? {
            directory.remember(organization, id);
        }
        for known in catalog.customer_identities()? {
            directory.insert(known.organization, known.id, known.external_id.as_deref());
        }
        for (organization, customer, member) in catalog.all_members()? {
            directory.insert_member(organization, customer, member);
        }
        for meter in catalog.all_meters()? {
            if let Some(at) = meter.stands_since {
                // What comes from now on comes after, also when the clock was set back meanwhile.
                engine.receive_from(at);
            }
            engine.define_meter(meter.organization, meter.id, meter.definition);
        }
        let labels = Labels::default();
        for (organization, name, label) in catalog.all_event_labels()? {
            labels.insert(organization, name, label);
        }
        let webhooks = Webhooks::open(&options, &catalog, &engine)?;
        let event_type_ids = EventTypeIds::new(engine.folder().secret().bytes());
        let recovery = engine.recovery().clone();
        let service = Self {
            catalog,
            engine,
            clock: options.clock,
            random: options.random,
            hasher,
            admin,
            tokens: RwLock::new(tokens),
            uses: Mutex::default(),
            sessions: RwLock::new(sessions),
            directory: RwLock::new(directory),
            webhooks,
            labels,
            customer_meter_ids,
            event_type_ids,
            accounts: RwLock::default(),
            changing: Mutex::default(),
            granting: Mutex::default(),
        };
        let unsettled = service.settle_all_grants().err();
        Ok(Opened {
            service,
            admin_token,
            recovery,
            unsettled,
        })
    }

    /// Now, by the clock that the service was given.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Who has this secret; `None` when nobody has, or when the token or session has expired. In memory, does not block; how long
    /// it takes does not depend on how much of a secret was right.
    pub fn authenticate(&self, secret: &str) -> Option<Principal> {
        let hash = self.hasher.hash(secret);
        if bool::from(self.admin.ct_eq(&hash)) {
            return Some(Principal::Admin);
        }
        let now = self.now();
        let Some(known) = self.tokens.read().find(&hash).copied() else {
            return self.session_of(&hash, now).map(Principal::Customer);
        };
        if known.expires_at.is_some_and(|at| at <= now) {
            return None;
        }
        let noted = known.used_at.map_or(i64::MIN, Timestamp::micros);
        if now.micros().saturating_sub(noted) >= USE_NOTED_EVERY_MICROS {
            self.note_use(known.access.token, now);
        }
        Some(Principal::Organization(known.access))
    }

    fn note_use(&self, token: TokenId, now: Timestamp) {
        if let Some(known) = self.tokens.write().get_mut(token) {
            known.used_at = Some(now);
        }
        self.uses.lock().insert(token, now);
    }

    /// Writes to the catalogue when tokens were last used. To be called every half a minute or so, and before the end.
    pub fn save_token_uses(&self) -> Result<(), Error> {
        let mut uses: Vec<_> = std::mem::take(&mut *self.uses.lock()).into_iter().collect();
        uses.sort_unstable();
        if uses.is_empty() {
            return Ok(());
        }
        self.catalog.touch_tokens(&uses).map_err(|error| {
            // For the next time; later uses are kept.
            let mut waiting = self.uses.lock();
            for (token, at) in uses {
                waiting.entry(token).or_insert(at);
            }
            Error::from(error)
        })
    }

    /// Whether events and rows can be taken in. `false` after a failed sync of either, until a restart.
    pub fn takes_writes(&self) -> bool {
        self.engine.takes_writes() && self.catalog.takes_writes()
    }

    /// Finishes what is in flight and closes. Later calls that take events in fail with [`Error::WritesStopped`].
    pub fn close(&self) {
        self.engine.close();
    }

    /// Sixteen random bytes, for an identifier.
    pub(crate) fn random_id(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        bytes
    }
}

/// Opens the catalogue. One that is lost, empty or another folder's is not taken for that of a first start when there are events.
fn open_catalog(engine: &Engine, path: &Path) -> Result<Catalog, OpenError> {
    let organizations = engine.organizations();
    if !organizations.is_empty() {
        let path = path.to_owned();
        match std::fs::metadata(&path) {
            Ok(file) if file.len() > 0 => {}
            Ok(_) => return Err(OpenError::CatalogMissing { path }),
            Err(source) if source.kind() == ErrorKind::NotFound => {
                return Err(OpenError::CatalogMissing { path });
            }
            Err(source) => return Err(OpenError::CatalogUnreadable { path, source }),
        }
    }
    let catalog = Catalog::open(path)?;
    for organization in organizations {
        if catalog.organization(organization)?.is_none() {
            let path = path.to_owned();
            return Err(OpenError::CatalogForeign { path, organization });
        }
    }
    Ok(catalog)
}

/// The hash of the administrator's token, and the token itself when it is made now.
fn admin_token(
    catalog: &Catalog,
    hasher: &SecretHasher,
    options: &OpenOptions,
) -> Result<(SecretHash, Option<String>), CatalogError> {
    if let Some(given) = &options.admin_token {
        return Ok((hasher.hash(given), None));
    }
    if let Some(hash) = catalog.admin_token_hash()? {
        return Ok((hash, None));
    }
    let token = mint(ADMIN_PREFIX, &*options.random);
    let hash = hasher.hash(&token);
    catalog.set_admin_token_hash(&hash)?;
    Ok((hash, Some(token)))
}
