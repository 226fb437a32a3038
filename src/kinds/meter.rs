//! Readings of meters.

use super::{
    Figure, Figures, MergeError, OwnBytes, Value,
    bytes::{AsBytes, ByteWriter, Codec, invalid, plain},
    exact::Exact,
    varint::ByteReader,
};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Readings of a meter that only grows, such as an electricity meter or the bytes that an interface has sent, and from there
/// [how much it grew](Self::increase).
///
/// It is a set of readings by instant. Merging unites the sets, so a reading that is delivered twice counts once, and late
/// ones fall into their places. Of two readings of the same second the higher one is kept.
///
/// # What counts
///
/// Growth is what lies between one reading and the next. Of a reading that is lower than the one before, all of it is growth:
/// the meter was reset, or replaced by a new one. So does Prometheus' `increase`, which also extrapolates to the ends of its
/// range, what this doesn't; and so does Home Assistant's `total_increasing`, except that it takes a drop of less than a tenth
/// for noise. Here every drop is a reset, since a real one can't be told from noise: smooth the readings of a meter that
/// jitters.
///
/// A statistic has the growth between its own readings. What a meter grew from the last reading of one day to the first of
/// the next is in neither day, but it is in the week, the month and whatever else has both days, since those have all the
/// readings. So a device that was away for ten days makes neither a spike nor a negative: the day that it comes back on has
/// the growth since then, and the month has all of it. Where the days must add up to the month, read the meter as a day
/// begins and as it ends.
///
/// # Size
///
/// All readings are kept while there are no more than 1,024, in 2 to 6 bytes each if they are whole numbers, up to 12 if
/// not. Beyond, they are thinned: time is cut into stretches of 2, 4, 8, ... seconds, the shortest for which at most 1,024
/// hold a reading, and the last of each is kept, as is the very first of all. The growth stays as it was, unless the meter was
/// reset within a stretch: what it had grown since the reading before is then lost, and if it has come past that
/// reading again, so is the reset. A day with a reading each minute, or a year with three a day, is thinned to stretches of
/// two minutes, and of nine hours.
///
/// ```
/// use trackstats::kinds::{Meter, Value};
///
/// let mut day = Meter::at(1_715_000_000, 9_990.0)?;
/// for (minutes, kwh) in [(10, 9_999.0), (20, 3.0), (30, 5.0), (30, 5.0)] {
///     day.merge(&Meter::at(1_715_000_000 + 60 * minutes, kwh)?).unwrap();
/// }
/// assert_eq!((day.increase(), day.resets()), (9.0 + 3.0 + 2.0, 1));
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "AsBytes<Self>", from = "AsBytes<Self>")]
pub struct Meter {
    /// By instant in seconds since 1970-01-01T00:00:00Z; at least one.
    readings: Vec<(i64, f64)>,
    /// Readings are thinned to stretches of this power of two of seconds.
    thinned: u32,
}

const MOST: usize = 1_024;

/// Whole numbers below it are told apart by an `f64`.
const WHOLE: f64 = 9_007_199_254_740_992.0;

impl Meter {
    /// A reading at this instant, in Unix seconds, such as
    /// [`Timestamp::unix_seconds`](crate::Timestamp::unix_seconds) gives. Whole numbers are exact up to 2^53.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for a reading that is negative, infinite or not a number.
    pub fn at(unix_seconds: i64, reading: f64) -> Result<Self> {
        match plain(reading) {
            Some(reading) if reading >= 0.0 => {
                Ok(Self { readings: vec![(unix_seconds, reading)], thinned: 0 })
            }
            _ => {
                Err(invalid::<Self>(&format!("{reading} can't be read off a meter; is it a level, a gauge?")))
            }
        }
    }

    /// By how much the meter grew from its first reading to its last, correctly rounded; 0 for a single reading.
    pub fn increase(&self) -> f64 {
        self.pairs()
            .fold(Exact::default(), |sum, (before, after)| {
                let sum = sum.plus(&Exact::new(after));
                if after < before { sum } else { sum.plus(&Exact::new(before).negated()) }
            })
            .to_f64()
    }

    /// How many readings are lower than the one before.
    pub fn resets(&self) -> usize {
        self.pairs().filter(|(before, after)| after < before).count()
    }

    fn pairs(&self) -> impl Iterator<Item = (f64, f64)> {
        self.readings
            .iter()
            .zip(self.readings.iter().skip(1))
            .map(|((_, before), (_, after))| (*before, *after))
    }

    /// The readings that are kept, by their instants in Unix seconds; at least one, at most 1,025.
    pub fn readings(&self) -> &[(i64, f64)] {
        &self.readings
    }

    /// The length of the stretches, in seconds, of which only the last reading is kept; 1 if all are.
    pub fn resolution(&self) -> u64 {
        1 << self.thinned
    }

    /// Thins the readings to at least `thinned`, and as far as there are too many.
    ///
    /// However readings were thinned before, they still have one in each stretch that had any, so the outcome only depends
    /// on all readings that there were.
    fn thin(&mut self, thinned: u32) {
        self.thinned = thinned;
        while stretches(&self.readings, self.thinned) > MOST {
            self.thinned += 1;
        }
        if self.thinned == 0 {
            return;
        }
        let mut kept: Vec<(i64, f64)> = Vec::with_capacity(self.readings.len().min(MOST + 1));
        for (at, reading) in &self.readings {
            // The very first reading stays, also beside the last of its stretch.
            if kept.len() > 1 {
                kept.pop_if(|(last, _)| *last >> self.thinned == at >> self.thinned);
            }
            kept.push((*at, *reading));
        }
        self.readings = kept;
    }
}

