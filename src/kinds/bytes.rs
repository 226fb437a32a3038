//! Kinds with bytes of their own, and what these are made of: numbers of as many bytes as they need.

use crate::error::{Error, Result};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};
use std::{fmt, marker::PhantomData};

/// A kind of value whose bytes are defined here and not by bincode, so that other programs can read and make them; how they
/// lie is in [`docs::format`](crate::docs::format).
///
/// [`Sum`](crate::kinds::Sum), [`Summary`](crate::kinds::Summary), [`Quantiles`](crate::kinds::Quantiles),
/// [`Gauge`](crate::kinds::Gauge), [`Meter`](crate::kinds::Meter) and [`Distinct`](crate::kinds::Distinct) are such
/// kinds. They are stored as these bytes, and those are their serde form too.
///
/// ```
/// use trackstats::kinds::{Distinct, OwnBytes};
///
/// let users = Distinct::of("ann");
/// let sketch = users.to_bytes();
/// assert_eq!(Distinct::from_bytes(&sketch)?, users);
/// # Ok::<(), trackstats::Error>(())
/// ```
pub trait OwnBytes: Sized {
    /// The bytes that it is stored as.
    fn to_bytes(&self) -> Vec<u8>;

    /// The value that these bytes are, all of them.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for bytes that [`to_bytes`](Self::to_bytes) doesn't give, but for other libraries' sketches of
    /// a [`Distinct`](crate::kinds::Distinct).
    fn from_bytes(bytes: &[u8]) -> Result<Self>;
}

impl<C: Codec> OwnBytes for C {
    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = ByteWriter::default();
        self.write(&mut writer);
        writer.0
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut reader = ByteReader { rest: bytes };
        Self::read(&mut reader)
            .and_then(|value| if reader.rest.is_empty() { Ok(value) } else { Err("are too many") })
            .map_err(|problem| invalid::<Self>(&format!("the bytes {problem}")))
    }
}

/// How a kind with bytes of its own writes and checks them.
pub(crate) trait Codec: Sized {
    /// What the bytes are, for errors.
    const NAME: &'static str;

    fn write(&self, writer: &mut ByteWriter);

    fn read(reader: &mut ByteReader<'_>) -> Result<Self, &'static str>;
}

pub(super) fn invalid<C: Codec>(problem: &str) -> Error {
    Error::InvalidValue { kind: C::NAME, problem: problem.to_owned() }
}

/// A value whose serde form is its bytes; the kinds derive theirs from it.
#[derive(Debug)]
pub(crate) struct AsBytes<C>(pub(super) C);

impl<C: Codec> From<C> for AsBytes<C> {
    fn from(value: C) -> Self {
        Self(value)
    }
}

impl<C: Codec> Serialize for AsBytes<C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0.to_bytes())
    }
}

impl<'de, C: Codec> Deserialize<'de> for AsBytes<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(BytesVisitor(PhantomData)).map(Self)
    }
}

struct BytesVisitor<C>(PhantomData<C>);

impl<'de, C: Codec> Visitor<'de> for BytesVisitor<C> {
    type Value = C;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the bytes of {}", C::NAME)
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<C, E> {
        C::from_bytes(bytes).map_err(de::Error::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<C, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = list.next_element()? {
            bytes.push(byte);
        }
        self.visit_bytes(&bytes)
    }
}

/// Writes numbers one after the other.
#[derive(Debug, Default)]
pub(crate) struct ByteWriter(pub(super) Vec<u8>);

impl ByteWriter {
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Seven bits a byte, the lowest first; all but the last have the highest bit set (LEB128).
    pub(super) fn unsigned(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.0.push(number.to_le_bytes()[0]);
    }

    /// 0, -1, 1, -2, ... as the unsigned 0, 1, 2, 3, ...
    pub(super) fn signed(&mut self, number: i64) {
        self.unsigned((number << 1 ^ number >> 63).cast_unsigned());
    }

    pub(super) fn float(&mut self, number: f64) {
        self.0.extend_from_slice(&number.to_bits().to_le_bytes());
    }
}

/// Reads what a [`ByteWriter`] wrote, and nothing else: each number has one form only.
#[derive(Debug)]
pub(crate) struct ByteReader<'b> {
    pub(super) rest: &'b [u8],
}

pub(super) const TOO_FEW: &str = "end too soon";

impl<'b> ByteReader<'b> {
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(TOO_FEW)?;
        self.rest = rest;
        Ok(*bytes)
    }

    pub(super) fn byte(&mut self) -> Result<u8, &'static str> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn bytes(&mut self, length: usize) -> Result<&'b [u8], &'static str> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(TOO_FEW)?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(super) fn unsigned(&mut self) -> Result<u64, &'static str> {
        const WRONG: &str = "have a number in a form that isn't written";
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits || (byte == 0 && shift > 0) {
                return Err(WRONG);
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(WRONG)
    }

    pub(super) fn signed(&mut self) -> Result<i64, &'static str> {
        let number = self.unsigned()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// A finite number that isn't negative zero.
    pub(super) fn float(&mut self) -> Result<f64, &'static str> {
        let number = f64::from_bits(u64::from_le_bytes(self.array()?));
        if number.is_finite() && number.to_bits() != (-0.0_f64).to_bits() {
            return Ok(number);
        }
        Err("have a number that isn't finite, or is negative zero")
    }

    /// How many things follow, each of `bytes` bytes at least.
    pub(super) fn count(&mut self, bytes: usize) -> Result<usize, &'static str> {
        let count = usize::try_from(self.unsigned()?).map_err(|_| TOO_FEW)?;
        if count > self.rest.len() / bytes.max(1) { Err(TOO_FEW) } else { Ok(count) }
    }
}

/// The same number, if it is finite, with zero for negative zero: what no order of merging may tell apart.
pub(super) fn plain(number: f64) -> Option<f64> {
    number.is_finite().then_some(number + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_read_as_they_were_written(unsigned in any::<u64>(), signed in any::<i64>(), small in 0_u64..300) {
            let mut writer = ByteWriter::default();
            writer.unsigned(unsigned);
            writer.signed(signed);
            writer.unsigned(small);
            let mut reader = ByteReader { rest: &writer.0 };
            prop_assert_eq!(reader.unsigned(), Ok(unsigned));
            prop_assert_eq!(reader.signed(), Ok(signed));
            prop_assert_eq!(reader.unsigned(), Ok(small));
            prop_assert!(reader.rest.is_empty());
        }

        #[test]
        fn a_number_has_one_form(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            let mut reader = ByteReader { rest: &bytes };
            if let Ok(number) = reader.unsigned() {
                let mut writer = ByteWriter::default();
                writer.unsigned(number);
                prop_assert_eq!(&writer.0, &bytes[..bytes.len() - reader.rest.len()]);
            }
        }
    }
}
