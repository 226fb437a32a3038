//! Blocks: the rows of neighbouring objects of one span of slots, as they stand under one key.
//!
//! ```text
//! block   form, first row, other rows
//! first   the length of the row, its bytes
//! other   how many bytes the object shares with the one before, how many follow, those; the length of the row, its bytes
//! ```
//!
//! Numbers are LEB128. The first object isn't written, since the block's key ends with it; nor is the byte that ends each
//! object. A series without object has one row.

use super::{Form, Malformed, key::PART_END};
use crate::kinds::varint::{ByteReader, push_unsigned};
use std::mem;

/// A block that is being written.
#[derive(Debug)]
pub(crate) struct BlockBuilder {
    form: Form,
    bytes: Vec<u8>,
    /// The first object, for the key.
    first: Vec<u8>,
    last: Vec<u8>,
}

impl BlockBuilder {
    /// With room for so many bytes.
    pub(crate) fn new(form: Form, room: usize) -> Self {
        Self { form, bytes: Vec::with_capacity(room), first: Vec::new(), last: Vec::new() }
    }

    /// Adds the row of an object, which comes after those before.
    pub(crate) fn push(&mut self, object: &[u8], row: &[u8]) {
        let kept = object.strip_suffix(&[PART_END]).unwrap_or(object);
        if self.bytes.is_empty() {
            self.bytes.push(self.form.tag());
            object.clone_into(&mut self.first);
        } else {
            let shared = self.last.iter().zip(kept).take_while(|(a, b)| a == b).count();
            let suffix = kept.get(shared..).unwrap_or_default();
            push_unsigned(shared as u64, &mut self.bytes);
            push_unsigned(suffix.len() as u64, &mut self.bytes);
            self.bytes.extend_from_slice(suffix);
        }
        push_unsigned(row.len() as u64, &mut self.bytes);
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
        (mem::take(&mut self.first), mem::take(&mut self.bytes))
    }
}

const WRONG_OBJECT: Malformed = Malformed("a block whose objects share more than they have");

/// A block that is read row by row.
#[derive(Debug)]
pub(crate) struct BlockReader<'b> {
    rest: ByteReader<'b>,
    /// The next row is the first one, whose object isn't in the block.
    at_first: bool,
    /// The object of the current row, of the first one before it is read.
    object: Vec<u8>,
}

impl<'b> BlockReader<'b> {
    /// Reads a block that must be in the form that its metric is registered with. Its key has the first object.
    pub(crate) fn new(form: Form, first_object: &[u8], bytes: &'b [u8]) -> Result<Self, Malformed> {
        let mut rest = ByteReader::new(bytes);
        if rest.byte()? != form.tag() {
            return Err(Malformed("a block that isn't in the form that its metric is registered with"));
        }
        if rest.is_empty() {
            return Err(Malformed("a block without rows"));
        }
        Ok(Self { rest, at_first: true, object: first_object.to_vec() })
    }

    /// The bytes of the next row, none at the end.
    #[inline]
    pub(crate) fn next_bytes(&mut self) -> Result<Option<&'b [u8]>, Malformed> {
        if mem::take(&mut self.at_first) {
            return Ok(Some(self.rest.prefixed()?));
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let shared = usize::try_from(self.rest.unsigned()?).map_err(|_| WRONG_OBJECT)?;
        let suffix = self.rest.prefixed()?;
        // The end of an object isn't written.
        if shared > self.object.len().saturating_sub(1) {
            return Err(WRONG_OBJECT);
        }
        self.object.truncate(shared);
        self.object.extend_from_slice(suffix);
        if !self.object.is_empty() {
            self.object.push(PART_END);
        }
        Ok(Some(self.rest.prefixed()?))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        format::key,
        model::{Id, Object, Part},
    };
    use proptest::{
        collection::{btree_map, vec},
        prelude::*,
        sample::Index,
    };
    use std::collections::BTreeMap;

    type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

