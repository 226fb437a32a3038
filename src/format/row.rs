//! Rows: the statistics of up to 32 consecutive slots of one series, packed into one value.

use super::{Form, Malformed};
use crate::kinds::{Layout, MergeError, Value, encoded};
use bincode::config;

/// How many slots a row of packed integers spans.
pub(crate) const ROW_SLOTS: i32 = 32;

const INTEGERS: u8 = 0x01;
const ENCODED: u8 = 0x02;
const WIDTH: u8 = 0x0f;
const HAS_MISSING: u8 = 0x10;

/// The statistics of up to 32 consecutive slots of one series. A slot is absent, missing or has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row<V> {
    /// Bit `i` is set when slot `i` has a statistic.
    present: u32,
    /// Bit `i` is set when that statistic is missing.
    missing: u32,
    /// The values of the slots that have one, in order.
    values: Vec<V>,
}

impl<V> Default for Row<V> {
    fn default() -> Self {
        Self { present: 0, missing: 0, values: Vec::new() }
    }
}

impl<V> Row<V> {
    pub(crate) fn is_empty(&self) -> bool {
        self.present == 0
    }

    pub(crate) fn len(&self) -> u32 {
        self.present.count_ones()
    }

    /// Bit `i` is set when slot `i` has a statistic.
    pub(crate) fn present(&self) -> u32 {
        self.present
    }

    /// How many of the values stand before slot `slot`'s.
    pub(crate) fn rank(&self, slot: u32) -> usize {
        (self.present & !self.missing & (bit(slot) - 1)).count_ones() as usize
    }

    /// The value of this rank.
    pub(crate) fn value_mut(&mut self, rank: usize) -> Option<&mut V> {
        self.values.get_mut(rank)
    }

    /// The statistic of a slot: none, `Some(None)` for a missing one, or its value.
    pub(crate) fn get(&self, slot: u32) -> Option<Option<&V>> {
        (self.present & bit(slot) != 0)
            .then(|| if self.missing & bit(slot) == 0 { self.values.get(self.rank(slot)) } else { None })
    }

    pub(crate) fn set(&mut self, slot: u32, value: Option<V>) {
        self.remove(slot);
        if let Some(value) = value {
            return self.insert(slot, value);
        }
        self.present |= bit(slot);
        self.missing |= bit(slot);
    }

    /// Gives a slot that has none a value.
    fn insert(&mut self, slot: u32, value: V) {
        // A vector begins with room for four.
        if self.values.is_empty() {
            self.values.reserve_exact(1);
        }
        self.values.insert(self.rank(slot), value);
        self.present |= bit(slot);
        self.missing &= !bit(slot);
    }

    /// Makes the slot absent, and says whether it had a statistic.
    pub(crate) fn remove(&mut self, slot: u32) -> bool {
        let had = self.get(slot);
        if let Some(Some(_)) = had {
            let rank = self.rank(slot);
            self.values.remove(rank);
        }
        let had = self.present & bit(slot) != 0;
        self.present &= !bit(slot);
        self.missing &= !bit(slot);
        had
    }

    /// Makes all slots from `slot` on absent.
    pub(crate) fn truncate(&mut self, slot: u32) {
        if slot >= u32::BITS {
            return;
        }
        let kept = bit(slot) - 1;
        self.values.truncate(self.rank(slot));
        self.present &= kept;
        self.missing &= kept;
    }

    /// The slots that have a statistic, in order, with their values; missing ones as `None`.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, Option<&V>)> {
        let mut values = self.values.iter();
        let mut left = self.present;
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let slot = left.trailing_zeros();
            left &= left - 1;
            Some((slot, if self.missing & bit(slot) == 0 { values.next() } else { None }))
        })
    }
}

/// The slots that the row in these bytes has a statistic of, as bits, read without the rest.
pub(crate) fn present(bytes: &[u8]) -> Result<u32, Malformed> {
    let mut reader = Reader { rest: bytes };
    let [_tag, _head] = reader.bytes()?;
    reader.word()
}

/// Slots are below 32; a higher one, which nothing here makes, has no bit.
fn bit(slot: u32) -> u32 {
    1_u32.checked_shl(slot).unwrap_or(0)
}

impl<V: Value> Row<V> {
    /// Merges a value into a slot: an absent or missing statistic becomes the value. Says whether it was one.
    #[inline]
    pub(crate) fn merge(&mut self, slot: u32, value: &V) -> Result<bool, MergeError> {
        if self.present & !self.missing & bit(slot) == 0 {
            self.insert(slot, value.clone());
            return Ok(true);
        }
        let rank = self.rank(slot);
        self.values.get_mut(rank).map_or(Ok(()), |stored| stored.merge(value))?;
        Ok(false)
    }

