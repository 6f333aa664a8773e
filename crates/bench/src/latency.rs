//! How long answers took.

use std::time::Duration;

/// Latencies in microseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latencies {
    micros: Vec<u32>,
}

/// The usual points of a distribution, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Percentiles {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
    pub(crate) max: u64,
}

impl Latencies {
    /// Notes one.
    pub(crate) fn add(&mut self, took: Duration) {
        self.micros
            .push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// Takes over those of another.
    pub(crate) fn merge(&mut self, other: Self) {
        self.micros.extend(other.micros);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.micros.len() as u64
    }

    /// The points, exact: all latencies are kept and sorted. Zeros when there are none.
    pub(crate) fn percentiles(mut self) -> Percentiles {
        self.micros.sort_unstable();
        let at = |permille: usize| {
            let rank = (self.micros.len() * permille).div_ceil(1_000).max(1) - 1;
            self.micros.get(rank).map_or(0, |micros| u64::from(*micros))
        };
        Percentiles {
            p50: at(500),
            p99: at(990),
            p999: at(999),
            max: at(1_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_ranks_of_the_sorted_latencies() {
        let mut latencies = Latencies::default();
        for micros in (1..=1_000).rev() {
            latencies.add(Duration::from_micros(micros));
        }
        assert_eq!(latencies.count(), 1_000);
        let expected = Percentiles {
            p50: 500,
            p99: 990,
            p999: 999,
            max: 1_000,
        };
        assert_eq!(latencies.percentiles(), expected);
        assert_eq!(Latencies::default().percentiles(), Percentiles::default());
    }
}
