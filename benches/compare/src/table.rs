//! Figures as a table in Markdown.

use crate::figures::{Figures, Unit};
use std::fmt::Write;

/// The table. With `ratios`, each column but the first says how much more it takes than the first.
pub fn markdown(figures: &Figures, columns: &[String], ratios: bool) -> String {
    let mut lines = vec![[vec![String::new()], columns.to_vec()].concat()];
    for row in figures.rows() {
        let first = columns.first().and_then(|column| row.median(column));
        let mut line = vec![row.title.clone()];
        for (place, column) in columns.iter().enumerate() {
            line.push(match (row.median(column), first) {
                (None, _) => "-".to_owned(),
                (Some(figure), Some(first)) if ratios && place > 0 => {
                    format!("{} ({}x)", show(figure, row.unit), short(figure / first))
                }
                (Some(figure), _) => show(figure, row.unit),
            });
        }
        lines.push(line);
    }
    let width =
        |place: usize| lines.iter().filter_map(|line| line.get(place)).map(String::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..=columns.len()).map(width).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            // Writing to a text can't fail.
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if number == 0 {
            let (first, others) = widths.split_first().unwrap_or((&0, &[]));
            let _ = write!(text, "| {} |", "-".repeat(*first));
            for width in others {
                let _ = write!(text, " {}: |", "-".repeat(width - 1));
            }
            text.push('\n');
        }
    }
    text
}

fn show(figure: f64, unit: Unit) -> String {
    match unit {
        Unit::Time => time(figure),
        Unit::Rate(count) => match count / figure {
            rate if rate >= 1e6 => format!("{} M/s", short(rate / 1e6)),
            rate if rate >= 1e3 => format!("{} k/s", short(rate / 1e3)),
            rate => format!("{} /s", short(rate)),
        },
        Unit::Count => format!("{figure:.0}"),
        Unit::Bytes => format!("{} MB", short(figure / 1e6)),
        Unit::BytesOf(count) => format!("{} B", short(figure / count)),
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        seconds if seconds >= 1.0 => format!("{} s", short(seconds)),
        seconds if seconds >= 1e-3 => format!("{} ms", short(seconds * 1e3)),
        seconds => format!("{} us", short(seconds * 1e6)),
    }
}

/// Two or three digits that count.
fn short(number: f64) -> String {
    match number {
        number if number >= 100.0 => format!("{number:.0}"),
        number if number >= 10.0 => format!("{number:.1}"),
        number => format!("{number:.2}"),
    }
}
