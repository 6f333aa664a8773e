//! Ranges of numbers that share a scale, to judge many with two comparisons each.

use std::cmp::Ordering;

/// Which multiples of a power of ten are meant: those from one to another, or all but these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitRange {
    first: i64,
    /// Meant too; below `first` when there is none.
    last: i64,
    is_inverted: bool,
}

impl UnitRange {
    /// None.
    pub const NONE: Self = Self {
        first: 0,
        last: -1,
        is_inverted: false,
    };

    /// Those whose order to `units` is accepted.
    pub(crate) fn around(units: i128, accepts: impl Fn(Ordering) -> bool) -> Self {
        let [less, equal, greater] =
            [Ordering::Less, Ordering::Equal, Ordering::Greater].map(accepts);
        // Equal alone, or both others alone, is a point in the middle; everything else reaches one end.
        let is_inverted = less && !equal && greater;
        let first = match (less, equal, greater) {
            (true, false, true) | (false, true, _) => units,
            (true, ..) => i128::MIN,
            (false, false, true) => units.saturating_add(1),
            (false, false, false) => return Self::NONE,
        };
        let last = match (less, equal, greater) {
            (true, false, true) | (_, true, false) => units,
            (.., true) => i128::MAX,
            (_, false, false) => units.saturating_sub(1),
        };
        let first = first.max(i128::from(i64::MIN));
        let last = last.min(i128::from(i64::MAX));
        match (i64::try_from(first), i64::try_from(last)) {
            (Ok(first), Ok(last)) => Self {
                first,
                last,
                is_inverted,
            },
            // It begins behind the last of 64 bits, or ends before the first.
            _ => Self {
                is_inverted,
                ..Self::NONE
            },
        }
    }

    /// Whether a number of units is meant. Cost: two comparisons.
    #[inline]
    pub const fn contains(self, units: i64) -> bool {
        (self.first <= units && units <= self.last) != self.is_inverted
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_range_says_what_the_order_says(
            units in prop_oneof![-3_i128..3, any::<i64>().prop_map(i128::from), any::<i128>()],
            other in prop_oneof![-3_i64..3, any::<i64>(), Just(i64::MAX), Just(i64::MIN)],
            [less, equal, greater] in any::<[bool; 3]>(),
        ) {
            let accepts = |order| match order {
                Ordering::Less => less,
                Ordering::Equal => equal,
                Ordering::Greater => greater,
            };
            let range = UnitRange::around(units, accepts);
            let near = i64::try_from(units).unwrap_or(other);
            for units_of in [other, near, near.saturating_add(1), near.saturating_sub(1)] {
                let expected = accepts(i128::from(units_of).cmp(&units));
                prop_assert_eq!(range.contains(units_of), expected, "{} to {}", units_of, units);
            }
        }
    }
}
