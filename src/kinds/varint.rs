//! Bytes one after the other, and numbers of as many of them as they need.

/// What is left of some bytes. Each number has one form only.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByteReader<'b> {
    rest: &'b [u8],
}

/// Why a [`ByteReader`] can't go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misread {
    /// The bytes end too soon.
    TooFew,
    /// A number has more bytes than it needs, or than any number has.
    TooLong,
}

impl<'b> ByteReader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn rest(&self) -> &'b [u8] {
        self.rest
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Misread> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Misread::TooFew)?;
        self.rest = rest;
        Ok(*bytes)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Misread> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'b [u8], Misread> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Misread::TooFew)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Bytes that stand behind their length.
    pub(crate) fn prefixed(&mut self) -> Result<&'b [u8], Misread> {
        let length = usize::try_from(self.unsigned()?).map_err(|_| Misread::TooFew)?;
        self.bytes(length)
    }

    /// What [`push_unsigned`] wrote.
    pub(crate) fn unsigned(&mut self) -> Result<u64, Misread> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let group = u64::from(byte & 0x7f);
            if group << shift >> shift != group || (byte == 0 && shift > 0) {
                return Err(Misread::TooLong);
            }
            number |= group << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Misread::TooLong)
    }

    /// What [`push_signed`] wrote.
    pub(crate) fn signed(&mut self) -> Result<i64, Misread> {
        let number = self.unsigned()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
}

/// Adds a number in groups of seven bits, the lowest first; all but the last have their highest bit set (LEB128).
pub(crate) fn push_unsigned(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(0x80 | number.to_le_bytes()[0]);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// Adds 0, -1, 1, -2, ... as the unsigned 0, 1, 2, 3, ... (zigzag).
pub(crate) fn push_signed(number: i64, bytes: &mut Vec<u8>) {
    push_unsigned((number << 1 ^ number >> 63).cast_unsigned(), bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_read_as_they_were_written(unsigned in any::<u64>(), signed in any::<i64>(), small in 0_u64..300) {
            let mut bytes = Vec::new();
            push_unsigned(unsigned, &mut bytes);
            push_signed(signed, &mut bytes);
            push_unsigned(small, &mut bytes);
            let mut reader = ByteReader::new(&bytes);
            prop_assert_eq!(reader.unsigned(), Ok(unsigned));
            prop_assert_eq!(reader.signed(), Ok(signed));
            prop_assert_eq!(reader.unsigned(), Ok(small));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn a_number_has_one_form(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            let mut reader = ByteReader::new(&bytes);
            if let Ok(number) = reader.unsigned() {
                let mut written = Vec::new();
                push_unsigned(number, &mut written);
                prop_assert_eq!(&written, &bytes[..bytes.len() - reader.rest().len()]);
            }
        }
    }
}
