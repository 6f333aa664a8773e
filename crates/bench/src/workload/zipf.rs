//! Popularity as it is found: the customer of rank `r` sends `1 / r` as much as the first.
//!
//! Walker's alias method, in integers: one look-up for each draw, and the same draws on every machine.

use crate::numbers::Numbers;

/// Draws ranks from 0, the most popular.
#[derive(Debug)]
pub(crate) struct Zipf {
    /// Of each column: up to which share (of 2^32) it is itself, and which rank it is above.
    columns: Vec<(u32, u32)>,
}

/// The weight of the first rank.
const FIRST_WEIGHT: u64 = 1 << 40;

impl Zipf {
    /// Over ranks `0..count`; `count` is at least 1.
    pub(crate) fn new(count: u32) -> Self {
        let weights: Vec<u64> = (1..=u64::from(count))
            .map(|rank| FIRST_WEIGHT / rank)
            .collect();
        let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
        // Scaled so that the mean weight is `total`.
        let mut left: Vec<u128> = weights
            .iter()
            .map(|weight| u128::from(*weight) * u128::from(count))
            .collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..count).partition(|rank| left[*rank as usize] < total);
        let mut columns: Vec<(u32, u32)> = (0..count).map(|rank| (u32::MAX, rank)).collect();
        while let (Some(under), Some(over)) = (small.pop(), large.last().copied()) {
            let share = (left[under as usize] << 32) / total;
            columns[under as usize] = (u32::try_from(share).unwrap_or(u32::MAX), over);
            left[over as usize] -= total - left[under as usize];
            if left[over as usize] < total {
                large.pop();
                small.push(over);
            }
        }
        Self { columns }
    }

    /// A rank.
    pub(crate) fn draw(&self, numbers: &mut Numbers) -> u32 {
        let drawn = numbers.next();
        let count = self.columns.len() as u64;
        // The upper half chooses the column, the lower half which of its two.
        let column = ((drawn >> 32) * count) >> 32;
        let rank = u32::try_from(column).expect("a count of 32 bits");
        let (share, other) = self.columns[rank as usize];
        if drawn & 0xFFFF_FFFF <= u64::from(share) {
            rank
        } else {
            other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_sends_half_as_much_as_the_first() {
        let zipf = Zipf::new(1_000);
        let mut numbers = Numbers::new(5);
        let mut drawn = vec![0_u32; 1_000];
        for _ in 0..1_000_000 {
            drawn[zipf.draw(&mut numbers) as usize] += 1;
        }
        // The 1,000th harmonic number is 7.485: the first has 13.36 % of all.
        assert!(drawn[0].abs_diff(133_600) < 2_000, "{}", drawn[0]);
        assert!(drawn[1].abs_diff(66_800) < 1_500, "{}", drawn[1]);
        assert!(drawn[9].abs_diff(13_360) < 700, "{}", drawn[9]);
        assert!(drawn[999] > 50, "{}", drawn[999]);
    }
}
