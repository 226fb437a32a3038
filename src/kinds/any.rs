//! Values whose kind the program doesn't know.

use super::{MergeError, Value};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use std::any::TypeId;

/// A value of whatever kind its metric is registered with, for programs that don't know their metrics beforehand,
/// such as an export.
///
/// A `Metric<AnyValue>` reads every kind. It writes to a metric that is registered already, in that metric's own form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnyValue {
    /// A value of a kind with [`Layout::Integers`](super::Layout::Integers).
    Integer(i64),
    /// A value of a kind with [`Layout::Encoded`](super::Layout::Encoded) or [`Layout::Large`](super::Layout::Large), as
    /// its [`to_stored`](Value::to_stored) gave it.
    Encoded(Vec<u8>),
}

/// Whether values of this type go by what their metric is registered with, as integers or bytes.
pub(crate) fn is_any<V: Value>() -> bool {
    TypeId::of::<V>() == TypeId::of::<AnyValue>()
}

impl Value for AnyValue {
    const KIND: &'static str = "any";

    fn merge(&mut self, _: &Self) -> Result<(), MergeError> {
        Err(MergeError::new(
            "values whose kind isn't known can't be merged; use the metric with its own value type",
        ))
    }

    fn to_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(integer) => Some(*integer),
            Self::Encoded(_) => None,
        }
    }

    fn from_integer(integer: i64) -> Option<Self> {
        Some(Self::Integer(integer))
    }

    fn to_stored(&self) -> Option<Vec<u8>> {
        match self {
            Self::Integer(_) => None,
            Self::Encoded(bytes) => Some(bytes.clone()),
        }
    }

    fn from_stored(bytes: &[u8]) -> Result<Self> {
        Ok(Self::Encoded(bytes.to_vec()))
    }
}
