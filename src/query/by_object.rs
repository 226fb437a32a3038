//! What is gathered for each object of a scan.

use crate::model::{Object, Series};
use std::{collections::HashMap, sync::Arc};

/// What is gathered for each object of a scan.
#[derive(Debug)]
pub(super) struct ByObject<T> {
    index: HashMap<Option<Object>, usize>,
    gathered: Vec<(Arc<Series>, T)>,
    /// The place after that of the last object: on each date, the objects come in the same order.
    next: usize,
}

impl<T> ByObject<T> {
    pub(super) fn new() -> Self {
        Self { index: HashMap::new(), gathered: Vec::new(), next: 0 }
    }

    /// What is gathered for the object of a series; it begins with `new`.
    pub(super) fn of(&mut self, series: &Arc<Series>, new: impl FnOnce() -> T) -> &mut T {
        // Mostly it is the series of the last one.
        let last = self.next.wrapping_sub(1);
        if self.gathered.get(last).is_some_and(|(found, _)| Arc::ptr_eq(found, series)) {
            #[expect(clippy::indexing_slicing, reason = "it was found above")]
            return &mut self.gathered[last].1;
        }
        let is = |found: &Arc<Series>| Arc::ptr_eq(found, series) || found.object == series.object;
        let mut likely = [self.next, 0].into_iter();
        let guessed = likely.find(|guess| self.gathered.get(*guess).is_some_and(|(found, _)| is(found)));
        let found = guessed.or_else(|| self.index.get(&series.object).copied());
        let place = found.unwrap_or(self.gathered.len());
        if found.is_none() {
            self.index.insert(series.object.clone(), place);
            self.gathered.push((Arc::clone(series), new()));
        }
        self.next = place + 1;
        #[expect(clippy::indexing_slicing, reason = "it was found or pushed above")]
        &mut self.gathered[place].1
    }

    /// All of it, in the order of the objects.
    pub(super) fn sorted(mut self) -> Vec<(Arc<Series>, T)> {
        self.gathered.sort_by(|a, b| a.0.object.cmp(&b.0.object));
        self.gathered
    }
}
