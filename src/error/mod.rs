//! What can go wrong, in sentences that say what to do next.
//!
//! It stands above everything else: it uses nothing of the crate, and everything below uses it.

mod missing_column;
mod nearest;
#[cfg(any(feature = "exchange", feature = "records"))]
mod shortened;
mod shown;
mod unreadable;

use std::path::PathBuf;

pub(crate) use missing_column::missing_column;
#[cfg(feature = "records")]
pub(crate) use nearest::nearest_first;
pub(crate) use nearest::{hint, nearest};
#[cfg(any(feature = "exchange", feature = "records"))]
pub(crate) use shortened::shortened;
pub use shown::{printable, shown};
pub use unreadable::Unreadable;

/// A [`Result`](std::result::Result) whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong in this crate.
///
/// Each message is a sentence for the person who has to act on it; the fields are for programs. When a
/// call returns an error, the store is as it was before the call, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A ref is empty, too long, or has a character that refs can't have.
    #[error(
        "the ref {reference:?} {problem}: a ref has 1 to 100 characters, no control characters and no '/'"
    )]
    InvalidRef {
        /// The ref as given.
        reference: String,
        /// What is wrong with it.
        problem: &'static str,
    },

    /// An object can't be built from these kinds and ids.
    #[error("the object part {kind}={id:?} {problem}")]
    InvalidObject {
        /// The kind of the part.
        kind: String,
        /// The id as given, cut short if it is long.
        id: String,
        /// What is wrong with it.
        problem: &'static str,
    },

    /// A tracker groups by the same kinds twice, which would count each record twice.
    #[error("the records are grouped by {kinds} twice, and would count double; group by it once")]
    DuplicateGrouping {
        /// The kinds, joined by commas.
        kinds: String,
    },

    /// A metric is tracked by two trackers of one run.
    #[error(
        "{metric} is tracked twice in one run; give one tracker all periods and groupings, or let them run one after the other"
    )]
    DuplicateMetric {
        /// The metric as `domain/metric`.
        metric: String,
    },

    /// A period's name isn't known, or the period can't exist.
    #[error(
        "there is no period {period:?}{}; the periods are hour, day, week, month, quarter, year, last-N-days (N from 1 to 65535) and lifetime",
        hint(nearest)
    )]
    UnknownPeriod {
        /// The period as given.
        period: String,
        /// The names that come nearest.
        nearest: Vec<String>,
    },

    /// A time zone's name isn't in the IANA database.
    #[error(
        "there is no time zone {zone:?}{}; use a name of the IANA database, such as Europe/Amsterdam",
        hint(nearest)
    )]
    UnknownZone {
        /// The zone as given.
        zone: String,
        /// The names that come nearest.
        nearest: Vec<String>,
    },

    /// The store has no metric of this name.
    #[error(
        "the store at {} has no metric {metric}{}; metrics are registered when they are first written",
        shown(path),
        hint(nearest)
    )]
    UnknownMetric {
        /// Where the store is.
        path: PathBuf,
        /// The metric as `domain/metric`.
        metric: String,
        /// The names that come nearest, as `domain/metric`.
        nearest: Vec<String>,
    },

    /// A setting of a calendar is out of its range.
    #[error("{problem}")]
    InvalidCalendar {
        /// What is wrong, and what would be right.
        problem: String,
    },

    /// The store was made with another calendar than the one asked for.
    #[error(
        "the store at {} has the calendar {stored}, not {wanted}; leave the calendar out to use the store's, or make a new store",
        shown(path)
    )]
    CalendarMismatch {
        /// Where the store is.
        path: PathBuf,
        /// The store's calendar.
        stored: String,
        /// The calendar asked for.
        wanted: String,
    },

    /// A date or an instant lies outside the years 1 to 9999.
    #[error(
        "{date} is outside the calendar, which has the years 1 to 9999; check the clock or the record's timestamp"
    )]
    DateOutOfRange {
        /// The date or instant.
        date: String,
    },

    /// The store has a clock guard, and the clock's date isn't plausible.
    #[error(
        "the clock says {date}, which {problem}; set the clock, or widen the clock guard of the store at {}",
        shown(path)
    )]
    ImplausibleClock {
        /// Where the store is.
        path: PathBuf,
        /// The clock's date, or its instant where there is no date for it.
        date: String,
        /// The plausible dates that it is outside of, or how far it is from the latest date that the store has seen.
        problem: String,
    },

    /// An hour that doesn't fit into a row of hours.
    #[error(
        "hour {hour} of {date} can't be stored: an hour is 0 to 31, counted from the start of its local day"
    )]
    HourOutOfRange {
        /// The date whose hour it is.
        date: String,
        /// The hour, counted from the start of the local day.
        hour: u32,
    },

    /// A text isn't a timestamp in any of the forms that can be read.
    #[error(
        "{text:?} is not a timestamp: use RFC 3339 (2013-01-01T10:45:00Z), YYYY-MM-DD[ T]HH:MM[:SS[.f]] or YYYY-MM-DD in local time, or whole Unix seconds"
    )]
    InvalidTimestamp {
        /// The text as given, cut short if it is long.
        text: String,
    },

    /// A text isn't the date of a statistic.
    #[error("{text:?} {problem}")]
    InvalidDate {
        /// The text as given, cut short if it is long.
        text: String,
        /// What is wrong with it, and what would be right.
        problem: String,
    },

    /// The metric is registered with another kind of value.
    #[error(
        "{metric} holds values of the kind {stored:?}, not {given:?}; use another metric for them, or delete this one first"
    )]
    WrongKind {
        /// The metric as `domain/metric`.
        metric: String,
        /// The kind that it was registered with.
        stored: String,
        /// The kind that was written or read.
        given: String,
    },

    /// A number or bytes that a kind of value can't be made of.
    #[error("this is not {kind}: {problem}")]
    InvalidValue {
        /// What it was to be, such as `a sum`.
        kind: &'static str,
        /// What is wrong with it, and what to do.
        problem: String,
    },

    /// A value can't be stored.
    #[error("{statistic}: {problem}")]
    Unstorable {
        /// The statistic, as `domain/metric period date object`.
        statistic: String,
        /// Why it can't be stored.
        problem: String,
    },

    /// Two values can't be merged, mostly because their sum doesn't fit.
    #[error("{statistic}: {problem}")]
    Merge {
        /// The statistic, as `domain/metric period date object`.
        statistic: String,
        /// Why they don't merge.
        problem: String,
    },

    /// A metric or a domain still has statistics.
    #[error(
        "{what} still has statistics, the first of {first}; delete them first, or delete it with its statistics"
    )]
    NotEmpty {
        /// The metric or domain.
        what: String,
        /// The first statistic, as `domain/metric period date object`.
        first: String,
    },

    /// A query asks for what can't be worked out from the statistics that it reads.
    #[error("{what} can't be worked out: {problem}")]
    Underivable {
        /// What was asked for, of which period.
        what: String,
        /// Why not, and what to ask for instead.
        problem: &'static str,
    },

    /// The cursor isn't where the caller believes it to be.
    #[error(
        "the cursor {cursor:?} is not where this append starts from: its records were probably appended already; read the stored cursor and go on from there"
    )]
    CursorMoved {
        /// The cursor's name.
        cursor: String,
    },

    /// Another run wrote the metric while this one read its records, or the metric was deleted.
    #[error(
        "another run wrote {metric} while this one read its records, or it was deleted; nothing was stored; run it again"
    )]
    Overtaken {
        /// The metric as `domain/metric`.
        metric: String,
    },

    /// A run met more objects than it may.
    #[error(
        "the records are about more than {most} objects of one kind; nothing was stored; group by something coarser, or allow more"
    )]
    TooManyObjects {
        /// How many there may be.
        most: u64,
    },

    /// A record could not be read, and the run was told not to skip any.
    #[error("record {number}: {reason}; nothing was stored")]
    UnreadableRecord {
        /// The record's number, from 1.
        number: u64,
        /// Why it could not be read.
        reason: String,
    },

    /// The source of records failed, and can't go on.
    #[error("the records could not be read to their end: {reason}; nothing was stored")]
    Source {
        /// What the source said.
        reason: String,
    },

    /// There are no records at a path.
    #[error("{} {problem}", shown(path))]
    NoRecords {
        /// The path, or a name for people.
        path: PathBuf,
        /// What it is instead, and what to do.
        problem: &'static str,
    },

    /// The header of a file of records doesn't have a column.
    #[error("{}: {} (the first line must be a header)", shown(path), missing_column(column, columns))]
    UnknownColumn {
        /// The file, or a name for people.
        path: PathBuf,
        /// The column as it was asked for.
        column: String,
        /// The file's columns, those with the most similar names first.
        columns: Vec<String>,
    },

    /// The header of a file of records can't be read.
    #[error("{}:{line}: {problem}", shown(path))]
    UnreadableHeader {
        /// The file, or a name for people.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },

    /// A file that was to be read on is not the one that was read before.
    #[error(
        "{} is not the file that was read up to byte {offset} before: it was replaced or cut; append all of it under another cursor, or recompute",
        shown(path)
    )]
    Replaced {
        /// The file.
        path: PathBuf,
        /// How far it was read, in bytes.
        offset: u64,
    },

    /// Stored bytes are not a cursor of files.
    #[error("this is no cursor of files: {problem}; append under another cursor")]
    InvalidCursor {
        /// What is wrong with it.
        problem: String,
    },

    /// A line of an import can't be read or doesn't fit.
    #[error("line {line}: {problem}; nothing was imported")]
    Import {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },

    /// There is no store, and the caller didn't want a new one.
    #[error(
        "there is no store at {}; check the path, or record, track, import or restore into it to make one",
        shown(path)
    )]
    NoStore {
        /// Where it was looked for.
        path: PathBuf,
    },

    /// There is a store already where a new one was to be put.
    #[error(
        "there is a store at {} already; choose an empty or a new directory, and open the new store from there",
        shown(path)
    )]
    StoreExists {
        /// The store that is there.
        path: PathBuf,
    },

    /// The directory has files that aren't a store's.
    #[error(
        "{} holds something else than a trackstats store; choose an empty or a new directory",
        shown(path)
    )]
    NotAStore {
        /// The directory or file.
        path: PathBuf,
    },

    /// Another process, or another part of this one, has the store open.
    #[error(
        "the store at {} is open in another program, or twice in this one; close it there, ask that program, or read a backup or an export",
        shown(path)
    )]
    Locked {
        /// Where the store is.
        path: PathBuf,
    },

    /// The store was written in a format that this version doesn't know.
    #[error(
        "the store at {} has format {found}, and this version reads {known}; open it with the version that wrote it",
        shown(path)
    )]
    Format {
        /// Where the store is.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The format that this version reads and writes.
        known: u32,
    },

    /// Stored bytes are not what was written.
    #[error(
        "the store at {} is damaged: {problem}; restore it from a backup, or recover what is left of it into a new store",
        shown(path)
    )]
    Corrupt {
        /// Where the store is.
        path: PathBuf,
        /// What was found, and where.
        problem: String,
    },

    /// A backup can't be restored.
    #[error("the backup {} can't be restored: {problem}; nothing was put in its place", shown(path))]
    Backup {
        /// The backup's file, or a name for people.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },

    /// The operating system refused to read or write.
    ///
    /// Of a call that changes a store with [`Flush::Always`](crate::store::Flush::Always), it may mean that the change
    /// has happened but couldn't be flushed, since the folder was moved away: it can be read then, and is flushed by
    /// the next flush that succeeds.
    #[error("{action} {} failed: {source}", shown(path))]
    Io {
        /// What was being done, such as `opening`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// A write or a flush failed, mostly on a full disk, and the store writes nothing any more until all its clones are
    /// dropped and it is opened again. What was flushed is there then; a change that came later, also the one that
    /// failed, is there as a whole or not at all.
    ///
    /// It comes after an `fdatasync` that failed, since nobody can tell what the disk has then, and after a write of sled's
    /// that failed. Reads go on. A write to the journal that failed is an [`Io`](Self::Io), and may be tried again.
    #[error(
        "writing to the store at {} failed: {source}; what was flushed is safe: put that right, by making room for instance, then close the store and open it again",
        shown(path)
    )]
    Stopped {
        /// Where the store is.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// A write was tried in a store that was opened for [reading only](crate::store::Options::read_only).
    #[error(
        "the store at {} was opened for reading only; open it to write, where that is possible",
        shown(path)
    )]
    ReadOnly {
        /// Where the store is.
        path: PathBuf,
    },

    /// A store that was to be made of a backup, or of what was left of a damaged store, couldn't be written, mostly on a full
    /// disk. Nothing is left of it.
    #[error(
        "making a store at {} failed: {source}; nothing is left of it: put that right, by making room for instance, then do the same again",
        shown(path)
    )]
    NotMade {
        /// Where the store was to be.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// Damage was met while something was read, and what reads go to was made anew from the checkpoint and the journal.
    #[error(
        "the index of the store at {} was damaged and has been made anew; nothing is lost, do the same again",
        shown(path)
    )]
    MadeAnew {
        /// Where the store is.
        path: PathBuf,
    },

    /// A write was tried inside a change of the same thread.
    #[error("this thread has a change of the store open; write through that change, or after it")]
    NestedChange,
}
