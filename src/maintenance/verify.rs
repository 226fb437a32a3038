//! Checking a store.

use super::{
    difference::Differences,
    entries::{self, Entries},
    rebuild::kept_tables,
    verification::Verification,
};
use crate::{
    error::{Error, Result},
    format::Form,
    kinds::{AnyValue, Figures, KindVisitor, Value, visit_kind},
    model::{Domain, Metric},
    rollup::{Comparison, Grouping},
    storage::Snapshot,
    store::Store,
};

impl Store {
    /// Reads the whole store and checks it, as it was at one moment; changes nothing.
    ///
    /// Checked are:
    ///
    /// - that all entries are there, as they were written last;
    /// - each entry's key, and the order of the keys;
    /// - each record, block and row;
    /// - the dates of the blocks and of their statistics;
    /// - that what has statistics or is tracked is registered;
    /// - that each calendar period that trackers keep agrees with its days, by object and date. Hours and days are
    ///   sources, and running periods are worked out when they are read. Periods that no tracker keeps are read, but there
    ///   is nothing to compare them with.
    ///
    /// Others may write meanwhile. What they replace is kept in memory until the check is done.
    ///
    /// ```
    /// use trackstats::{Domain, Metric, Period, Store, Timestamp, Tracker, chrono::NaiveDate};
    ///
    /// const APP: Domain = Domain::new("app", "Our app");
    /// const LAUNCHES: Metric = Metric::new(APP, "launches", "Launches");
    ///
    /// let store = Store::in_memory()?;
    /// let tracker = Tracker::count(LAUNCHES, |at: &Timestamp| *at).periods([Period::Year]);
    /// tracker.append().run(&store, [Timestamp::from_unix_seconds(1_715_000_000)])?;
    /// assert!(store.verify()?.is_sound());
    ///
    /// let day: NaiveDate = "2024-05-06".parse()?;
    /// store.record(LAUNCHES.on(Period::Day, day), 4)?;
    /// let found = store.verify()?;
    /// assert_eq!(found.problems[0].to_string(), "app/launches year 2024-01-01 is 1, but its days make it 4");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// None for what is wrong in the store: that is in the [`Verification`]. [`Error::Io`] or [`Error::Stopped`] for what
    /// keeps it from being checked; [`Error::MadeAnew`] when damage was met that has been mended by now: verify it again.
    pub fn verify(&self) -> Result<Verification> {
        let snapshot = self.snapshot();
        let mut entries = Entries::<AnyValue>::new(*self.calendar());
        entries.read(&snapshot, entries::everything())?;
        let Entries { mut verification, metrics, groupings, .. } = entries;
        match self.check() {
            Ok(()) => {}
            Err(error @ Error::Corrupt { .. }) => {
                let place = || "the store's folder".to_owned();
                verification.add(place, format!("isn't as it was written: {error}"));
            }
            Err(error) => return Err(error),
        }
        for (names, groupings) in groupings {
            let Some(record) = metrics.get(&names) else { continue };
            let (domain, metric) = names;
            let is_derived =
                groupings.iter().any(|grouping| grouping.tracked.calendar_periods().next().is_some());
            let (form, verification) = (record.form, &mut verification);
            let found = Found { store: self, snapshot: &snapshot, form, groupings, verification };
            match visit_kind(&record.kind, CompareKind { found, names: (&domain, &metric) }) {
                Some(compared) => compared?,
                None if is_derived => verification.not_compared.push(format!("{domain}/{metric}")),
                None => {}
            }
        }
        Ok(verification)
    }

    /// As [`verify`](Self::verify), for one metric: also of a kind of your own, whose values only your program can
    /// decode and merge. Of a metric that isn't registered, nothing is read.
    ///
    /// # Errors
    /// [`Error::WrongKind`], and as [`verify`](Self::verify).
    pub fn verify_metric<V: Value>(&self, metric: Metric<'_, V>) -> Result<Verification> {
        let (snapshot, form) = self.snapshot_with_form(&metric)?;
        let Some(form) = form else { return Ok(Verification::default()) };
        let (domain, reference) = (metric.domain_ref(), metric.metric_ref());
        let mut entries = Entries::<V>::new(*self.calendar());
        entries.read(&snapshot, entries::of_metric(domain, reference))?;
        let groupings = entries.groupings.remove(&(domain.to_owned(), reference.to_owned()));
        let verification = &mut entries.verification;
        let groupings = groupings.unwrap_or_default();
        Found { store: self, snapshot: &snapshot, form, groupings, verification }.compare_with(&metric)?;
        Ok(entries.verification)
    }
}

/// A metric that was tracked, as its entries tell.
struct Found<'f> {
    store: &'f Store,
    snapshot: &'f Snapshot,
    form: Form,
    groupings: Vec<Grouping>,
    verification: &'f mut Verification,
}

/// The comparison of a metric of one of the crate's own kinds.
struct CompareKind<'f> {
    found: Found<'f>,
    /// Of the domain and the metric.
    names: (&'f str, &'f str),
}

impl KindVisitor for CompareKind<'_> {
    type Output = Result<()>;

    fn visit<V: Figures>(self) -> Result<()> {
        let (domain, metric) = self.names;
        let metric: Metric<'_, V> = Metric::parse(Domain::parse(domain, domain)?, metric, metric)?;
        self.found.compare_with(&metric)
    }
}

impl Found<'_> {
    /// Adds the statistics of calendar periods that differ from their days to the problems.
    fn compare_with<V: Value>(self, metric: &Metric<'_, V>) -> Result<()> {
        let Self { store, snapshot, form, groupings, verification } = self;
        let tables = kept_tables(store, metric, form, &groupings);
        for difference in Differences::new(Comparison::<_, V>::new(snapshot.clone(), tables)) {
            match difference {
                Ok(difference) => {
                    verification.differences += 1;
                    verification.add(|| difference.place(), difference.problem());
                }
                Err(Error::Merge { statistic, problem }) => {
                    verification.add(|| statistic, format!("can't be worked out from its days: {problem}"));
                }
                // It is among the problems already.
                Err(Error::Corrupt { .. }) if !verification.is_sound() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
