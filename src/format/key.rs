//! Composite keys: `space domain metric period slot [object]`, order-preserving and prefix-free, so that a range of keys
//! is a time series. The slot is the first of a block's span.
//!
//! Text is escaped (`00` becomes `01 00`, `01` becomes `01 01`) and ends with `00`; numbers are big-endian.

use super::Malformed;
use crate::model::{Id, Object, Part, Period, Ref};
use std::borrow::Cow;

/// The first byte of a key: what kind of entry it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Space {
    /// The store's own records.
    Store = 0x00,
    /// A domain's registration.
    Domain = 0x01,
    /// A metric's registration.
    Metric = 0x02,
    /// Blocks of statistics without object.
    Plain = 0x10,
    /// Blocks of statistics with an object.
    Object = 0x11,
    /// Callers' cursors.
    Cursor = 0x20,
    /// What is tracked of a metric.
    Tracked = 0x21,
}

/// A range of keys: from `start`, included, to `end`, excluded; no end is the end of everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyRange {
    pub(crate) start: Vec<u8>,
    pub(crate) end: Option<Vec<u8>>,
}

impl KeyRange {
    /// All keys.
    pub(crate) fn all() -> Self {
        Self { start: Vec::new(), end: None }
    }

    /// All keys that begin with `prefix`.
    pub(crate) fn prefix(prefix: Vec<u8>) -> Self {
        let end = after(&prefix);
        Self { start: prefix, end }
    }

    pub(crate) fn space(space: Space) -> Self {
        Self::prefix(vec![space as u8])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }
}

/// The first key after all that begin with `prefix`: the prefix with its last byte that isn't `ff` raised by one.
pub(crate) fn after(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut end = prefix.get(..=kept)?.to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    Some(end)
}

const TEXT_END: u8 = 0x00;
const ESCAPE: u8 = 0x01;
const NUMBER: u8 = 0x01;
const TEXT: u8 = 0x02;

/// Ends an object, after its last part. No part begins with it, since a kind isn't empty.
pub(crate) const PART_END: u8 = 0x00;

const HOUR: u8 = 0x10;
const DAY: u8 = 0x20;
const WEEK: u8 = 0x30;
const MONTH: u8 = 0x40;
const QUARTER: u8 = 0x50;
const YEAR: u8 = 0x60;
const LAST_DAYS: u8 = 0x70;
const LIFETIME: u8 = 0x80;

fn push_text(key: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| byte > ESCAPE) {
        key.extend_from_slice(text.as_bytes());
    } else {
        for byte in text.bytes() {
            if byte <= ESCAPE {
                key.push(ESCAPE);
            }
            key.push(byte);
        }
    }
    key.push(TEXT_END);
}

/// The byte that stands for a period, before the number of days of a window.
pub(super) fn period_byte(period: Period) -> u8 {
    match period {
        Period::Hour => HOUR,
        Period::Day => DAY,
        Period::Week => WEEK,
        Period::Month => MONTH,
        Period::Quarter => QUARTER,
        Period::Year => YEAR,
        Period::LastDays(_) => LAST_DAYS,
        Period::Lifetime => LIFETIME,
    }
}

/// The period that a byte stands for; `days` gives how many a window has.
pub(super) fn period_of(
    byte: u8,
    days: impl FnOnce() -> Result<u16, Malformed>,
) -> Result<Period, Malformed> {
    match byte {
        HOUR => Ok(Period::Hour),
        DAY => Ok(Period::Day),
        WEEK => Ok(Period::Week),
        MONTH => Ok(Period::Month),
        QUARTER => Ok(Period::Quarter),
        YEAR => Ok(Period::Year),
        LAST_DAYS => {
            Period::LastDays(days()?).checked().map_err(|_| Malformed("a period that is a window of no days"))
        }
        LIFETIME => Ok(Period::Lifetime),
        _ => Err(Malformed("an unknown period")),
    }
}

fn push_period(key: &mut Vec<u8>, period: Period) {
    key.push(period_byte(period));
    if let Period::LastDays(n) = period {
        key.extend_from_slice(&n.to_be_bytes());
    }
}

/// Turns a slot into four bytes that sort as it does: big-endian, with the sign bit flipped.
fn slot_bytes(slot: i32) -> [u8; 4] {
    (slot.cast_unsigned() ^ 0x8000_0000).to_be_bytes()
}

