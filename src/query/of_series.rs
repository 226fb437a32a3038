//! The first step of a derivation, from a query of stored statistics.

use super::{Compare, Compared, Derived, SeriesQuery};
use crate::{
    error::Result,
    kinds::{Number, Value},
    model::{Period, Statistic},
    storage::Direction,
};

/// What is worked out from the statistics; see [`Derived`].
impl<'a, V: Value> SeriesQuery<'a, V> {
    /// The merge of the last `count` periods of each date: [`Derived::rolling`].
    pub fn rolling(self, count: u16) -> Derived<'a, V> {
        self.derive().rolling(count)
    }

    /// The merge of everything up to each date: [`Derived::cumulative`].
    pub fn cumulative(self) -> Derived<'a, V> {
        self.derive().cumulative()
    }

    /// The merge of each calendar period of this kind: [`Derived::resample`].
    pub fn resample(self, period: Period) -> Derived<'a, V> {
        self.derive().resample(period)
    }

    /// Each statistic beside the one before it, or that of the year before: [`Derived::compare`].
    pub fn compare(self, with: Compare) -> Derived<'a, Compared<V>> {
        self.derive().compare(with)
    }

    /// Each value made into another: [`Derived::map`].
    pub fn map<U>(self, to: impl Fn(V) -> U + Send + Sync + 'a) -> Derived<'a, U> {
        self.derive().map(to)
    }

    /// Each value made into another, or into a missing one: [`Derived::filter_map`].
    pub fn filter_map<U>(self, to: impl Fn(V) -> Option<U> + Send + Sync + 'a) -> Derived<'a, U> {
        self.derive().filter_map(to)
    }

    pub(super) fn forwards(self) -> Self {
        Self { direction: Direction::Forwards, ..self }
    }
}

/// What is worked out from statistics that are numbers; see [`Derived`].
impl<'a, V: Value + Number> SeriesQuery<'a, V> {
    /// How much more each statistic is than the one before it: [`Derived::difference`].
    pub fn difference(self) -> Derived<'a, f64> {
        self.derive().difference()
    }

    /// How much more each statistic is than the one before it, in percent: [`Derived::growth`].
    pub fn growth(self) -> Derived<'a, f64> {
        self.derive().growth()
    }

    /// The mean of the values of the last `count` periods of each date: [`Derived::moving_average`].
    pub fn moving_average(self, count: u16) -> Derived<'a, f64> {
        self.derive().moving_average(count)
    }

    /// The statistics with the highest values: [`Derived::top`].
    ///
    /// # Errors
    /// As [`Derived::all`].
    pub fn top(&self, count: usize) -> Result<Vec<Statistic<V>>> {
        self.clone().derive().top(count)
    }

    /// The statistics with the lowest values: [`Derived::bottom`].
    ///
    /// # Errors
    /// As [`Derived::all`].
    pub fn bottom(&self, count: usize) -> Result<Vec<Statistic<V>>> {
        self.clone().derive().bottom(count)
    }
}
