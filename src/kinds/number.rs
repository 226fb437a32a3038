//! Values that are numbers.

use std::cmp::Ordering;

/// A value that is a number, so that it can be subtracted, averaged, ranked and drawn.
///
/// `i64`, `u64`, `f64`, [`Min`](crate::kinds::Min), [`Max`](crate::kinds::Max), [`Sum`](crate::kinds::Sum) and
/// [`Distinct`](crate::kinds::Distinct) (its estimate) are. Implement it for a kind of your own that has one obvious
/// number; where there are several, [`SeriesQuery::map`](crate::query::SeriesQuery::map) says which.
///
/// ```
/// use trackstats::kinds::{Min, Number};
///
/// assert_eq!(Min(-3).to_f64(), -3.0);
/// ```
pub trait Number {
    /// The number, rounded to the nearest that an `f64` holds: integers beyond 2^53 are not exact.
    fn to_f64(&self) -> f64;

    /// Which of two numbers is larger. Default: by [`to_f64`](Self::to_f64), in [`f64::total_cmp`]'s order.
    fn order(&self, other: &Self) -> Ordering {
        self.to_f64().total_cmp(&other.to_f64())
    }
}

#[expect(clippy::cast_precision_loss, reason = "the nearest number is what is promised")]
impl Number for i64 {
    fn to_f64(&self) -> f64 {
        *self as f64
    }

    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
}

#[expect(clippy::cast_precision_loss, reason = "the nearest number is what is promised")]
impl Number for u64 {
    fn to_f64(&self) -> f64 {
        *self as f64
    }

    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
}

impl Number for f64 {
    fn to_f64(&self) -> f64 {
        *self
    }
}
