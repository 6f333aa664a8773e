//! The live meters: what each measures, and what is kept up for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use domain::{Definition, KeyedHash, MeterId, OrganizationId};
use parking_lot::{RwLock, RwLockWriteGuard};
use query::{CATCH_UP_ROWS, Customer, CustomerUsage, Fold, Rows};
use rustc_hash::FxHashMap;
use store::{Reader, Snapshot, StoreError};

use crate::limits::{CUSTOMERS_PER_LOCK, STEP_PATIENCE};
use crate::saved;

/// The events of an organization, whenever they are looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Events<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) organization: OrganizationId,
}

impl Events<'_> {
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.reader.snapshot(self.organization)
    }
}

/// A meter as long as its definition stays the same.
#[derive(Debug)]
pub(crate) struct LiveMeter {
    pub(crate) definition: Definition,
    fold: RwLock<Fold>,
    /// Held for reading while a question is answered, and for writing from the look for a match until another definition has
    /// taken this one's place. So a question is either answered before that look, which then sees all that it saw, or asks the new
    /// definition.
    replacing: RwLock<()>,
    is_replaced: AtomicBool,
    /// How many rows were folded when it was kept last.
    saved: AtomicU32,
}

/// How far upkeep got with a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// All rows were in.
    Idle,
    /// Rows were folded, and now all are in.
    Current,
    /// Rows were folded, and there are more.
    Behind,
    /// Somebody else has the fold.
    Busy,
}

impl LiveMeter {
    /// With what was kept of it, if anything was.
    fn open(events: Events<'_>, id: MeterId, definition: Definition, hash: &KeyedHash) -> Self {
        let kept = saved::load(
            events.reader.derived(),
            events.organization,
            &saved::name_of_meter(id),
            &events.snapshot(),
            |bytes| {
                let fold = Fold::decode(id, &definition, hash.clone(), bytes)?;
                Ok((fold.rows(), fold))
            },
        );
        let fold = kept.unwrap_or_else(|| Fold::new(id, &definition, hash.clone()));
        Self {
            saved: AtomicU32::new(fold.rows()),
            definition,
            fold: RwLock::new(fold),
            replacing: RwLock::default(),
            is_replaced: AtomicBool::new(false),
        }
    }

    /// Whether another definition has taken this one's place.
    pub(crate) fn is_replaced(&self) -> bool {
        self.is_replaced.load(Ordering::Relaxed)
    }

    /// Answers a question by this definition; `None` when another one has taken its place. Until the answer is made, no other one
    /// does.
    pub(crate) fn unless_replaced<T>(&self, answer: impl FnOnce() -> T) -> Option<T> {
        let _replacing = self.replacing.read();
        (!self.is_replaced()).then(answer)
    }

    /// Reads with all of a snapshot folded. It may hold later rows too, which were acknowledged
    /// while this waited.
    pub(crate) fn read<T>(
        &self,
        snapshot: &Snapshot,
        read: impl FnOnce(&Fold) -> T,
    ) -> Result<T, StoreError> {
        {
            let fold = self.fold.read();
            if fold.rows() >= snapshot.rows() {
                return Ok(read(&fold));
            }
        }
        loop {
            // In pieces, so that others get their turn at the fold.
            let mut fold = self.fold.write();
            if fold.catch_up(snapshot, &self.definition, CATCH_UP_ROWS)? {
                return Ok(read(&RwLockWriteGuard::downgrade(fold)));
            }
            RwLockWriteGuard::unlock_fair(fold);
        }
    }

    /// Folds the next rows of a snapshot, a bounded number of them. Does not wait for whoever has the fold.
    pub(crate) fn catch_up(&self, snapshot: &Snapshot) -> Result<Progress, StoreError> {
        match self.fold.try_read() {
            Some(fold) if fold.rows() >= snapshot.rows() => return Ok(Progress::Idle),
            Some(_) => {}
            None => return Ok(Progress::Busy),
        }
        let Some(mut fold) = self.fold.try_write() else {
            return Ok(Progress::Busy);
        };
        let is_current = fold.catch_up(snapshot, &self.definition, CATCH_UP_ROWS)?;
        Ok(if is_current {
            Progress::Current
        } else {
            Progress::Behind
        })
    }

