//! Something that callers share: threads, memory. However much one of them asks for, something is left for the others.
//!
//! The rule: a caller gets what it asks for when it then holds no more than was free before. So one busy caller holds at
//! most half; what a second one may hold is half of the rest, and as the first gives back they come to equal shares. The
//! more callers are busy, the less each may hold, and a newcomer finds some free. (Choudhury and Hahne, "Dynamic queue length
//! thresholds for shared-memory packet switches", 1998, do the same with the memory of a switch.)
//!
//! Invariants:
//! - requests of one caller are served in order, those of different callers in turn; one that does not fit yet lets those of
//!   others pass;
//! - who stops waiting, by dropping the future, is forgotten at once and never served;
//! - a customer takes of the share of its organization;
//! - nothing is lost: what is free and what is held are together what there is.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::auth::Caller;

/// What there is, counted in units.
#[derive(Debug)]
pub(crate) struct Supply {
    total: usize,
    waiting_max: usize,
    state: Mutex<State>,
}

/// What a caller holds, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    supply: Arc<Supply>,
    caller: Caller,
    units: usize,
    /// Where it stands in the caller's queue, while it waits.
    ticket: Option<u64>,
}

/// As many requests of the caller wait already as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManyWait;

#[derive(Debug)]
struct State {
    free: usize,
    /// Only of callers that hold something.
    held: BTreeMap<Caller, usize>,
    /// Only of callers with requests that wait; in order.
    waiting: BTreeMap<Caller, VecDeque<Waiting>>,
    /// Who was served last after waiting. Those behind it have the next turn.
    last_served: Option<Caller>,
    next_ticket: u64,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    units: usize,
    served: oneshot::Sender<()>,
}

impl Supply {
    /// Of `total` units. At most `waiting_max` requests of each caller wait.
    pub(crate) fn new(total: usize, waiting_max: usize) -> Self {
        let state = State {
            free: total,
            held: BTreeMap::new(),
            waiting: BTreeMap::new(),
            last_served: None,
            next_ticket: 0,
        };
        Self {
            total,
            waiting_max,
            state: Mutex::new(state),
        }
    }

    /// Takes units; waits until the rule gives them.
    ///
    /// # Panics
    /// When more is asked for than there is.
    pub(crate) async fn take(
        self: &Arc<Self>,
        caller: Caller,
        units: usize,
    ) -> Result<Share, TooManyWait> {
        let caller = caller.payer();
        assert!(units <= self.total, "{units} units of {}", self.total);
        let (mut share, served) = self.ask(caller, units)?;
        if let Some(served) = served {
            // Whoever drops the future here drops the share, which then leaves the queue.
            let served = served.await;
            served.expect("a request stays in the queue until it is served");
            share.ticket = None;
        }
        Ok(share)
    }

    /// Takes units, if the rule gives them now.
    pub(crate) fn take_now(self: &Arc<Self>, caller: Caller, units: usize) -> Option<Share> {
        let caller = caller.payer();
        let mut state = self.lock();
        let fits = state.fits(caller, units);
        fits.then(|| {
            state.hold(caller, units);
            self.share(caller, units, None)
        })
    }

    /// A share that is held, or one that waits and what tells when it is served.
    fn ask(
        self: &Arc<Self>,
        caller: Caller,
        units: usize,
    ) -> Result<(Share, Option<oneshot::Receiver<()>>), TooManyWait> {
        let mut state = self.lock();
        let ahead = state.waiting.get(&caller).map_or(0, VecDeque::len);
        if ahead == 0 && state.fits(caller, units) {
            state.hold(caller, units);
            return Ok((self.share(caller, units, None), None));
        }
        if ahead >= self.waiting_max {
            return Err(TooManyWait);
        }
        let (ticket, served) = state.queue(caller, units);
        Ok((self.share(caller, units, Some(ticket)), Some(served)))
    }

    fn share(self: &Arc<Self>, caller: Caller, units: usize, ticket: Option<u64>) -> Share {
        Share {
            supply: Arc::clone(self),
            caller,
            units,
            ticket,
        }
    }

    /// How much nobody holds.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.lock().free
    }

    /// How many requests wait.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting.values().map(VecDeque::len).sum()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under the lock panics half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Takes more, if the rule gives it now. Does not wait: who waits while holding some could wait for another who does.
    pub(crate) fn extend(&mut self, units: usize) -> bool {
        let mut state = self.supply.lock();
        let fits = state.fits(self.caller, units);
        if fits {
            state.hold(self.caller, units);
            self.units += units;
        }
        fits
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut state = self.supply.lock();
        let waited = self
            .ticket
            .is_some_and(|ticket| state.leave_queue(self.caller, ticket));
        if !waited {
            state.give_back(self.caller, self.units);
        }
        // Who left may have stood before others of the same caller.
        state.serve_waiting();
    }
}

impl State {
    /// Whether the rule gives a caller so much.
    fn fits(&self, caller: Caller, units: usize) -> bool {
        let held = self.held.get(&caller).copied().unwrap_or(0);
        held + units <= self.free
    }

    fn hold(&mut self, caller: Caller, units: usize) {
        self.free -= units;
        *self.held.entry(caller).or_default() += units;
    }

    fn give_back(&mut self, caller: Caller, units: usize) {
        self.free += units;
        if let Some(held) = self.held.get_mut(&caller) {
            *held -= units;
            if *held == 0 {
                self.held.remove(&caller);
            }
        }
    }

    fn queue(&mut self, caller: Caller, units: usize) -> (u64, oneshot::Receiver<()>) {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let (tell, served) = oneshot::channel();
        self.waiting.entry(caller).or_default().push_back(Waiting {
            ticket,
            units,
            served: tell,
        });
        (ticket, served)
    }

    /// Whether a request was still in the queue.
    fn leave_queue(&mut self, caller: Caller, ticket: u64) -> bool {
        let Some(queue) = self.waiting.get_mut(&caller) else {
            return false;
        };
        let before = queue.len();
        queue.retain(|waiting| waiting.ticket != ticket);
        let was_there = queue.len() < before;
        if queue.is_empty() {
            self.waiting.remove(&caller);
        }
        was_there
    }

    /// Serves, in turn, whoever waits and fits. Cost: a look at each caller who waits, once for each who is served.
    fn serve_waiting(&mut self) {
        while let Some(caller) = self.next_that_fits() {
            let Some(queue) = self.waiting.get_mut(&caller) else {
                return;
            };
            let first = queue.pop_front();
            if queue.is_empty() {
                self.waiting.remove(&caller);
            }
            let Some(first) = first else { return };
            self.hold(caller, first.units);
            self.last_served = Some(caller);
            // Nobody listens when it is just being dropped; then its share gives back what it was served.
            let _gone = first.served.send(());
        }
    }

    fn next_that_fits(&self) -> Option<Caller> {
        let behind = match self.last_served {
            Some(last) => Bound::Excluded(last),
            None => Bound::Unbounded,
        };
        let in_turn = self.waiting.range((behind, Bound::Unbounded));
        let in_turn = in_turn.chain(&self.waiting);
        in_turn
            .filter_map(|(caller, queue)| Some((*caller, queue.front()?.units)))
            .find_map(|(caller, units)| self.fits(caller, units).then_some(caller))
    }
}

#[cfg(test)]
mod tests;
