//! Reading every entry of a store, and checking each by itself and against the registrations.

use super::verification::Verification;
use crate::{
    blocks::Table,
    calendar::Calendar,
    error::{self, Error},
    format::{
        BlockKey, DomainRecord, FORMAT, Form, KeyRange, MetricRecord, Record, SeenRecord, Space, StoreRecord,
        key,
    },
    kinds::Value,
    model::Ref,
    rollup::Grouping,
    storage::{Direction, Entry, Reads, Snapshot},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    marker::PhantomData,
};

const PAGE: usize = 512;

/// What is found in the entries: the problems, and what the calendar periods are compared by. Values are decoded as `V`.
#[derive(Debug)]
pub(super) struct Entries<V> {
    calendar: Calendar,
    pub(super) verification: Verification,
    domains: BTreeSet<String>,
    /// By domain and metric.
    pub(super) metrics: BTreeMap<(String, String), MetricRecord>,
    pub(super) groupings: BTreeMap<(String, String), Vec<Grouping>>,
    /// What is said once for a metric, not for each of its rows.
    unregistered: BTreeSet<(String, String)>,
    /// The key of the last entry; of a block, the one that its last object would have.
    last: Vec<u8>,
    value: PhantomData<fn() -> V>,
}

/// The ranges that hold all entries, in order: one for each space, also those that no store has, so that damage ends a
/// range and no more.
pub(super) fn everything() -> Vec<KeyRange> {
    let empty = KeyRange { start: Vec::new(), end: Some(vec![0]) };
    [empty].into_iter().chain((0..=u8::MAX).map(|space| KeyRange::prefix(vec![space]))).collect()
}

/// The ranges of a metric's entries, and of what they need.
pub(super) fn of_metric(domain: &str, metric: &str) -> Vec<KeyRange> {
    let only = |space: Space| KeyRange::prefix(space.key(&[domain, metric]));
    vec![
        KeyRange::prefix(Space::Domain.key(&[domain])),
        only(Space::Metric),
        only(Space::Plain),
        only(Space::Object),
        only(Space::Tracked),
    ]
}

impl<V: Value> Entries<V> {
    pub(super) fn new(calendar: Calendar) -> Self {
        Self {
            calendar,
            verification: Verification::default(),
            domains: BTreeSet::new(),
            metrics: BTreeMap::new(),
            groupings: BTreeMap::new(),
            unregistered: BTreeSet::new(),
            last: Vec::new(),
            value: PhantomData,
        }
    }

