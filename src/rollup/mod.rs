//! Days to every other period, in one group: the calendar periods that are stored beside their days, and the running
//! ones that are worked out when they are read.
//!
//! It may use `blocks` and what stands above it, and is used by the store, by trackers, queries, checks and imports.

mod apply;
mod compare;
mod fill;
mod merge;
mod running;
#[cfg(feature = "exchange")]
mod step;
mod tracked;
mod window;

pub(crate) use apply::{Apply, Replaced, anew};
pub(crate) use compare::{Comparison, Differing, Mismatch};
pub(crate) use fill::PeriodFill;
pub(crate) use merge::{RunningMerge, SlotStatistic, merge};
pub(crate) use running::{Running, TrackedGroupings};
#[cfg(feature = "exchange")]
pub(crate) use step::Imported;
pub(crate) use tracked::{Grouping, Tracked};
pub(crate) use window::{Join, Window};
