//! A store, and the model of what it holds.

use super::{
    expected::{
        DOMAINS, Event, Kind, METRICS, NAMES, RUNNING, State, Statistics, TRACKED, by_kind, first_of, key,
        metric, today,
    },
    operation::{Failure, Look, Operation, Place, Write},
};
use tempfile::TempDir;
use trackstats::{
    Domain, Error, Object, Period, Result, Store, Tracker,
    chrono::Days,
    exchange::{export, import},
    kinds::{AnyValue, Min},
    model::{Date, Id, Statistic, StatisticKey},
    query::Fill,
    store::{Change, Deletion, FixedClock, Flush, Options, Prefix},
    track::Since,
};

/// A store, in a folder or in memory, and what it should hold.
pub struct World {
    store: Option<Store>,
    state: State,
    held: Vec<Held>,
    /// None for a store in memory.
    folder: Option<TempDir>,
    /// How many stores there were in the folder.
    stores: u32,
}

/// A reading that goes on while the store is written to.
struct Held {
    found: Statistics,
    rest: Box<dyn Iterator<Item = Result<Statistic<AnyValue>>>>,
    expected: Statistics,
}

fn options() -> Options {
    let now = today().and_hms_opt(23, 59, 59).unwrap().and_utc();
    Store::options().clock(FixedClock(now.into())).flush(Flush::Explicit)
}

/// A key of a place, without its metric.
fn on<V: Kind>(place: &Place, name: usize) -> StatisticKey<'static, V> {
    let key = metric::<V>(place.metric, name).on(place.period, place.date);
    match &place.object {
        Some(object) => key.of(object),
        None => key,
    }
}

/// A statistic as the model has it.
fn entry<V: Kind>(statistic: Statistic<V>) -> (super::expected::Key, Option<AnyValue>) {
    let series = &statistic.series;
    let found = METRICS.iter().position(|known| (known.0, known.1) == (series.domain(), series.metric()));
    let object = series.object().cloned();
    let key = (object.is_some(), found.unwrap(), series.period(), statistic.date, object);
    (key, statistic.value.map(|value| value.any()))
}

impl Kind for AnyValue {
    fn new(_: u8) -> Self {
        unreachable!("it has no values of its own")
    }
    fn any(&self) -> AnyValue {
        self.clone()
    }
}

