//! How many different things there were.

use super::{
    Figure, Figures, Layout, MergeError, Number, OwnBytes, Value,
    bytes::{AsBytes, ByteWriter, Codec},
    varint::{ByteReader, Misread},
};
use crate::{error::Result, model::Id};
use datasketches::{
    common::NumStdDev,
    hash::value::raw_bytes,
    hll::{HllSketch, HllType},
};
use serde::{Deserialize, Serialize};
use std::{cmp, fmt};

/// How many different things there were, such as users, to within 1.7 %: a `HyperLogLog` sketch. Merging unites the things, so
/// the users of seven days are each counted once, on however many days and machines they were seen.
///
/// Up to 384 different things it keeps a mark of 29 bits of each, and the count is exact, unless two have the same
/// mark: 1 set of 384 in some 2,000 is counted short by one. Beyond, it is 4,096 registers, whose standard error is 1.7 %
/// (1.04 / √4096, and the crate's own table for [`bounds`](Self::bounds)): two of three estimates are nearer
/// than that, and 95 of 100 within 3.4 %.
///
/// It takes 12 to 40 bytes up to 7 things, then 12 and 4 for each, and 4,136 bytes beyond 384.
///
/// The bytes are those of an [Apache `DataSketches`](https://datasketches.apache.org/docs/HLL/HLL.html) HLL sketch of type
/// `HLL_8` and lg k 12, which is what Spark's `hll_sketch_agg` makes by default, and things are hashed as there (`MurmurHash3`
/// with seed 9001), so its libraries in Java, C++, Python and others read them, and sketches of theirs can be
/// [taken over](OwnBytes::from_bytes): those of lg k 12, be they of another type while they are small, or of `HLL_8`. The
/// estimate is theirs too. Only its form is fixed further: the marks are in order, and there is no estimate that depends on
/// the order of arrival (HIP), so that merging gives the same bytes in any order.
///
/// ```
/// use trackstats::kinds::{Distinct, Value};
///
/// let mut monday = Distinct::of("ann");
/// monday.merge(&Distinct::of("bob")).unwrap();
/// let mut week = monday.clone();
/// for user in ["bob", "cem"] {
///     week.merge(&Distinct::of(user)).unwrap();
/// }
/// assert_eq!((monday.count(), week.count()), (2, 3));
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "AsBytes<Self>", from = "AsBytes<Self>")]
pub struct Distinct(Marks);

#[derive(Clone, PartialEq, Eq)]
enum Marks {
    /// Apache's coupons, in order: 6 bits for how many zero bits a hash begins with, 26 for its register.
    Each(Vec<u32>),
    /// The highest of each register.
    Registers(Box<[u8]>),
}

/// One of the things that a [`Distinct`] counts: a number or a text, or bytes of any meaning.
///
/// The number 7 and the text "7" are different; a negative number is the same as the unsigned one of the same 64 bits, and
/// a text as its bytes in UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Item<'a> {
    /// A number, such as a row's primary key.
    Number(i64),
    /// A text, or other bytes.
    Bytes(&'a [u8]),
}

/// How many things two sets have in common, as [`Distinct::intersection`] works it out.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Intersection {
    /// How many, 0 or more.
    pub estimate: f64,
    /// Its standard error, in things; 0 where both sets still keep a mark of each.
    pub error: f64,
}

const LG_K: u8 = 12;
const REGISTERS: usize = 1 << LG_K;

/// With one mark more, Apache's sketches turn to registers.
const MOST_MARKS: usize = 384;
const MOST_LISTED: usize = 7;

const SLOT_BITS: u32 = 26;

// The bytes before the marks or registers.
const LIST_INTS: u8 = 2;
const SET_INTS: u8 = 3;
const REGISTERS_INTS: u8 = 10;
const SERIAL_VERSION: u8 = 1;
const FAMILY: u8 = 7;
const EMPTY: u8 = 4;
const COMPACT: u8 = 8;
const OUT_OF_ORDER: u8 = 16;
const LIST: u8 = 0;
const SET: u8 = 1;
const DENSE: u8 = 2;
const HLL_8: u8 = 2 << 2;

