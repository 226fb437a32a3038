//! Recovering what is left of a damaged store.

use crate::{
    blocks::ReplayedRows,
    calendar::Calendar,
    error::{Error, Result},
    format::{
        BlockKey, ChangeReader, DomainRecord, Form, Logged, MetricRecord, Record, Space, StoreRecord,
        form_of, key,
    },
    kinds::Value,
    rollup::Tracked,
    storage::{Entry, Remains, Transaction},
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
    /// The entries that the new store has: blocks of statistics, registrations, cursors.
    pub entries: u64,
    /// What is missing, or may be, a sentence each; nothing if everything that was flushed is there.
    pub missing: Vec<String>,
    /// Blocks left out since the registration of their metric is lost, and with it the kind of their values; by metric,
    /// as `domain/metric`.
    pub unregistered: BTreeMap<String, u64>,
    /// Metrics of which the registration is lost, and which were registered again as integers without a name.
    pub registered_again: Vec<String>,
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
    /// std::fs::remove_file(damaged.join("checkpoint-0"))?;
    /// std::fs::remove_file(damaged.join("closed"))?;
    /// assert!(Store::open(&damaged).is_err());
    ///
    /// let report = Store::recover(&damaged, &new, None)?;
    /// assert_eq!(report.missing, ["its index may be older than its last changes", "its checkpoint is not there"]);
    /// assert_eq!(Store::open(&new)?.series(SALES, Period::Day).values()?, [Some(12)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Corrupt`] when nothing can be read, or when there is no `calendar` and the store's can't be read;
    /// [`Error::NoStore`], [`Error::Locked`], [`Error::StoreExists`], [`Error::NotAStore`], [`Error::Io`] or
    /// [`Error::NotMade`].
    pub fn recover(
        damaged: impl AsRef<Path>,
        directory: impl AsRef<Path>,
        calendar: Option<Calendar>,
    ) -> Result<RecoverReport> {
        let (damaged, directory) = (damaged.as_ref(), directory.as_ref());
        let unfinished = BulkLoad::begin(directory)?;
        let remains = Remains::read(damaged, &directory.join(SCRATCH))?;
        let mut recover = Recover::default();
        let registered = remains.parts.iter().flat_map(|part| puts(part));
        let known = remains.entries.iter().map(|entry| (&*entry.key, &*entry.value)).chain(registered);
        let mut registrations = BTreeMap::new();
        for (key, value) in known {
            if recover.know(key, value) {
                registrations.insert(key, value);
            }
        }
        let entries = unfinished.load(|change| {
            recover.record(change, damaged, calendar)?;
            registrations.iter().try_for_each(|(key, value)| change.put(key.to_vec(), value.to_vec()))?;
            let mut rows = ReplayedRows::default();
            for Entry { key, value } in &remains.entries {
                let taken = recover.entry(change, &mut rows, key, value);
                recover.skip_what_does_not_fit(taken)?;
            }
            for part in &remains.parts {
                recover.part(change, &mut rows, part)?;
            }
            let written = rows.write(change);
            recover.skip_what_does_not_fit(written)
        })?;
        let Recover { unregistered, registered_again, mut missing, .. } = recover;
        missing.splice(0..0, remains.missing);
        Ok(RecoverReport { entries, missing, unregistered, registered_again })
    }
}

/// Where the index of the damaged store is copied to, in the folder of the new one.
const SCRATCH: &str = "sled-0";

/// The entries that a part of a change puts.
fn puts(part: &[u8]) -> Vec<(&[u8], &[u8])> {
    let (mut reader, mut puts) = (ChangeReader::new(part), Vec::new());
    while let Ok(Some(logged)) = reader.next() {
        if let Logged::Put(key, value) = logged {
            puts.push((key, value));
        }
    }
    puts
}

/// A recover under way.
#[derive(Debug, Default)]
struct Recover {
    /// The store's record, the latest that was found.
    record: Option<StoreRecord>,
    domains: BTreeSet<String>,
    metrics: BTreeSet<(String, String)>,
    unregistered: BTreeMap<String, u64>,
    registered_again: Vec<String>,
    missing: Vec<String>,
}

impl Recover {
    /// Learns what is registered; says whether this is a registration.
    fn know(&mut self, key: &[u8], value: &[u8]) -> bool {
        if key == key::store() {
            self.record = StoreRecord::decode(value).ok().or(self.record.take());
        }
        if let Ok([domain]) = Space::Domain.names(key).as_deref() {
            self.domains.insert(domain.clone());
            return true;
        }
        if let Ok([domain, metric]) = Space::Metric.names(key).as_deref()
            && MetricRecord::decode(value).is_ok()
        {
            self.metrics.insert((domain.clone(), metric.clone()));
            return true;
        }
        false
    }