impl World {
    pub fn on_disk() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = options().open(folder.path().join("store 0")).unwrap();
        Self {
            store: Some(store),
            state: State::default(),
            held: Vec::new(),
            folder: Some(folder),
            stores: 1,
        }
    }

    pub fn in_memory() -> Self {
        let store = options().in_memory().unwrap();
        Self { store: Some(store), state: State::default(), held: Vec::new(), folder: None, stores: 1 }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    /// Does it to the store and to the model.
    pub fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Write(write) => {
                self.write(write);
            }
            Operation::Change { writes, fails } => self.change(writes, *fails),
            Operation::RecordAll(metric, statistics) => {
                by_kind!(*metric, record_all(self.store(), statistics));
                for (place, value) in statistics {
                    self.state.set(place, *value);
                }
            }
            Operation::Large { place, objects, value, fails } => {
                self.large(place, *objects, *value, *fails);
            }
            Operation::Register { metric, name } => {
                by_kind!(*metric, register(self.store(), *metric, *name));
                self.state.register(*metric, *name);
            }
            Operation::DeleteMetric { metric, with_statistics } => {
                let deleted = by_kind!(*metric, delete_metric(self.store(), *metric, *with_statistics));
                self.deleted(&[*metric], *with_statistics, deleted, |state| state.delete(*metric));
            }
            Operation::DeleteDomain { domain, with_statistics } => {
                let reference = DOMAINS[*domain];
                let how = deletion(*with_statistics);
                let deleted = self.store().delete_domain(Domain::new(reference, ""), how);
                let metrics = METRICS.iter().enumerate().filter(|(_, known)| known.0 == reference);
                let metrics: Vec<usize> = metrics.map(|(metric, _)| metric).collect();
                self.deleted(&metrics, *with_statistics, deleted, |state| {
                    for metric in &metrics {
                        state.delete(*metric);
                    }
                    state.domains.remove(reference).is_some()
                });
            }
            Operation::Append { events, stale, memory_bytes } => self.append(events, *stale, *memory_bytes),
            Operation::Recompute { events, memory_bytes } => {
                self.state.events.extend(events);
                let all = self.state.events.iter().rev().copied();
                tracker(*memory_bytes).recompute().since(Since::Beginning).run(self.store(), all).unwrap();
                self.state.track();
            }
            Operation::Flush => self.store().flush().unwrap(),
            Operation::Reopen => self.reopen(),
            Operation::Compact => drop(self.store().compact().unwrap()),
            Operation::Restore => self.restore(),
            Operation::Import => self.import(),
            Operation::Hold => self.hold(),
            Operation::ReadHeld => self.read_held(),
            Operation::Look(look) => self.look(look),
        }
    }

    fn write(&mut self, write: &Write) {
        let store = self.store();
        match write {
            Write::Record(place, value) => by_kind!(place.metric, record(store, place, *value)),
            Write::Missing(place) => by_kind!(place.metric, record_missing(store, place)),
            Write::Delete(place) => {
                let was_there = by_kind!(place.metric, delete(store, place));
                assert_eq!(was_there, self.state.statistics.contains_key(&key(place)), "{place:?}");
            }
        }
        self.state.write(write);
    }

    fn change(&mut self, writes: &[Write], fails: Option<Failure>) {
        let mut state = self.state.clone();
        let done = self.store().change(|change| {
            for write in writes {
                let (Write::Record(place, _) | Write::Missing(place) | Write::Delete(place)) = write;
                by_kind!(place.metric, write_in(change, write, &mut state))?;
            }
            fail(change, fails)
        });
        match done {
            Ok(()) => self.state = state,
            Err(Error::Source { .. }) => assert_eq!(fails, Some(Failure::Caller)),
            Err(Error::HourOutOfRange { .. }) => assert_eq!(fails, Some(Failure::Hour)),
            Err(Error::WrongKind { .. }) => assert_eq!(fails, Some(Failure::Kind)),
            Err(error) => panic!("{error}"),
        }
        if fails.is_some() {
            self.compare();
        }
    }

    fn large(&mut self, place: &Place, objects: u64, value: u8, fails: bool) {
        let with = |id: u64| Place { object: Some(Object::new("large", id).unwrap()), ..place.clone() };
        let places: Vec<(Place, Option<u8>)> = (0..objects).map(|id| (with(id), Some(value))).collect();
        let done = self.store().change(|change| {
            by_kind!(place.metric, record_all_in(change, &places))?;
            fail(change, fails.then_some(Failure::Caller))
        });
        if fails {
            assert!(matches!(done, Err(Error::Source { .. })));
            self.compare();
        } else {
            done.unwrap();
            for (place, value) in &places {
                self.state.set(place, *value);
            }
        }
    }

    fn deleted(
        &mut self,
        metrics: &[usize],
        with_statistics: bool,
        deleted: Result<bool>,
        delete: impl FnOnce(&mut State) -> bool,
    ) {
        if !with_statistics && metrics.iter().any(|metric| self.state.has_statistics(*metric)) {
            assert!(matches!(deleted, Err(Error::NotEmpty { .. })), "{deleted:?}");
        } else {
            assert_eq!(deleted.unwrap(), delete(&mut self.state));
        }
    }

    fn append(&mut self, events: &[Event], stale: bool, memory_bytes: usize) {
        let mut from = self.state.cursor.clone();
        let mut to = from.clone().unwrap_or_default();
        to.push(u8::try_from(events.len()).unwrap());
        if stale {
            from = Some(to.clone());
        }
        let tracker = tracker(memory_bytes);
        let append = tracker.append().cursor("events", from.as_deref(), || to.clone());
        let appended = append.run(self.store(), events.iter().copied());
        if stale {
            assert!(matches!(appended, Err(Error::CursorMoved { .. })), "{appended:?}");
        } else {
            assert_eq!(appended.unwrap().read, events.len() as u64);
            self.state.events.extend(events);
            self.state.cursor = Some(to);
            self.state.track();
        }
    }

    /// Drops the store and opens it again; nothing, in memory.
    fn reopen(&mut self) {
        self.read_held();
        if let Some(folder) = &self.folder {
            drop(self.store.take());
            let path = folder.path().join(format!("store {}", self.stores - 1));
            self.store = Some(options().create(false).open(path).unwrap());
        }
    }

    fn restore(&mut self) {
        let backup = |store: &Store| {
            let mut bytes = Vec::new();
            store.write_backup(&mut bytes).unwrap();
            bytes
        };
        let bytes = backup(self.store());
        let Some(folder) = &self.folder else { return };
        let path = folder.path().join(format!("store {}", self.stores));
        Store::read_backup(bytes.as_slice(), &path).unwrap();
        let restored = options().create(false).open(path).unwrap();
        assert_eq!(backup(&restored), bytes);
        self.read_held();
        self.store = Some(restored);
        self.stores += 1;
    }

    fn import(&self) {
        let exported = |store: &Store| {
            let mut bytes = Vec::new();
            export(store, &Prefix::everything(), &mut bytes).unwrap();
            bytes
        };
        let bytes = exported(self.store());
        let copy = options().in_memory().unwrap();
        let report = import(&copy, bytes.as_slice()).unwrap();
        assert_eq!(report.statistics, self.state.statistics.len() as u64);
        assert_eq!(exported(&copy), bytes);
        assert_same(&running(&copy), &self.state.running());
    }

    /// Begins to read everything, and goes a little way.
    fn hold(&mut self) {
        let mut rest = self.store().scan(&Prefix::everything());
        let found = rest.by_ref().take(3).map(|statistic| entry(statistic.unwrap())).collect();
        self.held.push(Held { found, rest: Box::new(rest), expected: self.state.statistics.clone() });
        let series = self.store().series(metric::<i64>(4, 0), Period::Day).by(["user"]);
        let rest = series.statistics().unwrap().map(|statistic| {
            let Statistic { series, date, value } = statistic?;
            Ok(Statistic { series, date, value: value.map(AnyValue::Integer) })
        });
        let expected = self.state.statistics.iter().filter(|((_, metric, period, _, object), _)| {
            (*metric, *period) == (4, Period::Day)
                && object.as_ref().is_some_and(|object| object.kinds().eq(["user"]))
        });
        let expected = expected.map(|(key, value)| (key.clone(), value.clone())).collect();
        self.held.push(Held { found: Statistics::new(), rest: Box::new(rest), expected });
        let series = self.store().series(metric::<i64>(0, 0), Period::Lifetime).by(["group"]);
        let rest = series.newest_first().statistics().unwrap().map(|statistic| {
            let Statistic { series, date, value } = statistic?;
            Ok(Statistic { series, date, value: value.map(AnyValue::Integer) })
        });
        let mut expected = self.state.running();
        expected.retain(|key, _| (key.0, key.2) == (true, Period::Lifetime));
        self.held.push(Held { found: Statistics::new(), rest: Box::new(rest), expected });
    }

    /// Reads on, and finds what was there then.
    pub fn read_held(&mut self) {
        for Held { mut found, rest, expected } in self.held.drain(..) {
            found.extend(rest.map(|statistic| entry(statistic.unwrap())));
            assert_same(&found, &expected);
        }
    }

    /// Compares everything.
    pub fn compare(&self) {
        let (store, state) = (self.store(), &self.state);
        let found: Vec<_> =
            store.scan(&Prefix::everything()).map(|statistic| entry(statistic.unwrap())).collect();
        assert!(found.is_sorted_by(|a, b| a.0 < b.0), "not in order: {found:?}");
        assert_same(&found.into_iter().collect(), &state.statistics);
        assert_same(&running(store), &state.running());
        let domains = store.domains();
        let domains = domains.iter().map(|domain| (domain.reference(), domain.name()));
        assert!(domains.eq(state.domains.iter().map(|(domain, name)| (*domain, NAMES[*name]))));
        let metrics = store.metrics();
        let metrics = metrics
            .iter()
            .map(|info| (info.domain(), info.reference(), info.kind(), info.name(), info.description()));
        let expected = state.metrics.iter().map(|(metric, name)| {
            let (domain, reference, kind) = METRICS[*metric];
            (domain, reference, kind, NAMES[*name], NAMES[2 - name])
        });
        assert!(metrics.eq(expected), "{:?}", store.metrics());
        assert_eq!(store.cursor("events").unwrap(), state.cursor);
        assert_eq!(store.cursor("other").unwrap(), None);
    }

    fn look(&self, look: &Look) {
        by_kind!(look.place.metric, look_at(self.store(), &self.state, look));
        // Under a prefix of so many names.
        let Place { metric, period, date, .. } = look.place;
        let (domain, reference, _) = METRICS[metric];
        let mut prefix = Prefix::domain(domain).unwrap();
        let names = look.choice % 4;
        if names > 0 {
            prefix = prefix.metric(reference).unwrap();
        }
        if names > 1 {
            prefix = prefix.period(period);
        }
        if names > 2 {
            prefix = prefix.date(date.day());
        }
        let found: Vec<_> = self.store().scan(&prefix).map(|statistic| entry(statistic.unwrap())).collect();
        let expected = self.state.statistics.iter().filter(|(key, _)| {
            METRICS[key.1].0 == domain
                && (names < 1 || key.1 == metric)
                && (names < 2 || key.2 == period)
                && (names < 3 || key.3.day() == first_of(period, date.day()))
        });
        assert!(found.iter().map(|(key, value)| (key, value)).eq(expected), "{prefix:?}: {found:?}");
    }
}

