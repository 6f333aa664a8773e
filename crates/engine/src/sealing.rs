//! The thread that seals: moves events from memory to segments when there are enough of them, and keeps what is folded.
//!
//! Nobody waits for it. What fails is logged and tried again later; events go on being taken in and answered meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Condvar, Mutex};
use store::{Options as StoreOptions, Reader, Sealer, StoreError};

use crate::limits::{
    SEAL_LOOK, SEAL_RETRY, SEAL_WAIT_MAX, UNSEALED_BYTES_FREE, UNSEALED_FACTOR_MAX,
    UNSEALED_ROWS_FREE,
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

    /// Holds up who appends while far more is in memory than is sealed at once: memory stays bounded when events come faster than they
    /// can be sealed for long. Returns at once otherwise, when sealing fails, and in any case after [`SEAL_WAIT_MAX`].
    pub(crate) fn wait_for_room(&self) {
        let is_full = || {
            let (rows, bytes) = self.reader.unsealed();
            (rows >= self.rows_max || bytes >= self.bytes_max)
                && !self.is_failing.load(Ordering::Relaxed)
        };
        if is_full() {
            let mut closed = self.closed.lock();
            if !*closed && is_full() {
                self.changed.notify_all();
                self.sealed.wait_for(&mut closed, SEAL_WAIT_MAX);
            }
        }
    }

    /// Waits; returns whether the thread is to go on.
    fn pause(&self, pause: std::time::Duration) -> bool {
        let mut closed = self.closed.lock();
        if !*closed {
            self.changed.wait_for(&mut closed, pause);
        }
        !*closed
    }

    /// The thread's loop. `keep` keeps what is derived of the events, after each seal.
    pub(crate) fn run(&self, mut sealer: Sealer, keep: impl Fn()) {
        let mut pause = SEAL_LOOK;
        while self.pause(pause) {
            pause = SEAL_LOOK;
            if !sealer.wants_seal() {
                continue;
            }
            let outcome = self.seal(&mut sealer);
            self.is_failing.store(outcome.is_err(), Ordering::Relaxed);
            match outcome {
                Ok(()) => keep(),
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "events were not sealed; they stay in memory and in the journal"
                    );
                    pause = SEAL_RETRY;
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
        while !*self.closed.lock() && sealer.compact()? {}
        Ok(())
    }
}
