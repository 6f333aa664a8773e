//! The requests that wait for the writer: fairly between organizations, within bounds.
//!
//! - Organizations take turns: each gives so many bytes, or one request, before the next has its turn. So whoever sends little waits
//!   for a group or two, however much another sends.
//! - An organization holds no more of the room than is left for the others.
//! - Steps take turns with groups, and run when no group is under way.

use std::collections::{BTreeMap, VecDeque};

use domain::OrganizationId;
use parking_lot::{Condvar, Mutex};
use store::{Group, StoreError};

use super::{IngestError, Pending, Step};
use crate::limits::{GROUP_BYTES_MAX, GROUP_REQUESTS_MAX, QUEUE_BYTES_MAX, TURN_BYTES};

/// What the writer does next.
pub(super) enum Next {
    /// Takes these requests in.
    Requests(Vec<Pending>),
    /// Runs a step. No group is under way.
    Step(Step),
    /// Ends a group that was being written.
    Written(Written),
}

/// A group that is durable, or why it is not.
pub(super) type Written = (Group, Result<(), StoreError>);

/// What the writer could do next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Able {
    /// Bytes and requests of the group that is gathered.
    pub(super) bytes: usize,
    pub(super) requests: usize,
    /// Whether a group is being written.
    pub(super) is_writing: bool,
}

impl Able {
    /// Whether a request fits the group that is gathered, which is never left empty.
    fn takes(self, request: &Pending) -> bool {
        let bytes = self.bytes.saturating_add(request.bytes());
        self.requests == 0 || self.requests < GROUP_REQUESTS_MAX && bytes <= GROUP_BYTES_MAX
    }
}

/// The requests that wait for the writer, and the groups that come back to it.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// Of organizations with requests that wait.
    requests: BTreeMap<OrganizationId, OfOrganization>,
    /// The same organizations, the next one first.
    turns: VecDeque<OrganizationId>,
    bytes: usize,
    steps: VecDeque<Step>,
    /// Whether the last that was taken was a step.
    was_step: bool,
    written: Option<Written>,
    /// Whether nobody writes groups any more.
    has_no_journal: bool,
    intake: Intake,
}

/// Whether requests are taken.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Intake {
    #[default]
    Open,
    /// No more; what waits is still written, and the journal's end is marked.
    Closed,
    /// The same, but that the journal's end is left as it was found.
    Abandoned,
}

#[derive(Default)]
struct OfOrganization {
    requests: VecDeque<Pending>,
    bytes: usize,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting")
            .field("organizations", &self.turns.len())
            .field("bytes", &self.bytes)
            .field("steps", &self.steps.len())
            .field("intake", &self.intake)
            .finish_non_exhaustive()
    }
}

impl Queue {
    /// Puts a request behind the others of its organization, or tells it at once that it is not taken.
    pub(crate) fn push(&self, request: Pending) {
        let mut waiting = self.waiting.lock();
        let refused = if waiting.intake != Intake::Open {
            Some(IngestError::Stopped)
        } else if waiting.fits(&request) {
            None
        } else {
            Some(IngestError::Overloaded)
        };
        if let Some(error) = refused {
            drop(waiting);
            return (request.done)(Err(error));
        }
        waiting.push(request);
        drop(waiting);
        self.changed.notify_one();
    }

    /// Puts a step at the end. It is dropped when it is not taken.
    pub(crate) fn push_step(&self, step: Step) {
        let mut waiting = self.waiting.lock();
        if waiting.intake == Intake::Open {
            waiting.steps.push_back(step);
            drop(waiting);
            self.changed.notify_one();
        }
    }

    /// Gives a group back to the writer.
    pub(super) fn push_written(&self, written: Written) {
        self.waiting.lock().written = Some(written);
        self.changed.notify_one();
    }

    /// Says that no group comes back any more.
    pub(super) fn end_journal(&self) {
        self.waiting.lock().has_no_journal = true;
        self.changed.notify_all();
    }

    /// Takes no more requests. What waits is still written.
    pub(crate) fn close(&self) {
        self.end_intake(Intake::Closed);
    }

