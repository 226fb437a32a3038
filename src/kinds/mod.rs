//! The kinds of value that statistics can have: what two of them make together, and their bytes.
//!
//! It may use `model` and `error`, and is used by everything below. A new kind is a file here and a line in `list.rs`.

mod bytes;
mod distinct;
mod exact;
mod figures;
mod gauge;
mod limbs;
mod meter;
mod number;
mod quantiles;
mod sum;
mod summary;
mod value;

#[cfg(feature = "exchange")]
pub(crate) use bytes::Encoded;
pub use distinct::{Distinct, Intersection, Item};
pub use figures::{Figure, Figures};
pub use gauge::Gauge;
pub use meter::Meter;
pub use number::Number;
pub use quantiles::Quantiles;
pub use sum::Sum;
pub use summary::Summary;
pub use value::{AnyValue, Layout, Max, MergeError, Min, Value};
