//! What the kinds of value say, number by number.

use super::Value;

/// A number that a value says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// How many of something there are.
    Whole(u64),
    /// The value itself, of the kinds that are integers.
    Integer(i64),
    /// An amount, in the unit of the records. It is infinite where it is beyond what an `f64` holds.
    Decimal(f64),
    /// None, such as the mean of no numbers.
    Missing,
}

/// What a kind of value says, for tables and exports: several numbers, or one.
///
/// All kinds of the crate's own have it, see [`visit_kind`](crate::kinds::visit_kind).
///
/// ```
/// use trackstats::kinds::{Figure, Figures, Gauge};
///
/// assert_eq!(Gauge::NAMES, ["last", "min", "max"]);
/// let level = Gauge::at(1_715_000_000, 20.5)?;
/// assert_eq!(level.figures(), [Figure::Decimal(20.5); 3]);
/// # Ok::<(), trackstats::Error>(())
/// ```
pub trait Figures: Value {
    /// The names of the figures, in their order.
    const NAMES: &'static [&'static str];

    /// Whether the numbers of parts, such as provinces, add up to that of the whole. Default: false.
    const ADDS_UP: bool = false;

    /// A figure for each name.
    fn figures(&self) -> Vec<Figure>;

    /// The number that stands for the value where values are compared or ranked, such as the mean of a summary; none if
    /// there is none, such as the mean of no numbers. Default: none.
    fn number(&self) -> Option<f64> {
        None
    }
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
