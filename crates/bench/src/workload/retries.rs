//! Which lines are retries, of what, and what a client got wrong in them.

use super::calendar::DAY_MICROS;
use super::event::Event;
use super::{BLOCK_LINES, BLOCKS_IN_FLIGHT, Workload};
use crate::numbers::{Numbers, mixed};

/// A line as it is sent.
#[derive(Debug)]
pub(crate) struct Sent {
    /// The first line with this key: the one that counts.
    pub(crate) origin: u64,
    pub(crate) event: Event,
    /// Only a retry may leave it out.
    pub(crate) has_timestamp: bool,
}

/// Of 4,096 lines so many are retries: 5 %.
const RETRIES: u64 = 205;

/// Of the blocks before a retry so many are more likely to hold what it repeats.
const RECENT_BLOCKS: u64 = 64;

impl Workload {
    /// The line that `line` repeats at first hand, when it is a retry.
    pub(super) fn repeated(&self, line: u64) -> Option<u64> {
        let drawn = mixed(self.seed ^ mixed(line ^ 0x5EED_0F2E_7121_E500));
        if drawn & 0xFFF >= RETRIES {
            return None;
        }
        let mut numbers = Numbers::new(drawn);
        let (block, within) = (line / BLOCK_LINES, line % BLOCK_LINES);
        let old_blocks = (block + 1).saturating_sub(BLOCKS_IN_FLIGHT);
        // A retry after a lost answer follows at once; one from a queue or a restored backup comes whenever.
        let is_near = within > 0 && (old_blocks == 0 || drawn & 0x1000 == 0);
        if is_near {
            Some(line - 1 - numbers.below(within))
        } else if old_blocks > 0 {
            let range = if drawn & 0x2000 == 0 {
                old_blocks.min(RECENT_BLOCKS)
            } else {
                old_blocks
            };
            let block = old_blocks - 1 - numbers.below(range);
            Some(block * BLOCK_LINES + numbers.below(BLOCK_LINES))
        } else {
            None
        }
    }

    /// The first line with the key of `line`.
    pub(super) fn origin(&self, line: u64) -> u64 {
        let mut origin = line;
        while let Some(earlier) = self.repeated(origin) {
            origin = earlier;
        }
        origin
    }

    /// A line as it is sent. Half of the retries are the same again, a quarter has another time, a quarter none; some of those have
    /// other content too.
    pub(super) fn sent(&self, line: u64) -> Sent {
        let origin = self.origin(line);
        let mut event = self.event(origin);
        if origin == line {
            return Sent {
                origin,
                event,
                has_timestamp: true,
            };
        }
        let mut numbers = Numbers::new(mixed(self.seed ^ mixed(line ^ 0xC4A4_6ED0)));
        let kind = numbers.below(4);
        if kind >= 2 && numbers.below(5) == 0 {
            let at_micros = event.at_micros;
            event = Event {
                at_micros,
                ..self.event(line)
            };
            // What the other client cannot spell is cut.
            event.at_micros -= at_micros.rem_euclid(1_000);
        }
        if kind == 2 {
            let back = numbers.below(3 * DAY_MICROS.unsigned_abs() / 1_000);
            event.at_micros -= 1_000 * i64::try_from(1 + back).expect("at most three days");
        }
        Sent {
            origin,
            event,
            has_timestamp: kind != 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_follows_in_its_block_or_long_after() {
        let workload = Workload::new(100_000, 3).expect("a workload");
        let mut retries = 0;
        for line in 0..100_000 {
            let origin = workload.origin(line);
            if origin == line {
                continue;
            }
            retries += 1;
            let blocks = line / BLOCK_LINES - origin / BLOCK_LINES;
            assert!(
                blocks == 0 || blocks >= BLOCKS_IN_FLIGHT,
                "{line} repeats {origin}"
            );
        }
        assert!((4_500..5_500).contains(&retries), "{retries}");
    }

    #[test]
    fn only_retries_lack_a_timestamp_and_half_of_them_are_the_same_again() {
        let workload = Workload::new(100_000, 4).expect("a workload");
        let (mut same, mut moved, mut without, mut other) = (0, 0, 0, 0);
        for line in 0..100_000 {
            let sent = workload.sent(line);
            let first = workload.event(sent.origin);
            if sent.origin == line {
                assert!(sent.has_timestamp && sent.event == first);
            } else if !sent.has_timestamp {
                without += 1;
            } else if sent.event == first {
                same += 1;
            } else {
                moved += 1;
                assert!(sent.event.at_micros < first.at_micros);
            }
            other += u32::from(sent.event.user != first.user);
        }
        assert!((2_200..2_800).contains(&same), "{same}");
        assert!((1_100..1_400).contains(&moved), "{moved}");
        assert!((1_100..1_400).contains(&without), "{without}");
        assert!((400..600).contains(&other), "{other}");
    }
}