impl Drop for World {
    /// What is still being read is compared too, unless there is a failure already.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.read_held();
        }
    }
}

fn assert_same(found: &Statistics, expected: &Statistics) {
    for key in found.keys().chain(expected.keys()) {
        assert_eq!(found.get(key), expected.get(key), "{key:?}");
    }
}

/// The running periods of the first metric, as a store says them forwards and backwards.
fn running(store: &Store) -> Statistics {
    let mut running = Statistics::new();
    for period in RUNNING {
        let series = store.series(metric::<i64>(0, 0), period);
        for query in [series.clone(), series.by(["group"])] {
            let found = query.all().unwrap();
            assert!(query.newest_first().all().unwrap().iter().rev().eq(&found));
            running.extend(found.into_iter().map(entry));
        }
    }
    running
}

fn deletion(with_statistics: bool) -> Deletion {
    if with_statistics { Deletion::WithStatistics } else { Deletion::OnlyEmpty }
}

fn record<V: Kind>(store: &Store, place: &Place, value: u8) {
    store.record(on(place, 0), V::new(value)).unwrap();
}

fn record_missing<V: Kind>(store: &Store, place: &Place) {
    store.record_missing(on::<V>(place, 0)).unwrap();
}

fn delete<V: Kind>(store: &Store, place: &Place) -> bool {
    store.delete(&on::<V>(place, 0)).unwrap()
}

