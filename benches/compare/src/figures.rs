//! What was measured, of each column's turns.

use crate::engine::Sum;
use anyhow::{Result, bail};
use std::collections::BTreeMap;

/// The figures of a table: for each row and column, what its turns found. Less is better in all.
#[derive(Debug, Default)]
pub struct Figures {
    rows: Vec<Row>,
    sums: BTreeMap<String, (String, Sum)>,
}

#[derive(Debug)]
pub struct Row {
    pub title: String,
    pub unit: Unit,
    turns: BTreeMap<String, Vec<f64>>,
}

/// How a figure is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unit {
    Time,
    /// Seconds, shown as how many of these are done in one.
    Rate(f64),
    Bytes,
    Count,
    /// Bytes for this many statistics.
    BytesOf(f64),
}

impl Figures {
    /// Adds what a turn found.
    pub fn add(&mut self, row: &str, unit: Unit, column: &str, figure: f64) {
        let place = self.rows.iter().position(|other| other.title == row);
        let place = place.unwrap_or_else(|| {
            self.rows.push(Row { title: row.to_owned(), unit, turns: BTreeMap::new() });
            self.rows.len() - 1
        });
        if let Some(row) = self.rows.get_mut(place) {
            // A growing workload has other sizes in other columns, and so the figure of each is by its own size.
            let figure = match (row.unit, unit) {
                (Unit::Rate(row), Unit::Rate(own)) | (Unit::BytesOf(row), Unit::BytesOf(own)) => {
                    figure * row / own
                }
                _ => figure,
            };
            row.turns.entry(column.to_owned()).or_default().push(figure);
        }
    }

    /// Remembers what was read, or fails if another engine read something else.
    pub fn check(&mut self, what: &str, column: &str, sum: Sum) -> Result<()> {
        match self.sums.get(what) {
            Some((other, expected)) if *expected != sum => {
                bail!("{what}: {column} read {sum:?}, but {other} {expected:?}")
            }
            Some(_) => {}
            None => {
                self.sums.insert(what.to_owned(), (column.to_owned(), sum));
            }
        }
        Ok(())
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

impl Row {
    pub fn median(&self, column: &str) -> Option<f64> {
        self.turns.get(column).map(|turns| median(turns))
    }
}

/// The middle one, 0 of none.
pub fn median(figures: &[f64]) -> f64 {
    let mut figures = figures.to_vec();
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "no figure here has 16 digits that count")]
pub fn to_f64(number: u64) -> f64 {
    number as f64
}
