//! What the encoded kinds of value say, number by number.

use super::{Distinct, Gauge, Meter, Quantiles, Sum, Summary, Value};

/// A number that a value says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// How many of something there are.
    Whole(u64),
    /// An amount, in the unit of the records. It is infinite where it is beyond what an `f64` holds.
    Decimal(f64),
    /// None, such as the mean of no numbers.
    Missing,
}

/// Kinds of value that say more than one number, or that aren't numbers themselves: what they say, for tables and exports.
///
/// ```
/// use trackstats::{Figure, Figures, Gauge};
///
/// assert_eq!(Gauge::NAMES, ["last", "min", "max"]);
/// let level = Gauge::at(1_715_000_000, 20.5)?;
/// assert_eq!(level.figures(), [Figure::Decimal(20.5); 3]);
/// # Ok::<(), trackstats::Error>(())
/// ```
pub trait Figures: Value {
    /// The names of the figures, in their order.
    const NAMES: &'static [&'static str];

    /// A figure for each name.
    fn figures(&self) -> Vec<Figure>;
}

impl From<u64> for Figure {
    fn from(count: u64) -> Self {
        Self::Whole(count)
    }
}

impl From<f64> for Figure {
    fn from(number: f64) -> Self {
        Self::Decimal(number)
    }
}

impl From<Option<f64>> for Figure {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Missing, Self::Decimal)
    }
}

impl Figures for Sum {
    const NAMES: &'static [&'static str] = &["sum"];

    fn figures(&self) -> Vec<Figure> {
        vec![self.value().into()]
    }
}

impl Figures for Summary {
    const NAMES: &'static [&'static str] = &["count", "sum", "mean", "min", "max", "std_dev"];

    fn figures(&self) -> Vec<Figure> {
        vec![
            self.count().into(),
            self.sum().into(),
            self.mean().into(),
            self.min().into(),
            self.max().into(),
            self.std_dev().into(),
        ]
    }
}

impl Figures for Distinct {
    const NAMES: &'static [&'static str] = &["distinct"];

    fn figures(&self) -> Vec<Figure> {
        vec![self.count().into()]
    }
}

impl Figures for Quantiles {
    const NAMES: &'static [&'static str] = &["count", "min", "p25", "median", "p75", "p95", "p99", "max"];

    fn figures(&self) -> Vec<Figure> {
        let inner = [0.25, 0.5, 0.75, 0.95, 0.99].map(|q| self.quantile(q));
        let numbers = [self.min()].into_iter().chain(inner).chain([self.max()]);
        [self.count().into()].into_iter().chain(numbers.map(Figure::from)).collect()
    }
}

impl Figures for Gauge {
    const NAMES: &'static [&'static str] = &["last", "min", "max"];

    fn figures(&self) -> Vec<Figure> {
        [self.last(), self.min(), self.max()].map(Figure::from).into()
    }
}

impl Figures for Meter {
    const NAMES: &'static [&'static str] = &["increase", "resets"];

    fn figures(&self) -> Vec<Figure> {
        vec![self.increase().into(), (self.resets() as u64).into()]
    }
}
