//! Statistics as JSON lines, to back up, to move and to read elsewhere.
//!
//! First come the definitions, then a statistic a line, in the order of their keys:
//!
//! ```json
//! {"define":"calendar","zone":"America/New_York","week_start":"monday","day_start":"00:00","month_start_day":1}
//! {"define":"domain","ref":"flights","name":"Flights"}
//! {"define":"metric","domain":"flights","ref":"departures","name":"Departures","description":"","value":"integer"}
//! {"domain":"flights","metric":"departures","period":"day","date":"2013-01-01","object":{"destination":"BOS"},"value":14}
//! ```
//!
//! - `date` is that of [`Calendar::date_text`](crate::Calendar::date_text);
//! - `object` is null where there is none; its parts are in order, ids are numbers or texts;
//! - `value` is null where it is missing. A metric's `"encoded":true` says that its values are of a kind with
//!   [`Layout::Serde`](crate::Layout::Serde): they are written as `{"base64":"..."}`.
//!
//! Both go line by line. The longest line has a value of 16 MiB and is up to 24 MiB long, beyond which an import refuses
//! it unread.

mod export;
mod fields;
mod import;
mod json;
mod line;
mod lines;
mod parse;
mod shortened;

pub use export::{export, statistic_line};
pub use import::{ImportReport, exported_calendar, import};
