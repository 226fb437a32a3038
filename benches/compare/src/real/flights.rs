//! Flights by hour, and by origin and destination.

use super::program::{Point, Program, Span, counted};
use crate::shape::{Random, Zipf};
use std::collections::HashSet;

const AIRPORTS: u32 = 300;
pub const ROUTES: u32 = 4_700;
const FLIGHTS: u32 = 3_000_000;
const DAYS: u32 = 365;
/// Flights leave from 5:00 on, for this many hours.
const HOURS: u32 = 18;

pub struct Flights {
    days: u32,
    routes: Vec<(u32, u32)>,
    popularity: Zipf,
}

/// A flight: the day and second of its departure, and its route.
pub struct Flight {
    pub day: u32,
    pub second: u32,
    pub route: u32,
}

impl Flights {
    pub fn new(scale: u32) -> Self {
        // The busiest route has a quarter of a percent of all flights, as in America.
        Self { days: (DAYS / scale).max(10), routes: routes(), popularity: Zipf::new(ROUTES, 100) }
    }

    /// The flights of a day.
    pub fn flights(&self, day: u32) -> impl Iterator<Item = Flight> {
        let mut random = Random::new(u64::from(day) << 32 | 2);
        (0..FLIGHTS / DAYS).map(move |_| Flight {
            day,
            route: self.popularity.draw(&mut random),
            second: 5 * 3_600 + random.below(HOURS * 3_600),
        })
    }
}

impl Program for Flights {
    fn kinds(&self) -> &'static [&'static str] {
        &["origin", "destination"]
    }

    fn names(&self, object: u32) -> Vec<String> {
        let (origin, destination) = self.routes.get(object as usize).copied().unwrap_or_default();
        vec![airport(origin), airport(destination)]
    }

    fn days(&self) -> u32 {
        self.days
    }

    fn span(&self) -> Span {
        Span::Hour
    }

    fn day(&self, day: u32) -> Vec<Point> {
        let found = self.flights(day).map(|flight| (day * 24 + flight.second / 3_600, flight.route));
        counted(Span::Hour, found.collect())
    }
}

/// Pairs of airports, of which some are at the end of many.
fn routes() -> Vec<(u32, u32)> {
    let airports = Zipf::new(AIRPORTS, 20);
    let mut random = Random::new(3);
    let (mut routes, mut seen) = (Vec::new(), HashSet::new());
    while routes.len() < ROUTES as usize {
        let route = (airports.draw(&mut random), airports.draw(&mut random));
        if route.0 != route.1 && seen.insert(route) {
            routes.push(route);
        }
    }
    routes
}

/// Three letters, other ones for each number.
fn airport(number: u32) -> String {
    let mixed = number * 5_171 % 17_576;
    let letters = [mixed / 676, mixed / 26 % 26, mixed % 26];
    letters
        .into_iter()
        .filter_map(|letter| char::from_digit(10 + letter, 36))
        .collect::<String>()
        .to_uppercase()
}
