//! What a range comes from: its objects, each with its total.

use super::{by_object::ByObject, series::SeriesQuery};
use crate::{
    error::{Error, Result},
    kinds::{Number, Value},
    model::{Date, Object, Point},
    rollup::merge,
};
use std::{cmp::Ordering, collections::BTreeMap};

/// The objects of a range, each with the merge of its statistics, in their order. Made by [`SeriesQuery::breakdown`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breakdown<V> {
    entries: Vec<BreakdownEntry<V>>,
}

/// An object of a [`Breakdown`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakdownEntry<V> {
    /// The object.
    pub object: Object,
    /// The merge of its statistics in the range; `None` if all are missing.
    pub value: Option<V>,
    /// The date of its first statistic with a value in the range; zero is one.
    pub first: Option<Date>,
    /// The date of its last statistic with a value in the range; zero is one.
    pub last: Option<Date>,
    /// How many statistics with a value were merged.
    pub values: u64,
}

/// The objects with the highest or the lowest values, and what the others come to. Made by [`Breakdown::top`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Ranking<V> {
    /// In their order; of equal ones, the object that comes first.
    pub ranked: Vec<Ranked<V>>,
    /// All other objects; none if there are none.
    pub others: Option<Others<V>>,
}

/// An object of a [`Ranking`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Ranked<V> {
    /// The object.
    pub object: Object,
    /// The merge of its statistics.
    pub value: V,
    /// The value in percent of the merge of all objects, those without a value among them; none of a merge that is
    /// zero. It has a meaning for kinds that add only.
    pub share: Option<f64>,
}

/// The objects that a [`Ranking`] doesn't name.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Others<V> {
    /// How many they are, those without a value among them.
    pub objects: usize,
    /// The merge of their values; `None` if none has one.
    pub value: Option<V>,
    /// As [`Ranked::share`].
    pub share: Option<f64>,
}

impl<V: Value> SeriesQuery<'_, V> {
    /// The objects that have a statistic in the range, each with the merge of its statistics: from the period that
    /// contains the first date to the one that contains the last, both included. Those of several metrics are merged.
    ///
    /// The objects are those of [`by`](Self::by), [`under`](Self::under) or [`objects`](Self::objects); statistics
    /// without object are in no breakdown. It takes one pass over the statistics, and memory for each object.
    ///
    /// ```
    /// use trackstats::{Domain, Metric, Object, Period, Store};
    ///
    /// const SHOP: Domain = Domain::new("shop", "Web shop");
    /// const ORDERS: Metric = Metric::new(SHOP, "orders", "Orders");
    ///
    /// let store = Store::in_memory()?;
    /// let today = store.today()?;
    /// for (product, orders) in [("tea", 10), ("coffee", 70), ("milk", 15), ("salt", 5)] {
    ///     store.record(ORDERS.on(Period::Day, today).of(Object::new("product", product)?), orders)?;
    /// }
    /// let products = store.series(ORDERS, Period::Day).by(["product"]).breakdown()?;
    /// let top = products.top(2)?;
    /// assert_eq!(top.ranked[0].object.to_string(), "product=coffee");
    /// assert_eq!(top.ranked[0].share, Some(70.0));
    /// let others = top.others.unwrap();
    /// assert_eq!((others.objects, others.value, others.share), (2, Some(15), Some(15.0)));
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`all`](Self::all), [`Error::Merge`] when values don't merge, and [`Error::Underivable`] for windows and
    /// lifetimes over more than one date, since they overlap.
    pub fn breakdown(&self) -> Result<Breakdown<V>> {
        self.whole("a breakdown over several dates")?;
        let mut by_object: ByObject<(Point<V>, Seen)> = ByObject::new();
        self.visit_series(|at, value| {
            if at.object.is_empty() {
                return Ok(());
            }
            let (total, seen) = by_object.of(at.object);
            if value.is_some() {
                seen.add(at.slot);
            }
            self.merge_into(total, at, value.as_ref())
        })?;
        let axis = self.axis();
        let date = |slot: Option<i32>| slot.map(|slot| axis.calendar.date(axis.period, slot)).transpose();
        let mut entries = Vec::new();
        for (object, (total, seen)) in by_object.sorted(&self.selection.store)? {
            if let (Some(object), Some(value)) = (object, total.into_listed()) {
                let (first, last) = (date(seen.first)?, date(seen.last)?);
                entries.push(BreakdownEntry { object, value, first, last, values: seen.values });
            }
        }
        Ok(Breakdown { entries })
    }
}

/// The slots that something was seen on.
#[derive(Debug, Default)]
struct Seen {
    first: Option<i32>,
    last: Option<i32>,
    values: u64,
}

impl Seen {
    fn add(&mut self, slot: i32) {
        self.first = Some(self.first.map_or(slot, |first| first.min(slot)));
        self.last = Some(self.last.map_or(slot, |last| last.max(slot)));
        self.values += 1;
    }
}

impl<V: Value> Breakdown<V> {
    /// The objects in their order, those that have only missing statistics among them.
    pub fn entries(&self) -> &[BreakdownEntry<V>] {
        &self.entries
    }

    /// The number of objects.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no objects.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The merge of all objects: absent if there are none, missing if none has a value.
    ///
    /// # Errors
    /// [`Error::Merge`] when the values don't merge.
    pub fn total(&self) -> Result<Point<V>> {
        merged(&self.entries)
    }

