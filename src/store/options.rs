//! How a store is opened.

use super::{Clock, ClockGuard, Flush, Registry, Store, SystemClock, guard::GuardedClock};
use crate::{
    blocks::replay,
    calendar::Calendar,
    error::{Error, Result},
    format::{CalendarRecord, FORMAT, KeyRange, Record, StoreRecord, key},
    storage::{Direction, DiskEngine, Engine, Flusher, MemoryEngine, ReadOnlyEngine, Reads, Storage},
};
use chrono::{NaiveTime, Timelike, Weekday};
use std::{path::Path, sync::Arc, time::Duration};

/// How a store is opened. Made by [`Store::options`].
///
/// ```
/// use trackstats::{Calendar, Store, store::Flush};
///
/// let folder = tempfile::tempdir()?;
/// let store = Store::options()
///     .calendar(Calendar::new("America/New_York")?)
///     .flush(Flush::Explicit)
///     .open(folder.path().join("statistics"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct Options {
    calendar: Option<Calendar>,
    cache_bytes: u64,
    clock: GuardedClock,
    create: bool,
    flush: Flush,
    read_only: bool,
}

impl Store {
    /// Opens the store in this directory, or makes it, with the default [`Options`].
    ///
    /// # Errors
    /// As [`Options::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::options().open(path)
    }

    /// Makes a store that lives in memory, with the default [`Options`].
    ///
    /// # Errors
    /// As [`Options::in_memory`].
    pub fn in_memory() -> Result<Self> {
        Self::options().in_memory()
    }

    /// The choices for opening a store.
    pub fn options() -> Options {
        Options::default()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            calendar: None,
            cache_bytes: Self::CACHE_BYTES,
            clock: GuardedClock { clock: Box::new(SystemClock), guard: None },
            create: true,
            flush: Flush::Every(Duration::from_millis(500)),
            read_only: false,
        }
    }
}

impl Options {
    pub(super) const CACHE_BYTES: u64 = 64 << 20;

    /// The calendar of a new store; that of an existing store must equal it.
    /// Default: the store's own; for a new one UTC, days from 00:00, weeks from Monday, months from the 1st.
    pub fn calendar(self, calendar: Calendar) -> Self {
        Self { calendar: Some(calendar), ..self }
    }

    /// How many bytes of pages are kept in memory. Default: 64 MiB.
    pub fn cache_bytes(self, cache_bytes: u64) -> Self {
        Self { cache_bytes, ..self }
    }

