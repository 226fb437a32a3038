//! How many of those who came once came back.

use super::{axis::SlotRange, stored::StoredSeries};
use crate::{
    error::Result,
    kinds::{Distinct, Intersection},
    model::{Date, Metric, Object, Period},
    store::Store,
};
use chrono::NaiveDate;
use std::collections::BTreeMap;

impl Store {
    /// How many of the things that a metric counted on a date, a cohort, another metric counted so many days, weeks or
    /// months later: of the users who signed up on a day, those who were there 7 days later.
    ///
    /// Both metrics may be the same: then a cohort is all who were there on a date, new or not.
    ///
    /// ```
    /// use trackstats::{
    ///     Domain, Metric, Store, Timestamp, Tracker,
    ///     chrono::NaiveDate,
    ///     kinds::{Distinct, Item},
    /// };
    ///
    /// const APP: Domain = Domain::new("app", "App");
    /// const SIGN_UPS: Metric<Distinct> = Metric::new(APP, "sign_ups", "Sign-ups");
    /// const USERS: Metric<Distinct> = Metric::new(APP, "users", "Users");
    ///
    /// let store = Store::in_memory()?;
    /// let day = |day: i64, users: &'static [&'static str]| {
    ///     users.iter().map(move |user| (Timestamp::from_unix_seconds(1_714_521_600 + 86_400 * day), *user))
    /// };
    /// let sign_ups = Tracker::distinct(SIGN_UPS, |event: &(Timestamp, &str)| event.0, |event| Some(Item::from(event.1)));
    /// sign_ups.append().run(&store, day(0, &["ann", "bob", "cem", "dia"]))?;
    /// let users = Tracker::distinct(USERS, |event: &(Timestamp, &str)| event.0, |event| Some(Item::from(event.1)));
    /// users.append().run(&store, day(0, &["ann", "bob", "cem", "dia"]).chain(day(1, &["bob", "eve"])))?;
    ///
    /// let cohorts = store.cohorts(SIGN_UPS, USERS).days(2)?;
    /// let first = &cohorts.cohorts[0];
    /// assert_eq!(first.size, 4.0);
    /// assert_eq!(first.rates().collect::<Vec<_>>(), [Some(1.0), Some(0.25), None]);
    /// # Ok::<(), trackstats::Error>(())
    /// ```
    pub fn cohorts<'a>(
        &self,
        cohorts: Metric<'a, Distinct>,
        activity: Metric<'a, Distinct>,
    ) -> CohortsQuery<'a> {
        CohortsQuery { store: self.clone(), cohorts, activity, object: None, from: None, to: None }
    }
}

/// Which cohorts are compared with which activity: the two metrics, and perhaps an object and dates. Made by
/// [`Store::cohorts`].
///
/// What a cohort and an activity have in common is counted while each has about 384 things at most. Beyond that it is an
/// estimate, with an error of some 3 % of the larger of the two; see [`Distinct::intersection`]. So little can be said of a
/// cohort that is much smaller than the activity.
#[derive(Debug, Clone)]
#[must_use]
pub struct CohortsQuery<'a> {
    store: Store,
    cohorts: Metric<'a, Distinct>,
    activity: Metric<'a, Distinct>,
    object: Option<Object>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

/// Cohorts, and how many of each came back when: a matrix with a row a cohort and a column a step.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Cohorts {
    /// The length of a step, and of what a cohort came in: a day, a week or a month.
    pub period: Period,
    /// By date. A date without a statistic, or with a missing one, is left out.
    pub cohorts: Vec<Cohort>,
}

/// The things that were counted on one date, and how many of them came back.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Cohort {
    /// When they came.
    pub date: Date,
    /// How many they were: what they have in common with themselves, so a whole number while they are counted.
    pub size: f64,
    /// How many of them there were 0, 1, 2, ... steps later. None where the activity of that date is absent or missing,
    /// as it is in the future: then it isn't known, which is not the same as nobody.
    pub retained: Vec<Option<Intersection>>,
}

impl Cohort {
    /// What part of them there were 0, 1, 2, ... steps later, from 0 to 1; none where that isn't known, or where
    /// nobody came.
    pub fn rates(&self) -> impl Iterator<Item = Option<f64>> {
        self.retained.iter().map(|retained| {
            retained.filter(|_| self.size > 0.0).map(|retained| (retained.estimate / self.size).min(1.0))
        })
    }
}

impl CohortsQuery<'_> {
    /// Of the statistics about this object. Default: those without object.
    pub fn object(self, object: impl Into<Object>) -> Self {
        Self { object: Some(object.into()), ..self }
    }

    /// From the cohort of the day, week or month that contains this date on, and it included. Default: from the first.
    pub fn from(self, date: NaiveDate) -> Self {
        Self { from: Some(date), ..self }
    }

    /// Up to the cohort of the day, week or month that contains this date, and it included. Default: up to the last.
    pub fn to(self, date: NaiveDate) -> Self {
        Self { to: Some(date), ..self }
    }

    /// Cohorts of days, 0 to `steps` days later.
    ///
    /// # Errors
    /// As [`SeriesQuery::statistics`](super::SeriesQuery::statistics) and its items.
    pub fn days(&self, steps: u16) -> Result<Cohorts> {
        self.every(Period::Day, steps)
    }

    /// Cohorts of calendar weeks, 0 to `steps` weeks later. The metrics must have been tracked for [`Period::Week`].
    ///
    /// # Errors
    /// As [`SeriesQuery::statistics`](super::SeriesQuery::statistics) and its items.
    pub fn weeks(&self, steps: u16) -> Result<Cohorts> {
        self.every(Period::Week, steps)
    }

    /// Cohorts of calendar months, 0 to `steps` months later. The metrics must have been tracked for [`Period::Month`].
    ///
    /// # Errors
    /// As [`SeriesQuery::statistics`](super::SeriesQuery::statistics) and its items.
    pub fn months(&self, steps: u16) -> Result<Cohorts> {
        self.every(Period::Month, steps)
    }

    fn every(&self, period: Period, steps: u16) -> Result<Cohorts> {
        let calendar = self.store.calendar();
        let all = calendar.slots(period);
        let (from, to) = calendar.slot_range(period, self.from, self.to)?;
        let last = to.saturating_add(steps.into()).min(*all.end());
        // Both metrics by one reading, so that they are of one point in time.
        let mut series = self.store.series(self.cohorts, period).and(self.activity);
        if let Some(object) = &self.object {
            series = series.object(object);
        }
        let range = SlotRange { from: Some(from), to: Some(last), level: false };
        let (mut cohorts, mut activity) = (BTreeMap::new(), BTreeMap::new());
        let visit_series = StoredSeries::of_kind().visit_series;
        visit_series(&series.selection, range, &mut |at, value: Option<Distinct>| {
            let by_slot = if at.metric == 0 { &mut cohorts } else { &mut activity };
            by_slot.extend(value.filter(|_| at.metric > 0 || at.slot <= to).map(|value| (at.slot, value)));
            Ok(())
        })?;
        let cohorts = cohorts.into_iter().map(|(slot, cohort)| {
            let after = |steps: u16| activity.get(&(slot + i32::from(steps)));
            let retained = (0..=steps).map(|steps| Some(cohort.intersection(after(steps)?))).collect();
            let size = cohort.intersection(&cohort).estimate;
            Ok(Cohort { date: calendar.date(period, slot)?, size, retained })
        });
        Ok(Cohorts { period, cohorts: cohorts.collect::<Result<_>>()? })
    }
}