    /// Takes the next entry.
    fn entry(
        &mut self,
        change: &mut Transaction<'_>,
        rows: &mut ReplayedRows,
        key: &[u8],
        value: &[u8],
    ) -> Result<()> {
        let of = |space: Space| key.first() == Some(&(space as u8));
        if of(Space::Plain) || of(Space::Object) {
            let Ok(BlockKey { domain, metric, .. }) = BlockKey::decode(key) else {
                self.missing.push("a block whose key can't be read".to_owned());
                return Ok(());
            };
            if self.is_registered(change, domain, metric, form_of(value) == Some(Form::Integers))? {
                rows.block(change, key, value)?;
            }
            return Ok(());
        }
        put(change, key, value)
    }

    /// Does what a part of a change says.
    fn part(&mut self, change: &mut Transaction<'_>, rows: &mut ReplayedRows, part: &[u8]) -> Result<()> {
        let mut reader = ChangeReader::new(part);
        while let Ok(Some(logged)) = reader.next() {
            if let Logged::Row(span, ..) | Logged::Absent(span, ..) = &logged {
                let Ok((domain, metric, ..)) = key::decode_span(span) else { continue };
                if self.is_registered(change, domain, metric, false)? {
                    let taken = rows.logged(change, logged);
                    self.skip_what_does_not_fit(taken)?;
                }
            } else if let Logged::Put(key, value) = logged {
                // Rows before it may be of another form than those behind it.
                let written = rows.write(change);
                self.skip_what_does_not_fit(written)?;
                put(change, key, value)?;
            } else {
                let taken = rows.logged(change, logged);
                self.skip_what_does_not_fit(taken)?;
            }
        }
        Ok(())
    }

    /// Goes on without what doesn't fit to the rest, and says so.
    fn skip_what_does_not_fit(&mut self, taken: Result<()>) -> Result<()> {
        match taken {
            Err(Error::Corrupt { problem, .. }) => self.missing.push(problem),
            taken => taken?,
        }
        Ok(())
    }

    /// Sees to it that a metric is registered, again if it has integers; says whether it is.
    fn is_registered(
        &mut self,
        change: &mut Transaction<'_>,
        domain: String,
        metric: String,
        has_integers: bool,
    ) -> Result<bool> {
        let names = (domain, metric);
        if self.metrics.contains(&names) {
            return Ok(true);
        }
        let (domain, metric) = &names;
        let name = format!("{domain}/{metric}");
        if !has_integers {
            *self.unregistered.entry(name).or_default() += 1;
            return Ok(false);
        }
        if self.domains.insert(domain.clone()) {
            let record = DomainRecord { name: domain.clone() };
            change.put(Space::Domain.key(&[domain]), record.encode())?;
        }
        let (kind, form) = (i64::KIND.to_owned(), Form::Integers);
        let record = MetricRecord { name: metric.clone(), description: String::new(), kind, form };
        change.put(Space::Metric.key(&[domain, metric]), record.encode())?;
        self.metrics.insert(names);
        self.registered_again.push(name);
        Ok(true)
    }

    /// Writes the store's record.
    fn record(
        &mut self,
        change: &mut Transaction<'_>,
        damaged: &Path,
        calendar: Option<Calendar>,
    ) -> Result<()> {
        let problem =
            "its calendar can't be read, and without it no date is known; give the calendar".to_owned();
        let record = self.record.take().or(calendar.map(|calendar| store_record(&calendar)));
        let record = record.ok_or_else(|| Error::Corrupt { path: damaged.to_owned(), problem })?;
        change.put(key::store(), record.encode())
    }
}

/// Takes an entry that isn't a block, and not the store's record.
fn put(change: &mut Transaction<'_>, key: &[u8], value: &[u8]) -> Result<()> {
    if key == key::store() {
        return Ok(());
    }
    let mut value = value.to_vec();
    if key.first() == Some(&(Space::Tracked as u8))
        && let Ok(tracked) = Tracked::decode(&value)
    {
        // Days or months may be lost: they aren't in step until a rebuild.
        value = Tracked { in_step: Vec::new(), ..tracked }.encode();
    }
    change.put(key.to_vec(), value)
}