fn register<V: Kind>(store: &Store, number: usize, name: usize) {
    store.register(metric::<V>(number, name)).unwrap();
}

fn delete_metric<V: Kind>(store: &Store, number: usize, with_statistics: bool) -> Result<bool> {
    store.delete_metric(metric::<V>(number, 0), deletion(with_statistics))
}

fn record_all<V: Kind>(store: &Store, statistics: &[(Place, Option<u8>)]) {
    store.change(|change| record_all_in::<V>(change, statistics)).unwrap();
}

fn record_all_in<V: Kind>(change: &mut Change<'_>, statistics: &[(Place, Option<u8>)]) -> Result<()> {
    change.record_all(statistics.iter().map(|(place, value)| (on::<V>(place, 0), value.map(V::new))))
}

/// Writes through a change, which finds its own writes.
fn write_in<V: Kind>(change: &mut Change<'_>, write: &Write, state: &mut State) -> Result<()> {
    let place = match write {
        Write::Record(place, value) => {
            change.record(on(place, 0), V::new(*value))?;
            place
        }
        Write::Missing(place) => {
            change.record_missing(on::<V>(place, 0))?;
            place
        }
        Write::Delete(place) => {
            assert_eq!(change.delete(&on::<V>(place, 0))?, state.statistics.contains_key(&key(place)));
            place
        }
    };
    state.write(write);
    let found = change.get(&on::<V>(place, 0))?.map(|statistic| entry(statistic).1);
    assert_eq!(found, state.says(&key(place)), "{place:?}");
    Ok(())
}