/// Adds one part of an object.
fn push_part(key: &mut Vec<u8>, kind: &str, id: Id<'_>) {
    push_text(key, kind);
    push_id(key, id);
}

/// Adds an id, after the bytes of its kind.
pub(crate) fn push_id(key: &mut Vec<u8>, id: Id<'_>) {
    match id {
        Id::Number(number) => {
            key.push(NUMBER);
            key.extend_from_slice(&number.to_be_bytes());
        }
        Id::Text(text) => {
            key.push(TEXT);
            push_text(key, text);
        }
    }
}

/// The beginning of the bytes of every object whose first part is of this kind.
pub(crate) fn part_kind_bytes(kind: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(kind.len() + 1);
    push_text(&mut bytes, kind);
    bytes
}

/// The kinds of an object's parts, such as "country" and "province", as they stand in keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartKindBytes(Vec<Vec<u8>>);

impl PartKindBytes {
    pub(crate) fn new(kinds: &[String]) -> Self {
        Self(kinds.iter().map(|kind| part_kind_bytes(kind)).collect())
    }

    /// The beginning of every object whose parts are of these kinds.
    pub(crate) fn beginning(&self) -> Vec<u8> {
        self.0.first().cloned().unwrap_or_default()
    }

    /// Whether an object has exactly parts of these kinds; without kinds, whether it is none.
    pub(crate) fn are_of(&self, object: &[u8]) -> bool {
        let mut rest = object;
        for kind in &self.0 {
            match rest.strip_prefix(kind.as_slice()).and_then(after_id) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        if self.0.is_empty() { rest.is_empty() } else { rest == [PART_END] }
    }
}

/// What follows an id.
fn after_id(bytes: &[u8]) -> Option<&[u8]> {
    match bytes.split_first()? {
        (&NUMBER, rest) => rest.get(8..),
        (&TEXT, mut rest) => loop {
            match rest.split_first()? {
                (&TEXT_END, rest) => return Some(rest),
                (&ESCAPE, after) => rest = after.get(1..)?,
                (_, after) => rest = after,
            }
        },
        _ => None,
    }
}

/// The end of a key that is about this object. Without its last byte it is the prefix of all objects that begin with
/// these parts.
pub(crate) fn object_bytes(object: &Object) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(32);
    push_object(&mut bytes, object);
    bytes
}

/// Adds what [`object_bytes`] gives.
pub(crate) fn push_object(key: &mut Vec<u8>, object: &Object) {
    for part in object.parts() {
        push_part(key, part.kind(), part.id());
    }
    key.push(PART_END);
}

pub(crate) fn store() -> Vec<u8> {
    vec![Space::Store as u8]
}

/// What a checkpoint is of: only there, before all entries but the store's record.
pub(crate) fn checkpoint() -> Vec<u8> {
    vec![Space::Store as u8, 0x00]
}

/// The latest date seen: the latest plausible one that the store's clock gave for today.
pub(crate) fn seen() -> Vec<u8> {
    vec![Space::Store as u8, 0x02]
}

fn named(space: Space, names: &[&str]) -> Vec<u8> {
    let length: usize = names.iter().map(|name| name.len() + 1).sum();
    let mut key = Vec::with_capacity(length + 1);
    key.push(space as u8);
    for name in names {
        push_text(&mut key, name);
    }
    key
}

impl Space {
    /// The key of this space that has these texts, or the prefix of all keys that begin with them.
    pub(crate) fn key(self, names: &[&str]) -> Vec<u8> {
        named(self, names)
    }

    /// The texts that a key of this space is made of.
    pub(crate) fn names(self, key: &[u8]) -> Result<Vec<String>, Malformed> {
        let mut reader = KeyReader { rest: key };
        if reader.byte()? != self as u8 {
            return Err(Malformed("a key of another kind"));
        }
        let mut names = Vec::new();
        while !reader.rest.is_empty() {
            names.push(reader.text()?.into_owned());
        }
        Ok(names)
    }
}

/// The key of what is tracked of a metric's objects whose parts are of these kinds.
pub(crate) fn tracked(domain: &str, metric: &str, kinds: &[String]) -> Vec<u8> {
    let names: Vec<&str> = [domain, metric].into_iter().chain(kinds.iter().map(String::as_str)).collect();
    Space::Tracked.key(&names)
}