    /// The breakdown by the first `parts` parts of each object: objects that share them are merged. Countries, of
    /// provinces of countries.
    ///
    /// Objects of fewer parts stay as they are; so ask by kinds where a store has statistics of countries as well as of
    /// their provinces, or they would count twice.
    ///
    /// ```
    /// # use trackstats::{Domain, Metric, Object, Period, Store};
    /// # const ORDERS: Metric = Metric::new(Domain::new("shop", "Web shop"), "orders", "Orders");
    /// # let store = Store::in_memory()?;
    /// # let today = store.today()?;
    /// for (country, province, orders) in [("be", "van", 3), ("nl", "gr", 5), ("nl", "ut", 8)] {
    ///     let province = Object::new("country", country)?.and("province", province)?;
    ///     store.record(ORDERS.on(Period::Day, today).of(province), orders)?;
    /// }
    /// let provinces = store.series(ORDERS, Period::Day).by(["country", "province"]).breakdown()?;
    /// let countries = provinces.leading(1)?;
    /// assert_eq!(countries.entries()[1].object, Object::new("country", "nl")?);
    /// assert_eq!(countries.entries()[1].value, Some(13));
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Merge`] when the values don't merge, [`Error::Underivable`] for no parts.
    pub fn leading(&self, parts: usize) -> Result<Self> {
        if parts == 0 {
            let (what, problem) =
                ("a breakdown by no parts of objects".to_owned(), "the total is all there is");
            return Err(Error::Underivable { what, problem });
        }
        let mut merged: BTreeMap<Object, BreakdownEntry<V>> = BTreeMap::new();
        for entry in &self.entries {
            let object = Object::from_parts(entry.object.parts().iter().take(parts).cloned().collect())?;
            match merged.get_mut(&object) {
                None => {
                    merged.insert(object.clone(), BreakdownEntry { object, ..entry.clone() });
                }
                Some(whole) => {
                    let mut total = Point::from(whole.value.take());
                    merge_entry(&mut total, entry)?;
                    whole.value = total.value();
                    whole.first = [whole.first, entry.first].into_iter().flatten().min();
                    whole.last = whole.last.max(entry.last);
                    whole.values += entry.values;
                }
            }
        }
        Ok(Self { entries: merged.into_values().collect() })
    }

    /// As [`top`](Self::top), by a number that is made of the values: their mean, say. Shares are of that number of the
    /// total.
    ///
    /// # Errors
    /// As [`top`](Self::top).
    pub fn top_by(&self, count: usize, number: impl Fn(&V) -> f64) -> Result<Ranking<V>> {
        self.ranking(count, &number, |a, b| number(b).total_cmp(&number(a)))
    }

    /// As [`bottom`](Self::bottom), by a number that is made of the values.
    ///
    /// # Errors
    /// As [`top`](Self::top).
    pub fn bottom_by(&self, count: usize, number: impl Fn(&V) -> f64) -> Result<Ranking<V>> {
        self.ranking(count, &number, |a, b| number(a).total_cmp(&number(b)))
    }

    fn ranking(
        &self,
        count: usize,
        number: &impl Fn(&V) -> f64,
        order: impl Fn(&V, &V) -> Ordering,
    ) -> Result<Ranking<V>> {
        let total = self.total()?.value().map(|total| number(&total)).filter(|total| *total != 0.0);
        let share = |value: &V| total.map(|total| number(value) / total * 100.0);
        let (mut entries, mut others): (Vec<_>, Vec<_>) =
            self.entries.iter().partition(|entry| entry.value.is_some());
        entries.sort_by(|a, b| match (&a.value, &b.value) {
            (Some(a), Some(b)) => order(a, b),
            _ => Ordering::Equal,
        });
        others.extend(entries.split_off(count.min(entries.len())));
        let ranked = |entry: &BreakdownEntry<V>| {
            let value = entry.value.clone()?;
            Some(Ranked { object: entry.object.clone(), share: share(&value), value })
        };
        let ranked = entries.into_iter().filter_map(ranked).collect();
        let objects = others.len();
        let others = merged(others)?.into_listed().map(|value| {
            let share = value.as_ref().and_then(share);
            Others { objects, value, share }
        });
        Ok(Ranking { ranked, others })
    }
}

impl<V: Value + Number> Breakdown<V> {
    /// The `count` objects with the highest values, the highest first and of equal ones the object that comes first,
    /// with their shares; and the others, merged. Objects without a value are among the others.
    ///
    /// # Errors
    /// [`Error::Merge`] when the values don't merge.
    pub fn top(&self, count: usize) -> Result<Ranking<V>> {
        self.ranking(count, &V::to_f64, |a, b| b.order(a))
    }

    /// The `count` objects with the lowest values, the lowest first; else as [`top`](Self::top).
    ///
    /// # Errors
    /// As [`top`](Self::top).
    pub fn bottom(&self, count: usize) -> Result<Ranking<V>> {
        self.ranking(count, &V::to_f64, V::order)
    }

    /// Each object's value in percent of the total, in the order of the objects: as [`Ranked::share`]; none also of an
    /// object without a value.
    ///
    /// # Errors
    /// As [`top`](Self::top).
    pub fn shares(&self) -> Result<Vec<(&Object, Option<f64>)>> {
        let total = self.total()?.value().map(|total| total.to_f64()).filter(|total| *total != 0.0);
        let share = |entry: &BreakdownEntry<V>| Some(entry.value.as_ref()?.to_f64() / total? * 100.0);
        Ok(self.entries.iter().map(|entry| (&entry.object, share(entry))).collect())
    }
}

fn merged<'e, V: Value + 'e>(entries: impl IntoIterator<Item = &'e BreakdownEntry<V>>) -> Result<Point<V>> {
    let mut total = Point::Absent;
    entries.into_iter().try_for_each(|entry| merge_entry(&mut total, entry))?;
    Ok(total)
}

fn merge_entry<V: Value>(total: &mut Point<V>, entry: &BreakdownEntry<V>) -> Result<()> {
    merge(total, entry.value.as_ref())
        .map_err(|error| Error::Merge { statistic: entry.object.to_string(), problem: error.to_string() })
}
