//! Upkeep: folds new rows into the cubes while nobody waits for them.

use std::collections::BTreeSet;

use domain::OrganizationId;
use parking_lot::{Condvar, Mutex};
use store::Reader;

use crate::meters::LiveMeters;

/// Tells the upkeep thread where there is work.
#[derive(Debug, Default)]
pub(crate) struct Upkeep {
    due: Mutex<Due>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Due {
    organizations: BTreeSet<OrganizationId>,
    closed: bool,
}

impl Upkeep {
    /// These organizations have new rows or new meters.
    pub(crate) fn notify(&self, organizations: impl IntoIterator<Item = OrganizationId>) {
        self.due.lock().organizations.extend(organizations);
        self.changed.notify_one();
    }

    pub(crate) fn close(&self) {
        self.due.lock().closed = true;
        self.changed.notify_all();
    }

    fn is_closed(&self) -> bool {
        self.due.lock().closed
    }

    /// Waits for work; `None` when closed.
    fn next(&self) -> Option<OrganizationId> {
        let mut due = self.due.lock();
        loop {
            if due.closed {
                return None;
            }
            if let Some(organization) = due.organizations.pop_first() {
                return Some(organization);
            }
            self.changed.wait(&mut due);
        }
    }

    /// The thread's loop. A bounded piece of each meter in turn, so that a new meter over a long history does not keep
    /// the others from being current.
    pub(crate) fn run(&self, reader: &Reader, meters: &LiveMeters) {
        while let Some(organization) = self.next() {
            let snapshot = reader.snapshot(organization);
            let mut behind = false;
            for meter in meters.of_organization(organization) {
                if self.is_closed() {
                    return;
                }
                behind |= !meter.catch_up(&snapshot);
            }
            if behind {
                self.notify([organization]);
            }
        }
    }
}
