//! `trackstats record`.

use crate::arguments::{MetricName, ObjectArg, StoreArgs};
use anyhow::bail;
use clap::Args;
use std::str::FromStr;
use trackstats::{
    Calendar, Error, Metric, Period, Store,
    chrono::NaiveDate,
    kinds::{AnyValue, Value},
    model::Date,
};

/// Record a statistic; the last write wins
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The metric, DOMAIN/METRIC; a new one holds whole numbers
    metric: MetricName,
    /// A whole number, or `missing` for no data
    #[arg(allow_hyphen_values = true)]
    value: GivenValue,
    /// The period that the statistic covers
    #[arg(long)]
    period: Period,
    /// Any date within the period; for an hour, a time within it [default: today]
    #[arg(long)]
    date: Option<String>,
    #[arg(long, value_name = "KIND=ID", help = crate::arguments::OBJECT_HELP)]
    object: Option<ObjectArg>,
}

#[derive(Debug, Clone, Copy)]
enum GivenValue {
    Number(i64),
    Missing,
}

impl FromStr for GivenValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(number) => Ok(Self::Number(number)),
            Err(_) if text == "missing" => Ok(Self::Missing),
            Err(_) if text.parse::<f64>().is_ok() => Err(
                "it is not a whole number of 64 bits, and only those are recorded by hand; use smaller units"
                    .to_owned(),
            ),
            Err(_) => Err("give a whole number, or missing for no data".to_owned()),
        }
    }
}

impl RecordArgs {
    pub(crate) fn run(self, store: &StoreArgs) -> anyhow::Result<()> {
        store.write(Calendar::default(), |store| {
            let names = self.metric.names(store);
            match self.metric.registered(store) {
                Ok(_) => self.record(store, names.metric()?, AnyValue::Integer),
                Err(Error::UnknownMetric { .. }) => self.record(store, names.metric()?, |number: i64| number),
                Err(error) => Err(error.into()),
            }
        })
    }

    fn record<V: Value>(
        &self,
        store: &Store,
        metric: Metric<'_, V>,
        value: fn(i64) -> V,
    ) -> anyhow::Result<()> {
        let key = metric.on(self.period, self.date(store)?);
        let key = match &self.object {
            Some(ObjectArg(object)) => key.of(object),
            None => key,
        };
        match self.value {
            GivenValue::Number(number) => match store.record(key, value(number)) {
                Err(Error::WrongKind { stored, .. }) => bail!(
                    "{} holds values of the kind {stored:?}, and only whole numbers are recorded by hand; `trackstats \
                     track` works the others out of records",
                    self.metric
                ),
                done => done?,
            },
            GivenValue::Missing => store.record_missing(key)?,
        }
        Ok(())
    }

    fn date(&self, store: &Store) -> anyhow::Result<Date> {
        let calendar = store.calendar();
        match (&self.date, self.period) {
            (None, Period::Hour) => {
                // The hour is the clock's, if its date is believed.
                store.today()?;
                Ok(calendar.bucket(Period::Hour, store.now())?.date)
            }
            (None, _) => Ok(store.today()?.into()),
            (Some(text), Period::Hour) => {
                let at = calendar.parse_timestamp(text)?;
                Ok(calendar.bucket(Period::Hour, at)?.date)
            }
            (Some(text), _) => match text.parse::<NaiveDate>() {
                Ok(date) => Ok(date.into()),
                Err(_) => bail!("{text:?} is not a date; give one as YYYY-MM-DD"),
            },
        }
    }
}
