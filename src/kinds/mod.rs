//! The kinds of value that statistics can have, and what a kind of your own needs: how two values merge, and their
//! bytes.
//!
//! It may use `model` and `error`, and is used by everything below. A new kind is a file here and a line in `list.rs`.

mod any;
mod bytes;
mod distinct;
pub(crate) mod encoded;
mod exact;
mod figures;
mod gauge;
mod integers;
mod limbs;
mod list;
mod meter;
mod number;
mod quantiles;
mod sum;
mod summary;
mod value;
pub(crate) mod varint;

pub use any::AnyValue;
pub(crate) use any::is_any;
pub use bytes::OwnBytes;
pub use distinct::{Distinct, Intersection, Item};
pub use figures::{Figure, Figures};
pub use gauge::Gauge;
pub use integers::{Max, Min};
#[cfg(fuzzing)]
pub(crate) use list::{EachKind, each_kind};
pub use list::{KindVisitor, visit_kind};
pub use meter::Meter;
pub use number::Number;
pub use quantiles::Quantiles;
pub use sum::Sum;
pub use summary::Summary;
pub use value::{Layout, MergeError, Value};
