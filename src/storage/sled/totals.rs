//! Checksums of entries, and the totals over all of them.

use twox_hash::XxHash3_64;

/// The hash of an entry: XXH3 of the value, seeded with that of the key.
pub(super) fn entry_hash(key: &[u8], value: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(XxHash3_64::oneshot(key), value)
}

/// The bytes of a checksum, after each value: the lower half of the entry's hash.
const CHECKSUM: usize = 4;

fn checksum(hash: u64) -> [u8; CHECKSUM] {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    [a, b, c, d]
}

/// The hash of an entry, and its value with the checksum.
pub(super) fn with_checksum(key: &[u8], mut value: Vec<u8>) -> (u64, Vec<u8>) {
    let hash = entry_hash(key, &value);
    value.extend_from_slice(&checksum(hash));
    (hash, value)
}

/// A value with the totals as they are with it, and the checksum of both.
pub(super) fn with_totals(key: &[u8], mut value: Vec<u8>, totals: &Totals) -> Vec<u8> {
    value.extend_from_slice(&totals.encode());
    // Turned around, so that it isn't the checksum of a value that ends with these bytes.
    let checksum = checksum(!entry_hash(key, &value));
    value.extend_from_slice(&checksum);
    value
}

/// What is stored under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checked<'s> {
    pub(super) value: &'s [u8],
    /// The totals when it was written, if it was a batch of its own.
    pub(super) totals: Option<Totals>,
}

/// The value, if it is what was written under this key.
pub(super) fn checked<'s>(key: &[u8], stored: &'s [u8]) -> Option<Checked<'s>> {
    let (bytes, found) = stored.split_last_chunk()?;
    let hash = entry_hash(key, bytes);
    if checksum(hash) == *found {
        return Some(Checked { value: bytes, totals: None });
    }
    if checksum(!hash) != *found {
        return None;
    }
    let (value, totals) = bytes.split_last_chunk::<{ Totals::BYTES }>()?;
    Some(Checked { value, totals: Totals::decode(totals) })
}

/// The key of the totals, which is after all others and isn't among the entries.
pub(super) const TOTALS: &[u8] = &[0xff];

/// What all entries together come to. Each batch carries it on, so that an entry that was lost, or fell back to what it
/// was before, is missed: in an entry of its own or, if it writes one entry only, in that one. (sled writes what isn't
/// a batch twice as fast, and writes out its buffers for each batch.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Totals {
    /// How many batches were applied.
    pub(super) batches: u64,
    pub(super) entries: u64,
    /// The sum of the entries' hashes, modulo 2 to the 64th.
    sum: u64,
}

impl Totals {
    pub(super) const BYTES: usize = 24;

    /// Those of no entries, after so many batches.
    pub(super) fn none(batches: u64) -> Self {
        Self { batches, ..Self::default() }
    }

    /// Adds an entry of this hash.
    pub(super) fn add(&mut self, hash: u64) {
        self.entries = self.entries.wrapping_add(1);
        self.sum = self.sum.wrapping_add(hash);
    }

    pub(super) fn remove(&mut self, key: &[u8], value: &[u8]) {
        self.entries = self.entries.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(entry_hash(key, value));
    }

    /// Those of the later batch.
    pub(super) fn newer(self, other: Self) -> Self {
        if other.batches > self.batches { other } else { self }
    }

    pub(super) fn same_entries(&self, other: &Self) -> bool {
        self.entries == other.entries && self.sum == other.sum
    }

    pub(super) fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (to, number) in bytes.chunks_exact_mut(8).zip([self.batches, self.entries, self.sum]) {
            to.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let [batches, entries, sum] = numbers(bytes)?;
        Some(Self { batches, entries, sum })
    }
}

/// The little-endian numbers that these bytes are, if they are so many.
pub(super) fn numbers<const N: usize>(bytes: &[u8]) -> Option<[u64; N]> {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let numbers: [&[u8; 8]; N] = chunks.iter().collect::<Vec<_>>().try_into().ok()?;
    rest.is_empty().then(|| numbers.map(|number| u64::from_le_bytes(*number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As drawn in `src/docs/format.md`.
    #[test]
    fn what_is_stored_under_a_key_is_these_bytes() {
        let (key, value) = (b"key", b"value\0".to_vec());
        let mut totals = Totals::none(3);
        totals.add(entry_hash(key, &value));
        let (hash, stored) = with_checksum(key, value.clone());
        assert_eq!(hash, 1_706_273_930_161_658_847);
        assert_eq!(stored, *b"value\0\xdf\x9b\xcb\x68");
        assert_eq!(checked(key, &stored), Some(Checked { value: &value, totals: None }));
        let stored = with_totals(key, value.clone(), &totals);
        let totals_after = b"\x03\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\xdf\x9b\xcb\x68\x19\xe7\xad\x17";
        assert_eq!(stored, [b"value\0", &totals_after[..], b"\x46\x97\x7e\x01"].concat());
        assert_eq!(checked(key, &stored), Some(Checked { value: &value, totals: Some(totals) }));
    }
}