    /// What customers used of the meter, each in its present window, with all of a snapshot folded; `until` as in
    /// [`query::Usage::read`].
    pub(crate) fn usage(
        &self,
        events: Events<'_>,
        customers: &[Customer<'_>],
        until: Option<u32>,
    ) -> Result<Vec<CustomerUsage>, StoreError> {
        let snapshot = events.snapshot();
        let mut usages = Vec::with_capacity(customers.len());
        for some in customers.chunks(CUSTOMERS_PER_LOCK) {
            let is_settled = self.read(&snapshot, |fold| {
                let mut some = some.iter();
                some.all(|customer| fold.usage().is_settled(*customer, until))
            })?;
            if !is_settled {
                let mut fold = self.fold.write();
                let snapshot = events.snapshot();
                let rows = self.rows(&snapshot, &fold);
                for customer in some {
                    fold.usage_mut().settle(&rows, *customer, until)?;
                }
            }
            let fold = self.fold.read();
            let snapshot = events.snapshot();
            let rows = self.rows(&snapshot, &fold);
            for customer in some {
                usages.push(fold.usage().read(&rows, *customer, until)?);
            }
        }
        Ok(usages)
    }

    /// The units that roll over when a customer's window ends before the row of ordinal `until`.
    pub(crate) fn rollover(
        &self,
        events: Events<'_>,
        customer: Customer<'_>,
        until: u32,
    ) -> Result<i128, StoreError> {
        self.read(&events.snapshot(), |fold| {
            let snapshot = events.snapshot();
            fold.usage()
                .rollover(&self.rows(&snapshot, fold), customer, until)
        })?
    }

    /// Keeps what is folded, if that has grown since it was kept last.
    pub(crate) fn save(&self, events: Events<'_>, id: MeterId) -> Result<(), StoreError> {
        let mut packed = Vec::new();
        let (rows, snapshot) = {
            let fold = self.fold.read();
            if fold.rows() == self.saved.load(Ordering::Relaxed) || self.is_replaced() {
                return Ok(());
            }
            fold.encode(&self.definition, &mut packed);
            (fold.rows(), events.snapshot())
        };
        let name = saved::name_of_meter(id);
        let derived = events.reader.derived();
        saved::save(
            derived,
            events.organization,
            &name,
            &snapshot,
            (rows, &packed),
        )?;
        self.saved.store(rows, Ordering::Relaxed);
        Ok(())
    }

    /// The same, when it takes next to nothing: with few rows to fold, everything at hand, and nobody else for long at the fold.
    pub(crate) fn try_rollover(
        &self,
        snapshot: &Snapshot,
        customer: Customer<'_>,
        until: u32,
    ) -> Result<Option<i128>, StoreError> {
        let Some(mut fold) = self.fold.try_write_for(STEP_PATIENCE) else {
            return Ok(None);
        };
        let is_current = fold.catch_up(snapshot, &self.definition, CATCH_UP_ROWS)?;
        if !is_current || !fold.usage().is_settled(customer, Some(until)) {
            return Ok(None);
        }
        let rows = self.rows(snapshot, &fold);
        fold.usage().rollover(&rows, customer, until).map(Some)
    }

    /// The rows behind a fold. The snapshot must have been taken while the fold was locked: so it holds all that is folded.
    fn rows<'a>(&'a self, snapshot: &'a Snapshot, fold: &Fold) -> Rows<'a> {
        Rows {
            snapshot,
            definition: &self.definition,
            folded: fold.rows(),
        }
    }

    /// Whether an event of the snapshot matches. Cost: the rows not folded yet, up to the first match.
    pub(crate) fn has_match(&self, snapshot: &Snapshot) -> Result<bool, StoreError> {
        loop {
            let fold = self.fold.read();
            if fold.matched() > 0 || fold.rows() >= snapshot.rows() {
                return Ok(fold.matched() > 0);
            }
            drop(fold);
            let mut fold = self.fold.write();
            fold.catch_up(snapshot, &self.definition, CATCH_UP_ROWS)?;
            RwLockWriteGuard::unlock_fair(fold);
        }
    }
}

/// All live meters.
#[derive(Debug)]
pub(crate) struct LiveMeters {
    hash: KeyedHash,
    by_organization: RwLock<FxHashMap<OrganizationId, FxHashMap<MeterId, Arc<LiveMeter>>>>,
}

impl LiveMeters {
    pub(crate) fn new(hash: KeyedHash) -> Self {
        Self {
            hash,
            by_organization: RwLock::default(),
        }
    }

    /// Starts a meter, or starts it anew when its definition is another one.
    pub(crate) fn define(
        &self,
        reader: &Reader,
        organization: OrganizationId,
        id: MeterId,
        definition: Definition,
    ) {
        let known = self.get(organization, id);
        if known.is_some_and(|known| known.definition == definition) {
            return;
        }
        let events = Events {
            reader,
            organization,
        };
        let meter = Arc::new(LiveMeter::open(events, id, definition, &self.hash));
        let mut all = self.by_organization.write();
        let meters = all.entry(organization).or_default();
        if let Some(known) = meters.insert(id, meter) {
            known.is_replaced.store(true, Ordering::Relaxed);
        }
    }

    /// Puts another definition in the place of a meter's, unless an event matches the present one; `commit` makes it durable
    /// in between. Returns whether it did. Questions for the meter wait for as long as that takes.
    pub(crate) fn replace<E: From<StoreError>>(
        &self,
        reader: &Reader,
        organization: OrganizationId,
        id: MeterId,
        definition: Definition,
        commit: impl FnOnce() -> Result<(), E>,
    ) -> Result<bool, E> {
        let known = self.get(organization, id);
        let _replacing = known.as_ref().map(|known| known.replacing.write());
        if let Some(known) = &known
            && known.has_match(&reader.snapshot(organization))?
        {
            return Ok(false);
        }
        commit()?;
        self.define(reader, organization, id, definition);
        Ok(true)
    }

    pub(crate) fn get(&self, organization: OrganizationId, id: MeterId) -> Option<Arc<LiveMeter>> {
        self.by_organization
            .read()
            .get(&organization)?
            .get(&id)
            .cloned()
    }

    pub(crate) fn of_organization(&self, organization: OrganizationId) -> Vec<Arc<LiveMeter>> {
        let all = self.by_organization.read();
        all.get(&organization)
            .map(|meters| meters.values().cloned().collect())
            .unwrap_or_default()
    }

    /// Keeps what is folded for the meters of an organization. A meter that cannot be kept is logged, and folded again at the next
    /// start.
    pub(crate) fn save(&self, events: Events<'_>) {
        let meters: Vec<(MeterId, Arc<LiveMeter>)> = {
            let all = self.by_organization.read();
            let meters = all.get(&events.organization).into_iter().flatten();
            meters.map(|(id, meter)| (*id, Arc::clone(meter))).collect()
        };
        for (id, meter) in meters {
            if let Err(error) = meter.save(events, id) {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    meter = %id,
                    "what is folded for a meter was not kept"
                );
            }
        }
    }
}
