//! Recovering what is left of a damaged store.

use crate::{
    calendar::Calendar,
    error::{Error, Result},
    format::{BlockKey, DomainRecord, Form, MetricRecord, Record, Space, StoreRecord, form_of, key},
    kinds::Value,
    rollup::Tracked,
    storage::{Entry, Remains},
    store::{BulkLoad, Store, store_record},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// What was recovered of a damaged store, and what was lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoverReport {
    /// The entries that were copied: blocks of statistics, registrations, cursors.
    pub entries: u64,
    /// How many there should be, if that could be read.
    pub expected: Option<u64>,
    /// Places in the files that are not what was written, and entries there; most have been written again later.
    pub damaged: u64,
    /// How many of the last writes that were flushed are not there, if that could be read. A small change is one write,
    /// a large one is several.
    pub lost_writes: Option<u64>,
    /// Blocks left out since the registration of their metric is lost, and with it the kind of their values; by metric,
    /// as `domain/metric`.
    pub unregistered: BTreeMap<String, u64>,
    /// Metrics of which the registration is lost, and which were registered again as integers without a name.
    pub registered_again: Vec<String>,
    /// Everything is there, as it was written last. Otherwise, some of what was copied may be older than what was
    /// written last.
    pub complete: bool,
}

impl Store {
    /// Copies everything that can be read of a damaged store into a new one, in a directory that is empty or not there.
    /// The damaged store stays as it is. All that is left of it is held in memory meanwhile.
    ///
    /// A backup is better, if there is one: what is copied may lack the latest changes, or have them in part.
    /// [`verify`](Store::verify) tells whether what is left agrees with itself.
    ///
    /// `calendar` is for a store whose own can't be read.
    ///
    /// ```
    /// use trackstats::{Domain, Metric, Period, Store};
    ///
    /// const TILL: Domain = Domain::new("till", "The till");
    /// const SALES: Metric = Metric::new(TILL, "sales", "Sales");
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (damaged, new) = (folder.path().join("damaged"), folder.path().join("new"));
    /// let store = Store::open(&damaged)?;
    /// store.record(SALES.on(Period::Day, store.today()?), 12)?;
    /// drop(store);
    /// std::fs::remove_file(damaged.join("manifest"))?;
    /// assert!(Store::open(&damaged).is_err());
    ///
    /// let report = Store::recover(&damaged, &new, None)?;
    /// assert!(report.complete);
    /// assert_eq!(Store::open(&new)?.series(SALES, Period::Day).values()?, [Some(12)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Corrupt`] when nothing can be read, or when there is no `calendar` and the store's can't be read;
    /// [`Error::NoStore`], [`Error::Locked`], [`Error::StoreExists`], [`Error::NotAStore`] or [`Error::Io`].
    pub fn recover(
        damaged: impl AsRef<Path>,
        directory: impl AsRef<Path>,
        calendar: Option<Calendar>,
    ) -> Result<RecoverReport> {
        let (damaged, directory) = (damaged.as_ref(), directory.as_ref());
        let unfinished = BulkLoad::begin(directory)?;
        let remains = Remains::read(damaged)?;
        let mut recover = Recover::new(unfinished, &remains);
        remains.entries.into_iter().try_for_each(|entry| recover.entry(entry))?;
        recover.record(damaged, calendar)?;
        recover.unfinished.finish()?;
        Ok(recover.report)
    }
}

/// A recover under way.
struct Recover {
    /// The new store, which is none until all of it is written.
    unfinished: BulkLoad,
    report: RecoverReport,
    has_record: bool,
    domains: BTreeSet<String>,
    metrics: BTreeSet<(String, String)>,
}

impl Recover {
    fn new(unfinished: BulkLoad, remains: &Remains) -> Self {
        let Remains { expected, damaged, lost_batches: lost_writes, complete, .. } = *remains;
        Self {
            unfinished,
            report: RecoverReport { expected, damaged, lost_writes, complete, ..RecoverReport::default() },
            has_record: false,
            domains: BTreeSet::new(),
            metrics: BTreeSet::new(),
        }
    }

    /// Takes the next entry, in the order of the keys: registrations come before blocks.
    fn entry(&mut self, mut entry: Entry) -> Result<()> {
        let of = |space: Space| entry.key.first() == Some(&(space as u8));
        let kept = if entry.key == key::store() {
            self.has_record = StoreRecord::decode(&entry.value).is_ok();
            self.report.damaged += u64::from(!self.has_record);
            self.has_record
        } else if of(Space::Plain) || of(Space::Object) {
            self.row(&entry)?
        } else {
            if let Ok([domain]) = Space::Domain.names(&entry.key).as_deref() {
                self.domains.insert(domain.clone());
            }
            if let Ok([domain, metric]) = Space::Metric.names(&entry.key).as_deref() {
                self.domain(domain)?;
                self.metrics.insert((domain.clone(), metric.clone()));
            }
            if of(Space::Tracked)
                && let Ok(tracked) = Tracked::decode(&entry.value)
            {
                // Days or months may be lost: they aren't in step until a rebuild.
                entry.value = Tracked { in_step: Vec::new(), ..tracked }.encode();
            }
            true
        };
        if !kept {
            return Ok(());
        }
        self.report.entries += 1;
        self.unfinished.put(entry.key, entry.value)
    }

    /// Sees to it that a block's metric is registered; says whether it is.
    fn row(&mut self, entry: &Entry) -> Result<bool> {
        let Ok(BlockKey { domain, metric, .. }) = BlockKey::decode(&entry.key) else {
            self.report.damaged += 1;
            return Ok(false);
        };
        if self.metrics.contains(&(domain.clone(), metric.clone())) {
            return Ok(true);
        }
        let name = format!("{domain}/{metric}");
        if form_of(&entry.value) != Some(Form::Integers) {
            *self.report.unregistered.entry(name).or_default() += 1;
            return Ok(false);
        }
        self.domain(&domain)?;
        let (kind, form) = (i64::KIND.to_owned(), Form::Integers);
        let record = MetricRecord { name: metric.clone(), description: String::new(), kind, form };
        self.unfinished.put(Space::Metric.key(&[&domain, &metric]), record.encode())?;
        self.metrics.insert((domain, metric));
        self.report.registered_again.push(name);
        Ok(true)
    }

    fn domain(&mut self, domain: &str) -> Result<()> {
        if self.domains.insert(domain.to_owned()) {
            let record = DomainRecord { name: domain.to_owned() };
            self.unfinished.put(Space::Domain.key(&[domain]), record.encode())?;
        }
        Ok(())
    }

    /// Sees to it that the store has its record.
    fn record(&mut self, damaged: &Path, calendar: Option<Calendar>) -> Result<()> {
        if self.has_record {
            return Ok(());
        }
        let problem =
            "its calendar can't be read, and without it no date is known; give the calendar".to_owned();
        let calendar = calendar.ok_or_else(|| Error::Corrupt { path: damaged.to_owned(), problem })?;
        self.unfinished.put(key::store(), store_record(&calendar).encode())
    }
}