    /// Objects whose bytes begin alike, and each a row, which may be any bytes here.
    fn rows() -> impl Strategy<Value = Rows> {
        let id = prop_oneof![
            (0..3_u64).prop_map(Ok),
            any::<u64>().prop_map(Ok),
            "[\\x00-\\x02a]{0,5}".prop_map(Err)
        ];
        let part = ("[jk]{1,2}", id).prop_map(|(kind, id): (String, Result<u64, String>)| {
            Part::new(&kind, id.as_ref().map_or_else(|text| Id::Text(text), |number| Id::Number(*number)))
                .unwrap()
        });
        let object = vec(part, 1..4).prop_map(|parts| key::object_bytes(&Object::from_parts(parts).unwrap()));
        btree_map(object, vec(any::<u8>(), 0..140), 1..20)
    }

    fn first(rows: &Rows) -> Vec<u8> {
        rows.keys().next().unwrap().clone()
    }

    fn block(rows: &Rows) -> Vec<u8> {
        let mut builder = BlockBuilder::new(Form::Integers, 0);
        assert!(builder.is_empty());
        for (object, row) in rows {
            builder.push(object, row);
        }
        assert!(!builder.is_empty());
        let length = builder.len();
        let (taken, bytes) = builder.take();
        assert_eq!((taken, length), (first(rows), bytes.len()));
        assert!(builder.is_empty());
        bytes
    }

    /// The bytes of an object, and those of its row.
    type ObjectRow = (Vec<u8>, Vec<u8>);

    fn read(first_object: &[u8], bytes: &[u8]) -> Result<Vec<ObjectRow>, Malformed> {
        let mut reader = BlockReader::new(Form::Integers, first_object, bytes)?;
        let mut rows = Vec::new();
        while let Some(row) = reader.next_bytes()? {
            rows.push((reader.object().to_vec(), row.to_vec()));
        }
        Ok(rows)
    }

    proptest! {
        #[test]
        fn a_block_is_read_as_it_was_written(rows in rows()) {
            let (first, bytes) = (first(&rows), block(&rows));
            prop_assert!(BlockReader::new(Form::Encoded, &first, &bytes).is_err());
            prop_assert_eq!(read(&first, &bytes).unwrap(), rows.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(form_of(&bytes), Some(Form::Integers));
        }

        #[test]
        fn a_builder_that_gave_a_block_begins_anew(rows in rows(), others in rows()) {
            let mut builder = BlockBuilder::new(Form::Integers, 0);
            let mut blocks = Vec::new();
            for rows in [&rows, &others] {
                for (object, row) in rows {
                    builder.push(object, row);
                }
                blocks.push(builder.take().1);
            }
            prop_assert_eq!(blocks, [block(&rows), block(&others)]);
        }

        #[test]
        fn a_block_that_is_cut_off_in_a_row_is_refused(rows in rows(), at in any::<Index>()) {
            let bytes = block(&rows);
            let whole: Vec<Vec<u8>> =
                (1..rows.len()).map(|count| block(&rows.clone().into_iter().take(count).collect())).collect();
            let cut = &bytes[..at.index(bytes.len())];
            prop_assert_eq!(read(&first(&rows), cut).is_ok(), whole.iter().any(|whole| whole == cut));
        }

        #[test]
        fn a_changed_byte_makes_other_rows_or_is_refused(rows in rows(), at in any::<Index>(), byte in any::<u8>()) {
            let (first, mut bytes) = (first(&rows), block(&rows));
            let at = at.index(bytes.len());
            let same = bytes[at] == byte;
            bytes[at] = byte;
            if let Ok(read) = read(&first, &bytes) {
                prop_assert!(same || read != rows.into_iter().collect::<Vec<_>>());
            }
        }

        #[test]
        fn any_bytes_are_a_block_or_refused(
            first in vec(any::<u8>(), 0..10),
            bytes in vec(prop_oneof![0..4_u8, any::<u8>()], 0..40),
        ) {
            let _ = form_of(&bytes);
            let _ = read(&first, &[&[Form::Integers.tag()], &bytes[..]].concat());
        }
    }
}
