//! What the program shows of each kind of value, and which number of it is compared and ranked.

use crate::output::Cell;
use anyhow::anyhow;
use base64::{Engine, prelude::BASE64_STANDARD};
use trackstats::{
    Domain, Metric,
    kinds::{AnyValue, Figure, Figures, KindVisitor, Value, visit_kind},
    query::Compared,
    store::MetricInfo,
};

/// The columns that values have in a table.
#[derive(Debug)]
pub(crate) struct ValueColumns<T> {
    pub(crate) names: &'static [&'static str],
    /// A cell for each column.
    pub(crate) cells: fn(&T) -> Vec<Cell>,
}

impl<T> Clone for ValueColumns<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ValueColumns<T> {}

/// Numbers that are worked out from values.
pub(crate) const NUMBERS: ValueColumns<f64> =
    ValueColumns { names: &["value"], cells: |number| vec![decimal(*number)] };

/// Numbers beside those before them.
pub(crate) const COMPARED: ValueColumns<Compared<f64>> = ValueColumns {
    names: &["value", "before", "difference", "growth_%"],
    cells: |compared| {
        let points = [compared.now, compared.before, compared.difference(), compared.growth()];
        points.map(|point| decimal(point.value())).into()
    },
};

/// Values of the user's own kinds, as they are stored.
pub(crate) const STORED: ValueColumns<AnyValue> = ValueColumns {
    names: &["value"],
    cells: |value| {
        vec![match value {
            AnyValue::Integer(number) => Cell::Number(number.to_string()),
            AnyValue::Encoded(bytes) => Cell::Text(BASE64_STANDARD.encode(bytes)),
        }]
    },
};

/// What the program does with values of a kind.
#[derive(Debug)]
pub(crate) struct Kind<V> {
    pub(crate) columns: ValueColumns<V>,
    /// Whether numbers of parts add up to that of the whole.
    pub(crate) adds_up: bool,
    /// The number that stands for a value, unless the program doesn't know what the values mean.
    number: Option<fn(&V) -> Option<f64>>,
}

impl<V: Figures> Kind<V> {
    fn known() -> Self {
        let cells = |value: &V| value.figures().into_iter().map(cell).collect();
        Self {
            columns: ValueColumns { names: V::NAMES, cells },
            adds_up: V::ADDS_UP,
            number: Some(V::number),
        }
    }
}

impl Kind<AnyValue> {
    /// A kind of the user's own.
    const UNKNOWN: Self = Self { columns: STORED, adds_up: false, number: None };
}

impl<V> Kind<V> {
    /// The number that stands for a value.
    pub(crate) fn number(&self, info: &MetricInfo) -> anyhow::Result<fn(&V) -> Option<f64>> {
        self.number.ok_or_else(|| {
            anyhow!(
                "{}/{} holds values of the kind {:?}, which only the program that defined it can compare; `trackstats \
                 show` without options shows them as they are stored",
                info.domain(),
                info.reference(),
                info.kind()
            )
        })
    }
}

/// A question about a metric whose kind of value is known when it is read.
pub(crate) trait Question {
    fn ask<V: Value>(self, metric: Metric<'_, V>, kind: &Kind<V>) -> anyhow::Result<()>;
}

/// Asks a question about a metric as it is registered.
pub(crate) fn ask(info: &MetricInfo, question: impl Question) -> anyhow::Result<()> {
    // A visitor that isn't called is gone, with the question.
    let mut question = Some(question);
    match visit_kind(info.kind(), Ask { info, question: &mut question }) {
        Some(answer) => answer,
        None => question.map_or(Ok(()), |question| question.ask(info.metric()?, &Kind::UNKNOWN)),
    }
}

struct Ask<'a, Q> {
    info: &'a MetricInfo,
    question: &'a mut Option<Q>,
}

impl<Q: Question> KindVisitor for Ask<'_, Q> {
    type Output = anyhow::Result<()>;

    fn visit<V: Figures>(self) -> Self::Output {
        match self.question.take() {
            Some(question) => question.ask(metric::<V>(self.info)?, &Kind::known()),
            None => Ok(()),
        }
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

fn cell(figure: Figure) -> Cell {
    match figure {
        Figure::Whole(count) => Cell::Number(count.to_string()),
        Figure::Integer(integer) => Cell::Number(integer.to_string()),
        Figure::Decimal(number) => Cell::Decimal(number),
        Figure::Missing => Cell::Missing,
    }
}
