//! Addition, subtraction and negation: exact, never failing.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "operators on big integers do not overflow"
)]

use core::iter::Sum;
use core::ops::{Add, AddAssign, Neg, Sub};

use super::{Narrow, Number, wide};

impl Number {
    /// Adds `other`, exactly. One checked addition when everything is narrow; a few microseconds for the widest values.
    #[inline]
    pub fn add_assign(&mut self, other: &Self) {
        if let (Self::Narrow(left), Self::Narrow(right)) = (&mut *self, other)
            && let Some(sum) = left.checked_add(*right)
        {
            *left = sum;
            return;
        }
        *self = self.plus_wide(other);
    }

    /// `self + other`, exactly. The operator `+` does the same.
    #[inline]
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        if let (Self::Narrow(left), Self::Narrow(right)) = (self, other)
            && let Some(sum) = left.checked_add(*right)
        {
            return Self::Narrow(sum);
        }
        self.plus_wide(other)
    }

    /// `self - other`, exactly. The operator `-` does the same.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        if let (Self::Narrow(left), Self::Narrow(right)) = (self, other)
            && let Some(picos) = left.picos.checked_sub(right.picos)
        {
            return Self::Narrow(Narrow { picos });
        }
        let (left, right, scale) = wide::align(self, other);
        wide::from_big(left - right, scale)
    }

    /// `-self`. Zero has no sign.
    #[must_use]
    pub fn negated(&self) -> Self {
        if let Self::Narrow(narrow) = self
            && let Some(picos) = narrow.picos.checked_neg()
        {
            return Self::Narrow(Narrow { picos });
        }
        let (mantissa, scale) = self.to_big();
        wide::from_big(-mantissa, scale)
    }

    #[cold]
    fn plus_wide(&self, other: &Self) -> Self {
        let (left, right, scale) = wide::align(self, other);
        wide::from_big(left + right, scale)
    }
}

impl AddAssign<&Number> for Number {
    fn add_assign(&mut self, other: &Number) {
        Number::add_assign(self, other);
    }
}

impl Add<&Number> for &Number {
    type Output = Number;

    fn add(self, other: &Number) -> Number {
        self.plus(other)
    }
}

impl Sub<&Number> for &Number {
    type Output = Number;

    fn sub(self, other: &Number) -> Number {
        self.minus(other)
    }
}

impl Neg for &Number {
    type Output = Number;

    fn neg(self) -> Number {
        self.negated()
    }
}

impl<'a> Sum<&'a Number> for Number {
    fn sum<I: Iterator<Item = &'a Number>>(numbers: I) -> Number {
        let mut sum = Number::ZERO;
        for number in numbers {
            sum.add_assign(number);
        }
        sum
    }
}