/// The standard error of an estimate from registers.
const STANDARD_ERROR: f64 = 0.017;

impl Distinct {
    /// One thing: a number, a text or bytes.
    pub fn of<'a>(item: impl Into<Item<'a>>) -> Self {
        Self(Marks::Each(vec![mark(item.into())]))
    }

    /// About how many different things there were. Not a whole number, also while the count is exact.
    pub fn estimate(&self) -> f64 {
        self.sketch().map_or(0.0, |sketch| sketch.estimate())
    }

    /// About how many different things there were, as a whole number.
    pub fn count(&self) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "estimates are neither")]
        let count = self.estimate().round() as u64;
        count
    }

    /// Between which counts the true one is, with a probability of 95 % (two standard errors).
    pub fn bounds(&self) -> (f64, f64) {
        self.sketch().map_or((0.0, 0.0), |sketch| {
            (sketch.lower_bound(NumStdDev::Two), sketch.upper_bound(NumStdDev::Two))
        })
    }

    /// Whether it still keeps a mark of each thing, so that the count is exact but for equal marks.
    pub fn is_exact(&self) -> bool {
        matches!(self.0, Marks::Each(_))
    }

    /// How many things are in this set as well as in the other.
    ///
    /// While both keep a mark of each thing, it is counted. Otherwise it is what the two counts have more than that of
    /// their union, and has the errors of all three: with sets of 10,000 things each it is some 300 off, whether they
    /// have 9,000 in common or none. So it says little of a small part of large sets.
    pub fn intersection(&self, other: &Self) -> Intersection {
        if let (Marks::Each(ours), Marks::Each(theirs)) = (&self.0, &other.0) {
            #[expect(clippy::cast_precision_loss, reason = "there are 384 at most")]
            let estimate = ours.iter().filter(|mark| theirs.binary_search(mark).is_ok()).count() as f64;
            return Intersection { estimate, error: 0.0 };
        }
        let mut union = self.clone();
        union.unite(other);
        let (a, b, both) = (self.estimate(), other.estimate(), union.estimate());
        let error = |set: &Self, estimate: f64| if set.is_exact() { 0.0 } else { estimate * STANDARD_ERROR };
        let error = error(self, a).hypot(error(other, b)).hypot(error(&union, both));
        Intersection { estimate: (a + b - both).clamp(0.0, a.min(b)), error }
    }

    /// The same sketch as the crate has it, which is only asked for estimates.
    fn sketch(&self) -> Option<HllSketch> {
        HllSketch::deserialize(&self.to_bytes()).ok()
    }

    fn unite(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (Marks::Each(ours), Marks::Each(theirs)) => {
                unite_marks(ours, theirs);
                if ours.len() > MOST_MARKS {
                    self.0 = Marks::Registers(raised(&[0; REGISTERS], ours));
                }
            }
            (Marks::Registers(ours), Marks::Registers(theirs)) => {
                for (our, their) in ours.iter_mut().zip(theirs) {
                    *our = cmp::max(*our, *their);
                }
            }
            (Marks::Registers(ours), Marks::Each(theirs)) => raise(ours, theirs),
            (Marks::Each(ours), Marks::Registers(theirs)) => self.0 = Marks::Registers(raised(theirs, ours)),
        }
    }
}

/// The mark of a thing. The crate doesn't give it away but in the bytes of a sketch.
fn mark(item: Item<'_>) -> u32 {
    let mark = || {
        let mut sketch = HllSketch::new(LG_K, HllType::Hll8).ok()?;
        match item {
            Item::Number(number) => sketch.update(number),
            Item::Bytes(bytes) => sketch.update(raw_bytes::from_slice(bytes)),
        }
        sketch.serialize().last_chunk().map(|bytes| u32::from_le_bytes(*bytes))
    };
    let mark = mark();
    debug_assert!(mark.is_some(), "a sketch of one thing ends with its mark");
    mark.unwrap_or_default()
}