/// The beginning of the keys of a series, or of all of a metric's series of a period and with an object:
/// everything before the date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeriesPrefix(Vec<u8>);

impl SeriesPrefix {
    pub(crate) fn new(space: Space, domain: &str, metric: &str, period: Period) -> Self {
        let mut prefix = named(space, &[domain, metric]);
        push_period(&mut prefix, period);
        Self(prefix)
    }

    /// The range of all blocks of the series.
    pub(crate) fn blocks(&self) -> KeyRange {
        KeyRange::prefix(self.0.clone())
    }

    /// The key of the block whose span begins with this slot, with the bytes of the first object that it holds (or a
    /// part of them, for a prefix) if there is one.
    pub(crate) fn block(&self, first_slot: i32, object: &[u8]) -> Vec<u8> {
        let mut key = Vec::with_capacity(self.0.len() + 4 + object.len());
        self.push_slot(&mut key, first_slot);
        key.extend_from_slice(object);
        key
    }

    /// Adds what the key of a block has before its object.
    pub(crate) fn push_slot(&self, key: &mut Vec<u8>, first_slot: i32) {
        key.extend_from_slice(&self.0);
        key.extend_from_slice(&slot_bytes(first_slot));
    }

    /// The slot that a block's span begins with, and the bytes of its first object.
    pub(crate) fn split<'k>(&self, key: &'k [u8]) -> Result<(i32, &'k [u8]), Malformed> {
        let rest = key.strip_prefix(self.0.as_slice()).ok_or(Malformed("a key of another series"))?;
        let mut reader = KeyReader { rest };
        Ok((reader.slot()?, reader.rest))
    }
}

/// The key of a block, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockKey {
    pub(crate) domain: String,
    pub(crate) metric: String,
    pub(crate) period: Period,
    pub(crate) first_slot: i32,
    pub(crate) object: Option<Object>,
}

impl BlockKey {
    pub(crate) fn decode(key: &[u8]) -> Result<Self, Malformed> {
        let mut reader = KeyReader { rest: key };
        let space = reader.byte()?;
        let with_object = match space {
            _ if space == Space::Plain as u8 => false,
            _ if space == Space::Object as u8 => true,
            _ => return Err(Malformed("a key that is not a block's")),
        };
        let (domain, metric) = (reader.reference()?, reader.reference()?);
        let (period, first_slot) = (reader.period()?, reader.slot()?);
        let object = with_object.then(|| reader.object(None)).transpose()?;
        if reader.rest.is_empty() {
            Ok(Self { domain, metric, period, first_slot, object })
        } else {
            Err(Malformed("a key that goes on after its end"))
        }
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn encode(&self) -> Vec<u8> {
        let space = if self.object.is_some() { Space::Object } else { Space::Plain };
        let object = self.object.as_ref().map(object_bytes).unwrap_or_default();
        SeriesPrefix::new(space, &self.domain, &self.metric, self.period).block(self.first_slot, &object)
    }
}

/// The beginning of the keys of a block's span, and the bytes of its first object.
pub(crate) fn split_span(key: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut reader = KeyReader { rest: key };
    reader.byte()?;
    reader.reference()?;
    reader.reference()?;
    reader.period()?;
    reader.slot()?;
    let object = reader.rest;
    Ok((key.strip_suffix(object).unwrap_or(key), object))
}

/// The beginning of the keys of a span's blocks, taken apart: domain, metric, period and first slot.
pub(crate) fn decode_span(span: &[u8]) -> Result<(String, String, Period, i32), Malformed> {
    let mut reader = KeyReader { rest: span };
    reader.byte()?;
    let decoded = (reader.reference()?, reader.reference()?, reader.period()?, reader.slot()?);
    if reader.rest.is_empty() { Ok(decoded) } else { Err(Malformed("a span that goes on after its end")) }
}

/// The object that these bytes of a key stand for.
pub(crate) fn decode_object(bytes: &[u8]) -> Result<Object, Malformed> {
    decode_object_like(bytes, None)
}

/// The same, after an object whose parts are probably of the same kinds: the kinds are shared then.
pub(crate) fn decode_object_like(bytes: &[u8], other: Option<&Object>) -> Result<Object, Malformed> {
    let mut reader = KeyReader { rest: bytes };
    let object = reader.object(other)?;
    if reader.rest.is_empty() { Ok(object) } else { Err(Malformed("an object that goes on after its end")) }
}

/// The same, put in the place of another object: one with parts of the same kinds is overwritten, mostly without an
/// allocation.
pub(crate) fn decode_object_into(bytes: &[u8], object: &mut Option<Object>) -> Result<(), Malformed> {
    if let Some(parts) = object.as_mut().and_then(Object::parts_mut) {
        let mut reader = KeyReader { rest: bytes };
        if parts.iter_mut().all(|part| reader.id_of(part).is_some()) && reader.rest == [PART_END] {
            return Ok(());
        }
    }
    *object = Some(decode_object_like(bytes, object.as_ref())?);
    Ok(())
}

struct KeyReader<'k> {
    rest: &'k [u8],
}

