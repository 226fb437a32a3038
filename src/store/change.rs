//! Several writes as one.

use super::{Flush, Mark, Registry, Store, runs::TRACKED};
use crate::{
    blocks::{Edit, Memtable, Written, write},
    error::{Error, Result},
    format::{
        DomainRecord, Form, MOST_CURSOR_BYTES, MOST_CURSOR_NAME_BYTES, MetricRecord, Record, Space, key,
    },
    kinds::Value,
    model::{Domain, Metric, Object, Period, Statistic, StatisticKey},
    rollup::Tracked,
    storage::{self, Reads},
};
use std::sync::{Arc, PoisonError};

/// Several writes that happen as one. Made by [`Store::change`].
#[derive(Debug)]
pub struct Change<'s> {
    store: &'s Store,
    writes: storage::Transaction<'s>,
    registry: Arc<Registry>,
    /// The names of what a run wrote, or what was deleted; and that what is tracked has changed.
    wrote: Vec<String>,
}

/// The most bytes of a name, a description and a kind together, so that what is exported of them can be imported.
const MOST_NAME_BYTES: usize = 1 << 20;

fn checked(record: Vec<u8>, what: impl FnOnce() -> String) -> Result<Vec<u8>> {
    if record.len() <= MOST_NAME_BYTES {
        return Ok(record);
    }
    let problem = "its name and description have more than 1 MiB together; cut them short".to_owned();
    Err(Error::Unstorable { statistic: what(), problem })
}

impl Store {
    /// Registers a metric and its domain, or updates their names and descriptions. Writing a statistic does so
    /// by itself.
    ///
    /// # Errors
    /// [`Error::WrongKind`] when the metric is registered with another kind of value.
    pub fn register<V: Value>(&self, metric: Metric<'_, V>) -> Result<()> {
        self.change(|change| change.register(metric).map(drop))
    }

    /// Registers a domain, or updates its name.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn register_domain(&self, domain: Domain<'_>) -> Result<()> {
        self.change(|change| change.register_domain(domain))
    }

    /// Records a statistic: the last write wins.
    ///
    /// # Errors
    /// [`Error::WrongKind`], [`Error::DateOutOfRange`], [`Error::HourOutOfRange`], or as [`Store::change`].
    pub fn record<V: Value>(&self, key: StatisticKey<'_, V>, value: V) -> Result<()> {
        self.change(|change| change.record(key, value))
    }

    /// Records that a statistic is missing: there is no data, which is neither zero nor absent.
    ///
    /// # Errors
    /// As [`Store::record`].
    pub fn record_missing<V: Value>(&self, key: StatisticKey<'_, V>) -> Result<()> {
        self.change(|change| change.record_missing(key))
    }

    /// Makes a statistic absent, and says whether it was there.
    ///
    /// # Errors
    /// As [`Store::record`].
    pub fn delete<V: Value>(&self, key: &StatisticKey<'_, V>) -> Result<bool> {
        self.change(|change| change.delete(key))
    }

    /// Makes several writes happen as one: all of them or, when `work` returns an error, none; also across a crash,
    /// and for readers beside it.
    ///
    /// Other writers wait meanwhile. In `work`, write through the change: a write through the store would wait for
    /// itself, and is refused.
    ///
    /// ```
    /// use trackstats::{Domain, Metric, Period, Store};
    ///
    /// const TILL: Domain = Domain::new("till", "The till");
    /// const SALES: Metric = Metric::new(TILL, "sales", "Sales");
    /// const CENTS: Metric = Metric::new(TILL, "cents", "Takings in cents");
    ///
    /// let store = Store::in_memory()?;
    /// let today = store.today()?;
    /// store.change(|change| {
    ///     change.record(SALES.on(Period::Day, today), 2)?;
    ///     change.record(CENTS.on(Period::Day, today), 1_990)
    /// })?;
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// What `work` returns, [`Error::NestedChange`], [`Error::Stopped`] or [`Error::Io`]. A store that flushes at an
    /// interval returns here what went wrong with the last flush; the change isn't made then. With [`Flush::Always`], it
    /// has happened where only the flush after it failed: with [`Error::Io`] when the folder was moved away, it is there,
    /// and the next flush that succeeds flushes it too.
    pub fn change<T>(&self, work: impl FnOnce(&mut Change<'_>) -> Result<T>) -> Result<T> {
        if let Some(flusher) = &self.inner.flusher {
            flusher.check()?;
        }
        let mut change = Change::begin(self)?;
        let result = work(&mut change)?;
        change.see_today()?;
        change.commit()?;
        if self.inner.flush == Flush::Always {
            self.flush()?;
        }
        Ok(result)
    }
}

