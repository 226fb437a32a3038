//! Rows: the statistics of up to 64 consecutive slots of one series, packed into one value.
//!
//! ```text
//! row       head, presence, [missing], values
//! head      bits 0-3 the width of a packed integer, bits 4-5 how presence is written, bit 6 whether any is missing
//! presence  one slot: slot | list: count, slots | run: first slot, count | bits: 8 bytes, little-endian
//! missing   a bit for each slot that is present, in order, the lowest first, padded with zeros to whole bytes
//! values    of integers the lowest (zigzag), then the distance of each from it in `width` bytes, little-endian;
//!           of other kinds the length of each, then its bytes
//! ```

#[cfg(test)]
mod tests;

use super::{
    Form, Malformed,
    row_head::{
        HAS_MISSING, PRESENCE, SlotBits, WIDTH, WRONG_HEAD, before, bit, push_head, read_missing,
        read_presence, slots_of,
    },
};
use crate::{
    kinds::{
        MergeError, Value,
        encoded::MAX_BYTES,
        varint::{ByteReader, push_signed, push_unsigned},
    },
    model::Point,
};

const WRONG_VALUES: Malformed = Malformed("a row whose values don't fit its head");
const WRONG_KIND: Malformed = Malformed("a row whose values are not of its metric's kind");

/// The statistics of up to 64 consecutive slots of one series. A slot is absent, missing or has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row<V> {
    /// The slots that have a statistic.
    present: SlotBits,
    /// Of those, the ones that are missing.
    missing: SlotBits,
    /// The values of the others, in order.
    values: Vec<V>,
}

/// A value that can't be encoded, and its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unencodable {
    pub(crate) slot: u32,
    /// What it is.
    pub(crate) problem: &'static str,
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

    /// The slots that have a statistic.
    pub(crate) fn present(&self) -> SlotBits {
        self.present
    }

    /// How many of the values stand before slot `slot`'s.
    pub(crate) fn rank(&self, slot: u32) -> usize {
        (self.present & !self.missing & before(slot)).count_ones() as usize
    }

    /// The value of this rank.
    pub(crate) fn value_mut(&mut self, rank: usize) -> Option<&mut V> {
        self.values.get_mut(rank)
    }

    /// The statistic of a slot.
    pub(crate) fn get(&self, slot: u32) -> Point<&V> {
        match self.present & bit(slot) {
            0 => Point::Absent,
            bit if self.missing & bit != 0 => Point::Missing,
            _ => self.values.get(self.rank(slot)).into(),
        }
    }

    pub(crate) fn set(&mut self, slot: u32, value: Option<V>) {
        let rank = self.rank(slot);
        let had_value = self.present & !self.missing & bit(slot) != 0;
        match (value, had_value) {
            (Some(value), true) => {
                if let Some(stored) = self.values.get_mut(rank) {
                    *stored = value;
                }
            }
            (Some(value), false) => self.insert(slot, value),
            (None, _) => {
                self.remove(slot);
                self.present |= bit(slot);
                self.missing |= bit(slot);
            }
        }
    }

    /// Gives a slot that has none a value.
    fn insert(&mut self, slot: u32, value: V) {
        // A vector begins with room for four; most objects have one statistic.
        if self.values.is_empty() {
            self.values.reserve_exact(1);
        }
        self.values.insert(self.rank(slot), value);
        self.present |= bit(slot);
        self.missing &= !bit(slot);
    }

    /// Makes the slot absent, and says whether it had a statistic.
    pub(crate) fn remove(&mut self, slot: u32) -> bool {
        let had = self.present & bit(slot) != 0;
        if had && self.missing & bit(slot) == 0 {
            self.values.remove(self.rank(slot));
        }
        self.present &= !bit(slot);
        self.missing &= !bit(slot);
        had
    }

    /// Makes all of these slots absent, and says how many had a statistic.
    pub(crate) fn remove_all(&mut self, slots: SlotBits) -> u32 {
        let removed = self.present & slots;
        let mut had_value = slots_of(self.present & !self.missing).map(|slot| removed & bit(slot) != 0);
        self.values.retain(|_| !had_value.next().unwrap_or(false));
        self.present &= !slots;
        self.missing &= !slots;
        removed.count_ones()
    }

    /// The slots whose statistics another row hasn't, or has otherwise.
    pub(crate) fn differing(&self, other: &Self) -> SlotBits
    where
        V: PartialEq,
    {
        if self == other {
            return 0;
        }
        let differing = self.iter().filter(|(slot, value)| other.get(*slot) != (*value).into());
        differing.fold(0, |bits, (slot, _)| bits | bit(slot))
    }

    /// The slots that have a statistic, in order, with their values; missing ones as `None`.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, Option<&V>)> {
        let mut values = self.values.iter();
        slots_of(self.present)
            .map(move |slot| (slot, if self.missing & bit(slot) == 0 { values.next() } else { None }))
    }
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

    /// Adds the row's bytes, in the form that its metric is registered with. The row has a statistic.
    pub(crate) fn encode(&self, form: Form, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
        match form {
            Form::Integers => self.encode_integers(bytes),
            Form::Encoded | Form::Large => self.encode_values(bytes),
        }
    }

    /// The lowest value, and each value's distance from it in as few bytes as the largest distance takes.
    fn encode_integers(&self, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
        let (mut base, mut largest) = (i64::MAX, i64::MIN);
        for (slot, value) in self.iter() {
            let Some(value) = value else { continue };
            let wrong = Unencodable { slot, problem: "a value that isn't an integer" };
            let value = value.to_integer().ok_or(wrong)?;
            (base, largest) = (base.min(value), largest.max(value));
        }
        if self.values.is_empty() {
            push_head(self.present, self.missing, 0, bytes);
            return Ok(());
        }
        let width = width_of(distance(base, largest));
        push_head(self.present, self.missing, width, bytes);
        push_signed(base, bytes);
        for value in self.values.iter().filter_map(Value::to_integer) {
            push_distance(distance(base, value), width, bytes);
        }
        Ok(())
    }

    fn encode_values(&self, bytes: &mut Vec<u8>) -> Result<(), Unencodable> {
        push_head(self.present, self.missing, 0, bytes);
        for (slot, value) in self.iter() {
            let Some(value) = value else { continue };
            let wrong = |problem| Unencodable { slot, problem };
            let stored = value.to_stored().ok_or(wrong("a value that can't be encoded"))?;
            if stored.len() > MAX_BYTES {
                return Err(wrong("a value of more than 16 MiB"));
            }
            push_unsigned(stored.len() as u64, bytes);
            bytes.extend_from_slice(&stored);
        }
        Ok(())
    }

    pub(crate) fn decode(form: Form, bytes: &[u8]) -> Result<Self, Malformed> {
        let row = PackedRow::read(form, bytes)?;
        let mut values = Vec::with_capacity(row.values().count_ones() as usize);
        row.for_each(SlotBits::MAX, |_, value| values.extend(value))?;
        Ok(Self { present: row.present, missing: row.missing, values })
    }
}

