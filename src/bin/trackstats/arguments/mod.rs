//! What several commands have in common in their arguments.

mod by;
mod dates;
mod metric;
mod object;
mod prefix;
mod store;

pub(crate) use by::By;
pub(crate) use dates::DatesArgs;
pub(crate) use metric::MetricName;
pub(crate) use object::{OBJECT_HELP, ObjectArg, object_text};
pub(crate) use prefix::checked_prefix;
pub(crate) use store::StoreArgs;