impl<'s> Change<'s> {
    pub(super) fn begin(store: &'s Store) -> Result<Self> {
        let writes = store.inner.storage.change()?;
        Ok(Self { store, writes, registry: store.registry(), wrote: Vec::new() })
    }

    pub(super) fn commit(self) -> Result<()> {
        let Self { store, writes, registry, wrote } = self;
        // Both locks are held until all of it is there: the next change or run begins with it.
        let mut runs = (!wrote.is_empty()).then(|| store.runs());
        if Arc::ptr_eq(&registry, &store.registry()) {
            writes.commit()?;
        } else {
            let mut current = store.inner.registry.write().unwrap_or_else(PoisonError::into_inner);
            writes.commit()?;
            *current = registry;
        }
        if let Some(runs) = &mut runs {
            for name in wrote {
                runs.wrote(name);
            }
        }
        Ok(())
    }

    /// Remembers today's date, if the store has a clock guard and hasn't seen it yet.
    pub(super) fn see_today(&mut self) -> Result<()> {
        match self.store.newly_seen(|| self.writes.get(&key::seen()))? {
            Some(record) => self.writes.put(key::seen(), record),
            None => Ok(()),
        }
    }

    /// The store that is changed.
    pub fn store(&self) -> &'s Store {
        self.store
    }

    /// Records a statistic: the last write wins.
    ///
    /// # Errors
    /// As [`Store::record`].
    #[expect(clippy::needless_pass_by_value, reason = "a key is made for the call that records it")]
    pub fn record<V: Value>(&mut self, key: StatisticKey<'_, V>, value: V) -> Result<()> {
        self.set(&key, Some(value))
    }

    /// Records that a statistic is missing.
    ///
    /// # Errors
    /// As [`Store::record`].
    #[expect(clippy::needless_pass_by_value, reason = "a key is made for the call that records it")]
    pub fn record_missing<V: Value>(&mut self, key: StatisticKey<'_, V>) -> Result<()> {
        self.set(&key, None)
    }

    /// The statistic of a key with this change's writes, `None` if it is absent.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn get<V: Value>(&self, key: &StatisticKey<'_, V>) -> Result<Option<Statistic<V>>> {
        let Some(form) = self.registry.form(&key.metric)? else { return Ok(None) };
        let kind = self.registry.kind(key.metric.domain_ref(), key.metric.metric_ref());
        self.store.statistic(&self.writes, (form, kind), key)
    }

    /// Makes a statistic absent, and says whether it was there.
    ///
    /// # Errors
    /// As [`Store::delete`].
    pub fn delete<V: Value>(&mut self, key: &StatisticKey<'_, V>) -> Result<bool> {
        let Some(form) = self.registry.form(&key.metric)? else { return Ok(false) };
        let was_there = self.edit(key, form, Memtable::remove)?.removed > 0;
        if was_there {
            self.note_by_hand(key)?;
        }
        Ok(was_there)
    }

    /// Registers a metric and its domain, or updates their names and descriptions.
    ///
    /// # Errors
    /// As [`Store::register`].
    pub(crate) fn register<V: Value>(&mut self, metric: Metric<'_, V>) -> Result<Form> {
        let registered = self.registry.form(&metric)?;
        let (domain, reference) = (metric.domain_ref(), metric.metric_ref());
        let Some(form) = registered.or_else(Form::of::<V>) else {
            // A kind that goes by what is registered needs a registration.
            return self.registry.find(self.store.path(), domain, reference).map(|info| info.record.form);
        };
        self.register_domain(metric.domain())?;
        let stored = self.registry.metric(domain, reference);
        let same = stored
            .is_some_and(|stored| stored.name == metric.name() && stored.description == metric.description());
        if !same {
            let kind = stored.map_or_else(|| V::KIND.to_owned(), |stored| stored.kind.clone());
            let (name, description) = (metric.name().to_owned(), metric.description().to_owned());
            self.set_metric(domain, reference, MetricRecord { name, description, kind, form })?;
        }
        Ok(form)
    }

    pub(crate) fn register_domain(&mut self, domain: Domain<'_>) -> Result<()> {
        let reference = domain.reference().as_str();
        if self.registry.domain(reference).is_some_and(|stored| stored.name == domain.name()) {
            return Ok(());
        }
        let record = DomainRecord { name: domain.name().to_owned() };
        self.writes
            .put(Space::Domain.key(&[reference]), checked(record.encode(), || reference.to_owned())?)?;
        Arc::make_mut(&mut self.registry).set_domain(reference, record);
        Ok(())
    }

    /// Writes a metric's registration; its domain must be registered.
    pub(crate) fn set_metric(&mut self, domain: &str, metric: &str, record: MetricRecord) -> Result<()> {
        let bytes = checked(record.encode(), || format!("{domain}/{metric}"))?;
        self.writes.put(Space::Metric.key(&[domain, metric]), bytes)?;
        Arc::make_mut(&mut self.registry).set_metric(domain, metric, record);
        Ok(())
    }

    pub(crate) fn cursor(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.writes.get(&Space::Cursor.key(&[name]))
    }

    pub(crate) fn set_cursor(&mut self, name: &str, position: Vec<u8>) -> Result<()> {
        let problem = if name.len() > MOST_CURSOR_NAME_BYTES {
            "its name has more than 64 KiB; give it a shorter one"
        } else if position.len() > MOST_CURSOR_BYTES {
            "it has more than 4 MiB; keep a position in it, not records, and fewer files under one name"
        } else {
            return self.writes.put(Space::Cursor.key(&[name]), position);
        };
        let statistic = format!("the cursor {:?}", name.chars().take(100).collect::<String>());
        Err(Error::Unstorable { statistic, problem: problem.to_owned() })
    }

    pub(crate) fn put_bytes(&mut self, key: Vec<u8>, bytes: Vec<u8>) -> Result<()> {
        if key.first() == Some(&(Space::Tracked as u8)) && !self.wrote.iter().any(|name| name == TRACKED) {
            self.wrote.push(TRACKED.to_owned());
        }
        self.writes.put(key, bytes)
    }

    /// Tells whether another run has written a metric since one began.
    pub(crate) fn mark<V>(&self, metric: &Metric<'_, V>) -> Mark {
        self.store.runs().mark(metric)
    }

    /// Says that a run has written a metric, or that a metric or a domain was deleted.
    pub(crate) fn note_run(&mut self, name: String) {
        self.wrote.push(name);
    }

    pub(super) fn registry_mut(&mut self) -> &mut Registry {
        Arc::make_mut(&mut self.registry)
    }

    /// Notes that a statistic is written or deleted by hand: the calendar periods of such objects are perhaps no longer
    /// what their days make them.
    pub(super) fn note_by_hand<V>(&mut self, key: &StatisticKey<'_, V>) -> Result<()> {
        if key.period == Period::Hour || key.period.is_running() {
            return Ok(());
        }
        let kinds: Vec<String> = key.object.iter().flat_map(Object::kinds).map(str::to_owned).collect();
        let record = key::tracked(key.metric.domain_ref(), key.metric.metric_ref(), &kinds);
        let Some(bytes) = self.writes.get(&record)? else { return Ok(()) };
        // Nobody trusts a record that can't be decoded.
        match Tracked::decode(&bytes) {
            Ok(tracked) if !tracked.in_step.is_empty() => {
                self.put_bytes(record, Tracked { in_step: Vec::new(), ..tracked }.encode())
            }
            _ => Ok(()),
        }
    }

    /// Whether a value that goes by what is registered is of the registered form.
    pub(super) fn check_form<V: Value>(
        &self,
        form: Form,
        key: &StatisticKey<'_, V>,
        value: Option<&V>,
    ) -> Result<()> {
        if value.is_none_or(|value| form.accepts(value)) {
            return Ok(());
        }
        let stored = self.registry.metric(key.metric.domain_ref(), key.metric.metric_ref());
        let stored = stored.map_or_else(String::new, |record| record.kind.clone());
        Err(Error::WrongKind { metric: key.metric.to_string(), stored, given: V::KIND.to_owned() })
    }

    fn set<V: Value>(&mut self, key: &StatisticKey<'_, V>, value: Option<V>) -> Result<()> {
        let form = self.register(key.metric)?;
        self.check_form(form, key, value.as_ref())?;
        self.edit(key, form, |memtable, group, slot| memtable.set(group, slot, value))?;
        self.note_by_hand(key)
    }

    /// Writes what `edit` makes of one statistic.
    fn edit<V: Value>(
        &mut self,
        key: &StatisticKey<'_, V>,
        form: Form,
        edit: impl FnOnce(&mut Memtable<V>, usize, i32) -> usize,
    ) -> Result<Written> {
        let mut memtable = Memtable::new(self.store.table_of(key, form)?);
        let slot = self.store.calendar().slot(key.period, key.date)?;
        let object = key.object.as_ref().map(key::object_bytes).unwrap_or_default();
        let (group, _) = memtable.group(&object);
        edit(&mut memtable, group, slot);
        write(&mut self.writes, &mut memtable, Edit::Set, None)
    }

    /// What is written to, and read from with what was written.
    pub(crate) fn writes(&mut self) -> &mut storage::Transaction<'s> {
        &mut self.writes
    }
}