    /// Where the store gets the present from. Default: [`SystemClock`].
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        let clock = GuardedClock { clock: Box::new(clock), guard: self.clock.guard };
        Self { clock, ..self }
    }

    /// Which dates of the clock are believed, and what is done about others. Default: none, all are.
    pub fn clock_guard(self, guard: ClockGuard) -> Self {
        let clock = GuardedClock { guard: Some(guard), ..self.clock };
        Self { clock, ..self }
    }

    /// Whether a store is made where there is none. Default: true.
    pub fn create(self, create: bool) -> Self {
        Self { create, ..self }
    }

    /// When what was written is made to survive a power cut. Default: every 500 milliseconds.
    pub fn flush(self, flush: Flush) -> Self {
        Self { flush, ..self }
    }

    /// Opens a store that is there for reading only: on a full disk, on one that can't be written to, or where others may
    /// write and this program may not. Writes are refused with [`Error::ReadOnly`].
    ///
    /// Nothing is written, and sled's files aren't touched: all of the store is read into memory from its checkpoint and
    /// its journal, as it is at this moment. Afterwards others may open it, and what they write isn't seen. A store whose
    /// checkpoint or journal is damaged is refused, also where its index is sound.
    pub fn read_only(self) -> Self {
        Self { read_only: true, flush: Flush::Explicit, ..self }
    }

    /// Opens the store in this directory, or makes it.
    ///
    /// # Errors
    /// [`Error::NoStore`], [`Error::NotAStore`], [`Error::Locked`], [`Error::Format`],
    /// [`Error::CalendarMismatch`], [`Error::Corrupt`], [`Error::Stopped`] or [`Error::Io`].
    pub fn open(self, path: impl AsRef<Path>) -> Result<Store> {
        let path = path.as_ref();
        if self.read_only {
            let engine = ReadOnlyEngine::open(path)?;
            return self.open_engine(Arc::new(engine));
        }
        if !DiskEngine::exists(path)? && !self.create {
            return Err(Error::NoStore { path: path.to_owned() });
        }
        let engine = DiskEngine::open(path, self.cache_bytes)?;
        self.open_engine(Arc::new(engine))
    }

    /// Makes a store that lives in memory and is gone when its last clone is dropped.
    ///
    /// # Errors
    /// Only such as come from the machine, for instance when no thread can be started.
    pub fn in_memory(self) -> Result<Store> {
        self.open_engine(Arc::new(MemoryEngine::default()))
    }

    pub(crate) fn open_engine(self, engine: Arc<dyn Engine>) -> Result<Store> {
        let storage = Storage::new(engine, replay)?;
        let snapshot = storage.snapshot();
        let record = snapshot.get(&key::store())?.map(|bytes| known(&storage, &bytes)).transpose()?;
        if let Some(record) = &record {
            self.agrees(storage.path(), record)?;
        } else if snapshot.first(&KeyRange::all(), Direction::Forwards)?.is_some() {
            let problem = "it has entries, but no record of what it is".to_owned();
            return Err(Error::Corrupt { path: storage.path().to_owned(), problem });
        }
        drop(snapshot);
        let record = match record {
            Some(record) => record,
            None => create(&storage, self.calendar.unwrap_or_default())?,
        };
        let registry = Registry::read(&storage)?;
        let flusher = match self.flush {
            Flush::Every(interval) => Some(Flusher::start(storage.clone(), interval)?),
            Flush::Always | Flush::Explicit => None,
        };
        let calendar = calendar(&record.calendar).map_err(|error| Error::Corrupt {
            path: storage.path().to_owned(),
            problem: error.to_string(),
        })?;
        Ok(Store::new(storage, calendar, record.tz_version, self.clock, registry, self.flush, flusher))
    }

    /// Whether the store's calendar is the one that was asked for, if one was.
    fn agrees(&self, path: &Path, record: &StoreRecord) -> Result<()> {
        match self.calendar {
            Some(wanted) if calendar_record(&wanted) != record.calendar => Err(Error::CalendarMismatch {
                path: path.to_owned(),
                stored: calendar(&record.calendar).map_or_else(|error| error.to_string(), |c| c.to_string()),
                wanted: wanted.to_string(),
            }),
            _ => Ok(()),
        }
    }
}

/// The record of a store.
fn known(storage: &Storage, bytes: &[u8]) -> Result<StoreRecord> {
    let path = || storage.path().to_owned();
    let record = StoreRecord::decode(bytes)
        .map_err(|malformed| Error::Corrupt { path: path(), problem: malformed.0.to_owned() })?;
    if record.format != FORMAT {
        return Err(Error::Format { path: path(), found: record.format, known: FORMAT });
    }
    Ok(record)
}

/// The record of a new store.
pub(crate) fn store_record(calendar: &Calendar) -> StoreRecord {
    StoreRecord {
        format: FORMAT,
        calendar: calendar_record(calendar),
        tz_version: Calendar::tz_version().to_owned(),
        crate_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn create(storage: &Storage, calendar: Calendar) -> Result<StoreRecord> {
    let record = store_record(&calendar);
    let mut change = storage.change()?;
    change.put(key::store(), record.encode())?;
    change.commit()?;
    storage.checkpoint()?;
    Ok(record)
}

#[expect(clippy::cast_possible_truncation, reason = "a day has 1,440 minutes, a week 7 days, a month 31")]
fn calendar_record(calendar: &Calendar) -> CalendarRecord {
    CalendarRecord {
        zone: calendar.zone().to_owned(),
        day_start: (calendar.day_start().num_seconds_from_midnight() / 60) as u16,
        week_start: calendar.week_start().num_days_from_monday() as u8,
        month_start_day: calendar.month_start_day() as u8,
    }
}

fn calendar(record: &CalendarRecord) -> Result<Calendar> {
    let damaged = || Error::InvalidCalendar { problem: "its calendar can't be read".to_owned() };
    let day_start = NaiveTime::from_num_seconds_from_midnight_opt(u32::from(record.day_start) * 60, 0);
    Calendar::new(&record.zone)?
        .days_from(day_start.ok_or_else(damaged)?)?
        .weeks_from(Weekday::try_from(record.week_start).map_err(|_| damaged())?)
        .months_from(u32::from(record.month_start_day))
}