fn push_distance(distance: u64, width: u8, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(distance.to_le_bytes().get(..usize::from(width)).unwrap_or_default());
}

fn width_of(distance: u64) -> u8 {
    let bytes = 8 - distance.leading_zeros() / 8;
    bytes.to_le_bytes().first().copied().unwrap_or_default()
}

fn distance(base: i64, value: i64) -> u64 {
    value.wrapping_sub(base).cast_unsigned()
}

/// A row in its bytes, read without being unpacked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackedRow<'b> {
    form: Form,
    present: SlotBits,
    missing: SlotBits,
    base: i64,
    width: u8,
    values: &'b [u8],
}

impl<'b> PackedRow<'b> {
    pub(crate) fn read(form: Form, bytes: &'b [u8]) -> Result<Self, Malformed> {
        let mut reader = ByteReader::new(bytes);
        let head = reader.byte()?;
        let present = read_presence(head, &mut reader)?;
        let missing = if head & HAS_MISSING == 0 { 0 } else { read_missing(present, &mut reader)? };
        let width = head & WIDTH;
        if present == 0 || head & !(WIDTH | PRESENCE | HAS_MISSING) != 0 {
            return Err(WRONG_HEAD);
        }
        let count = (present & !missing).count_ones() as usize;
        let base = match form {
            Form::Integers if count > 0 => reader.signed()?,
            _ => 0,
        };
        let fits = match form {
            Form::Integers => {
                let length = usize::from(width) * count;
                width <= 8 && reader.rest().len() == length && (count > 0 || width == 0)
            }
            Form::Encoded | Form::Large => width == 0,
        };
        let values = reader.rest();
        if fits { Ok(Self { form, present, missing, base, width, values }) } else { Err(WRONG_VALUES) }
    }

    /// The slots that have a statistic.
    pub(crate) fn present(&self) -> SlotBits {
        self.present
    }

    /// The slots that have a value.
    fn values(&self) -> SlotBits {
        self.present & !self.missing
    }

    /// The statistic of a slot: none, `Some(None)` for a missing one, or its value.
    pub(crate) fn get<V: Value>(&self, slot: u32) -> Result<Option<Option<V>>, Malformed> {
        if self.present & bit(slot) == 0 {
            return Ok(None);
        }
        if self.missing & bit(slot) != 0 {
            return Ok(Some(None));
        }
        let rank = self.rank(slot);
        let value = match self.form {
            Form::Integers => V::from_integer(self.integer(rank)).ok_or(WRONG_KIND)?,
            Form::Encoded | Form::Large => {
                let mut reader = ByteReader::new(self.values);
                for _ in 0..rank {
                    reader.prefixed()?;
                }
                V::from_stored(reader.prefixed()?).map_err(|_| WRONG_KIND)?
            }
        };
        Ok(Some(Some(value)))
    }

