//! What stands under a key: a value, or what a large change makes of it beside what it was.

use super::Malformed;

const VALUE: u8 = 0x00;
const CHANGED: u8 = 0x01;
const HAS_OLD: u8 = 0x02;
const HAS_NEW: u8 = 0x04;

/// What stands under a key. Its bytes end with what they are, so that a value is read without being moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored<'b> {
    Value(&'b [u8]),
    /// The large change of this number makes `new` of `old`, where none is no entry. It is `old` until that change is
    /// committed, and for those who began to read before.
    Changed {
        change: u64,
        old: Option<&'b [u8]>,
        new: Option<&'b [u8]>,
    },
}

impl<'b> Stored<'b> {
    pub(crate) fn decode(bytes: &'b [u8]) -> Result<Self, Malformed> {
        const WRONG: Malformed = Malformed("an entry that isn't as entries are");
        let (kind, rest) = bytes.split_last().ok_or(WRONG)?;
        if *kind == VALUE {
            return Ok(Self::Value(rest));
        }
        if kind & CHANGED == 0 || kind & !(CHANGED | HAS_OLD | HAS_NEW) != 0 {
            return Err(WRONG);
        }
        let (rest, change) = rest.split_last_chunk().ok_or(WRONG)?;
        let (rest, length) = rest.split_last_chunk().ok_or(WRONG)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| WRONG)?;
        let (old, new) = rest.split_at_checked(length).ok_or(WRONG)?;
        let part = |has: u8, part: &'b [u8]| match (kind & has != 0, part) {
            (true, part) => Ok(Some(part)),
            (false, []) => Ok(None),
            (false, _) => Err(WRONG),
        };
        let (old, new) = (part(HAS_OLD, old)?, part(HAS_NEW, new)?);
        Ok(Self::Changed { change: u64::from_le_bytes(*change), old, new })
    }

    /// The value once the large changes up to this number are committed, and no more.
    pub(crate) fn after(self, committed: u64) -> Option<&'b [u8]> {
        match self {
            Self::Value(value) => Some(value),
            Self::Changed { change, old, new } => {
                if change <= committed {
                    new
                } else {
                    old
                }
            }
        }
    }

    /// The bytes; none where there is nothing, before and after.
    pub(crate) fn encode(self) -> Option<Vec<u8>> {
        match self {
            Self::Value(value) => Some([value, &[VALUE]].concat()),
            Self::Changed { old: None, new: None, .. } => None,
            Self::Changed { change, old, new } => {
                let has = |part: Option<&[u8]>, bit| if part.is_some() { bit } else { 0 };
                let kind = CHANGED | has(old, HAS_OLD) | has(new, HAS_NEW);
                let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
                let (length, change) = ((old.len() as u64).to_le_bytes(), change.to_le_bytes());
                Some([old, new, &length, &change, &[kind]].concat())
            }
        }
    }
}

/// A value as it is stored, in place.
pub(crate) fn store_value(mut value: Vec<u8>) -> Vec<u8> {
    value.push(VALUE);
    value
}

/// The value of stored bytes, as [`Stored::after`], in place where it can be.
pub(crate) fn value_after(mut bytes: Vec<u8>, committed: u64) -> Result<Option<Vec<u8>>, Malformed> {
    if bytes.last() == Some(&VALUE) {
        bytes.pop();
        return Ok(Some(bytes));
    }
    Ok(Stored::decode(&bytes)?.after(committed).map(<[u8]>::to_vec))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_stored_is_read_as_it_was(
            change in any::<u64>(),
            committed in any::<u64>(),
            old in prop::option::of(prop::collection::vec(any::<u8>(), 0..20)),
            new in prop::option::of(prop::collection::vec(any::<u8>(), 0..20)),
        ) {
            let changed = Stored::Changed { change, old: old.as_deref(), new: new.as_deref() };
            let expected = if change <= committed { new.clone() } else { old.clone() };
            if let Some(bytes) = changed.encode() {
                prop_assert_eq!(Stored::decode(&bytes).unwrap(), changed);
                prop_assert_eq!(value_after(bytes, committed).unwrap(), expected);
            } else {
                prop_assert_eq!(expected, None);
            }
            if let Some(value) = new {
                let bytes = store_value(value.clone());
                prop_assert_eq!(Some(bytes.clone()), Stored::Value(&value).encode());
                prop_assert_eq!(value_after(bytes, committed).unwrap(), Some(value));
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let read = Stored::decode(&bytes).is_ok();
            prop_assert_eq!(value_after(bytes, 1).is_ok(), read);
        }
    }
}