    /// Merges the values of another row into this one, slot by slot.
    pub(crate) fn merge_row(&mut self, other: &Self) -> Result<(), MergeError> {
        for (slot, value) in other.iter() {
            if let Some(value) = value {
                self.merge(slot, value)?;
            }
        }
        Ok(())
    }

    /// The row's bytes, in the form that its metric is registered with.
    pub(crate) fn encode(&self, form: Form) -> Result<Vec<u8>, Malformed> {
        match form {
            Form::Integers => self.encode_integers(),
            Form::Encoded | Form::Large => self.encode_each(),
        }
    }

    /// Whether a row's bytes say that they have packed integers.
    pub(crate) fn has_integers(bytes: &[u8]) -> Option<bool> {
        match bytes.first() {
            Some(&INTEGERS) => Some(true),
            Some(&ENCODED) => Some(false),
            _ => None,
        }
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let (head, reader) = Head::read(bytes)?;
        let values = if head.has_integers {
            let packed = Packed::read::<V>(bytes, reader, &head)?;
            (0..head.count()).map(|rank| packed.value(bytes, rank)).collect::<Option<_>>().ok_or(WRONG)?
        } else {
            decode_each(reader, head.count())?
        };
        Ok(Self { present: head.present, missing: head.missing, values })
    }

    fn head(&self, tag: u8, width: u8) -> Vec<u8> {
        let has_missing = if self.missing == 0 { 0 } else { HAS_MISSING };
        let mut bytes = Vec::with_capacity(20 + self.values.len() * usize::from(width));
        bytes.extend_from_slice(&[tag, width | has_missing]);
        bytes.extend_from_slice(&self.present.to_le_bytes());
        if self.missing != 0 {
            bytes.extend_from_slice(&self.missing.to_le_bytes());
        }
        bytes
    }

    /// The smallest value, and each value's distance from it in as few bytes as the largest distance takes.
    fn encode_integers(&self) -> Result<Vec<u8>, Malformed> {
        let (mut base, mut largest) = (i64::MAX, i64::MIN);
        for value in &self.values {
            let value = integer(value)?;
            (base, largest) = (base.min(value), largest.max(value));
        }
        if self.values.is_empty() {
            return Ok(self.head(INTEGERS, 0));
        }
        let width = 8 - distance(base, largest).leading_zeros() / 8;
        #[expect(clippy::cast_possible_truncation, reason = "a width is 0 to 8")]
        let mut bytes = self.head(INTEGERS, width as u8);
        bincode::encode_into_std_write(base, &mut bytes, config::standard())
            .map_err(|_| Malformed("a row that can't be written"))?;
        for value in &self.values {
            let distance = distance(base, integer(value)?).to_le_bytes();
            bytes.extend_from_slice(distance.get(..width as usize).unwrap_or_default());
        }
        Ok(bytes)
    }

    /// Each value's bytes, and before them how many they are.
    fn encode_each(&self) -> Result<Vec<u8>, Malformed> {
        let mut bytes = self.head(ENCODED, 0);
        for value in &self.values {
            let stored = value.to_stored().ok_or(Malformed("a value that can't be encoded"))?;
            if stored.len() > encoded::MAX_BYTES {
                return Err(Malformed("a value of more than 16 MiB"));
            }
            bincode::encode_into_std_write(stored.as_slice(), &mut bytes, config::standard())
                .map_err(|_| Malformed("a row that can't be written"))?;
        }
        Ok(bytes)
    }
}

fn distance(base: i64, value: i64) -> u64 {
    value.wrapping_sub(base).cast_unsigned()
}

fn integer<V: Value>(value: &V) -> Result<i64, Malformed> {
    value.to_integer().ok_or(Malformed("a value that isn't an integer"))
}

const WRONG: Malformed = Malformed("a row whose integers don't fit its head");

/// What a row's bytes begin with.
struct Head {
    has_integers: bool,
    width: u8,
    present: u32,
    missing: u32,
}

impl Head {
    /// The head, and what follows it.
    fn read(bytes: &[u8]) -> Result<(Self, Reader<'_>), Malformed> {
        let mut reader = Reader { rest: bytes };
        let (tag, head) = (reader.byte()?, reader.byte()?);
        let present = reader.word()?;
        let missing = if head & HAS_MISSING == 0 { 0 } else { reader.word()? };
        let unmarked = head & HAS_MISSING != 0 && missing == 0;
        if present == 0 || missing & !present != 0 || unmarked || head & !(WIDTH | HAS_MISSING) != 0 {
            return Err(Malformed("a row whose head can't be"));
        }
        let width = head & WIDTH;
        let has_integers = match tag {
            INTEGERS => true,
            ENCODED if width == 0 => false,
            _ => return Err(Malformed("a row of an unknown version")),
        };
        Ok((Self { has_integers, width, present, missing }, reader))
    }