fn unite_marks(ours: &mut Vec<u32>, theirs: &[u32]) {
    if let [mark] = theirs {
        if let Err(at) = ours.binary_search(mark) {
            ours.insert(at, *mark);
        }
        return;
    }
    ours.extend_from_slice(theirs);
    ours.sort_unstable();
    ours.dedup();
}

fn raised(registers: &[u8], marks: &[u32]) -> Box<[u8]> {
    let mut raised: Box<[u8]> = registers.into();
    raise(&mut raised, marks);
    raised
}

fn raise(registers: &mut [u8], marks: &[u32]) {
    for mark in marks {
        if let Some(register) = registers.get_mut(*mark as usize % REGISTERS) {
            *register = cmp::max(*register, (mark >> SLOT_BITS).to_le_bytes()[0]);
        }
    }
}

/// No things at all.
impl Default for Distinct {
    fn default() -> Self {
        Self(Marks::Each(Vec::new()))
    }
}

impl Value for Distinct {
    const KIND: &'static str = "distinct";
    const LAYOUT: Layout = Layout::Large;

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        self.unite(other);
        Ok(())
    }

    /// No things at all.
    fn zero() -> Option<Self> {
        Some(Self::default())
    }

    fn heap_bytes(&self) -> usize {
        match &self.0 {
            Marks::Each(marks) => marks.capacity() * size_of::<u32>(),
            Marks::Registers(registers) => registers.len(),
        }
    }

    fn to_stored(&self) -> Option<Vec<u8>> {
        Some(self.to_bytes())
    }

    fn from_stored(bytes: &[u8]) -> Result<Self> {
        Self::from_bytes(bytes)
    }
}

impl Codec for Distinct {
    const NAME: &'static str = "an HLL sketch of lg k 12";

    fn write(&self, writer: &mut ByteWriter) {
        match &self.0 {
            Marks::Each(marks) if marks.len() <= MOST_LISTED => {
                let flags = if marks.is_empty() { COMPACT | EMPTY } else { COMPACT };
                let count = marks.len().to_le_bytes()[0];
                writer.bytes(&[LIST_INTS, SERIAL_VERSION, FAMILY, LG_K, 3, flags, count, LIST | HLL_8]);
                for mark in marks {
                    writer.bytes(&mark.to_le_bytes());
                }
            }
            Marks::Each(marks) => {
                // The smallest table, of 32 places or more, that they fill by three quarters at most.
                let places = (marks.len() * 4).div_ceil(3).next_power_of_two().max(32);
                let lg_places = places.trailing_zeros().to_le_bytes()[0];
                writer.bytes(&[SET_INTS, SERIAL_VERSION, FAMILY, LG_K, lg_places, COMPACT, 0, SET | HLL_8]);
                writer.bytes(&u32::try_from(marks.len()).unwrap_or_default().to_le_bytes());
                for mark in marks {
                    writer.bytes(&mark.to_le_bytes());
                }
            }
            Marks::Registers(registers) => {
                let head = [REGISTERS_INTS, SERIAL_VERSION, FAMILY, LG_K, 0, OUT_OF_ORDER, 0, DENSE | HLL_8];
                writer.bytes(&head);
                // The sums of 2^-register, below 32 and from there on, are exact in any order.
                let sum = |range: std::ops::Range<u8>| -> f64 {
                    let register = registers.iter().filter(|register| range.contains(register));
                    register.map(|register| f64::from_bits((1_023 - u64::from(*register)) << 52)).sum()
                };
                writer.float(0.0);
                writer.float(sum(0..32));
                writer.float(sum(32..64));
                let zeros: u32 = registers.iter().map(|register| u32::from(*register == 0)).sum();
                writer.bytes(&zeros.to_le_bytes());
                writer.bytes(&[0; 4]);
                writer.bytes(registers);
            }
        }
    }

