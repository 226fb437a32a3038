//! What a statistic's value can be, and how two of them become one.

use super::encoded;
use crate::error::{Error, Result};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt;

/// A kind of value that statistics can have.
///
/// Merging must be associative and commutative: `a`, `b` and `c` give the same in any order and grouping. That
/// is what makes late records, wider periods and rolling windows right.
///
/// Integers: `i64` (which adds), [`Min`](crate::kinds::Min) and [`Max`](crate::kinds::Max). Decimals:
/// [`Sum`](crate::kinds::Sum), [`Summary`](crate::kinds::Summary) (count, mean, variance),
/// [`Quantiles`](crate::kinds::Quantiles), [`Gauge`](crate::kinds::Gauge) (a level) and [`Meter`](crate::kinds::Meter)
/// (a meter). Things: [`Distinct`](crate::kinds::Distinct). A type of your own needs serde and a merge, and is stored
/// with bincode's standard configuration, unless it has its own [`to_stored`](Value::to_stored):
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use trackstats::kinds::{MergeError, Value};
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
    /// change, and neither must the bytes that values are stored as. The names of the crate's own kinds are taken: `integer`,
    /// `minimum`, `maximum`, `sum`, `summary`, `distinct`, `quantiles`, `gauge`, `meter`.
    const KIND: &'static str;

    /// How values of this kind are laid out in a row. Default: [`Layout::Encoded`].
    const LAYOUT: Layout = Layout::Encoded;

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

    /// The integer that stands for the value. Kinds with [`Layout::Integers`] have one for each value. Default: none.
    fn to_integer(&self) -> Option<i64> {
        None
    }

    /// The value that an integer stands for; none if there is no such value, and then the integer is damage. What
    /// [`to_integer`](Self::to_integer) gives must come back as it was. Default: none.
    fn from_integer(integer: i64) -> Option<Self> {
        let _ = integer;
        None
    }

    /// The bytes that the value is stored as, 16 MiB at most; none if it can't be encoded. Default: those of its serde form
    /// in bincode's standard configuration.
    ///
    /// Kinds with [`Layout::Integers`] aren't stored so.
    fn to_stored(&self) -> Option<Vec<u8>> {
        encoded::encode(self)
    }

    /// The value that these bytes are, all of them. What [`to_stored`](Self::to_stored) gives must come back as it was, and
    /// any other bytes must be refused without a panic. Default: as bincode reads them.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for bytes that aren't a value.
    fn from_stored(bytes: &[u8]) -> Result<Self> {
        let problem = || "the bytes are damaged".to_owned();
        encoded::decode(bytes).ok_or_else(|| Error::InvalidValue { kind: Self::KIND, problem: problem() })
    }
}

/// How the values of a kind are laid out in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// 64 statistics a row, as packed integers: for kinds that are an `i64` by another name. They need
    /// [`to_integer`](Value::to_integer) and [`from_integer`](Value::from_integer).
    Integers,
    /// 16 statistics a row, each with its length before its bytes.
    Encoded,
    /// One statistic a row: for sketches and other values of kilobytes, so that changing one doesn't write others anew.
    Large,
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