    /// Reads these ranges, which are in order. An entry that is damaged is a problem, and so ends its range; the next
    /// range is read all the same. What has to do with the machine tells nothing about the store, and is an error.
    pub(super) fn read(&mut self, snapshot: &Snapshot, ranges: Vec<KeyRange>) -> error::Result<()> {
        for range in ranges {
            let mut rest = Some(range);
            while let Some(range) = rest.take() {
                match snapshot.page(&range, Direction::Forwards, PAGE) {
                    Ok(page) => {
                        page.entries.into_iter().for_each(|entry| self.entry(&entry));
                        rest = page.rest;
                    }
                    Err(error @ Error::Corrupt { .. }) => {
                        let place = || format!("the entries from {}", hex(&range.start));
                        self.verification.add(place, format!("can't be read: {error}"));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) {
        self.verification.entries += 1;
        if self.verification.entries > 1 && entry.key <= self.last {
            self.wrong(&entry.key, "doesn't come after the one before");
        }
        self.last.clone_from(&entry.key);
        let is = |space: Space| entry.key.first() == Some(&(space as u8));
        let checked = if is(Space::Plain) || is(Space::Object) {
            self.block(entry);
            Ok(())
        } else if is(Space::Store) {
            Self::store(entry)
        } else if is(Space::Domain) {
            self.domain(entry)
        } else if is(Space::Metric) {
            self.metric(entry)
        } else if is(Space::Cursor) {
            one_of(Space::Cursor, &entry.key).map(drop)
        } else if is(Space::Tracked) {
            self.tracked(entry)
        } else {
            Err("is of no kind that a store has".to_owned())
        };
        if let Err(problem) = checked {
            self.wrong(&entry.key, problem);
        }
    }

    fn wrong(&mut self, key: &[u8], problem: impl Into<String>) {
        self.verification.add(|| format!("the entry {}", hex(key)), problem);
    }

    fn store(entry: &Entry) -> Result<(), String> {
        if entry.key == key::seen() {
            return SeenRecord::decode(&entry.value).map(drop).map_err(has);
        }
        if entry.key != key::store() {
            return Err("is of no kind that a store has".to_owned());
        }
        let record = StoreRecord::decode(&entry.value).map_err(has)?;
        if record.format == FORMAT { Ok(()) } else { Err("has a format that isn't known".to_owned()) }
    }

    fn domain(&mut self, entry: &Entry) -> Result<(), String> {
        let domain = one_of(Space::Domain, &entry.key)?;
        Ref::parse(&domain).map_err(|error| format!("has a wrong ref: {error}"))?;
        DomainRecord::decode(&entry.value).map_err(has)?;
        self.domains.insert(domain);
        Ok(())
    }

    fn metric(&mut self, entry: &Entry) -> Result<(), String> {
        self.verification.metrics += 1;
        let names = Space::Metric.names(&entry.key).map_err(has)?;
        let [domain, metric] = <[String; 2]>::try_from(names)
            .map_err(|names| format!("should have two names in its key, not {}", names.len()))?;
        for name in [&domain, &metric] {
            Ref::parse(name).map_err(|error| format!("has a wrong ref: {error}"))?;
        }
        let record = MetricRecord::decode(&entry.value).map_err(has)?;
        if !self.domains.contains(&domain) {
            let place = || format!("{domain}/{metric}");
            self.verification.add(place, "is of a domain that isn't registered");
        }
        if Form::of_kind(&record.kind).is_some_and(|form| form != record.form) {
            let place = || format!("{domain}/{metric}");
            self.verification.add(place, "is registered in another form than its kind of values has");
        }
        self.metrics.insert((domain, metric), record);
        Ok(())
    }

    fn tracked(&mut self, entry: &Entry) -> Result<(), String> {
        let grouping = Grouping::decode(&entry.key, &entry.value).map_err(has)?;
        let names = (grouping.domain.clone(), grouping.metric.clone());
        if self.registered(&names).is_some() {
            self.groupings.entry(names).or_default().push(grouping);
        }
        Ok(())
    }

    /// The registration of a metric that has statistics or was tracked.
    fn registered(&mut self, names: &(String, String)) -> Option<Form> {
        let form = self.metrics.get(names).map(|record| record.form);
        if form.is_none() && !self.unregistered.contains(names) {
            self.unregistered.insert(names.clone());
            let (domain, metric) = names;
            let place = || format!("{domain}/{metric}");
            self.verification.add(place, "has entries, but isn't registered");
        }
        form
    }

    fn block(&mut self, entry: &Entry) {
        self.verification.blocks += 1;
        let BlockKey { domain, metric, period, first_slot, object } = match BlockKey::decode(&entry.key) {
            Ok(key) => key,
            Err(malformed) => return self.wrong(&entry.key, has(malformed)),
        };
        let names = (domain, metric);
        let Some(form) = self.registered(&names) else { return };
        let table = Table::new(self.calendar, (&names.0, &names.1), period, form, object.is_some());
        let object = object.as_ref().map(key::object_bytes).unwrap_or_default();
        match table.check_block::<V>(first_slot, &object, &entry.value) {
            Ok((statistics, last)) => {
                self.verification.statistics += statistics;
                self.last = last;
            }
            Err(problem) => {
                let place = || format!("the block from {} on", table.describe(first_slot, &object));
                self.verification.add(place, problem);
            }
        }
    }
}

/// The only name in a key of this space.
fn one_of(space: Space, key: &[u8]) -> Result<String, String> {
    let names = space.names(key).map_err(has)?;
    let [name] = <[String; 1]>::try_from(names)
        .map_err(|names| format!("should have one name in its key, not {}", names.len()))?;
    Ok(name)
}

fn has(malformed: crate::format::Malformed) -> String {
    format!("has {}", malformed.0)
}

/// Bytes as they are written in `src/docs/format.md`, cut short if there are many.
fn hex(bytes: &[u8]) -> String {
    const MOST: usize = 60;
    let mut text = String::with_capacity(2 * bytes.len().min(MOST));
    for byte in bytes.iter().take(MOST) {
        // Writing to a String has no way to fail.
        let _ = write!(text, "{byte:02x}");
    }
    if bytes.len() > MOST {
        text.push_str("..");
    }
    text
}