    fn count(&self) -> usize {
        (self.present & !self.missing).count_ones() as usize
    }
}

/// The integers of a row, which stay in its bytes.
#[derive(Debug, Clone, Copy)]
struct Packed {
    base: i64,
    /// Where in the row's bytes they begin.
    start: usize,
    width: usize,
}

impl Packed {
    fn read<V: Value>(bytes: &[u8], mut reader: Reader<'_>, head: &Head) -> Result<Self, Malformed> {
        let (width, count) = (usize::from(head.width), head.count());
        if count > 0 && matches!(V::LAYOUT, Layout::Encoded | Layout::Large) {
            return Err(Malformed("a row of integers where another kind belongs"));
        }
        let base = if count > 0 { reader.bincode()? } else { 0 };
        let fits = width <= 8 && reader.rest.len() == width * count && (count > 0 || width == 0);
        let start = bytes.len() - reader.rest.len();
        if fits { Ok(Self { base, start, width }) } else { Err(WRONG) }
    }

    /// The integer that so many others stand before.
    fn integer(&self, bytes: &[u8], rank: usize) -> Option<i64> {
        let distance = if self.width == 0 {
            0
        } else {
            // The eight bytes that end where it ends are read at once: a row with a base has seven before its values.
            let end = self.start + (rank + 1) * self.width;
            let last = bytes.get(end.checked_sub(8)?..end)?.first_chunk()?;
            u64::from_le_bytes(*last) >> (64 - 8 * self.width)
        };
        Some(self.base.wrapping_add(distance.cast_signed()))
    }

    /// The value that so many others stand before.
    fn value<V: Value>(&self, bytes: &[u8], rank: usize) -> Option<V> {
        V::from_integer(self.integer(bytes, rank)?)
    }

    /// Whether each integer stands for a value. For kinds of which all do, the compiler leaves nothing of it.
    fn are_values<V: Value>(&self, bytes: &[u8], count: usize) -> bool {
        let mut integers = (0..count).filter_map(|rank| self.integer(bytes, rank));
        integers.all(|integer| V::from_integer(integer).is_some())
    }
}

/// A row that is only read. Integers stay in its bytes until they are asked for, which takes a quarter of the memory
/// and, where few of them are wanted, of the time.
#[derive(Debug)]
pub(crate) struct ReadRow<V> {
    present: u32,
    missing: u32,
    values: Values<V>,
}

#[derive(Debug)]
enum Values<V> {
    Packed(Packed, Vec<u8>),
    Decoded(Vec<V>),
}

impl<V: Value> ReadRow<V> {
    /// Reads what [`Row::decode`] would, and refuses what it would.
    pub(crate) fn new(bytes: Vec<u8>) -> Result<Self, Malformed> {
        let (head, reader) = Head::read(&bytes)?;
        let values = if head.has_integers {
            let packed = Packed::read::<V>(&bytes, reader, &head)?;
            if !packed.are_values::<V>(&bytes, head.count()) {
                return Err(WRONG);
            }
            Values::Packed(packed, bytes)
        } else {
            Values::Decoded(decode_each(reader, head.count())?)
        };
        Ok(Self { present: head.present, missing: head.missing, values })
    }

    /// Bit `i` is set when slot `i` has a statistic.
    pub(crate) fn present(&self) -> u32 {
        self.present
    }

    /// The statistic of a slot: none, `Some(None)` for a missing one, or its value.
    pub(crate) fn get(&self, slot: u32) -> Option<Option<V>> {
        if self.present & bit(slot) == 0 {
            return None;
        }
        if self.missing & bit(slot) != 0 {
            return Some(None);
        }
        let earlier = bit(slot) - 1;
        let before = self.present & !self.missing & earlier;
        // Counting bits takes longer, and most rows have no gaps.
        let rank = if before == earlier { slot } else { before.count_ones() } as usize;
        Some(match &self.values {
            Values::Packed(packed, bytes) => packed.value(bytes, rank),
            Values::Decoded(values) => values.get(rank).cloned(),
        })
    }
}

