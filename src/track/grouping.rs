//! The objects that a tracker groups its records by.

use crate::{
    error::{Error, Result},
    format::key,
    model::{Id, Object, Ref},
};
use std::fmt;

/// What pushes the ids of a record's object.
type PushIds<'a, R> = Box<dyn Fn(&R, &mut Ids<'_>) + 'a>;

/// One way of grouping: the kinds of its objects' parts, and how a record tells its ids.
pub(super) struct RecordGrouping<'a, R> {
    part_kinds: Vec<String>,
    /// The kinds as they stand in keys.
    part_kind_bytes: Vec<Vec<u8>>,
    ids: PushIds<'a, R>,
}

impl<'a, R> RecordGrouping<'a, R> {
    pub(super) fn new(part_kinds: Vec<String>, ids: impl Fn(&R, &mut Ids<'_>) + 'a) -> Result<Self> {
        for kind in &part_kinds {
            Ref::parse(kind)?;
        }
        if part_kinds.is_empty() || part_kinds.len() > Object::MAX_PARTS {
            let kind = part_kinds.join(",");
            let problem = "can't be grouped by: an object has 1 to 8 parts";
            return Err(Error::InvalidObject { kind, id: String::new(), problem });
        }
        let part_kind_bytes = part_kinds.iter().map(|kind| key::part_kind_bytes(kind)).collect();
        Ok(Self { part_kinds, part_kind_bytes, ids: Box::new(ids) })
    }

    pub(super) fn part_kinds(&self) -> &[String] {
        &self.part_kinds
    }

    /// Writes the bytes of a record's object; nothing if it has none.
    pub(super) fn object(&self, record: &R, bytes: &mut Vec<u8>) -> Result<(), String> {
        bytes.clear();
        let mut ids = Ids {
            part_kinds: &self.part_kinds,
            part_kind_bytes: &self.part_kind_bytes,
            bytes,
            pushed: 0,
            problem: None,
        };
        (self.ids)(record, &mut ids);
        let (pushed, problem) = (ids.pushed, ids.problem);
        if let Some(problem) = problem {
            return Err(problem);
        }
        if pushed == self.part_kinds.len() {
            bytes.push(key::PART_END);
        } else if pushed > 0 {
            return Err(format!("it gave {pushed} ids for an object of {} parts", self.part_kinds.len()));
        }
        Ok(())
    }
}

impl<R> fmt::Debug for RecordGrouping<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecordGrouping").field(&self.part_kinds).finish()
    }
}

/// Takes the ids of a record's object, one for each kind, in their order. None at all leaves the record out of the
/// grouping.
#[derive(Debug)]
pub struct Ids<'b> {
    part_kinds: &'b [String],
    part_kind_bytes: &'b [Vec<u8>],
    bytes: &'b mut Vec<u8>,
    pushed: usize,
    problem: Option<String>,
}

impl Ids<'_> {
    /// Adds the id of the next part.
    pub fn push<'i>(&mut self, id: impl Into<Id<'i>>) {
        let id = id.into();
        if let (Some(kind), Some(part_kind_bytes)) =
            (self.part_kinds.get(self.pushed), self.part_kind_bytes.get(self.pushed))
        {
            if let Err(error) = id.check(kind) {
                self.problem = Some(error.to_string());
            }
            self.bytes.extend_from_slice(part_kind_bytes);
            key::push_id(self.bytes, id);
        }
        self.pushed += 1;
    }
}
