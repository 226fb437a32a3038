//! Instants to dates and back: a time zone, and where days, weeks and months begin.
//!
//! It is the only place that knows about time zones.
//!
//! A local day begins at the earliest instant whose wall clock is at or past the day's start, so days are
//! monotonic: an instant's day is the last one that has begun, even when the wall clock has gone back over
//! midnight since.
//!
//! It may use `model` and `error`, and is used by everything below.

mod boundary;
mod bucket;
mod date_text;
mod day_number;
mod days;
mod earlier;
mod parse;
mod settings;
mod slot;
#[cfg(test)]
mod tests;
mod timestamp;

pub use bucket::Bucket;
pub(crate) use day_number::{MAX_DAY, MIN_DAY, day_number, day_of_number};
pub(crate) use days::Days;
pub use settings::Calendar;
pub(crate) use slot::HOURS;
pub use timestamp::Timestamp;
