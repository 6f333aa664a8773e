//! Reading events back: the index of each organization's events, and the questions that it helps to answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::{EventId, EventIds, KeyedHash, OrganizationId, OwnedIdentity};
use parking_lot::{RwLock, RwLockWriteGuard};
use query::CATCH_UP_ROWS;
use query::events::{
    EventIndex, EventQuestion, FoundEvent, IdentityTimes, Listed, LiveEvents, NameQuestion,
    NameSummary, Part, References,
};
use rustc_hash::FxHashMap;
use store::{Folder, Reader, Snapshot, StoreError};

use crate::Engine;
use crate::meters::Progress;
use crate::saved::{self, EVENT_INDEX};

/// The indexes of all organizations' events, each made when it is first used.
#[derive(Debug)]
pub(crate) struct EventIndexes {
    /// For names, which clients choose.
    hash: KeyedHash,
    ids: EventIds,
    reader: Reader,
    /// The organizations that had events at the start, sorted: of no other is anything kept.
    old: Vec<OrganizationId>,
    by_organization: RwLock<FxHashMap<OrganizationId, Arc<LiveIndex>>>,
}

/// The index of one organization's events.
#[derive(Debug)]
pub(crate) struct LiveIndex {
    organization: OrganizationId,
    ids: EventIds,
    reader: Reader,
    index: RwLock<EventIndex>,
    /// How many rows were folded when it was kept last.
    saved: AtomicU32,
}

impl EventIndexes {
    pub(crate) fn new(folder: &Folder, reader: Reader) -> Self {
        Self {
            hash: KeyedHash::new(folder.secret().derive("event name hash")),
            ids: EventIds::new(folder.secret().bytes()),
            old: reader.organizations(),
            reader,
            by_organization: RwLock::default(),
        }
    }

    /// The index of an organization's events.
    pub(crate) fn of(&self, organization: OrganizationId) -> Arc<LiveIndex> {
        if let Some(known) = self.by_organization.read().get(&organization) {
            return Arc::clone(known);
        }
        let opened = Arc::new(self.open(organization));
        let mut all = self.by_organization.write();
        Arc::clone(all.entry(organization).or_insert(opened))
    }

    /// With what was kept of it, if anything was.
    fn open(&self, organization: OrganizationId) -> LiveIndex {
        let kept = match self.old.binary_search(&organization) {
            Ok(_) => self.load(organization),
            Err(_) => None,
        };
        let index = kept.unwrap_or_else(|| EventIndex::new(&self.hash));
        LiveIndex {
            organization,
            ids: self.ids.clone(),
            reader: self.reader.clone(),
            saved: AtomicU32::new(index.rows()),
            index: RwLock::new(index),
        }
    }

    fn load(&self, organization: OrganizationId) -> Option<EventIndex> {
        saved::load(
            self.reader.derived(),
            organization,
            EVENT_INDEX,
            &self.reader.snapshot(organization),
            |bytes| {
                let index = EventIndex::decode(bytes, &self.hash)?;
                Ok((index.rows(), index))
            },
        )
    }

    /// Keeps what is folded of an organization's events, if that has grown since it was kept last. What cannot be kept is logged, and
    /// folded again at the next start.
    pub(crate) fn save(&self, organization: OrganizationId) {
        let known = self.by_organization.read().get(&organization).cloned();
        if let Some(Err(error)) = known.map(|live| live.save()) {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                %organization,
                "the index of events was not kept"
            );
        }
    }

    /// Folds the next rows of an organization's snapshot, a bounded number of them. Does not wait for whoever has the index.
    pub(crate) fn catch_up(
        &self,
        organization: OrganizationId,
        snapshot: &Snapshot,
    ) -> Result<Progress, StoreError> {
        self.of(organization).catch_up(snapshot)
    }
}

