//! Upkeep: folds new rows into the cubes while nobody waits for them.

use std::collections::BTreeSet;

use domain::OrganizationId;
use parking_lot::{Condvar, Mutex};
use query::Matches;
use store::Reader;

use crate::events::EventIndexes;
use crate::limits::{UNSAVED_ENTRIES_MAX, UPKEEP_PAUSE};
use crate::meters::{Events, LiveMeters, Progress};

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

    /// The thread's loop. A bounded number of bounded pieces of each organization in turn, so that neither a new meter over a
    /// long history nor an organization of many meters keeps the others from being current.
    pub(crate) fn run(&self, reader: &Reader, meters: &LiveMeters, events: &EventIndexes) {
        let mut round = 0_usize;
        let mut matches = Matches::default();
        while let Some(organizations) = self.next_round() {
            round = round.wrapping_add(1);
            let mut behind = Vec::new();
            let mut has_progress = false;
            for organization in organizations {
                let snapshot = reader.snapshot(organization);
                let mut pieces = 0;
                match events.catch_up(organization, &snapshot) {
                    Err(_) | Ok(Progress::Idle) => {}
                    Ok(Progress::Current) => pieces += 1,
                    Ok(Progress::Behind) => {
                        pieces += 1;
                        behind.push(organization);
                    }
                    Ok(Progress::Busy) => behind.push(organization),
                }
                if let Some(group) = meters.group(organization) {
                    let pass = group.catch_up(&snapshot, round, &mut matches, || self.is_closed());
                    pieces += pass.pieces;
                    if pass.is_behind {
                        behind.push(organization);
                    }
                    if group.unsaved() > UNSAVED_ENTRIES_MAX {
                        meters.save(Events {
                            reader,
                            organization,
                        });
                    }
                }
                if self.is_closed() {
                    return;
                }
                has_progress |= pieces > 0;
            }
            let is_done = behind.is_empty();
            self.notify(behind);
            if is_done || !has_progress {
                self.pause();
            }
        }
    }
}
