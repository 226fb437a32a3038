//! Statistics as JSON lines, to back up, to move and to read elsewhere.
//!
//! First come the definitions, then a statistic a line, in the order of their keys:
//!
//! ```json
//! {"define":"calendar","zone":"America/New_York","week_start":"monday","day_start":"00:00","month_start_day":1}
//! {"define":"domain","ref":"flights","name":"Flights"}
//! {"define":"metric","domain":"flights","ref":"departures","name":"Departures","description":"","value":"integer"}
//! {"define":"tracked","domain":"flights","metric":"departures","by":["destination"],"periods":["day","week"]}
//! {"domain":"flights","metric":"departures","period":"day","date":"2013-01-01","object":{"destination":"BOS"},"value":14}
//! ```
//!
//! - `tracked` says which periods trackers keep of a metric for objects of these kinds, or without object;
//! - `date` is that of [`Calendar::date_text`](crate::Calendar::date_text);
//! - `object` is null where there is none; its parts are in order, ids are numbers or texts;
//! - `value` is a whole number, or null where it is missing. A metric's `"encoded":true` says that its values are of a
//!   kind with [`Layout::Encoded`](crate::kinds::Layout::Encoded) or [`Layout::Large`](crate::kinds::Layout::Large):
//!   they are objects with their bytes in `base64`.
//!
//! Of the crate's own kinds, what the bytes say stands before them, by the names of [`Figures`](crate::kinds::Figures):
//!
//! ```json
//! {"domain":"app","metric":"users","period":"day","date":"2024-05-01","object":null,"value":{"distinct":2,"base64":"AgEHDAMIAgj4EWAEvyBkHA=="}}
//! {"domain":"app","metric":"load","period":"day","date":"2024-05-01","object":null,"value":{"last":19.0,"min":19.0,"max":20.5,"base64":"EgAAARMAARMBASkAAAAA"}}
//! ```
//!
//! - The bytes are those of the kind's [`to_stored`](crate::kinds::Value::to_stored), so that other implementations
//!   read the sketches; an import checks them and takes the value from them alone. The numbers may be left out, but not
//!   say anything else.
//! - A number that is beyond what an `f64` holds, or that there is none of, is null.
//! - A [`Sum`](crate::kinds::Sum) may be given as a number alone. It is written with its bytes, since most sums are no
//!   `f64`: 0.1 + 0.2 isn't.
//! - Of a kind of your own, the bytes are what bincode made of the value, and are imported as they are.
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
mod value;

pub use export::{export, statistic_line};
pub use import::{ImportReport, exported_calendar, import};
