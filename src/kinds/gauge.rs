//! Levels that go up and down.

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

/// A level, such as a temperature or the number of users who are there now: the last one, the lowest and the highest, and
/// by how much it was raised and lowered.
///
/// Merging keeps the last level by its instant; of changes within a second the last, of levels measured in the same
/// second the highest. So the last of a week is that of its last day with a level. A level isn't additive: those of
/// two sensors merged are the later one, not their sum.
///
/// ```
/// use trackstats::kinds::{Gauge, Value};
///
/// let noon = 1_715_083_200;
/// let mut here = Gauge::at(noon, 12.0)?;
/// let left = here.changed(noon + 60, -2.0)?;
/// here.merge(&left).unwrap();
/// assert_eq!((here.last(), here.min(), here.max(), here.lowered()), (10.0, 10.0, 12.0, 2.0));
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "AsBytes<Self>", from = "AsBytes<Self>")]
pub struct Gauge {
    /// In seconds since 1970-01-01T00:00:00Z.
    at: i64,
    /// How many changes within that second came before.
    turn: u64,
    last: f64,
    min: f64,
    max: f64,
    raised: Exact,
    lowered: Exact,
}

impl Gauge {
    /// A level that was set or measured at this instant, in Unix seconds, such as
    /// [`Timestamp::unix_seconds`](crate::Timestamp::unix_seconds) gives.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for an infinite level, or one that isn't a number.
    pub fn at(unix_seconds: i64, level: f64) -> Result<Self> {
        let last = plain(level).ok_or_else(|| not_finite::<Self>(level))?;
        let (raised, lowered) = (Exact::default(), Exact::default());
        Ok(Self { at: unix_seconds, turn: 0, last, min: last, max: last, raised, lowered })
    }

    /// The change of the last level by so much at this instant, in Unix seconds, to be merged into the statistics. It has
    /// the new level alone: those before aren't in it.
    ///
    /// A change dated before the last level is taken to have happened with it, at its second.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for a change that is infinite, isn't a number, or leads to a
    /// level that is infinite.
    pub fn changed(&self, unix_seconds: i64, by: f64) -> Result<Self> {
        let by = plain(by).ok_or_else(|| not_finite::<Self>(by))?;
        let mut changed = Self::at(unix_seconds.max(self.at), self.last + by)?;
        if changed.at == self.at {
            changed.turn = self.turn.saturating_add(1);
        }
        if by < 0.0 {
            changed.lowered = Exact::new(-by);
        } else {
            changed.raised = Exact::new(by);
        }
        Ok(changed)
    }

    /// The instant of the last level, in Unix seconds.
    pub fn last_at(&self) -> i64 {
        self.at
    }

    /// The last level.
    pub fn last(&self) -> f64 {
        self.last
    }

    /// The lowest level.
    pub fn min(&self) -> f64 {
        self.min
    }

    /// The highest level.
    pub fn max(&self) -> f64 {
        self.max
    }

    /// By how much [changes](Self::changed) raised it in all. Levels that are set, with [`at`](Self::at), don't count.
    pub fn raised(&self) -> f64 {
        self.raised.to_f64()
    }

    /// By how much [changes](Self::changed) lowered it in all, not negative. Levels that are set don't count.
    pub fn lowered(&self) -> f64 {
        self.lowered.to_f64()
    }
}

impl Value for Gauge {
    const KIND: &'static str = "gauge";

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        self.raised.add(&other.raised)?;
        self.lowered.add(&other.lowered)?;
        let later = (other.at, other.turn).cmp(&(self.at, self.turn));
        if later.then_with(|| other.last.total_cmp(&self.last)).is_gt() {
            (self.at, self.turn, self.last) = (other.at, other.turn, other.last);
        }
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        Ok(())
    }

    fn to_stored(&self) -> Option<Vec<u8>> {
        Some(self.to_bytes())
    }

    fn from_stored(bytes: &[u8]) -> Result<Self> {
        Self::from_bytes(bytes)
    }
}

impl Codec for Gauge {
    const NAME: &'static str = "a gauge";

    fn write(&self, writer: &mut ByteWriter) {
        writer.signed(self.at);
        writer.unsigned(self.turn);
        for level in [self.last, self.min, self.max] {
            Exact::new(level).write(writer);
        }
        self.raised.write(writer);
        self.lowered.write(writer);
    }

    fn read(reader: &mut ByteReader<'_>) -> Result<Self, &'static str> {
        const WRONG: &str = "have levels that don't fit together";
        let (at, turn) = (reader.signed()?, reader.unsigned()?);
        let (last, min, max) =
            (Exact::read_float(reader)?, Exact::read_float(reader)?, Exact::read_float(reader)?);
        let (raised, lowered) = (Exact::read(reader)?, Exact::read(reader)?);
        if min > last || last > max || raised.is_negative() || lowered.is_negative() {
            return Err(WRONG);
        }
        Ok(Self { at, turn, last, min, max, raised, lowered })
    }
}

impl From<AsBytes<Self>> for Gauge {
    fn from(AsBytes(value): AsBytes<Self>) -> Self {
        value
    }
}

impl Figures for Gauge {
    const NAMES: &'static [&'static str] = &["last", "min", "max"];

    fn figures(&self) -> Vec<Figure> {
        [self.last(), self.min(), self.max()].map(Figure::from).into()
    }

    fn number(&self) -> Option<f64> {
        Some(self.last())
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauge")
            .field("last_at", &self.at)
            .field("last", &self.last)
            .field("min", &self.min)
            .field("max", &self.max)
            .field("raised", &self.raised())
            .field("lowered", &self.lowered())
            .finish_non_exhaustive()
    }
}
