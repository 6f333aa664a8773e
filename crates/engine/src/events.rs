//! Reading events back: the index of each organization's events, and the questions that it helps to answer.

use std::sync::Arc;

use domain::{EventId, EventIds, KeyedHash, OrganizationId, OwnedIdentity};
use parking_lot::{RwLock, RwLockWriteGuard};
use query::CATCH_UP_ROWS;
use query::events::{
    EventIndex, EventQuestion, FoundEvent, IdentityTimes, Listed, LiveEvents, NameQuestion,
    NameSummary, Part, References,
};
use rustc_hash::FxHashMap;
use store::{Folder, KeyHasher, Reader, Snapshot, StoreError};

use crate::Engine;
use crate::meters::Progress;

/// The indexes of all organizations' events, each made when it is first used.
#[derive(Debug)]
pub(crate) struct EventIndexes {
    /// For names, which clients choose.
    hash: KeyedHash,
    keys: KeyHasher,
    ids: EventIds,
    by_organization: RwLock<FxHashMap<OrganizationId, Arc<LiveIndex>>>,
}

/// The index of one organization's events.
#[derive(Debug)]
pub(crate) struct LiveIndex {
    organization: OrganizationId,
    keys: KeyHasher,
    ids: EventIds,
    index: RwLock<EventIndex>,
}

impl EventIndexes {
    pub(crate) fn new(folder: &Folder, keys: KeyHasher) -> Self {
        Self {
            hash: KeyedHash::new(folder.secret().derive("event name hash")),
            keys,
            ids: EventIds::new(folder.secret().bytes()),
            by_organization: RwLock::default(),
        }
    }

    /// The index of an organization's events.
    pub(crate) fn of(&self, organization: OrganizationId) -> Arc<LiveIndex> {
        if let Some(known) = self.by_organization.read().get(&organization) {
            return Arc::clone(known);
        }
        let mut all = self.by_organization.write();
        let index = all.entry(organization).or_insert_with(|| {
            Arc::new(LiveIndex {
                organization,
                keys: self.keys,
                ids: self.ids.clone(),
                index: RwLock::new(EventIndex::new(&self.hash)),
            })
        });
        Arc::clone(index)
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
            keys: self.keys,
            ids: &self.ids,
        }
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

/// The events of one organization as they are read: every look at them sees what was acknowledged before.
struct Reading<'a> {
    reader: &'a Reader,
    live: Arc<LiveIndex>,
}

impl LiveEvents for Reading<'_> {
    fn index<T>(&self, look: impl FnOnce(&EventIndex) -> T) -> T {
        look(&self.live.index.read())
    }

    fn snapshot(&self) -> Snapshot {
        self.reader.snapshot(self.live.organization)
    }

    fn references(&self) -> References<'_> {
        self.live.references()
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
        query::events::list(&self.reading(organization)?, question, part)
    }

    /// An event by its id; `None` when the organization has none of that id. In memory, or one read.
    pub fn event(
        &self,
        organization: OrganizationId,
        id: EventId,
    ) -> Result<Option<FoundEvent>, StoreError> {
        query::events::get(&self.reading(organization)?, id)
    }

    /// The names of events, as of the last acknowledged one, or a later one. Runs on the calling thread; for the cost see
    /// [`query::events::names`].
    pub fn event_names(
        &self,
        organization: OrganizationId,
        question: &NameQuestion<'_>,
        part: Part,
    ) -> Result<Listed<NameSummary>, StoreError> {
        query::events::names(&self.reading(organization)?, question, part)
    }

    /// With all in the index that is acknowledged now.
    fn reading(&self, organization: OrganizationId) -> Result<Reading<'_>, StoreError> {
        let live = self.events.of(organization);
        live.fold_all(&self.reader.snapshot(organization))?;
        let reader = &self.reader;
        Ok(Reading { reader, live })
    }

    /// When the events of each of these identities came, as of the last acknowledged event; `None` for one without events. In
    /// memory, but for the rows that are not folded yet.
    pub fn identity_times(
        &self,
        organization: OrganizationId,
        identities: &[OwnedIdentity],
    ) -> Result<Vec<Option<IdentityTimes>>, StoreError> {
        let snapshot = self.reader.snapshot(organization);
        let numbers: Vec<Option<u32>> = identities
            .iter()
            .map(|identity| snapshot.identity_index(identity.as_ref()))
            .collect();
        if numbers.iter().all(Option::is_none) {
            return Ok(vec![None; numbers.len()]);
        }
        let live = self.events.of(organization);
        live.fold_all(&snapshot)?;
        let index = live.index.read();
        Ok(numbers
            .into_iter()
            .map(|number| index.identity_times(number?))
            .collect())
    }
}
