//! Files of records, CSV with a header or JSON lines, as what a tracker runs over.
//!
//! A [`Source`] is a file that was opened for some of its [`Columns`]. [`Records`] are those of several sources, one
//! source after the other; each is a [`FileRecord`]: an instant, ids, and perhaps a number. A record that can't be
//! read is skipped and reported with its file and line. Files that grow are read on from a [`Cursor`], which is
//! stored with the statistics.
//!
//! It may use the calendar and what stands above it, but not trackers or queries, and is used by the program alone.
//!
//! ```
//! use std::fs;
//! use trackstats::{
//!     Domain, Metric, Period, Store, Tracker,
//!     records::{Columns, FileRecord, Numbers, Records, Source},
//! };
//!
//! const SALES: Metric = Metric::new(Domain::new("shop", "Our shop"), "sales", "Sales");
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("sales.csv");
//! fs::write(&path, "at,till,amount\n2024-05-01 10:00,1,250\n2024-05-01 11:30,2,100\n2024-05-02 09:15,1,99\n")?;
//!
//! let mut columns = Columns::new("at").number("amount", Numbers::Whole);
//! let till = columns.id("till");
//! let source = Source::options().open(&path, &columns)?;
//!
//! let store = Store::in_memory()?;
//! let records = Records::new([source], columns, store.calendar())?;
//! let tracker = Tracker::sum(SALES, |record: &FileRecord| record.at(), FileRecord::whole);
//! let tracker = tracker.by("till", move |record| record.id(till).unwrap_or("none".into()))?;
//! tracker.recompute().run_results(&store, records)?;
//!
//! assert_eq!(store.series(SALES, Period::Day).values()?, [Some(350), Some(99)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bytes;
mod columns;
mod csv;
mod cursor;
mod file_format;
mod file_record;
mod growing;
mod id;
mod jsonl;
mod outcome;
mod place;
mod reader;
mod sequence;
mod source;
mod tap;

pub use columns::{Columns, Numbers};
pub use cursor::Cursor;
pub use file_format::FileFormat;
pub use file_record::FileRecord;
pub use id::id_of;
pub use outcome::Outcome;
pub use sequence::Records;
pub use source::{Source, SourceOptions};
