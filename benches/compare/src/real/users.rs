//! Users of whom each is seen on one to four days of a year.

use super::program::{Point, Program, Span};
use crate::shape::Random;
use std::collections::BTreeSet;

const USERS: u32 = 250_000;
const DAYS: u32 = 365;

pub struct Users {
    by_day: Vec<Vec<u32>>,
}

impl Users {
    pub fn new(scale: u32) -> Self {
        let mut random = Random::new(4);
        let mut by_day = vec![Vec::new(); DAYS as usize];
        for user in 0..USERS / scale {
            let times = 1 + random.below(4);
            let days: BTreeSet<u32> = (0..times).map(|_| random.below(DAYS)).collect();
            for day in days {
                if let Some(users) = by_day.get_mut(day as usize) {
                    users.push(user);
                }
            }
        }
        Self { by_day }
    }
}

impl Program for Users {
    fn kinds(&self) -> &'static [&'static str] {
        &["user"]
    }

    fn names(&self, object: u32) -> Vec<String> {
        vec![name(object)]
    }

    fn days(&self) -> u32 {
        DAYS
    }

    fn span(&self) -> Span {
        Span::Day
    }

    fn day(&self, day: u32) -> Vec<Point> {
        let mut random = Random::new(u64::from(day) << 32 | 5);
        let users = self.by_day.get(day as usize).into_iter().flatten();
        users
            .map(|user| Point {
                span: Span::Day,
                at: day,
                object: *user,
                value: i64::from(1 + random.below(20)),
            })
            .collect()
    }
}

/// 8 to 12 letters and digits, other ones for each number.
pub fn name(user: u32) -> String {
    let mut random = Random::new(u64::from(user) << 32 | 6);
    let length = 8 + random.below(5);
    (0..length).filter_map(|_| char::from_digit(random.below(36), 36)).collect()
}
