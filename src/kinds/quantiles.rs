//! Medians and percentiles.

use super::{
    Figure, Figures, Layout, MergeError, OwnBytes, Value,
    bytes::{AsBytes, ByteWriter, Codec, plain},
    sum::not_finite,
    varint::ByteReader,
};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::{fmt, mem};

/// How numbers are distributed: their median, 95th percentile and every other quantile, to within 1 %.
///
/// Numbers are counted in buckets that are the same everywhere: 128 equal ones between each power of two and the next, of
/// negative numbers as well, and one for zero. So merging only adds counts. A quantile is given as the end of its bucket
/// that is nearer to zero: at most 1/129 (0.8 %) too near to zero, exact for whole numbers up to 256, and never outside the
/// smallest and the largest number, which are exact, as is the count. Numbers nearer to zero than 2^-1022 count as 0.
///
/// A bucket takes two or three bytes, and only those that hold a number are kept: a few hundred bytes mostly, 6 KB for
/// numbers that fill the 2,560 buckets from 1 to a million, and some 700 KB at worst.
///
/// The buckets are the bits of an `f64` with the lowest cut off, a log-linear histogram as in
/// [HdrHistogram](https://hdrhistogram.github.io/HdrHistogram/) and, with buckets of equal ratios in the stead of equal
/// widths, in the exponential histograms of
/// [OpenTelemetry](https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram). No logarithm is
/// taken, so that every machine counts alike.
///
/// ```
/// use trackstats::kinds::{Quantiles, Value};
///
/// let mut delays = Quantiles::default();
/// for minutes in 1..=1_000 {
///     delays.merge(&Quantiles::new(f64::from(minutes))?).unwrap();
/// }
/// assert_eq!(delays.quantile(0.2), Some(200.0));
/// assert_eq!(delays.quantile(0.5), Some(500.0));
/// let p99 = delays.quantile(0.99).unwrap();
/// assert!((0.99 * 990.0..=990.0).contains(&p99));
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "AsBytes<Self>", from = "AsBytes<Self>")]
pub struct Quantiles {
    /// By bucket, in order; each with the count of its numbers, which isn't 0.
    buckets: Vec<(i32, u64)>,
    /// Of all buckets together.
    count: u64,
    /// 0 if there are no numbers.
    min: f64,
    max: f64,
}

/// The bits of a fraction that a bucket's number has.
const FRACTION_BITS: u32 = 7;

const CUT: u32 = 52 - FRACTION_BITS;

/// The number of the bucket that begins with the smallest normal number.
const FIRST: i32 = 1 << FRACTION_BITS;

/// The number of the bucket that infinity would be in.
const END: i32 = 0x7ff << FRACTION_BITS;

fn bucket_of(number: f64) -> i32 {
    let bucket = (number.abs().to_bits() >> CUT) as i32;
    match bucket {
        ..FIRST => 0,
        bucket if number < 0.0 => -bucket,
        bucket => bucket,
    }
}

/// The end of a bucket that is nearer to zero.
fn inner_end(bucket: i32) -> f64 {
    let magnitude = f64::from_bits(u64::from(bucket.unsigned_abs()) << CUT);
    if bucket < 0 { -magnitude } else { magnitude }
}

impl Quantiles {
    /// The distribution of one number.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for an infinite number, or one that isn't a number.
    pub fn new(number: f64) -> Result<Self> {
        let number = plain(number).ok_or_else(|| not_finite::<Self>(number))?;
        Ok(Self { buckets: vec![(bucket_of(number), 1)], count: 1, min: number, max: number })
    }

    /// How many numbers there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The smallest, none if there are no numbers.
    pub fn min(&self) -> Option<f64> {
        (self.count > 0).then_some(self.min)
    }

    /// The largest, none if there are no numbers.
    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max)
    }

    /// The median: the quantile of 0.5.
    pub fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }

    /// The quantile of `q`, from 0, the smallest number, to 1, the largest: the smallest of the numbers that at least the
    /// share `q` of them don't exceed, to within 1 %. This is the nearest rank (number `ceil(q * count)` in order), which
    /// doesn't interpolate. `q` is taken for the decimal that it is meant to be: 0.07 of 100 numbers are 7, not 8.
    ///
    /// None if there are no numbers, or if `q` isn't from 0 to 1.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank is one of so many that it is as good as the next"
    )]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if !(0.0..=1.0).contains(&q) {
            return None;
        }
        let share = q * self.count as f64;
        let rank = ((share * (1.0 - 2.0 * f64::EPSILON)).ceil() as u64).clamp(1, self.count.max(1));
        match rank {
            1 => return self.min(),
            rank if rank == self.count => return self.max(),
            _ => {}
        }
        let mut so_far = 0;
        let (bucket, _) = self.buckets.iter().find(|(_, count)| {
            so_far += count;
            so_far >= rank
        })?;
        Some(inner_end(*bucket).clamp(self.min, self.max))
    }

    fn merge_buckets(&mut self, other: &[(i32, u64)]) {
        // A number more in a bucket that is there already, which is most of what trackers do.
        if let [(bucket, count)] = other {
            match self.buckets.binary_search_by_key(bucket, |(bucket, _)| *bucket) {
                Ok(at) => {
                    if let Some((_, counted)) = self.buckets.get_mut(at) {
                        *counted += count;
                    }
                }
                Err(at) => self.buckets.insert(at, (*bucket, *count)),
            }
            return;
        }
        let mut merged = Vec::with_capacity(self.buckets.len().max(other.len()));
        let mut theirs = other.iter().copied().peekable();
        for (bucket, count) in mem::take(&mut self.buckets) {
            while let Some(before) = theirs.next_if(|(theirs, _)| *theirs < bucket) {
                merged.push(before);
            }
            let same = theirs.next_if(|(theirs, _)| *theirs == bucket);
            merged.push((bucket, count + same.map_or(0, |(_, count)| count)));
        }
        merged.extend(theirs);
        self.buckets = merged;
    }
}

