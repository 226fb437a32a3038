//! What is stored: the statistics of a workload, the same for every engine and every run.

use anyhow::{Context, Result, ensure};
use std::{fmt, str::FromStr};

/// How many metrics with objects, objects and days there are. One more metric has no objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub metrics: u8,
    pub objects: u32,
    pub days: u32,
}

/// A statistic. Its metric is a number, its object too (0: none), and its day counts from the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    pub metric: u8,
    pub day: u32,
    pub object: u32,
    pub value: i64,
}

impl Shape {
    pub const MOST_METRICS: u8 = 5;

    /// How many statistics.
    pub fn len(self) -> u64 {
        (u64::from(self.metrics) * u64::from(self.objects) + 1) * u64::from(self.days)
    }

    /// The metric without objects.
    pub fn plain(self) -> u8 {
        self.metrics
    }

    /// All statistics in the order of (metric, day, object), which is that of every peer's keys.
    pub fn points(self) -> impl Iterator<Item = Point> {
        (0..=self.metrics)
            .flat_map(move |metric| (0..self.days).flat_map(move |day| self.points_of(metric, day)))
    }

    /// The statistics of a metric and a day, by object.
    pub fn points_of(self, metric: u8, day: u32) -> impl Iterator<Item = Point> {
        let objects = if metric == self.plain() { 0..=0 } else { 1..=self.objects };
        objects.map(move |object| Point { metric, day, object, value: value(metric, day, object) })
    }
}

/// Small values (a count), large ones (an amount, of bytes say) and random ones, by metric.
fn value(metric: u8, day: u32, object: u32) -> i64 {
    let random = Random::new(u64::from(metric) << 56 | u64::from(day) << 32 | u64::from(object)).next();
    match metric % 3 {
        0 => (random % 1_000).cast_signed(),
        1 => (1_000_000_000 + random % 1_000_000_000_000).cast_signed(),
        _ => random.cast_signed(),
    }
}

/// `5x1000x1000`: metrics, objects, days.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.metrics, self.objects, self.days)
    }
}

impl FromStr for Shape {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split('x');
        let mut part = || parts.next().context("a shape is METRICSxOBJECTSxDAYS");
        let shape = Self { metrics: part()?.parse()?, objects: part()?.parse()?, days: part()?.parse()? };
        ensure!(shape.metrics <= Self::MOST_METRICS, "at most {} metrics", Self::MOST_METRICS);
        Ok(shape)
    }
}

/// The same numbers each time: Steele's `SplitMix64`.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`. The bias is that of a modulus, which no benchmark sees.
    pub fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end.max(1))).unwrap_or_default()
    }
}

/// Numbers of which the nth comes up in proportion to 1/(n + shift) (Zipf, and Mandelbrot's shift).
#[derive(Debug, Clone)]
pub struct Zipf {
    shares: Vec<f64>,
    total: f64,
}

impl Zipf {
    pub fn new(count: u32, shift: u32) -> Self {
        let mut total = 0.0;
        let shares = (1..=count)
            .map(|number| {
                total += 1.0 / f64::from(number + shift);
                total
            })
            .collect();
        Self { shares, total }
    }

    /// A number below the count.
    pub fn draw(&self, random: &mut Random) -> u32 {
        let place = f64::from(random.below(u32::MAX)) / f64::from(u32::MAX) * self.total;
        let number = self.shares.partition_point(|share| *share < place).min(self.shares.len() - 1);
        u32::try_from(number).unwrap_or_default()
    }
}
