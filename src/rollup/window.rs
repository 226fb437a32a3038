//! The merge of the last values of a stream, in constant time a value.

use crate::kinds::{MergeError, Value};

/// What a [`Window`] holds: every kind of value, and what is worked out from values for the time of a query.
pub(crate) trait Join: Clone {
    /// Makes of `self` what it is together with `other`; associative, as [`Value::merge`] is.
    fn join(&mut self, other: &Self) -> Result<(), MergeError>;
}

impl<V: Value> Join for V {
    fn join(&mut self, other: &Self) -> Result<(), MergeError> {
        self.merge(other)
    }
}

/// A first-in first-out queue of values that knows the merge of all that it holds.
///
/// Merging can't be undone (a minimum doesn't know the second smallest), so this is the queue of two stacks: each
/// value is merged twice at most, however wide the window. (Tangwongsan, Hirzel, Schneider: "Low-latency
/// sliding-window aggregation in worst-case constant time", 2017, section 2, there "Two-Stacks".)
#[derive(Debug)]
pub(crate) struct Window<V> {
    /// Newest first, each with everything newer than itself in `front` merged in; the oldest is on top.
    front: Vec<V>,
    back: Vec<V>,
    back_merged: Option<V>,
}

impl<V: Join> Window<V> {
    pub(crate) fn new() -> Self {
        Self { front: Vec::new(), back: Vec::new(), back_merged: None }
    }

    pub(crate) fn push(&mut self, value: V) -> Result<(), MergeError> {
        merge_into(&mut self.back_merged, &value)?;
        self.back.push(value);
        Ok(())
    }

    /// Drops the oldest value, if there is one.
    pub(crate) fn pop(&mut self) -> Result<(), MergeError> {
        if self.front.is_empty() {
            self.back_merged = None;
            while let Some(mut value) = self.back.pop() {
                if let Some(newer) = self.front.last() {
                    value.join(newer)?;
                }
                self.front.push(value);
            }
        }
        self.front.pop();
        Ok(())
    }

    /// The merge of everything in the window, `None` when it is empty.
    pub(crate) fn merged(&self) -> Result<Option<V>, MergeError> {
        let mut merged = self.front.last().cloned();
        if let Some(back) = &self.back_merged {
            merge_into(&mut merged, back)?;
        }
        Ok(merged)
    }
}

fn merge_into<V: Join>(merged: &mut Option<V>, value: &V) -> Result<(), MergeError> {
    if let Some(merged) = merged {
        return merged.join(value);
    }
    *merged = Some(value.clone());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Min;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_window_equals_the_minimum_of_what_it_holds(values in prop::collection::vec(any::<i64>(), 0..60), width in 1_usize..12) {
            let mut window = Window::new();
            for (i, value) in values.iter().enumerate() {
                window.push(Min(*value)).unwrap();
                if i >= width {
                    window.pop().unwrap();
                }
                let held = &values[(i + 1).saturating_sub(width)..=i];
                prop_assert_eq!(window.merged().unwrap(), held.iter().min().copied().map(Min));
            }
        }
    }
}