impl Value for Quantiles {
    const KIND: &'static str = "quantiles";
    const LAYOUT: Layout = Layout::Large;

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        if self.count == 0 || other.count == 0 {
            if self.count == 0 {
                self.clone_from(other);
            }
            return Ok(());
        }
        self.count = self.count.checked_add(other.count).ok_or(MergeError::OVERFLOW)?;
        self.merge_buckets(&other.buckets);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        Ok(())
    }

    /// No numbers, and so no quantiles.
    fn zero() -> Option<Self> {
        Some(Self::default())
    }

    fn heap_bytes(&self) -> usize {
        self.buckets.capacity() * size_of::<(i32, u64)>()
    }

    fn to_stored(&self) -> Option<Vec<u8>> {
        Some(self.to_bytes())
    }

    fn from_stored(bytes: &[u8]) -> Result<Self> {
        Self::from_bytes(bytes)
    }
}

impl Codec for Quantiles {
    const NAME: &'static str = "a distribution";

    fn write(&self, writer: &mut ByteWriter) {
        writer.unsigned(self.buckets.len() as u64);
        let Some((first, _)) = self.buckets.first() else { return };
        writer.float(self.min);
        writer.float(self.max);
        writer.signed((*first).into());
        let mut before = None;
        for (bucket, count) in &self.buckets {
            if let Some(before) = before {
                writer.unsigned((bucket.abs_diff(before) - 1).into());
            }
            writer.unsigned(*count);
            before = Some(*bucket);
        }
    }

    fn read(reader: &mut ByteReader<'_>) -> Result<Self, &'static str> {
        const WRONG: &str = "have buckets that can't be";
        let length = reader.count(2)?;
        if length == 0 {
            return Ok(Self::default());
        }
        let (min, max) = (reader.float()?, reader.float()?);
        let mut bucket = reader.signed()?;
        let mut buckets = Vec::with_capacity(length);
        let mut total = 0_u64;
        for at in 0..length {
            if at > 0 {
                let gap = i64::try_from(reader.unsigned()?).map_err(|_| WRONG)?;
                bucket = bucket.checked_add(gap).and_then(|bucket| bucket.checked_add(1)).ok_or(WRONG)?;
            }
            let count = reader.unsigned()?;
            total = total.checked_add(count).ok_or(WRONG)?;
            match i32::try_from(bucket) {
                Ok(number)
                    if count > 0 && (number == 0 || (FIRST..END).contains(&number.saturating_abs())) =>
                {
                    buckets.push((number, count));
                }
                _ => return Err(WRONG),
            }
        }
        let ends = [buckets.first(), buckets.last()].map(|end| end.map(|(bucket, _)| *bucket));
        if min > max || ends != [Some(bucket_of(min)), Some(bucket_of(max))] || (total == 1 && min < max) {
            return Err(WRONG);
        }
        Ok(Self { buckets, count: total, min, max })
    }
}

impl From<AsBytes<Self>> for Quantiles {
    fn from(AsBytes(value): AsBytes<Self>) -> Self {
        value
    }
}

impl Figures for Quantiles {
    const NAMES: &'static [&'static str] = &["count", "min", "p25", "median", "p75", "p95", "p99", "max"];

    fn figures(&self) -> Vec<Figure> {
        let inner = [0.25, 0.5, 0.75, 0.95, 0.99].map(|q| self.quantile(q));
        let numbers = [self.min()].into_iter().chain(inner).chain([self.max()]);
        [self.count().into()].into_iter().chain(numbers.map(Figure::from)).collect()
    }

    fn number(&self) -> Option<f64> {
        self.median()
    }
}

impl fmt::Debug for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quantiles")
            .field("count", &self.count)
            .field("min", &self.min())
            .field("median", &self.median())
            .field("max", &self.max())
            .field("buckets", &self.buckets.len())
            .finish()
    }
}
