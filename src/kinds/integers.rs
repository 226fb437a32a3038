//! Integers: their sum, the smallest and the largest.

use super::{Figure, Figures, Layout, MergeError, Number, Value};
use serde::{Deserialize, Serialize};
use std::cmp::{self, Ordering};

/// Counts and sums: merging adds.
impl Value for i64 {
    const KIND: &'static str = "integer";
    const LAYOUT: Layout = Layout::Integers;

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        *self = self.checked_add(*other).ok_or(MergeError::OVERFLOW)?;
        Ok(())
    }

    fn zero() -> Option<Self> {
        Some(0)
    }

    fn to_integer(&self) -> Option<i64> {
        Some(*self)
    }

    fn from_integer(integer: i64) -> Option<Self> {
        Some(integer)
    }
}

impl Figures for i64 {
    const NAMES: &'static [&'static str] = &["value"];
    const ADDS_UP: bool = true;

    fn figures(&self) -> Vec<Figure> {
        vec![Figure::Integer(*self)]
    }

    fn number(&self) -> Option<f64> {
        Some(self.to_f64())
    }
}

/// The smallest of some integers: merging keeps the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Min(pub i64);

impl Value for Min {
    const KIND: &'static str = "minimum";
    const LAYOUT: Layout = Layout::Integers;

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        *self = cmp::min(*self, *other);
        Ok(())
    }

    fn to_integer(&self) -> Option<i64> {
        Some(self.0)
    }

    fn from_integer(integer: i64) -> Option<Self> {
        Some(Self(integer))
    }
}

impl Figures for Min {
    const NAMES: &'static [&'static str] = &["value"];

    fn figures(&self) -> Vec<Figure> {
        vec![Figure::Integer(self.0)]
    }

    fn number(&self) -> Option<f64> {
        Some(self.to_f64())
    }
}

impl Number for Min {
    fn to_f64(&self) -> f64 {
        self.0.to_f64()
    }

    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
}

/// The largest of some integers: merging keeps the larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Max(pub i64);

impl Value for Max {
    const KIND: &'static str = "maximum";
    const LAYOUT: Layout = Layout::Integers;

    fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        *self = cmp::max(*self, *other);
        Ok(())
    }

    fn to_integer(&self) -> Option<i64> {
        Some(self.0)
    }

    fn from_integer(integer: i64) -> Option<Self> {
        Some(Self(integer))
    }
}

impl Figures for Max {
    const NAMES: &'static [&'static str] = &["value"];

    fn figures(&self) -> Vec<Figure> {
        vec![Figure::Integer(self.0)]
    }

    fn number(&self) -> Option<f64> {
        Some(self.to_f64())
    }
}

impl Number for Max {
    fn to_f64(&self) -> f64 {
        self.0.to_f64()
    }

    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
}
