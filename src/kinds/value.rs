//! What a statistic's value can be, and how two of them become one.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{cmp, fmt};

/// A kind of value that statistics can have.
///
/// Merging must be associative and commutative: `a`, `b` and `c` give the same in any order and grouping. That
/// is what makes late records, wider periods and rolling windows right.
///
/// Integers: `i64` (which adds), [`Min`] and [`Max`]. Floats: [`Sum`](crate::Sum), [`Summary`](crate::Summary) (count, mean,
/// variance), [`Quantiles`](crate::Quantiles), [`Gauge`](crate::Gauge) (a level) and [`Meter`](crate::Meter) (a meter).
/// Things: [`Distinct`](crate::Distinct). A type of your own needs serde and a merge, and is stored
/// with bincode's standard configuration:
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use trackstats::{MergeError, Value};
///
/// #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
/// struct Takings {
///     cash: u64,
///     card: u64,
/// }
///
/// impl Value for Takings {
///     const KIND: &'static str = "takings";
///
///     fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
///         self.cash = self.cash.checked_add(other.cash).ok_or(MergeError::OVERFLOW)?;
///         self.card = self.card.checked_add(other.card).ok_or(MergeError::OVERFLOW)?;
///         Ok(())
///     }
/// }
/// ```
pub trait Value:
    Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The name of the kind, saved with a metric's registration: writing another kind is an error. It must not
    /// change, and neither must the type's serde form. The names of the crate's own kinds are taken: `integer`, `minimum`,
    /// `maximum`, `float`, `summary`, `distinct`, `quantiles`, `gauge`, `meter`.
    const KIND: &'static str;

    /// How values of this kind are laid out in a row. Default: [`Layout::Serde`].
    const LAYOUT: Layout<Self> = Layout::Serde;

    /// Makes of `self` what it is together with `other`.
    ///
    /// # Errors
    /// [`MergeError`] when the two can't be merged; `self` may then be anything.
    fn merge(&mut self, other: &Self) -> Result<(), MergeError>;

    /// The value that stands for "nothing happened", if the kind has one; it fills gaps on request.
    /// Default: none.
    fn zero() -> Option<Self> {
        None
    }

    /// About how many bytes the value takes beside its own size, in vectors and the like, so that a tracker knows when
    /// its memory is full. Default: 0.
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// How the values of a kind are laid out in a row.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Layout<V> {
    /// 32 statistics a row, as packed integers; for kinds that are an `i64` by another name.
    Integers {
        /// The integer that stands for a value.
        to: fn(&V) -> i64,
        /// The value that an integer stands for.
        from: fn(i64) -> V,
    },
    /// One statistic a row, in bincode's standard configuration.
    Serde,
    /// Whatever the metric is registered with; only [`AnyValue`] has it.
    #[doc(hidden)]
    Registered {
        /// The value that an integer stands for.
        integer: fn(i64) -> V,
        /// The value that encoded bytes stand for.
        encoded: fn(Vec<u8>) -> V,
        /// The value as it was given to `integer` or `encoded`.
        stored: fn(&V) -> Result<i64, &[u8]>,
    },
}

/// Why two values can't be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MergeError(&'static str);

impl MergeError {
    /// The result doesn't fit into the type.
    pub const OVERFLOW: Self =
        Self("the sum is larger than the value type holds; use smaller units, such as thousands");

    /// Another reason, a sentence that says what to do next.
    pub const fn new(reason: &'static str) -> Self {
        Self(reason)
    }
}

/// Counts and sums: merging adds.
impl Value for i64 {
    const KIND: &'static str = "integer";
    const LAYOUT: Layout<Self> = Layout::Integers { to: |value| *value, from: |integer| integer };

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        *self = self.checked_add(*other).ok_or(MergeError::OVERFLOW)?;
        Ok(())
    }

    fn zero() -> Option<Self> {
        Some(0)
    }
}

/// The smallest of some integers: merging keeps the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Min(pub i64);

impl Value for Min {
    const KIND: &'static str = "minimum";
    const LAYOUT: Layout<Self> = Layout::Integers { to: |value| value.0, from: Self };

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        *self = cmp::min(*self, *other);
        Ok(())
    }
}

/// The largest of some integers: merging keeps the larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Max(pub i64);

impl Value for Max {
    const KIND: &'static str = "maximum";
    const LAYOUT: Layout<Self> = Layout::Integers { to: |value| value.0, from: Self };

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        *self = cmp::max(*self, *other);
        Ok(())
    }
}

/// A value of whatever kind its metric is registered with, for programs that don't know their metrics beforehand,
/// such as an export.
///
/// A `Metric<AnyValue>` reads every kind. It writes to a metric that is registered already, in that metric's own form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnyValue {
    /// A value of a kind with [`Layout::Integers`].
    Integer(i64),
    /// A value of a kind with [`Layout::Serde`], as bincode wrote it.
    Encoded(Vec<u8>),
}

impl Value for AnyValue {
    const KIND: &'static str = "any";
    const LAYOUT: Layout<Self> = Layout::Registered {
        integer: Self::Integer,
        encoded: Self::Encoded,
        stored: |value| match value {
            Self::Integer(integer) => Ok(*integer),
            Self::Encoded(bytes) => Err(bytes),
        },
    };

    fn merge(&mut self, _: &Self) -> Result<(), MergeError> {
        Err(MergeError::new(
            "values whose kind isn't known can't be merged; use the metric with its own value type",
        ))
    }
}
