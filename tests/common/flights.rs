//! Every departure of the airline `JetBlue` from New York's airport JFK in 2013.

#![allow(dead_code, clippy::unwrap_used, reason = "no test file uses all of it; a test that fails may panic")]

use trackstats::{
    Calendar, Domain, Metric, Store, Tracker,
    chrono::{DateTime, NaiveDate, Utc},
    model::Id,
    store::FixedClock,
};

pub(crate) const AIRPORT: Domain<'static> = Domain::new("flights", "Flights");
pub(crate) const DEPARTURES: Metric<'static> = Metric::new(AIRPORT, "departures", "Departures");

#[derive(Debug, Clone)]
pub(crate) struct Flight {
    pub(crate) departed: DateTime<Utc>,
    pub(crate) destination: String,
    pub(crate) delay: Option<i64>,
}

pub(crate) fn flights() -> Vec<Flight> {
    let flight = |line: &str| {
        let mut fields = line.split(',');
        let departed = fields.next().unwrap().parse().unwrap();
        let destination = fields.next().unwrap().to_owned();
        let delay = fields.next().unwrap();
        let delay = (!delay.is_empty()).then(|| delay.parse().unwrap());
        Flight { departed, destination, delay }
    };
    include_str!("../data/flights-jfk-jetblue-2013.csv").lines().skip(1).map(flight).collect()
}

/// An empty store of New York dates on 2 January 2014.
pub(crate) fn new_york() -> Store {
    let calendar = Calendar::new("America/New_York").unwrap();
    let clock = FixedClock(calendar.parse_timestamp("2014-01-02").unwrap());
    Store::options().calendar(calendar).clock(clock).in_memory().unwrap()
}

/// Departures, of all destinations and by each.
pub(crate) fn tracker() -> Tracker<'static, Flight> {
    Tracker::count(DEPARTURES, |flight: &Flight| flight.departed)
        .by("destination", |flight| Id::from(&flight.destination))
        .unwrap()
}

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}
