//! Upkeep: folds new rows into the cubes while nobody waits for them.

use std::collections::BTreeSet;

use domain::OrganizationId;
use parking_lot::{Condvar, Mutex};
use store::Reader;

use crate::limits::UPKEEP_PAUSE;
use crate::meters::LiveMeters;

/// Tells the upkeep thread where there is work.
#[derive(Debug, Default)]
pub(crate) struct Upkeep {
    due: Mutex<Due>,
    changed: Condvar,
    ended: Condvar,
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
        self.ended.notify_all();
    }

    fn is_closed(&self) -> bool {
        self.due.lock().closed
    }

    /// Waits for work and takes all of it; `None` when closed.
    fn next_round(&self) -> Option<BTreeSet<OrganizationId>> {
        let mut due = self.due.lock();
        loop {
            if due.closed {
                return None;
            }
            if !due.organizations.is_empty() {
                return Some(std::mem::take(&mut due.organizations));
            }
            self.changed.wait(&mut due);
        }
    }

    /// Lets new rows gather, so that many small groups cost one round and not one each. Ends early when closed.
    fn pause(&self) {
        let mut due = self.due.lock();
        if !due.closed {
            self.ended.wait_for(&mut due, UPKEEP_PAUSE);
        }
    }

    /// The thread's loop. A bounded piece of each meter in turn, so that a new meter over a long history keeps no other
    /// from being current.
    pub(crate) fn run(&self, reader: &Reader, meters: &LiveMeters) {
        while let Some(organizations) = self.next_round() {
            let mut behind = Vec::new();
            for organization in organizations {
                let snapshot = reader.snapshot(organization);
                for meter in meters.of_organization(organization) {
                    if self.is_closed() {
                        return;
                    }
                    if !meter.catch_up(&snapshot) {
                        behind.push(organization);
                    }
                }
            }
            if behind.is_empty() {
                self.pause();
            } else {
                self.notify(behind);
            }
        }
    }
}
