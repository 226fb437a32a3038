//! The authors of a repository's commits.

use super::program::{Point, Program, Span, counted};
use crate::shape::{Random, Zipf};

const COMMITS: u32 = 80_000;
const AUTHORS: u32 = 4_000;
/// Fifteen years.
const DAYS: u32 = 5_479;

const GIVEN: [&str; 12] =
    ["Ada", "Wei", "Maria", "Jan", "Olga", "Priya", "Lars", "Fatima", "Kenji", "Zoe", "Tom", "Lucía"];
const FAMILY: [&str; 15] = [
    "Jansen", "Li", "Garcia", "Müller", "Ivanova", "Sharma", "Nilsson", "Haddad", "Tanaka", "Smith",
    "O'Neill", "Kowalski", "Brown", "Rossi", "Dubois",
];
const HOSTS: [&str; 4] = ["example.org", "mail.example.com", "users.noreply.example.net", "example.edu"];

pub struct Authors {
    commits: u32,
    count: u32,
    shares: Zipf,
}

impl Authors {
    pub fn new(scale: u32) -> Self {
        let count = (AUTHORS / scale).max(1);
        Self { commits: COMMITS / scale, count, shares: Zipf::new(count, 0) }
    }

    pub fn authors(&self) -> u32 {
        self.count
    }

    /// The authors of a day's commits.
    pub fn commits(&self, day: u32) -> Vec<u32> {
        let mut random = Random::new(u64::from(day) << 32 | 7);
        // As many as are left of a mean that isn't a whole number; half as many on two days of the week.
        let mean = self.commits * 7 / 6;
        let often = if day % 7 < 5 { mean } else { mean / 2 };
        let count = (often + random.below(DAYS)) / DAYS;
        (0..count).map(|_| self.shares.draw(&mut random)).collect()
    }
}

impl Program for Authors {
    fn kinds(&self) -> &'static [&'static str] {
        &["author"]
    }

    fn names(&self, object: u32) -> Vec<String> {
        let one = |of: &[&'static str], number: u32| {
            of.get(number as usize % of.len()).copied().unwrap_or_default()
        };
        let (given, family) = (one(&GIVEN, object), one(&FAMILY, object / 7));
        let host = one(&HOSTS, object / 3);
        vec![format!("{given} {family} <{}{object}@{host}>", given.to_lowercase())]
    }

    fn days(&self) -> u32 {
        DAYS
    }

    fn span(&self) -> Span {
        Span::Day
    }

    fn day(&self, day: u32) -> Vec<Point> {
        counted(Span::Day, self.commits(day).into_iter().map(|author| (day, author)).collect())
    }
}