impl<'k> KeyReader<'k> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Malformed("a key that ends too soon"))?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        self.bytes().map(|[byte]| byte)
    }

    fn text(&mut self) -> Result<Cow<'k, str>, Malformed> {
        let key = self.rest;
        let mut escaped = Vec::new();
        let plain = key.iter().position(|byte| *byte <= ESCAPE);
        let (plain, rest) = plain.and_then(|at| key.split_at_checked(at)).unwrap_or((key, &[]));
        self.rest = rest;
        loop {
            match self.byte()? {
                TEXT_END => break,
                ESCAPE => match self.byte()? {
                    byte @ (TEXT_END | ESCAPE) => escaped.push(byte),
                    _ => return Err(Malformed("a key with an unknown escape")),
                },
                byte => escaped.push(byte),
            }
        }
        let text = if escaped.is_empty() {
            str::from_utf8(plain).ok().map(Cow::Borrowed)
        } else {
            String::from_utf8([plain, &escaped].concat()).ok().map(Cow::Owned)
        };
        text.ok_or(Malformed("a key whose text is not UTF-8"))
    }

    /// Reads a part of the same kind as another, and gives that one its id.
    fn id_of(&mut self, part: &mut Part) -> Option<()> {
        let after = self.rest.strip_prefix(part.kind().as_bytes())?.strip_prefix(&[TEXT_END])?;
        self.rest = after;
        match self.byte().ok()? {
            NUMBER => part.set_id(Id::Number(u64::from_be_bytes(self.bytes().ok()?))),
            TEXT => part.set_id(Id::Text(&self.text().ok()?)),
            _ => return None,
        }
        Some(())
    }

    fn reference(&mut self) -> Result<String, Malformed> {
        let text = self.text()?;
        Ref::parse(&text).map_err(|_| Malformed("a key with an invalid ref"))?;
        Ok(text.into_owned())
    }

    fn period(&mut self) -> Result<Period, Malformed> {
        period_of(self.byte()?, || self.bytes().map(u16::from_be_bytes))
    }

    fn slot(&mut self) -> Result<i32, Malformed> {
        Ok((u32::from_be_bytes(self.bytes()?) ^ 0x8000_0000).cast_signed())
    }

    fn object(&mut self, other: Option<&Object>) -> Result<Object, Malformed> {
        let mut likely = other.map(Object::parts).unwrap_or_default().iter();
        let mut parts = Vec::with_capacity(1);
        while self.rest.first() != Some(&PART_END) {
            let kind = self.text()?;
            let text;
            let id = match self.byte()? {
                NUMBER => Id::Number(u64::from_be_bytes(self.bytes()?)),
                TEXT => {
                    text = self.text()?;
                    Id::Text(&text)
                }
                _ => return Err(Malformed("a key with an unknown kind of id")),
            };
            let part = match likely.next().filter(|part| part.kind() == kind) {
                Some(part) => part.with_id(id),
                None => Part::new(&kind, id),
            };
            parts.push(part.map_err(|_| Malformed("a key with an invalid object"))?);
        }
        self.byte()?;
        if parts.is_empty() {
            return Err(Malformed("a key with an object of no parts"));
        }
        Object::from_parts(parts).map_err(|_| Malformed("a key with an object of too many parts"))
    }
}

#[cfg(test)]
mod tests;