fn decode_each<V: Value>(mut reader: Reader<'_>, count: usize) -> Result<Vec<V>, Malformed> {
    const WRONG: Malformed = Malformed("a row whose values are not of its metric's kind");
    if count > 0 && V::LAYOUT == Layout::Integers {
        return Err(WRONG);
    }
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        let length: u64 = reader.bincode()?;
        let length = usize::try_from(length).map_err(|_| WRONG)?;
        let (stored, rest) = reader.rest.split_at_checked(length).ok_or(WRONG)?;
        reader.rest = rest;
        values.push(V::from_stored(stored).ok_or(WRONG)?);
    }
    if reader.rest.is_empty() { Ok(values) } else { Err(WRONG) }
}

struct Reader<'r> {
    rest: &'r [u8],
}

impl Reader<'_> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Malformed("a row that ends too soon"))?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        self.bytes().map(|[byte]| byte)
    }

    fn word(&mut self) -> Result<u32, Malformed> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn bincode<T: bincode::Decode<()>>(&mut self) -> Result<T, Malformed> {
        let (value, read) = bincode::decode_from_slice(self.rest, config::standard())
            .map_err(|_| Malformed("a row that ends too soon"))?;
        self.rest = self.rest.get(read..).unwrap_or_default();
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::AnyValue;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn slots() -> impl Strategy<Value = BTreeMap<u32, Option<i64>>> {
        let value = prop_oneof![
            (-9_i64..10).prop_map(Some),
            any::<i64>().prop_map(Some),
            Just(Some(i64::MIN)),
            Just(Some(i64::MAX)),
            Just(None),
        ];
        prop::collection::btree_map(0_u32..32, value, 1..32)
    }

    fn row(slots: &BTreeMap<u32, Option<i64>>) -> Row<i64> {
        let mut row = Row::default();
        for (slot, value) in slots {
            row.set(*slot, *value);
        }
        row
    }

    proptest! {
        #[test]
        fn a_row_decodes_to_what_was_encoded(slots in slots()) {
            let bytes = row(&slots).encode(Form::Integers).unwrap();
            let decoded = Row::<i64>::decode(&bytes).unwrap();
            prop_assert_eq!(decoded.iter().map(|(slot, value)| (slot, value.copied())).collect::<BTreeMap<_, _>>(), slots.clone());
            let read = ReadRow::<i64>::new(bytes.clone()).unwrap();
            for slot in 0..32 {
                prop_assert_eq!(read.get(slot), slots.get(&slot).copied());
            }
            let any = Row::<AnyValue>::decode(&bytes).unwrap();
            prop_assert_eq!(any.encode(Form::Integers).unwrap(), bytes);
        }

        #[test]
        fn a_row_is_a_map_of_slots(operations in prop::collection::vec((0_u32..32, 0..4, any::<i32>()), 0..80)) {
            let mut model = BTreeMap::new();
            let mut row = Row::<i64>::default();
            for (slot, operation, value) in operations {
                let value = i64::from(value);
                match operation {
                    0 => { row.remove(slot); model.remove(&slot); }
                    1 => { row.set(slot, None); model.insert(slot, None); }
                    2 => { row.set(slot, Some(value)); model.insert(slot, Some(value)); }
                    _ => {
                        row.merge(slot, &value).unwrap();
                        let stored: &mut Option<i64> = model.entry(slot).or_default();
                        *stored = Some(stored.unwrap_or(0) + value);
                    }
                }
                prop_assert_eq!(row.get(slot).map(Option::<&i64>::copied), model.get(&slot).copied());
            }
            prop_assert_eq!(row.len() as usize, model.len());
            row.truncate(16);
            model.retain(|slot, _| *slot < 16);
            prop_assert_eq!(row.iter().map(|(slot, value)| (slot, value.copied())).collect::<BTreeMap<_, _>>(), model);
        }

        #[test]
        fn any_bytes_decode_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let decoded = Row::<i64>::decode(&bytes).map(|_| ());
            prop_assert_eq!(ReadRow::<i64>::new(bytes.clone()).map(|_| ()), decoded);
            let decoded = Row::<AnyValue>::decode(&bytes).map(|_| ());
            prop_assert_eq!(ReadRow::<AnyValue>::new(bytes).map(|_| ()), decoded);
        }

        #[test]
        fn a_row_with_a_byte_cut_or_added_is_refused(slots in slots()) {
            let bytes = row(&slots).encode(Form::Integers).unwrap();
            prop_assert!(Row::<i64>::decode(&bytes[..bytes.len() - 1]).is_err());
            prop_assert!(Row::<i64>::decode(&[&bytes[..], &[0]].concat()).is_err());
        }
    }
}
