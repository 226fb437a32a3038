//! Kinds with bytes of their own, and what these are made of.

use super::varint::{ByteReader, Misread, push_signed, push_unsigned};
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
        let mut reader = ByteReader::new(bytes);
        Self::read(&mut reader)
            .and_then(|value| if reader.is_empty() { Ok(value) } else { Err("are too many") })
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

    pub(super) fn unsigned(&mut self, number: u64) {
        push_unsigned(number, &mut self.0);
    }

    pub(super) fn signed(&mut self, number: i64) {
        push_signed(number, &mut self.0);
    }

    pub(super) fn float(&mut self, number: f64) {
        self.0.extend_from_slice(&number.to_bits().to_le_bytes());
    }
}

impl From<Misread> for &'static str {
    fn from(misread: Misread) -> Self {
        match misread {
            Misread::TooFew => "end too soon",
            Misread::TooLong => "have a number in a form that isn't written",
        }
    }
}

/// Reads what a [`ByteWriter`] wrote, and nothing else.
impl ByteReader<'_> {
    /// A finite number that isn't negative zero.
    pub(super) fn float(&mut self) -> Result<f64, &'static str> {
        let number = f64::from_bits(u64::from_le_bytes(self.array()?));
        if number.is_finite() && number.to_bits() != (-0.0_f64).to_bits() {
            return Ok(number);
        }
        Err("have a number that isn't finite, or is negative zero")
    }

    /// How many things follow, each of `bytes` bytes at least.
    pub(super) fn count(&mut self, bytes: usize) -> Result<usize, Misread> {
        let count = usize::try_from(self.unsigned()?).map_err(|_| Misread::TooFew)?;
        if count > self.rest().len() / bytes.max(1) { Err(Misread::TooFew) } else { Ok(count) }
    }
}

/// The same number, if it is finite, with zero for negative zero: what no order of merging may tell apart.
pub(super) fn plain(number: f64) -> Option<f64> {
    number.is_finite().then_some(number + 0.0)
}
