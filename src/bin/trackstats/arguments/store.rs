//! The store that a command works on.

use crate::{output::note, store_files::StoreFiles};
use clap::{Args, error::ErrorKind};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use trackstats::{
    Calendar, Error, Period, Store, Timestamp,
    chrono::{NaiveDate, NaiveTime, Weekday},
    store::{Clock, ClockGuard, FixedClock, Flush, MadeAnew, Options, SystemClock},
};

#[derive(Debug, Args)]
#[command(next_help_heading = "Store")]
pub(crate) struct StoreArgs {
    /// The store's directory
    #[arg(long, global = true, value_name = "DIR", env = "TRACKSTATS_STORE")]
    store: Option<PathBuf>,
    /// The time zone, a name of the IANA database, by which a new store dates everything [default: UTC]
    #[arg(long, global = true, value_name = "ZONE", value_parser = zone)]
    zone: Option<String>,
    /// The first day of a new store's weeks [default: monday]
    #[arg(long, global = true, value_name = "DAY", value_parser = weekday)]
    week_start: Option<Weekday>,
    /// The wall clock time at which a new store's days begin [default: 00:00]
    #[arg(long, global = true, value_name = "HH:MM", value_parser = time)]
    day_start: Option<NaiveTime>,
    /// The first day of a new store's months, 1 to 28 [default: 1]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=28))]
    month_start: Option<u32>,
    /// Take this date for today, rather than the clock's
    #[arg(long, global = true, value_name = "DATE")]
    today: Option<NaiveDate>,
    /// Refuse to take a date outside of these, both included, for today, and skip records dated outside of them
    #[arg(long, global = true, value_name = "EARLIEST..LATEST", value_parser = clock_guard)]
    guard_clock: Option<ClockGuard>,
}

impl StoreArgs {
    /// The store, which must be there.
    pub(crate) fn open(&self) -> anyhow::Result<Store> {
        self.open_with(|options| options.create(false))
    }

    /// The store, which must be there, to be read only. Where it can't be written to, that is said, and all of it is read into
    /// memory.
    pub(crate) fn read(&self) -> anyhow::Result<Store> {
        match self.open() {
            Err(error) if error.downcast_ref().is_some_and(is_of_writing) => {
                let store = self.open_with(Options::read_only)?;
                note(&format!("{error}; it is read into memory instead, and nothing is written"));
                Ok(store)
            }
            opened => opened,
        }
    }

    /// Writes to the store and flushes it. If it is missing it is made, with the calendar of the options and for the rest
    /// with `calendar`; and is gone again when the writing fails.
    pub(crate) fn write<T>(
        &self,
        calendar: Calendar,
        write: impl FnOnce(&Store) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let write = |store: &Store| {
            let written = write(store)?;
            store.flush()?;
            Ok(written)
        };
        match self.open() {
            Err(error) if matches!(error.downcast_ref(), Some(Error::NoStore { .. })) => {
                self.make(self.over(calendar)?, write)
            }
            opened => write(&opened?),
        }
    }

    fn make<T>(
        &self,
        calendar: Calendar,
        write: impl FnOnce(&Store) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        // What would fail once the store is there.
        self.today.map(|date| calendar.bucket_on(Period::Day, date)).transpose()?;
        let files = StoreFiles::before(self.path()?);
        let store = match self.open_with(|options| options.calendar(calendar)) {
            Ok(store) => store,
            Err(error) => {
                files.remove_directories();
                return Err(error);
            }
        };
        // Another program may have made it since, and written to it.
        let is_ours = store.domains().is_empty();
        let written = write(&store);
        if written.is_err() && is_ours {
            let removed = files.remove_files();
            drop(store);
            if removed.is_ok() {
                files.remove_directories();
            }
        }
        written
    }

    fn open_with(&self, choose: impl FnOnce(Options) -> Options) -> anyhow::Result<Store> {
        let path = self.path()?;
        let today = Arc::new(OnceLock::new());
        let options = Store::options().flush(Flush::Explicit);
        let options = match self.today {
            Some(_) => options.clock(TodayClock(Arc::clone(&today))),
            None => options,
        };
        let options = match self.guard_clock {
            Some(guard) => options.clock_guard(guard),
            None => options,
        };
        let store = choose(options).open(path)?;
        if store.made_anew() == Some(MadeAnew::History) {
            note(
                "the store's checkpoint or journal was damaged; they are made anew from its index, and nothing is lost",
            );
        }
        let stored = *store.calendar();
        let wanted = self.over(stored)?;
        if wanted != stored {
            let (stored, wanted) = (stored.to_string(), wanted.to_string());
            return Err(Error::CalendarMismatch { path: path.to_owned(), stored, wanted }.into());
        }
        if let Some(date) = self.today {
            let start = Timestamp::from(stored.bucket_on(Period::Day, date)?.start);
            today.get_or_init(|| FixedClock(start));
        }
        Ok(store)
    }

    /// The directory. That it isn't given is an error of clap's, to which `main` adds the usage: a global option can't be
    /// required otherwise.
    pub(crate) fn path(&self) -> Result<&Path, clap::Error> {
        self.store.as_deref().ok_or_else(|| {
            clap::Error::raw(
                ErrorKind::MissingRequiredArgument,
                "which store? give its directory with --store DIR, or in TRACKSTATS_STORE",
            )
        })
    }

    /// The calendar that the options give, none if they give nothing of one.
    pub(crate) fn calendar(&self) -> trackstats::Result<Option<Calendar>> {
        let given = self.zone.is_some()
            || self.week_start.is_some()
            || self.day_start.is_some()
            || self.month_start.is_some();
        given.then(|| self.over(Calendar::default())).transpose()
    }

    /// A calendar with what the options give in place of its own.
    fn over(&self, calendar: Calendar) -> trackstats::Result<Calendar> {
        let zone = self.zone.as_deref().unwrap_or(calendar.zone());
        Calendar::new(zone)?
            .weeks_from(self.week_start.unwrap_or(calendar.week_start()))
            .days_from(self.day_start.unwrap_or(calendar.day_start()))?
            .months_from(self.month_start.unwrap_or(calendar.month_start_day()))
    }
}

/// Whether a store may be read though it can't be opened.
fn is_of_writing(error: &Error) -> bool {
    let (Error::Io { source, .. } | Error::Stopped { source, .. }) = error else { return false };
    matches!(
        source.kind(),
        io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge
    )
}

/// A clock that is set once the store is open, since its calendar says when a day begins.
#[derive(Debug)]
struct TodayClock(Arc<OnceLock<FixedClock>>);

impl Clock for TodayClock {
    fn now(&self) -> Timestamp {
        self.0.get().map_or_else(|| SystemClock.now(), Clock::now)
    }
}

fn zone(text: &str) -> Result<String, Error> {
    Calendar::new(text).map(|_| text.to_owned())
}

fn clock_guard(text: &str) -> Result<ClockGuard, String> {
    let date = |text: &str| text.parse::<NaiveDate>().ok();
    let dates = text.split_once("..").and_then(|(earliest, latest)| Some((date(earliest)?, date(latest)?)));
    let (earliest, latest) = dates.ok_or("use two dates, such as 2024-01-01..2045-12-31")?;
    ClockGuard::new(earliest, latest).map_err(|error| error.to_string())
}

fn weekday(text: &str) -> Result<Weekday, String> {
    text.parse().map_err(|_| "use a day of the week, such as monday".to_owned())
}

fn time(text: &str) -> Result<NaiveTime, String> {
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| "use a time from 00:00 to 23:59".to_owned())
}