    fn read(reader: &mut ByteReader<'_>) -> Result<Self, &'static str> {
        const WRONG: &str = "have marks or registers that can't be";
        let [ints, version, family, lg_k, lg_places, flags, count, mode] = reader.array()?;
        if version != SERIAL_VERSION || family != FAMILY {
            return Err("are of something else than an Apache HLL sketch");
        }
        if lg_k != LG_K {
            return Err("are of a sketch of another lg k; make it with lg k 12");
        }
        let length = match (mode & 3, ints) {
            (LIST, LIST_INTS) if flags & COMPACT != 0 => count.into(),
            // What isn't compact has all places of its table, the empty ones as 0.
            (LIST, LIST_INTS) if flags & EMPTY != 0 && reader.is_empty() => 0,
            (LIST, LIST_INTS) => 8,
            (SET, SET_INTS) if flags & COMPACT != 0 => u32::from_le_bytes(reader.array()?) as usize,
            (SET, SET_INTS) if (5..=9).contains(&lg_places) => {
                let [_, _, _, _] = reader.array()?;
                1 << lg_places
            }
            (DENSE, REGISTERS_INTS) if mode >> 2 & 3 == HLL_8 >> 2 => {
                // The sums and the number of zeros follow from the registers.
                let _: [u8; 32] = reader.array()?;
                let registers = reader.bytes(REGISTERS)?;
                // A mark's register is 1 to 63.
                if registers.iter().any(|register| *register > 63) {
                    return Err(WRONG);
                }
                return Ok(Self(Marks::Registers(registers.into())));
            }
            (DENSE, _) => return Err("are of a sketch of HLL_4 or HLL_6; make it of HLL_8"),
            _ => return Err("are of something else than an Apache HLL sketch"),
        };
        if length > reader.rest().len() / 4 {
            return Err(Misread::TooFew.into());
        }
        let mut marks = Vec::with_capacity(length);
        for _ in 0..length {
            marks.push(u32::from_le_bytes(reader.array()?));
        }
        if flags & COMPACT == 0 {
            marks.retain(|mark| *mark != 0);
        }
        marks.sort_unstable();
        marks.dedup();
        if marks.len() > MOST_MARKS || marks.iter().any(|mark| mark >> SLOT_BITS == 0) {
            return Err(WRONG);
        }
        Ok(Self(Marks::Each(marks)))
    }
}

impl From<AsBytes<Self>> for Distinct {
    fn from(AsBytes(value): AsBytes<Self>) -> Self {
        value
    }
}

impl Figures for Distinct {
    const NAMES: &'static [&'static str] = &["distinct"];

    fn figures(&self) -> Vec<Figure> {
        vec![self.count().into()]
    }

    fn number(&self) -> Option<f64> {
        Some(self.to_f64())
    }
}

/// The estimate of how many.
impl Number for Distinct {
    fn to_f64(&self) -> f64 {
        self.estimate()
    }
}

impl fmt::Debug for Distinct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Distinct")
            .field("estimate", &self.estimate())
            .field("exact", &self.is_exact())
            .finish()
    }
}

impl From<i64> for Item<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<i32> for Item<'_> {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u32> for Item<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u64> for Item<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number.cast_signed())
    }
}

impl<'a> From<&'a str> for Item<'a> {
    fn from(text: &'a str) -> Self {
        Self::Bytes(text.as_bytes())
    }
}

impl<'a> From<&'a String> for Item<'a> {
    fn from(text: &'a String) -> Self {
        Self::Bytes(text.as_bytes())
    }
}

impl<'a> From<&'a [u8]> for Item<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<Id<'a>> for Item<'a> {
    fn from(id: Id<'a>) -> Self {
        match id {
            Id::Number(number) => Self::from(number),
            Id::Text(text) => Self::from(text),
        }
    }
}
