//! What stands before the values of a row: which of its slots have a statistic, and which of those are missing.

use super::Malformed;
use crate::kinds::varint::ByteReader;

/// The most slots that a row spans.
pub(crate) const MOST_SLOTS: u32 = 64;

pub(super) const WIDTH: u8 = 0x0f;
pub(super) const PRESENCE: u8 = 0x30;
pub(super) const ONE: u8 = 0x00;
pub(super) const LIST: u8 = 0x10;
pub(super) const RUN: u8 = 0x20;
pub(super) const BITS: u8 = 0x30;
pub(super) const HAS_MISSING: u8 = 0x40;

pub(super) const WRONG_HEAD: Malformed = Malformed("a row whose head can't be");

/// Some of a row's slots, as bits: bit `i` is slot `i`.
pub(crate) type SlotBits = u64;

/// The bit of a slot. Slots are below 64; a higher one, which nothing here makes, has no bit.
pub(crate) fn bit(slot: u32) -> SlotBits {
    1_u64.checked_shl(slot).unwrap_or(0)
}

/// The bits of all slots before one.
pub(super) fn before(slot: u32) -> SlotBits {
    bit(slot).wrapping_sub(1)
}

/// The slots of these bits, in order.
pub(crate) fn slots_of(mut bits: SlotBits) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let slot = bits.trailing_zeros();
        bits &= bits.checked_sub(1)?;
        Some(slot)
    })
}

/// Adds what stands before the values.
pub(super) fn push_head(present: SlotBits, missing: SlotBits, width: u8, bytes: &mut Vec<u8>) {
    push_presence(present, width | if missing == 0 { 0 } else { HAS_MISSING }, bytes);
    if missing != 0 {
        let mut packed = 0_u64;
        for (rank, slot) in slots_of(present).enumerate() {
            packed |= u64::from(missing & bit(slot) != 0) << rank;
        }
        let length = (present.count_ones() as usize).div_ceil(8);
        bytes.extend_from_slice(packed.to_le_bytes().get(..length).unwrap_or_default());
    }
}

/// Adds the head and which slots are present, in the shortest of the four ways.
pub(super) fn push_presence(present: SlotBits, head: u8, bytes: &mut Vec<u8>) {
    let (first, count) = (present.trailing_zeros(), present.count_ones());
    let is_run = (present.checked_shr(first).unwrap_or(0)).trailing_ones() == count;
    // A slot and a count are below 65.
    let byte = |number: u32| number.to_le_bytes().first().copied().unwrap_or_default();
    if count == 1 {
        bytes.extend_from_slice(&[head | ONE, byte(first)]);
    } else if is_run {
        bytes.extend_from_slice(&[head | RUN, byte(first), byte(count)]);
    } else if count < 7 {
        bytes.extend_from_slice(&[head | LIST, byte(count)]);
        bytes.extend(slots_of(present).map(byte));
    } else {
        bytes.push(head | BITS);
        bytes.extend_from_slice(&present.to_le_bytes());
    }
}

pub(super) fn read_presence(head: u8, reader: &mut ByteReader<'_>) -> Result<SlotBits, Malformed> {
    let slot = |reader: &mut ByteReader<'_>| match u32::from(reader.byte()?) {
        slot if slot < MOST_SLOTS => Ok(slot),
        _ => Err(WRONG_HEAD),
    };
    match head & PRESENCE {
        ONE => slot(reader).map(bit),
        RUN => {
            let (first, count) = (slot(reader)?, u32::from(reader.byte()?));
            if count < 2 || first + count > MOST_SLOTS {
                return Err(WRONG_HEAD);
            }
            Ok((SlotBits::MAX >> (MOST_SLOTS - count)) << first)
        }
        LIST => {
            let (count, mut present) = (reader.byte()?, 0);
            for _ in 0..count {
                let slot = bit(slot(reader)?);
                if slot <= present {
                    return Err(WRONG_HEAD);
                }
                present |= slot;
            }
            Ok(present)
        }
        _ => Ok(u64::from_le_bytes(reader.array()?)),
    }
}

pub(super) fn read_missing(present: SlotBits, reader: &mut ByteReader<'_>) -> Result<SlotBits, Malformed> {
    let count = present.count_ones();
    let mut packed = [0; 8];
    let bytes = reader.bytes((count as usize).div_ceil(8))?;
    packed.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    let packed = u64::from_le_bytes(packed);
    if packed == 0 || packed.checked_shr(count).unwrap_or(0) != 0 {
        return Err(WRONG_HEAD);
    }
    Ok(slots_of(present)
        .enumerate()
        .fold(0, |missing, (rank, slot)| missing | ((packed >> rank & 1) << slot)))
}
