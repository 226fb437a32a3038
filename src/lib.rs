//! An embedded statistics engine: declare metrics, record or track them, read them back as time series.
//!
//! It is for programs that run where there is no server: desktop programs, kiosks, tills, gateways. A store
//! is one directory on disk. Its dates are right in every time zone, late records are repaired, and what was
//! flushed survives a power cut.
//!
//! ```
//! use trackstats::{Calendar, Domain, Metric, Period, Store, Timestamp, Tracker, query::Fill};
//!
//! const APP: Domain = Domain::new("app", "Our app");
//! const LAUNCHES: Metric = Metric::new(APP, "launches", "Launches");
//!
//! let folder = tempfile::tempdir()?;
//! let store = Store::options().calendar(Calendar::new("Europe/Amsterdam")?).open(folder.path())?;
//!
//! // Each launch, as it happens: in days, weeks and in all.
//! let tracker = Tracker::count(LAUNCHES, |at: &Timestamp| *at).periods([Period::Week, Period::Lifetime]);
//! tracker.append().run(&store, [store.now()])?;
//!
//! let today = store.today()?;
//! let chart = store.series(LAUNCHES, Period::Day).from(today - trackstats::chrono::Days::new(6)).to(today);
//! assert_eq!(chart.fill(Fill::Zero).values()?.len(), 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Concepts
//!
//! A [`Domain`] groups [`Metric`]s. A [`Statistic`](model::Statistic) is the value of a metric for a [`Period`] and a
//! [`Date`](model::Date), perhaps about an [`Object`], such as a user or a province of a country. All statistics of a
//! metric for a period, and about one object or none, are a [`Series`](model::Series).
//!
//! A statistic is either absent, or missing, or has a value ([`Point`](model::Point)). Absent: nothing is known of it.
//! Missing: it is known that there is no data. Zero is a value like any other.
//!
//! The store's [`Calendar`] turns instants into dates: a time zone, and where days, weeks and months begin. It is
//! chosen when the store is made, and kept in it.
//!
//! Statistics are recorded one by one ([`Store::record`], [`Store::change`]), or worked out from records by a
//! [`Tracker`]. It stores days and the calendar periods that it keeps; the running ones, [`Period::LastDays`] and
//! [`Period::Lifetime`], are worked out from days when they are read. Statistics are read as series
//! ([`Store::series`]), or by the beginning of their keys as they are stored ([`Store::scan`], [`Store::visit`]).
//! [`Store::verify`] checks all that a store holds, and [`Store::rebuild`] works calendar periods out again from days.
//!
//! # What it is not
//!
//! It is no metrics server, no general database for time series of raw samples, and no OLAP engine. Raw records stay
//! where they are; trackstats keeps what you want to know about them. One process has a store open at a time.
//!
//! # Features
//!
//! None is on by default. `backup` makes backups of stores in use, and restores them; `exchange` exports and imports
//! JSON lines; `records` reads files of records, CSV and JSON lines, for trackers; `cli` builds the program
//! `trackstats`.
//!
//! # More
//!
//! Here are the ten names that nearly every program uses; all others are in the modules.
//!
//! The module [`docs`] has the cookbook, the design and its reasons, the format of the files, and what is promised when
//! power goes or a disk fails.

pub mod error;
pub mod model;
pub mod kinds;
pub mod calendar;
mod format;
mod storage;
mod blocks;
mod rollup;
pub mod store;
pub mod track;
pub mod query;
#[cfg(feature = "records")]
pub mod records;
#[cfg(feature = "exchange")]
pub mod exchange;
pub mod maintenance;

#[doc(inline)]
pub use self::{
    calendar::{Calendar, Timestamp},
    error::{Error, Result},
    model::{Domain, Metric, Object, Period},
    store::Store,
    track::Tracker,
};
pub use chrono;

pub mod docs {
    //! Longer texts, and recipes that are compiled and run with the tests.

    #[doc = include_str!("docs/cookbook.md")]
    pub mod cookbook {}

    #[doc = include_str!("docs/design.md")]
    pub mod design {}

    #[doc = include_str!("docs/format.md")]
    pub mod format {}

    #[doc = include_str!("docs/reliability.md")]
    pub mod reliability {}
}

#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
