//! The real clock and real randomness, as the layers below want them.

use std::time::{SystemTime, UNIX_EPOCH};

use service::{Clock, Random, Timestamp};

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(now_micros()).expect("the machine's clock is before the year 10000")
    }
}

/// The operating system's source of randomness.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // A guessable secret would be worse than no server.
        getrandom::fill(bytes).expect("the operating system gives randomness");
    }
}

/// Now, in microseconds since the Unix epoch. 0 when the machine's clock stands before it.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the real clock"
)]
pub(crate) fn now_micros() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
        })
}
