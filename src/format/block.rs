//! Blocks: the rows of neighbouring objects of one span of slots, as they stand under one key.
//!
//! ```text
//! block  form, rows
//! row    how many bytes the object shares with the one before, how many follow, those; the length of the row, its bytes
//! ```
//!
//! Numbers are LEB128. The byte that ends each object isn't written. A series without object has one row, whose object
//! has no bytes.

use super::{Form, Malformed, key::PART_END, reader::Reader, row::push_varint};

/// A block that is being written.
#[derive(Debug)]
pub(crate) struct BlockBuilder {
    form: Form,
    bytes: Vec<u8>,
    first: Vec<u8>,
    last: Vec<u8>,
}

impl BlockBuilder {
    pub(crate) fn new(form: Form) -> Self {
        Self { form, bytes: Vec::new(), first: Vec::new(), last: Vec::new() }
    }

    /// Adds the row of an object, which comes after those before.
    pub(crate) fn push(&mut self, object: &[u8], row: &[u8]) {
        let shared = if self.bytes.is_empty() {
            self.bytes.push(self.form.tag());
            object.clone_into(&mut self.first);
            0
        } else {
            self.last.iter().zip(object).take_while(|(a, b)| a == b).count()
        };
        let kept = object.strip_suffix(&[PART_END]).unwrap_or(object);
        let suffix = kept.get(shared..).unwrap_or_default();
        push_varint(shared as u64, &mut self.bytes);
        push_varint(suffix.len() as u64, &mut self.bytes);
        self.bytes.extend_from_slice(suffix);
        push_varint(row.len() as u64, &mut self.bytes);
        self.bytes.extend_from_slice(row);
        kept.clone_into(&mut self.last);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The first object and the block's bytes; it begins anew.
    pub(crate) fn take(&mut self) -> (Vec<u8>, Vec<u8>) {
        self.last.clear();
        (std::mem::take(&mut self.first), std::mem::take(&mut self.bytes))
    }
}

/// A block that is read row by row.
#[derive(Debug)]
pub(crate) struct BlockReader<'b> {
    rest: Reader<'b>,
    /// The object of the current row.
    object: Vec<u8>,
}

impl<'b> BlockReader<'b> {
    /// Reads a block that must be in the form that its metric is registered with.
    pub(crate) fn new(form: Form, bytes: &'b [u8]) -> Result<Self, Malformed> {
        let mut rest = Reader::new(bytes);
        if rest.byte()? != form.tag() {
            return Err(Malformed("a block that isn't in the form that its metric is registered with"));
        }
        if rest.is_empty() {
            return Err(Malformed("a block without rows"));
        }
        Ok(Self { rest, object: Vec::new() })
    }

    /// The bytes of the next row, none at the end.
    #[inline]
    pub(crate) fn next_bytes(&mut self) -> Result<Option<&'b [u8]>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        const WRONG: Malformed = Malformed("a block whose objects share more than they have");
        let shared = usize::try_from(self.rest.varint()?).map_err(|_| WRONG)?;
        let suffix = self.rest.prefixed()?;
        // The end of an object isn't written.
        if shared > self.object.len().saturating_sub(1) {
            return Err(WRONG);
        }
        self.object.truncate(shared);
        self.object.extend_from_slice(suffix);
        if !self.object.is_empty() {
            self.object.push(PART_END);
        }
        self.rest.prefixed().map(Some)
    }

    /// The bytes of the current row's object, none without one.
    pub(crate) fn object(&self) -> &[u8] {
        &self.object
    }
}

/// The form that a block's bytes say that they have.
pub(crate) fn form_of(bytes: &[u8]) -> Option<Form> {
    let tag = bytes.first()?;
    [Form::Integers, Form::Encoded, Form::Large].into_iter().find(|form| form.tag() == *tag)
}
