//! Days to every other period.

mod derive;
mod window;

pub(crate) use derive::{DayValues, Derived, Failed, merge};
pub(crate) use window::{Join, Window};
