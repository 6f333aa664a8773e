//! What the engine does not reach for by itself: time and randomness are handed down by whoever starts it.

use domain::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Now, UTC. May step back when the machine's clock does; who needs order keeps it.
    fn now(&self) -> Timestamp;
}

/// Gives randomness that nobody can guess.
pub trait Random: Send + Sync + std::fmt::Debug {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}
