//! The thread that seals: moves events from memory to segments when there are enough of them, and keeps what is folded.
//!
//! Nobody waits for it. What fails is logged and tried again later; events go on being taken in and answered meanwhile.

use parking_lot::{Condvar, Mutex};
use store::{Sealer, StoreError};

use crate::limits::{SEAL_LOOK, SEAL_RETRY};

/// Ends the thread.
#[derive(Debug, Default)]
pub(crate) struct Sealing {
    closed: Mutex<bool>,
    changed: Condvar,
}

impl Sealing {
    pub(crate) fn close(&self) {
        *self.closed.lock() = true;
        self.changed.notify_all();
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
            match self.seal(&mut sealer) {
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
        }
        while !*self.closed.lock() && sealer.compact()? {}
        Ok(())
    }
}
