//! The live meters: what each measures, and its cube.

use std::sync::Arc;

use domain::{Definition, MeterId, OrganizationId};
use parking_lot::{RwLock, RwLockWriteGuard};
use query::{CATCH_UP_ROWS, Cube};
use rustc_hash::FxHashMap;
use store::Snapshot;

/// A meter as long as its definition stays the same.
#[derive(Debug)]
pub(crate) struct LiveMeter {
    pub(crate) definition: Definition,
    cube: RwLock<Cube>,
}

impl LiveMeter {
    fn new(definition: Definition) -> Self {
        let cube = RwLock::new(Cube::new(definition.aggregation.function()));
        Self { definition, cube }
    }

    /// Reads the cube with all of a snapshot folded into it. It may hold later rows too, which were acknowledged
    /// while this waited.
    pub(crate) fn read<T>(&self, snapshot: &Snapshot, read: impl FnOnce(&Cube) -> T) -> T {
        {
            let cube = self.cube.read();
            if cube.rows() >= snapshot.rows() {
                return read(&cube);
            }
        }
        let mut cube = self.cube.write();
        cube.catch_up(snapshot, &self.definition, u32::MAX);
        read(&RwLockWriteGuard::downgrade(cube))
    }

    /// Folds the next rows of a snapshot, a bounded number of them. Returns whether all are in.
    pub(crate) fn catch_up(&self, snapshot: &Snapshot) -> bool {
        if self.cube.read().rows() >= snapshot.rows() {
            return true;
        }
        self.cube
            .write()
            .catch_up(snapshot, &self.definition, CATCH_UP_ROWS)
    }

    /// Whether an event of the snapshot matches. Cost: the rows not folded yet, up to the first match.
    pub(crate) fn has_match(&self, snapshot: &Snapshot) -> bool {
        loop {
            if self.cube.read().matched() > 0 {
                return true;
            }
            if self.catch_up(snapshot) {
                return self.cube.read().matched() > 0;
            }
        }
    }
}

/// All live meters.
#[derive(Debug, Default)]
pub(crate) struct LiveMeters {
    by_organization: RwLock<FxHashMap<OrganizationId, FxHashMap<MeterId, Arc<LiveMeter>>>>,
}

impl LiveMeters {
    /// Starts a meter, or starts it anew when its definition is another one.
    pub(crate) fn define(&self, organization: OrganizationId, id: MeterId, definition: Definition) {
        let mut all = self.by_organization.write();
        let meters = all.entry(organization).or_default();
        if meters
            .get(&id)
            .is_none_or(|live| live.definition != definition)
        {
            meters.insert(id, Arc::new(LiveMeter::new(definition)));
        }
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
}
