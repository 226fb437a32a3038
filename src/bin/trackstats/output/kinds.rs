//! What the program shows of each kind of value, and which number of it is compared and ranked.

use crate::output::Cell;
use anyhow::anyhow;
use base64::{Engine, prelude::BASE64_STANDARD};
use trackstats::{
    AnyValue, Compared, Distinct, Domain, Figure, Figures, Gauge, Max, Meter, Metric, MetricInfo, Min,
    Number, Quantiles, Sum, Summary, Value,
};

/// Something that has columns in a table.
pub(crate) trait Shown {
    const COLUMNS: &'static [&'static str] = &["value"];

    /// A cell for each column.
    fn cells(&self) -> Vec<Cell>;
}

/// A kind of value that the program knows.
pub(crate) trait Kind: Value + Shown {
    /// Whether numbers of parts add up to that of the whole.
    const ADDS_UP: bool = false;

    /// The number that stands for it, if it has one.
    fn number(&self) -> Option<f64>;

    /// That the values of a metric are numbers, or have one that stands for them.
    fn has_number(_: &MetricInfo) -> anyhow::Result<()> {
        Ok(())
    }
}

/// A question about a metric whose kind of value is known when it is read.
pub(crate) trait Question {
    fn ask<V: Kind>(self, metric: Metric<'_, V>) -> anyhow::Result<()>;
}

/// Asks a question about a metric as it is registered.
pub(crate) fn ask(info: &MetricInfo, question: impl Question) -> anyhow::Result<()> {
    match info.kind() {
        i64::KIND => question.ask(metric::<i64>(info)?),
        Min::KIND => question.ask(metric::<Min>(info)?),
        Max::KIND => question.ask(metric::<Max>(info)?),
        Sum::KIND => question.ask(metric::<Sum>(info)?),
        Summary::KIND => question.ask(metric::<Summary>(info)?),
        Distinct::KIND => question.ask(metric::<Distinct>(info)?),
        Quantiles::KIND => question.ask(metric::<Quantiles>(info)?),
        Gauge::KIND => question.ask(metric::<Gauge>(info)?),
        Meter::KIND => question.ask(metric::<Meter>(info)?),
        _ => question.ask(info.metric()?),
    }
}

pub(crate) fn metric<V>(info: &MetricInfo) -> trackstats::Result<Metric<'_, V>> {
    let domain = Domain::parse(info.domain(), info.domain_name())?;
    Metric::parse(domain, info.reference(), info.name())
}

/// The cell of a number that may not be there.
fn decimal(number: impl Into<Option<f64>>) -> Cell {
    number.into().map_or(Cell::Missing, Cell::Decimal)
}

/// A kind with one whole number.
macro_rules! whole {
    ($($kind:ty, $number:ident => $shown:expr, $adds_up:literal;)*) => {$(
        impl Shown for $kind {
            fn cells(&self) -> Vec<Cell> {
                let $number = self;
                vec![Cell::Number($shown.to_string())]
            }
        }

        impl Kind for $kind {
            const ADDS_UP: bool = $adds_up;

            fn number(&self) -> Option<f64> {
                Some(self.to_f64())
            }
        }
    )*};
}

whole! {
    i64, number => number, true;
    Min, min => min.0, false;
    Max, max => max.0, false;
}

/// An encoded kind, of whose figures one stands for it.
macro_rules! encoded {
    ($($kind:ty, $value:ident => $number:expr, $adds_up:literal;)*) => {$(
        impl Shown for $kind {
            const COLUMNS: &'static [&'static str] = <$kind>::NAMES;

            fn cells(&self) -> Vec<Cell> {
                self.figures().into_iter().map(cell).collect()
            }
        }

        impl Kind for $kind {
            const ADDS_UP: bool = $adds_up;

            fn number(&self) -> Option<f64> {
                let $value = self;
                $number
            }
        }
    )*};
}

encoded! {
    Sum, sum => Some(sum.to_f64()), true;
    Summary, summary => summary.mean(), false;
    Distinct, distinct => Some(distinct.to_f64()), false;
    Quantiles, quantiles => quantiles.median(), false;
    Gauge, gauge => Some(gauge.last()), false;
    Meter, counter => Some(counter.increase()), false;
}

fn cell(figure: Figure) -> Cell {
    match figure {
        Figure::Whole(count) => Cell::Number(count.to_string()),
        Figure::Decimal(number) => Cell::Decimal(number),
        Figure::Missing => Cell::Missing,
    }
}

impl Shown for AnyValue {
    fn cells(&self) -> Vec<Cell> {
        vec![match self {
            Self::Integer(number) => Cell::Number(number.to_string()),
            Self::Encoded(bytes) => Cell::Text(BASE64_STANDARD.encode(bytes)),
        }]
    }
}

/// None: the program doesn't know what the values mean.
impl Kind for AnyValue {
    fn number(&self) -> Option<f64> {
        None
    }

    fn has_number(info: &MetricInfo) -> anyhow::Result<()> {
        Err(anyhow!(
            "{}/{} holds values of the kind {:?}, which only the program that defined it can compare; `trackstats show` \
             without options shows them as they are stored",
            info.domain(),
            info.reference(),
            info.kind()
        ))
    }
}

/// What is worked out from numbers.
impl Shown for f64 {
    fn cells(&self) -> Vec<Cell> {
        vec![decimal(*self)]
    }
}

impl Shown for Compared<f64> {
    const COLUMNS: &'static [&'static str] = &["value", "before", "difference", "growth_%"];

    fn cells(&self) -> Vec<Cell> {
        [self.now, self.before, self.difference(), self.growth()].map(|point| decimal(point.value())).into()
    }
}