    /// Like [`Self::close`], and the writer leaves the journal as it found it.
    pub(crate) fn abandon(&self) {
        self.end_intake(Intake::Abandoned);
    }

    /// What ends it further stays.
    fn end_intake(&self, intake: Intake) {
        let mut waiting = self.waiting.lock();
        waiting.intake = waiting.intake.max(intake);
        drop(waiting);
        self.changed.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.waiting.lock().intake != Intake::Open
    }

    /// Whether the journal's end is to be left as it was found.
    pub(super) fn is_abandoned(&self) -> bool {
        self.waiting.lock().intake == Intake::Abandoned
    }

    /// Waits for work and takes the next; `None` when the queue is closed, nothing waits and no group is being written.
    pub(super) fn next(&self, able: Able) -> Option<Next> {
        let mut waiting = self.waiting.lock();
        loop {
            if let Some(next) = waiting.take(able) {
                return Some(next);
            }
            let is_done =
                waiting.intake != Intake::Open && !able.is_writing && waiting.turns.is_empty();
            if is_done || waiting.has_no_journal {
                return None;
            }
            self.changed.wait(&mut waiting);
        }
    }

    /// Closes, and takes out what waits.
    pub(super) fn drain(&self) -> Vec<Pending> {
        self.close();
        let (requests, steps) = {
            let mut waiting = self.waiting.lock();
            waiting.turns.clear();
            let requests = std::mem::take(&mut waiting.requests);
            (requests, std::mem::take(&mut waiting.steps))
        };
        drop(steps);
        requests
            .into_values()
            .flat_map(|waiting| waiting.requests)
            .collect()
    }
}

impl Waiting {
    /// Whether there is room: an organization that has some already may hold as much as is free then.
    fn fits(&self, request: &Pending) -> bool {
        let held = self.requests.get(&request.organization);
        let held = held.map_or(0, |of_organization| of_organization.bytes);
        let free = QUEUE_BYTES_MAX.saturating_sub(self.bytes);
        held == 0 && self.bytes == 0 || held.saturating_add(request.bytes()) <= free
    }

    fn push(&mut self, request: Pending) {
        let organization = request.organization;
        let of_organization = self.requests.entry(organization).or_default();
        if of_organization.requests.is_empty() {
            self.turns.push_back(organization);
        }
        let bytes = request.bytes();
        of_organization.bytes = of_organization.bytes.saturating_add(bytes);
        of_organization.requests.push_back(request);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn take(&mut self, able: Able) -> Option<Next> {
        if let Some(written) = self.written.take() {
            return Some(Next::Written(written));
        }
        let is_steps_turn = !self.was_step || self.turns.is_empty();
        if is_steps_turn && !self.steps.is_empty() {
            // No request is taken in before it. When groups are under way, they end first.
            if able.is_writing {
                return None;
            }
            self.was_step = true;
            return self.steps.pop_front().map(Next::Step);
        }
        let requests = self.take_requests(able);
        if requests.is_empty() {
            return None;
        }
        self.was_step = false;
        Some(Next::Requests(requests))
    }

    /// Requests that fit, in turn.
    fn take_requests(&mut self, mut able: Able) -> Vec<Pending> {
        let mut taken = Vec::new();
        while let Some(organization) = self.turns.pop_front() {
            let Some(waiting) = self.requests.get_mut(&organization) else {
                continue;
            };
            let mut of_turn = 0_usize;
            while of_turn < TURN_BYTES
                && let Some(request) = waiting.requests.pop_front_if(|next| able.takes(next))
            {
                let bytes = request.bytes();
                able.bytes = able.bytes.saturating_add(bytes);
                able.requests = able.requests.saturating_add(1);
                of_turn = of_turn.saturating_add(bytes);
                taken.push(request);
            }
            waiting.bytes = waiting.bytes.saturating_sub(of_turn);
            self.bytes = self.bytes.saturating_sub(of_turn);
            match waiting.requests.front() {
                None => drop(self.requests.remove(&organization)),
                // It still has its turn, in the next group.
                Some(next) if !able.takes(next) => {
                    self.turns.push_front(organization);
                    break;
                }
                Some(_) => self.turns.push_back(organization),
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests;
