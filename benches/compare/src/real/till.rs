//! A till: what is sold in each hour that the shop is open, by product and payment, and in each day.

use super::program::{Point, Program, Span};
use crate::shape::Random;

const PRODUCTS: [&str; 12] = [
    "espresso",
    "cappuccino",
    "tea",
    "orange juice",
    "croissant",
    "apple pie",
    "cheese sandwich",
    "soup of the day",
    "still water",
    "cookie",
    "salad",
    "gift card",
];
const PAYMENTS: [&str; 3] = ["cash", "card", "voucher"];
const OPEN: std::ops::Range<u32> = 8..20;
const DAYS: u32 = 730;

pub struct Till {
    days: u32,
}

impl Till {
    pub fn new(scale: u32) -> Self {
        Self { days: (DAYS / scale).max(10) }
    }
}

impl Program for Till {
    fn kinds(&self) -> &'static [&'static str] {
        &["product", "payment"]
    }

    fn names(&self, object: u32) -> Vec<String> {
        let name = |names: &[&str], place: usize| names.get(place).copied().unwrap_or_default().to_owned();
        let object = object as usize;
        vec![name(&PRODUCTS, object / PAYMENTS.len()), name(&PAYMENTS, object % PAYMENTS.len())]
    }

    fn days(&self) -> u32 {
        self.days
    }

    fn span(&self) -> Span {
        Span::Hour
    }

    fn day(&self, day: u32) -> Vec<Point> {
        let mut random = Random::new(u64::from(day) << 32 | 1);
        let mut points = Vec::new();
        let mut days = [0; PRODUCTS.len() * PAYMENTS.len()];
        for hour in OPEN {
            for (object, whole_day) in (0..).zip(&mut days) {
                let value = sold(object, &mut random);
                if value > 0 {
                    points.push(Point { span: Span::Hour, at: day * 24 + hour, object, value });
                    *whole_day += value;
                }
            }
        }
        let days = (0..).zip(days).filter(|(_, value)| *value > 0);
        points.extend(days.map(|(object, value)| Point { span: Span::Day, at: day, object, value }));
        points
    }
}

/// How many are sold in an hour: more of the first products and by card, and every now and then none.
fn sold(object: u32, random: &mut Random) -> i64 {
    let (product, payment) = (object / 3, object % 3);
    let most = 40 / (product + 1) * [2, 4, 1].get(payment as usize).copied().unwrap_or(1) + 4;
    let chance = [80, 95, 35].get(payment as usize).copied().unwrap_or(100) - 3 * product;
    let number = random.below(most);
    if random.below(100) < chance { i64::from(1 + number) } else { 0 }
}