    /// How many values stand before a slot's.
    fn rank(&self, slot: u32) -> usize {
        (self.values() & before(slot)).count_ones() as usize
    }

    fn integer(&self, rank: usize) -> i64 {
        let mut distance = [0; 8];
        let width = usize::from(self.width);
        let bytes = self.values.get(rank * width..(rank + 1) * width).unwrap_or_default();
        distance.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        self.base.wrapping_add(u64::from_le_bytes(distance).cast_signed())
    }

    /// Adds the bytes of this row with one more statistic, an integer whose slot is absent, if it can go among the others
    /// without unpacking them: where it is as the lowest or above, and its distance has no more bytes than theirs. Says
    /// whether it was.
    pub(crate) fn encode_with(&self, slot: u32, value: i64, bytes: &mut Vec<u8>) -> bool {
        let distance = distance(self.base, value);
        let fits = self.form == Form::Integers
            && self.values() != 0
            && self.present & bit(slot) == 0
            && value >= self.base
            && width_of(distance) <= self.width;
        if fits {
            let rank = self.rank(slot) * usize::from(self.width);
            let (before, behind) = self.values.split_at_checked(rank).unwrap_or_default();
            push_head(self.present | bit(slot), self.missing, self.width, bytes);
            push_signed(self.base, bytes);
            bytes.extend_from_slice(before);
            push_distance(distance, self.width, bytes);
            bytes.extend_from_slice(behind);
        }
        fits
    }

    /// Calls `visit` with each of these slots that has a statistic, in order, and its value, none if it is missing.
    #[inline]
    pub(crate) fn for_each<V: Value>(
        &self,
        slots: SlotBits,
        mut visit: impl FnMut(u32, Option<V>),
    ) -> Result<(), Malformed> {
        let mut reader = ByteReader::new(self.values);
        let wanted = self.present & slots;
        if self.form == Form::Integers && wanted != self.present {
            // Where few of them are wanted, the others aren't looked at.
            for slot in slots_of(wanted) {
                let is_missing = self.missing & bit(slot) != 0;
                let value = || V::from_integer(self.integer(self.rank(slot))).ok_or(WRONG_KIND);
                visit(slot, if is_missing { None } else { Some(value()?) });
            }
            return Ok(());
        }
        match (self.form, self.width) {
            (Form::Integers, 0) => self.each(visit, || V::from_integer(self.base)),
            (Form::Integers, 1) => self.each_distance(visit, |[a]| a.into()),
            (Form::Integers, 2) => self.each_distance(visit, |bytes| u16::from_le_bytes(bytes).into()),
            (Form::Integers, 4) => self.each_distance(visit, |bytes| u32::from_le_bytes(bytes).into()),
            (Form::Integers, 8) => self.each_distance(visit, u64::from_le_bytes),
            (Form::Integers, _) => {
                let mut rank = 0;
                self.each(visit, || {
                    rank += 1;
                    V::from_integer(self.integer(rank - 1))
                })
            }
            (Form::Encoded | Form::Large, _) => {
                for slot in slots_of(self.present) {
                    let value = if self.missing & bit(slot) == 0 { Some(reader.prefixed()?) } else { None };
                    if wanted & bit(slot) != 0 {
                        let value =
                            value.map(|bytes| V::from_stored(bytes).map_err(|_| WRONG_KIND)).transpose()?;
                        visit(slot, value);
                    }
                }
                if reader.is_empty() { Ok(()) } else { Err(WRONG_VALUES) }
            }
        }
    }

    #[inline]
    fn each_distance<V: Value, const N: usize>(
        &self,
        visit: impl FnMut(u32, Option<V>),
        distance: impl Fn([u8; N]) -> u64,
    ) -> Result<(), Malformed> {
        let (chunks, _) = self.values.as_chunks::<N>();
        let mut chunks = chunks.iter();
        self.each(visit, || {
            let distance = distance(*chunks.next()?);
            V::from_integer(self.base.wrapping_add(distance.cast_signed()))
        })
    }

    /// Calls `visit` with each slot that has a statistic, and what `next` gives for those that have a value.
    #[inline]
    fn each<V>(
        &self,
        mut visit: impl FnMut(u32, Option<V>),
        mut next: impl FnMut() -> Option<V>,
    ) -> Result<(), Malformed> {
        if self.missing == 0 {
            for slot in slots_of(self.present) {
                visit(slot, Some(next().ok_or(WRONG_KIND)?));
            }
            return Ok(());
        }
        for slot in slots_of(self.present) {
            let is_missing = self.missing & bit(slot) != 0;
            visit(slot, if is_missing { None } else { Some(next().ok_or(WRONG_KIND)?) });
        }
        Ok(())
    }
}
