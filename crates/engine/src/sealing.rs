//! The thread that seals: moves events from memory to segments when there are enough of them, and keeps what is folded.
//!
//! Nobody waits for it. What fails is logged and tried again later; events go on being taken in and answered meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use store::{Options as StoreOptions, Reader, Sealer, StoreError};

use crate::limits::{
    MERGE_STEPS_PER_SEAL, SEAL_LOOK, SEAL_RETRY, SEAL_WAIT, SEAL_WAIT_MAX, SEALS_IN_A_ROW_MAX,
    UNSEALED_BYTES_FREE, UNSEALED_FACTOR_MAX, UNSEALED_ROWS_FREE,
};

/// The thread's side and that of those who must not run away from it.
#[derive(Debug)]
pub(crate) struct Sealing {
    closed: Mutex<bool>,
    changed: Condvar,
    /// Told after each seal.
    sealed: Condvar,
    /// Whether the last seal failed: then nobody waits for the next.
    is_failing: AtomicBool,
    reader: Reader,
    /// Who appends waits from so many events in memory on.
    rows_max: u64,
    /// The same for bytes.
    bytes_max: u64,
}

impl Sealing {
    pub(crate) fn new(reader: Reader, options: &StoreOptions) -> Self {
        Self {
            closed: Mutex::default(),
            changed: Condvar::default(),
            sealed: Condvar::default(),
            is_failing: AtomicBool::new(false),
            reader,
            rows_max: options
                .seal_rows
                .saturating_mul(UNSEALED_FACTOR_MAX)
                .max(UNSEALED_ROWS_FREE),
            bytes_max: options
                .seal_bytes
                .saturating_mul(UNSEALED_FACTOR_MAX)
                .max(UNSEALED_BYTES_FREE),
        }
    }

    pub(crate) fn close(&self) {
        *self.closed.lock() = true;
        self.changed.notify_all();
        self.sealed.notify_all();
    }

    /// Holds up who appends while far more is in memory than is sealed at once, the longer the more there is: memory stays bounded
    /// when events come faster than they can be sealed for long, and nobody stands still. Returns at once otherwise, and when
    /// sealing fails.
    pub(crate) fn wait_for_room(&self) {
        let (rows, bytes) = self.reader.unsealed();
        let wait = throttle((rows, self.rows_max), (bytes, self.bytes_max));
        if wait.is_zero() || self.is_failing.load(Ordering::Relaxed) {
            return;
        }
        let mut closed = self.closed.lock();
        if !*closed {
            self.sealed.wait_for(&mut closed, wait);
        }
    }

    /// Waits; returns whether the thread is to go on.
    fn pause(&self, pause: Duration) -> bool {
        let mut closed = self.closed.lock();
        if !*closed {
            self.changed.wait_for(&mut closed, pause);
        }
        !*closed
    }

    /// The thread's loop: seals when there is enough, and merges files and keeps what is derived of the events while there is not.
    /// `keep` keeps it, and ends early when what it is given says that there is enough to seal.
    pub(crate) fn run(&self, mut sealer: Sealer, keep: impl Fn(&dyn Fn() -> bool)) {
        // Whatever ends this thread, nobody waits for it in vain.
        let _failing = FailAtEnd(&self.is_failing);
        let mut pause = SEAL_LOOK;
        let mut afterwards = Afterwards::default();
        while self.pause(pause) {
            pause = SEAL_LOOK;
            match afterwards.next(sealer.wants_seal()) {
                Next::Nothing => {}
                Next::Seal => {
                    let outcome = self.seal(&mut sealer);
                    self.is_failing.store(outcome.is_err(), Ordering::Relaxed);
                    match outcome {
                        Ok(()) => {
                            afterwards.sealed();
                            pause = until_next(&sealer);
                        }
                        Err(error) => {
                            tracing::error!(
                                error = &error as &dyn std::error::Error,
                                "events were not sealed; they stay in memory and in the journal"
                            );
                            pause = SEAL_RETRY;
                        }
                    }
                }
                Next::Merge => match sealer.compact() {
                    Ok(has_merged) => {
                        afterwards.merged(has_merged);
                        pause = until_next(&sealer);
                    }
                    Err(error) => {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "files were not merged; there are more of them than there should be"
                        );
                        // Until after the next seal.
                        afterwards.merge_due = false;
                    }
                },
                Next::Keep => {
                    let may_wait = !afterwards.is_overdue();
                    let is_late = || may_wait && sealer.wants_seal();
                    keep(&is_late);
                    afterwards.keep_due = is_late();
                }
            }
        }
    }

    fn seal(&self, sealer: &mut Sealer) -> Result<(), StoreError> {
        if let Some(sealed) = sealer.seal()? {
            tracing::info!(
                seal.events = sealed.events,
                seal.organizations = sealed.organizations,
                seal.bytes = sealed.bytes,
                "sealed events"
            );
            drop(self.closed.lock());
            self.sealed.notify_all();
        }
        Ok(())
    }
}