/// How many stretches of this power of two of seconds have a reading.
fn stretches(readings: &[(i64, f64)], thinned: u32) -> usize {
    let mut last = None;
    let starts = readings.iter().map(|(at, _)| at >> thinned);
    starts.filter(|stretch| last.replace(*stretch) != Some(*stretch)).count()
}

fn united(ours: &[(i64, f64)], theirs: &[(i64, f64)]) -> Vec<(i64, f64)> {
    let mut united = Vec::with_capacity(ours.len() + theirs.len());
    let mut theirs = theirs.iter().copied().peekable();
    for (at, reading) in ours.iter().copied() {
        while let Some(before) = theirs.next_if(|(theirs, _)| *theirs < at) {
            united.push(before);
        }
        let same = theirs.next_if(|(theirs, _)| *theirs == at);
        united.push((at, same.map_or(reading, |(_, same)| reading.max(same))));
    }
    united.extend(theirs);
    united
}

impl Value for Meter {
    const KIND: &'static str = "meter";

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        let thinned = self.thinned.max(other.thinned);
        // A reading after all others, of a set that has room for it, is most of what trackers merge.
        if let ([reading], true) = (other.readings.as_slice(), self.readings.len() < MOST)
            && self.thinned == 0
            && self.readings.last().is_none_or(|(last, _)| *last < reading.0)
        {
            self.readings.push(*reading);
            return Ok(());
        }
        self.readings = united(&self.readings, &other.readings);
        self.thin(thinned);
        Ok(())
    }

    fn heap_bytes(&self) -> usize {
        self.readings.capacity() * size_of::<(i64, f64)>()
    }

    fn to_stored(&self) -> Option<Vec<u8>> {
        Some(self.to_bytes())
    }

    fn from_stored(bytes: &[u8]) -> Result<Self> {
        Self::from_bytes(bytes)
    }
}

impl Codec for Meter {
    const NAME: &'static str = "a meter";

    /// Whole numbers are written as their distances from one another.
    fn write(&self, writer: &mut ByteWriter) {
        let whole = self.readings.iter().all(|(_, reading)| reading.fract() == 0.0 && *reading < WHOLE);
        writer.unsigned(u64::from(self.thinned) << 1 | u64::from(!whole));
        writer.unsigned(self.readings.len() as u64);
        let mut before = None;
        for (at, reading) in &self.readings {
            match before {
                None => writer.signed(*at),
                Some((before, _)) => writer.unsigned(at.abs_diff(before) - 1),
            }
            if whole {
                let last = before.map_or(0, |(_, last)| last);
                #[expect(clippy::cast_possible_truncation, reason = "it is a whole number below 2^53")]
                let number = *reading as i64;
                writer.signed(number - last);
                before = Some((*at, number));
            } else {
                writer.float(*reading);
                before = Some((*at, 0));
            }
        }
    }

    fn read(reader: &mut ByteReader<'_>) -> Result<Self, &'static str> {
        const WRONG: &str = "have readings that can't be";
        let head = reader.unsigned()?;
        let (thinned, whole) = (u32::try_from(head >> 1).map_err(|_| WRONG)?, head & 1 == 0);
        let length = reader.count(2)?;
        if thinned > 63 || length == 0 || length > MOST + 1 {
            return Err(WRONG);
        }
        let mut readings = Vec::with_capacity(length);
        let (mut at, mut number) = (0_i64, 0_i64);
        for index in 0..length {
            at = if index == 0 {
                reader.signed()?
            } else {
                at.checked_add_unsigned(reader.unsigned()?).and_then(|at| at.checked_add(1)).ok_or(WRONG)?
            };
            let reading = if whole {
                number = number.checked_add(reader.signed()?).ok_or(WRONG)?;
                #[expect(clippy::cast_precision_loss, reason = "what doesn't fit is refused below")]
                let reading = number as f64;
                if reading < WHOLE { reading } else { -1.0 }
            } else {
                reader.float()?
            };
            if reading < 0.0 {
                return Err(WRONG);
            }
            readings.push((at, reading));
        }
        let meter = Self { readings, thinned };
        let all_whole = meter.readings.iter().all(|(_, reading)| reading.fract() == 0.0 && *reading < WHOLE);
        let mut again = meter.clone();
        again.thin(thinned);
        if all_whole == whole && again == meter { Ok(meter) } else { Err(WRONG) }
    }
}

impl From<AsBytes<Self>> for Meter {
    fn from(AsBytes(value): AsBytes<Self>) -> Self {
        value
    }
}

impl Figures for Meter {
    const NAMES: &'static [&'static str] = &["increase", "resets"];

    fn figures(&self) -> Vec<Figure> {
        vec![self.increase().into(), (self.resets() as u64).into()]
    }

    fn number(&self) -> Option<f64> {
        Some(self.increase())
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter")
            .field("readings", &self.readings.len())
            .field("first", &self.readings.first())
            .field("last", &self.readings.last())
            .field("increase", &self.increase())
            .field("resets", &self.resets())
            .field("resolution", &self.resolution())
            .finish_non_exhaustive()
    }
}