fn fail(change: &mut Change<'_>, failure: Option<Failure>) -> Result<()> {
    let day = today();
    match failure {
        None => Ok(()),
        Some(Failure::Caller) => Err(Error::Source { reason: "it was to fail".to_owned() }),
        Some(Failure::Hour) => {
            change.record(metric::<i64>(4, 1).on(Period::Hour, Date::with_hour(day, 32)), 1)
        }
        Some(Failure::Kind) => {
            change.record(metric::<i64>(4, 1).on(Period::Day, day), 1)?;
            change.record(metric::<Min>(4, 2).on(Period::Day, day), Min(1))
        }
    }
}

fn tracker(memory_bytes: usize) -> Tracker<'static, Event> {
    let tracker = Tracker::count(metric(0, 0), Event::at).periods(TRACKED).memory_bytes(memory_bytes);
    tracker.by("group", |event| Id::from(event.group)).unwrap()
}

/// Reads one place and the series around it, in several ways.
fn look_at<V: Kind>(store: &Store, state: &State, look: &Look) {
    let Place { period, ref object, .. } = look.place;
    let found = store.get(&on::<V>(&look.place, 1)).unwrap().map(entry);
    let key = key(&look.place);
    let expected = state.says(&key).map(|value| (key, value));
    assert_eq!(found, expected, "{look:?}");

    let mut query = store.series(metric::<V>(look.place.metric, 1), period);
    if let Some(from) = look.from {
        query = query.from(from);
    }
    if let Some(to) = look.to {
        query = query.to(to);
    }
    let unfilled = query.clone();
    let (query, expected) = match object {
        Some(object) => match look.choice % 3 {
            0 => (query.object(object), state.series(look, |found| found == Some(object))),
            1 => (
                query.by(object.kinds()),
                state.series(look, |found| found.is_some_and(|found| found.kinds().eq(object.kinds()))),
            ),
            _ => (
                query.under(object),
                state.series(look, |found| {
                    found.is_some_and(|found| found.parts().starts_with(object.parts()))
                }),
            ),
        },
        None => (query, state.series(look, |found| found.is_none())),
    };
    let found: Vec<_> = query.all().unwrap().into_iter().map(entry).collect();
    let backwards = query.clone().newest_first().all().unwrap();
    assert!(backwards.into_iter().rev().map(entry).eq(found.iter().cloned()), "{look:?}");
    let latest = query.latest().unwrap().map(entry);
    assert_eq!(latest.as_ref(), found.last(), "{look:?}");
    assert!(found.iter().map(|(key, value)| (key, value)).eq(&expected), "{look:?}: {found:?}");

    if period == Period::Day
        && let Some(from) = look.from
    {
        let to = look.to.unwrap_or(from + Days::new(40));
        let query = unfilled.from(from).to(to);
        let query = match object {
            Some(object) => query.object(object),
            None => query,
        };
        let fill = [Fill::Zero, Fill::Missing, Fill::Previous][usize::from(look.choice % 3)];
        let found = query.fill(fill).all().unwrap().into_iter().map(entry);
        let found: Statistics = found.collect();
        assert_same(&found, &state.filled(look, (from, to), fill));
    }
}
