//! Sums of floats.

use super::{
    Figure, Figures, MergeError, Number, OwnBytes, Value,
    bytes::{AsBytes, ByteWriter, Codec, invalid, plain},
    exact::Exact,
    varint::ByteReader,
};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The sum of any number of floats, without rounding: it is the same to the bit in whatever order they are added.
///
/// It is held as a whole number times a power of two, as wide as it takes, so nothing is lost to cancellation or to
/// floats of very different sizes, and a sum that overflows for a while comes back. Only [`value`](Self::value) rounds.
///
/// It takes some 10 bytes for sums of decimals such as prices, 3 or 4 for those of small whole numbers, and up to 270 for
/// those of the largest and the smallest floats together.
///
/// ```
/// use trackstats::kinds::{Sum, Value};
///
/// let mut sum = Sum::new(1e16)?;
/// for number in [1.0, -1e16, 0.25] {
///     sum.merge(&Sum::new(number)?).unwrap();
/// }
/// assert_eq!(sum.value(), 1.25);
/// assert_eq!(1e16 + 1.0 - 1e16 + 0.25, 0.25);
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "AsBytes<Self>", from = "AsBytes<Self>")]
pub struct Sum(Exact);

impl Sum {
    /// The sum of one number.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for an infinite number, or one that isn't a number.
    pub fn new(number: f64) -> Result<Self> {
        match plain(number) {
            Some(number) => Ok(Self(Exact::new(number))),
            None => Err(not_finite::<Self>(number)),
        }
    }

    /// The sum, rounded to the nearest `f64`, and of two that are as near to the even one. Infinite if it is beyond the
    /// largest.
    pub fn value(&self) -> f64 {
        self.0.to_f64()
    }
}

pub(super) fn not_finite<E: Codec>(number: f64) -> crate::error::Error {
    invalid::<E>(&format!("{number} is not a finite number; leave the record without a value instead"))
}

impl From<i64> for Sum {
    fn from(number: i64) -> Self {
        Self(Exact::integer(number.into()))
    }
}

impl Value for Sum {
    const KIND: &'static str = "sum";

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        self.0.add(&other.0)
    }

    fn zero() -> Option<Self> {
        Some(Self::default())
    }

    fn to_stored(&self) -> Option<Vec<u8>> {
        Some(self.to_bytes())
    }

    fn from_stored(bytes: &[u8]) -> Result<Self> {
        Self::from_bytes(bytes)
    }
}

impl Codec for Sum {
    const NAME: &'static str = "a sum";

    fn write(&self, writer: &mut ByteWriter) {
        self.0.write(writer);
    }

    fn read(reader: &mut ByteReader<'_>) -> Result<Self, &'static str> {
        Exact::read(reader).map(Self)
    }
}

impl From<AsBytes<Self>> for Sum {
    fn from(AsBytes(value): AsBytes<Self>) -> Self {
        value
    }
}

impl Figures for Sum {
    const NAMES: &'static [&'static str] = &["sum"];
    const ADDS_UP: bool = true;

    fn figures(&self) -> Vec<Figure> {
        vec![self.value().into()]
    }

    fn number(&self) -> Option<f64> {
        Some(self.to_f64())
    }
}

impl Number for Sum {
    fn to_f64(&self) -> f64 {
        self.value()
    }
}

impl fmt::Debug for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sum").field(&self.value()).finish()
    }
}

/// The value, as `f64` prints it.
impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}