/// How long the thread waits before it looks again: not at all while there is enough to seal.
fn until_next(sealer: &Sealer) -> Duration {
    if sealer.wants_seal() {
        Duration::ZERO
    } else {
        SEAL_LOOK
    }
}

/// What is to be done after seals. It gives way while there is enough to seal, but does not wait for ever: else files would grow in
/// number and starts in length for as long as events come faster than they are sealed. Merging is done in short steps, some of them after each
/// seal; keeping takes longer, and has its turn after some seals.
#[derive(Debug, Default)]
struct Afterwards {
    merge_due: bool,
    keep_due: bool,
    /// How many seals there were since there was time to keep.
    seals: u32,
    /// How many steps of merging there were since the last seal.
    merge_steps: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Nothing,
    Seal,
    Merge,
    Keep,
}

impl Afterwards {
    fn sealed(&mut self) {
        self.merge_due = true;
        self.keep_due = true;
        self.seals = self.seals.saturating_add(1);
        self.merge_steps = 0;
    }

    fn merged(&mut self, has_merged: bool) {
        self.merge_due = has_merged;
        self.merge_steps = self.merge_steps.saturating_add(1);
    }

    fn is_overdue(&self) -> bool {
        self.seals >= SEALS_IN_A_ROW_MAX
    }

    fn next(&mut self, wants_seal: bool) -> Next {
        if !self.keep_due {
            self.seals = 0;
        }
        if wants_seal {
            return if self.merge_due && self.merge_steps < MERGE_STEPS_PER_SEAL {
                Next::Merge
            } else if self.keep_due && self.is_overdue() {
                Next::Keep
            } else {
                Next::Seal
            };
        }
        if self.merge_due {
            Next::Merge
        } else if self.keep_due {
            Next::Keep
        } else {
            Next::Nothing
        }
    }
}

struct FailAtEnd<'a>(&'a AtomicBool);

impl Drop for FailAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How long who appends waits, for how much is in memory of how much may be: nothing below, then with the third power.
fn throttle(rows: (u64, u64), bytes: (u64, u64)) -> Duration {
    let percent = |(is, may): (u64, u64)| is.saturating_mul(100) / may.max(1);
    let percent = percent(rows).max(percent(bytes));
    if percent < 100 {
        return Duration::ZERO;
    }
    let cube = percent.saturating_mul(percent).saturating_mul(percent) / 1_000_000;
    SEAL_WAIT
        .saturating_mul(u32::try_from(cube).unwrap_or(u32::MAX))
        .min(SEAL_WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_appends_waits_the_longer_the_more_is_in_memory() {
        let wait = |rows, bytes| throttle((rows, 1_000), (bytes, 1_000));
        assert_eq!(wait(999, 0), Duration::ZERO);
        assert_eq!(wait(1_000, 0), SEAL_WAIT);
        assert_eq!(wait(0, 1_000), SEAL_WAIT);
        assert_eq!(wait(2_000, 0), SEAL_WAIT * 8);
        assert_eq!(wait(u64::MAX, 0), SEAL_WAIT_MAX);
    }

    #[test]
    fn merging_and_keeping_give_way_to_seals_and_do_not_wait_for_ever() {
        let mut afterwards = Afterwards::default();
        assert_eq!(afterwards.next(false), Next::Nothing);
        for _ in 0..SEALS_IN_A_ROW_MAX {
            assert_eq!(afterwards.next(true), Next::Seal);
            afterwards.sealed();
            for _ in 0..MERGE_STEPS_PER_SEAL {
                assert_eq!(afterwards.next(true), Next::Merge);
                afterwards.merged(true);
            }
        }
        assert_eq!(afterwards.next(true), Next::Keep);
        afterwards.keep_due = false;
        assert_eq!(afterwards.next(true), Next::Seal);
        afterwards.sealed();
        assert_eq!(afterwards.next(false), Next::Merge);
        afterwards.merged(false);
        assert_eq!(afterwards.next(true), Next::Seal);
        assert_eq!(afterwards.next(false), Next::Keep);
    }
}