impl LiveIndex {
    fn references(&self) -> References<'_> {
        References {
            organization: self.organization,
            keys: self.reader.key_hasher(),
            ids: &self.ids,
        }
    }

    fn snapshot(&self) -> Snapshot {
        self.reader.snapshot(self.organization)
    }

    fn save(&self) -> Result<(), StoreError> {
        let mut packed = Vec::new();
        let rows = {
            let index = self.index.read();
            if index.rows() == self.saved.load(Ordering::Relaxed) {
                return Ok(());
            }
            index.encode(&mut packed);
            index.rows()
        };
        saved::save(
            self.reader.derived(),
            self.organization,
            EVENT_INDEX,
            &self.snapshot(),
            (rows, &packed),
        )?;
        self.saved.store(rows, Ordering::Relaxed);
        Ok(())
    }

    /// Sees to it that all of a snapshot is folded. There may be later rows too, which were acknowledged while this waited.
    fn fold_all(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        if self.index.read().rows() >= snapshot.rows() {
            return Ok(());
        }
        loop {
            // In pieces, so that others get their turn at the index.
            let mut index = self.index.write();
            if index.catch_up(snapshot, &self.references(), CATCH_UP_ROWS)? {
                return Ok(());
            }
            RwLockWriteGuard::unlock_fair(index);
        }
    }

    fn catch_up(&self, snapshot: &Snapshot) -> Result<Progress, StoreError> {
        match self.index.try_read() {
            Some(index) if index.rows() >= snapshot.rows() => return Ok(Progress::Idle),
            Some(_) => {}
            None => return Ok(Progress::Busy),
        }
        let Some(mut index) = self.index.try_write() else {
            return Ok(Progress::Busy);
        };
        let is_current = index.catch_up(snapshot, &self.references(), CATCH_UP_ROWS)?;
        Ok(if is_current {
            Progress::Current
        } else {
            Progress::Behind
        })
    }
}

impl LiveEvents for LiveIndex {
    fn index<T>(&self, look: impl FnOnce(&EventIndex) -> T) -> T {
        look(&self.index.read())
    }

    fn snapshot(&self) -> Snapshot {
        Self::snapshot(self)
    }

    fn references(&self) -> References<'_> {
        Self::references(self)
    }
}

impl Engine {
    /// Events, as of the last acknowledged one, or a later one. Runs on the calling thread; for the cost see
    /// [`query::events::list`].
    pub fn events(
        &self,
        organization: OrganizationId,
        question: &EventQuestion<'_>,
        part: Part,
    ) -> Result<Listed<FoundEvent>, StoreError> {
        query::events::list(&*self.current(organization)?, question, part)
    }

    /// An event by its id; `None` when the organization has none of that id. In memory, or one read.
    pub fn event(
        &self,
        organization: OrganizationId,
        id: EventId,
    ) -> Result<Option<FoundEvent>, StoreError> {
        query::events::get(&*self.current(organization)?, id)
    }

    /// The names of events, as of the last acknowledged one, or a later one. Runs on the calling thread; for the cost see
    /// [`query::events::names`].
    pub fn event_names(
        &self,
        organization: OrganizationId,
        question: &NameQuestion<'_>,
        part: Part,
    ) -> Result<Listed<NameSummary>, StoreError> {
        query::events::names(&*self.current(organization)?, question, part)
    }

    /// When the events of all identities came, by their numbers.
    pub(crate) fn all_identity_times(
        &self,
        organization: OrganizationId,
        snapshot: &Snapshot,
    ) -> Result<Vec<Option<IdentityTimes>>, StoreError> {
        let live = self.events.of(organization);
        live.fold_all(snapshot)?;
        let index = live.index.read();
        let numbers = 0..snapshot.identities_count();
        Ok(numbers.map(|number| index.identity_times(number)).collect())
    }

    /// When the events of each of these identities came, as of the last acknowledged event; `None` for one without events. In
    /// memory, but for the rows that are not folded yet.
    pub fn identity_times(
        &self,
        organization: OrganizationId,
        identities: &[OwnedIdentity],
    ) -> Result<Vec<Option<IdentityTimes>>, StoreError> {
        let live = self.events.of(organization);
        let snapshot = live.snapshot();
        let numbers: Vec<Option<u32>> = identities
            .iter()
            .map(|identity| snapshot.identity_index(identity.as_ref()))
            .collect();
        if numbers.iter().all(Option::is_none) {
            return Ok(vec![None; numbers.len()]);
        }
        live.fold_all(&snapshot)?;
        let index = live.index.read();
        Ok(numbers
            .into_iter()
            .map(|number| index.identity_times(number?))
            .collect())
    }

    /// The index of an organization's events, with all in it that is acknowledged now.
    fn current(&self, organization: OrganizationId) -> Result<Arc<LiveIndex>, StoreError> {
        let live = self.events.of(organization);
        live.fold_all(&live.snapshot())?;
        Ok(live)
    }
}
