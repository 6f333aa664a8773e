//! The live meters: what each measures, and its cube.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Definition, KeyedHash, MeterId, OrganizationId};
use parking_lot::{RwLock, RwLockWriteGuard};
use query::{CATCH_UP_ROWS, Cube};
use rustc_hash::FxHashMap;
use store::{Reader, Snapshot, StoreError};

/// A meter as long as its definition stays the same.
#[derive(Debug)]
pub(crate) struct LiveMeter {
    pub(crate) definition: Definition,
    cube: RwLock<Cube>,
    /// Held for reading while a question takes its snapshot, and for writing from the look for a match until another
    /// definition has taken this one's place. So a question either comes before that look, which then sees all that it
    /// saw, or asks the new definition.
    replacing: RwLock<()>,
    is_replaced: AtomicBool,
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
    /// Somebody else has the cube.
    Busy,
}

impl LiveMeter {
    fn new(definition: Definition, hash: KeyedHash) -> Self {
        let cube = Cube::new(definition.aggregation.function(), hash);
        Self {
            definition,
            cube: RwLock::new(cube),
            replacing: RwLock::default(),
            is_replaced: AtomicBool::new(false),
        }
    }

    /// A snapshot to be read by this definition; `None` when another one has taken its place.
    fn snapshot(&self, reader: &Reader, organization: OrganizationId) -> Option<Snapshot> {
        let _replacing = self.replacing.read();
        let is_replaced = self.is_replaced.load(Ordering::Relaxed);
        (!is_replaced).then(|| reader.snapshot(organization))
    }

    /// Reads the cube with all of a snapshot folded into it. It may hold later rows too, which were acknowledged
    /// while this waited.
    pub(crate) fn read<T>(
        &self,
        snapshot: &Snapshot,
        read: impl FnOnce(&Cube) -> T,
    ) -> Result<T, StoreError> {
        {
            let cube = self.cube.read();
            if cube.rows() >= snapshot.rows() {
                return Ok(read(&cube));
            }
        }
        loop {
            // In pieces, so that others get their turn at the cube.
            let mut cube = self.cube.write();
            if cube.catch_up(snapshot, &self.definition, CATCH_UP_ROWS)? {
                return Ok(read(&RwLockWriteGuard::downgrade(cube)));
            }
            RwLockWriteGuard::unlock_fair(cube);
        }
    }

    /// Folds the next rows of a snapshot, a bounded number of them. Does not wait for whoever has the cube.
    pub(crate) fn catch_up(&self, snapshot: &Snapshot) -> Result<Progress, StoreError> {
        match self.cube.try_read() {
            Some(cube) if cube.rows() >= snapshot.rows() => return Ok(Progress::Idle),
            Some(_) => {}
            None => return Ok(Progress::Busy),
        }
        let Some(mut cube) = self.cube.try_write() else {
            return Ok(Progress::Busy);
        };
        let is_current = cube.catch_up(snapshot, &self.definition, CATCH_UP_ROWS)?;
        Ok(if is_current {
            Progress::Current
        } else {
            Progress::Behind
        })
    }

    /// Whether an event of the snapshot matches. Cost: the rows not folded yet, up to the first match.
    pub(crate) fn has_match(&self, snapshot: &Snapshot) -> Result<bool, StoreError> {
        loop {
            let cube = self.cube.read();
            if cube.matched() > 0 || cube.rows() >= snapshot.rows() {
                return Ok(cube.matched() > 0);
            }
            drop(cube);
            let mut cube = self.cube.write();
            cube.catch_up(snapshot, &self.definition, CATCH_UP_ROWS)?;
            RwLockWriteGuard::unlock_fair(cube);
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
    pub(crate) fn define(&self, organization: OrganizationId, id: MeterId, definition: Definition) {
        let mut all = self.by_organization.write();
        let meters = all.entry(organization).or_default();
        if let Some(known) = meters.get(&id) {
            if known.definition == definition {
                return;
            }
            known.is_replaced.store(true, Ordering::Relaxed);
        }
        meters.insert(id, Arc::new(LiveMeter::new(definition, self.hash.clone())));
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
        self.define(organization, id, definition);
        Ok(true)
    }

    pub(crate) fn get(&self, organization: OrganizationId, id: MeterId) -> Option<Arc<LiveMeter>> {
        self.by_organization
            .read()
            .get(&organization)?
            .get(&id)
            .cloned()
    }

    /// A meter as it is defined now, and a snapshot to read by that definition.
    pub(crate) fn get_with_snapshot(
        &self,
        reader: &Reader,
        organization: OrganizationId,
        id: MeterId,
    ) -> Option<(Arc<LiveMeter>, Snapshot)> {
        loop {
            let meter = self.get(organization, id)?;
            if let Some(snapshot) = meter.snapshot(reader, organization) {
                return Some((meter, snapshot));
            }
        }
    }

    pub(crate) fn of_organization(&self, organization: OrganizationId) -> Vec<Arc<LiveMeter>> {
        let all = self.by_organization.read();
        all.get(&organization)
            .map(|meters| meters.values().cloned().collect())
            .unwrap_or_default()
    }
}
