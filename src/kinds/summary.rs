//! Count, sum, minimum, maximum, mean and variance.

use super::{
    Figure, Figures, MergeError, OwnBytes, Value,
    bytes::{AsBytes, ByteWriter, Codec, plain},
    exact::Exact,
    sum::not_finite,
    varint::ByteReader,
};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Count, sum, smallest and largest of some numbers, and from there their mean and variance.
///
/// The sum and the sum of squares are held without rounding, so the order of merging doesn't matter, and numbers that lie
/// close together far from zero have the variance that they should: the usual cancellation is of exact numbers. Nothing is
/// lost to underflow either. What is returned is rounded at the end: the sum once, the mean and the variances two or three
/// times, each to within 2^-53 of itself.
///
/// It takes some 50 bytes for decimals such as prices, 10 to 20 for small whole numbers.
///
/// ```
/// use trackstats::kinds::{Summary, Value};
///
/// let mut delays = Summary::new(1_000_000_004.0)?;
/// for minutes in [1_000_000_007.0, 1_000_000_013.0, 1_000_000_016.0] {
///     delays.merge(&Summary::new(minutes)?).unwrap();
/// }
/// assert_eq!((delays.count(), delays.min(), delays.mean()), (4, Some(1_000_000_004.0), Some(1_000_000_010.0)));
/// assert_eq!((delays.variance(), delays.sample_variance()), (Some(22.5), Some(30.0)));
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "AsBytes<Self>", from = "AsBytes<Self>")]
pub struct Summary {
    count: u64,
    sum: Exact,
    squares: Exact,
    /// 0 if there are no numbers.
    min: f64,
    max: f64,
}

impl Summary {
    /// The summary of one number.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for an infinite number, or one that isn't a number.
    pub fn new(number: f64) -> Result<Self> {
        plain(number).map(Self::of_one).ok_or_else(|| not_finite::<Self>(number))
    }

    fn of_one(number: f64) -> Self {
        Self {
            count: 1,
            sum: Exact::new(number),
            squares: Exact::square_of(number),
            min: number,
            max: number,
        }
    }

    /// How many numbers there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum, correctly rounded; infinite if it is beyond the largest `f64`.
    pub fn sum(&self) -> f64 {
        self.sum.to_f64()
    }

    /// The smallest, none if there are no numbers.
    pub fn min(&self) -> Option<f64> {
        (self.count > 0).then_some(self.min)
    }

    /// The largest, none if there are no numbers.
    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max)
    }

    /// The sum divided by the count, none if there are no numbers.
    #[expect(clippy::cast_precision_loss, reason = "the division rounds as well")]
    pub fn mean(&self) -> Option<f64> {
        // Rounding must not carry it past what it lies between.
        (self.count > 0).then(|| self.sum.divided_by(self.count as f64).clamp(self.min, self.max))
    }

    /// The variance of just these numbers (divided by their count), none if there are none. In squares of their unit.
    pub fn variance(&self) -> Option<f64> {
        self.squared_deviation(self.count, self.count)
    }

    /// The variance of what these numbers are a sample of (divided by their count less one), none for fewer than two.
    pub fn sample_variance(&self) -> Option<f64> {
        self.squared_deviation(self.count, self.count.checked_sub(1)?)
    }

    /// The root of the [`variance`](Self::variance), in the numbers' own unit.
    pub fn std_dev(&self) -> Option<f64> {
        self.variance().map(f64::sqrt)
    }

    /// `(count * sum of squares - sum * sum) / (a * b)`.
    #[expect(clippy::cast_precision_loss, reason = "the divisions round as well")]
    fn squared_deviation(&self, a: u64, b: u64) -> Option<f64> {
        if a == 0 || b == 0 {
            return None;
        }
        let scaled = self.squares.times(&Exact::integer(self.count.into()));
        let difference = scaled.plus(&self.sum.times(&self.sum).negated());
        Some(difference.divided_by(a as f64 * b as f64))
    }
}

impl Value for Summary {
    const KIND: &'static str = "summary";

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        if self.count == 0 || other.count == 0 {
            if self.count == 0 {
                self.clone_from(other);
            }
            return Ok(());
        }
        self.count = self.count.checked_add(other.count).ok_or(MergeError::OVERFLOW)?;
        self.sum.add(&other.sum)?;
        self.squares.add(&other.squares)?;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        Ok(())
    }

    /// No numbers: the count and the sum are 0, and there is no mean.
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

impl Codec for Summary {
    const NAME: &'static str = "a summary";

    /// Of one number everything follows from it.
    fn write(&self, writer: &mut ByteWriter) {
        writer.unsigned(self.count);
        if self.count > 0 {
            Exact::new(self.min).write(writer);
        }
        if self.count > 1 {
            Exact::new(self.max).write(writer);
            self.sum.write(writer);
            self.squares.write(writer);
        }
    }

    fn read(reader: &mut ByteReader<'_>) -> Result<Self, &'static str> {
        const WRONG: &str = "have numbers that don't fit together";
        let count = reader.unsigned()?;
        if count == 0 {
            return Ok(Self::default());
        }
        let min = Exact::read_float(reader)?;
        if count == 1 {
            return Ok(Self::of_one(min));
        }
        let max = Exact::read_float(reader)?;
        let (sum, squares) = (Exact::read(reader)?, Exact::read(reader)?);
        if min > max || squares.is_negative() {
            return Err(WRONG);
        }
        Ok(Self { count, sum, squares, min, max })
    }
}

impl From<AsBytes<Self>> for Summary {
    fn from(AsBytes(value): AsBytes<Self>) -> Self {
        value
    }
}

impl Figures for Summary {
    const NAMES: &'static [&'static str] = &["count", "sum", "mean", "min", "max", "std_dev"];

    fn figures(&self) -> Vec<Figure> {
        vec![
            self.count().into(),
            self.sum().into(),
            self.mean().into(),
            self.min().into(),
            self.max().into(),
            self.std_dev().into(),
        ]
    }

    fn number(&self) -> Option<f64> {
        self.mean()
    }
}

impl fmt::Debug for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Summary")
            .field("count", &self.count)
            .field("sum", &self.sum())
            .field("min", &self.min())
            .field("max", &self.max())
            .field("variance", &self.variance())
            .finish_non_exhaustive()
    }
}
