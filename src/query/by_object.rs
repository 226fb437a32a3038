//! What is gathered for each object of a reading.

use crate::{
    error::Result,
    format::{key, same_bytes},
    model::Object,
    store::Store,
};
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// What is gathered for each object of a reading, by the bytes that objects have in keys: an [`Object`] is made once at
/// the end, not for each statistic.
#[derive(Debug)]
pub(super) struct ByObject<T> {
    indexes: HashMap<Vec<u8>, usize, RandomState>,
    gathered: Vec<T>,
    /// The last object and its index: the statistics of a row follow each other.
    last: (Vec<u8>, usize),
}

impl<T: Default> ByObject<T> {
    pub(super) fn new() -> Self {
        Self { indexes: HashMap::default(), gathered: Vec::new(), last: (Vec::new(), usize::MAX) }
    }

    /// What is gathered for an object; it begins as the default.
    pub(super) fn of(&mut self, object: &[u8]) -> &mut T {
        if self.last.1 >= self.gathered.len() || !same_bytes(&self.last.0, object) {
            let next = self.gathered.len();
            let index = self.indexes.get(object).copied().unwrap_or(next);
            if index == next {
                self.indexes.insert(object.to_vec(), index);
                self.gathered.push(T::default());
            }
            self.last.1 = index;
            object.clone_into(&mut self.last.0);
        }
        #[expect(clippy::indexing_slicing, reason = "it was found or pushed above")]
        &mut self.gathered[self.last.1]
    }

    /// All of it with the objects, in their order; none is what is about no object.
    pub(super) fn sorted(self, store: &Store) -> Result<Vec<(Option<Object>, T)>> {
        let mut indexes: Vec<(Vec<u8>, usize)> = self.indexes.into_iter().collect();
        indexes.sort_unstable();
        let mut gathered: Vec<Option<T>> = self.gathered.into_iter().map(Some).collect();
        let mut sorted = Vec::with_capacity(indexes.len());
        let mut last: Option<Object> = None;
        for (bytes, index) in indexes {
            if !bytes.is_empty() {
                let object = key::decode_object_like(&bytes, last.as_ref());
                last = Some(object.map_err(|malformed| store.corrupt(malformed, None))?);
            }
            let gathered = gathered.get_mut(index).and_then(Option::take);
            sorted.extend(gathered.map(|gathered| (last.clone(), gathered)));
        }
        Ok(sorted)
    }
}
