//! Checksums, and what all entries of a map come to.

use twox_hash::XxHash3_64;

/// The hash of an entry: XXH3 of the value, seeded with that of the key.
pub(super) fn entry_hash(key: &[u8], value: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(XxHash3_64::oneshot(key), value)
}

/// The bytes of a checksum, after each value in the index: the lower half of the entry's hash.
const CHECKSUM: usize = 4;

fn checksum(hash: u64) -> [u8; CHECKSUM] {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    [a, b, c, d]
}

/// A value with its checksum.
pub(super) fn with_checksum(key: &[u8], value: &[u8]) -> Vec<u8> {
    [value, &checksum(entry_hash(key, value))].concat()
}

/// The value, if it is what was written under this key.
pub(super) fn checked<'s>(key: &[u8], stored: &'s [u8]) -> Option<&'s [u8]> {
    let (value, found) = stored.split_last_chunk()?;
    (checksum(entry_hash(key, value)) == *found).then_some(value)
}

/// How many entries a map has, and the sum of their hashes, modulo 2 to the 64th.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct EntrySum {
    pub(super) entries: u64,
    pub(super) hashes: u64,
}

impl EntrySum {
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.entries += 1;
        self.hashes = self.hashes.wrapping_add(entry_hash(key, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As drawn in `src/docs/format.md`.
    #[test]
    fn what_is_stored_under_a_key_is_these_bytes() {
        let (key, value) = (b"key", b"value".to_vec());
        let stored = with_checksum(key, &value);
        assert_eq!(checked(key, &stored), Some(value.as_slice()));
        assert_eq!(checked(b"kez", &stored), None);
    }
}
