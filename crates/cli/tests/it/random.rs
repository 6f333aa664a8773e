//! Randomness that a seed decides.

use std::time::{SystemTime, UNIX_EPOCH};

/// A generator of 64-bit numbers (`SplitMix64`), good enough to choose what a test does.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The seed in `SEXTANT_TEST_SEED`, else a new one. Whoever takes it prints it.
    pub(crate) fn seed() -> u64 {
        if let Ok(text) = std::env::var("SEXTANT_TEST_SEED") {
            return text.parse().expect("SEXTANT_TEST_SEED is a number");
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a seed may come from anywhere; it is printed"
        )]
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a time after 1970");
        u64::from(now.subsec_nanos()) << 32 ^ now.as_secs()
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound` - 1; `bound` is at least 1.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Whether something happens that does `times` out of `of` times.
    pub(crate) fn happens(&mut self, times: u64, of: u64) -> bool {
        self.below(of) < times
    }

    /// One of some.
    pub(crate) fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.index(of.len())]
    }

    /// An index into something of that length, which is at least 1.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("below a usize")
    }
}
