//! Days to every other period.

mod derive;
mod window;

pub(crate) use derive::{Failed, SlotStatistic, SlotValues, Slotted, merge};
pub(crate) use window::{Join, Window};
