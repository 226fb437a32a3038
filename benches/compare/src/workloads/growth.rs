//! How what trackstats takes grows with the size.

use super::{
    Options,
    statistics::Column,
    tracking::{self, Program},
};
use crate::{engines::Name, figures::Figures, shape::Shape, table};
use anyhow::Result;

/// How many objects there are, of the same number of statistics in all.
const OBJECTS: [u32; 5] = [10, 100, 1_000, 10_000, 100_000];
const STATISTICS: u32 = 1_000_000;

pub fn run(options: &Options<'_>) -> Result<String> {
    let by_size = by_size(options)?;
    let by_objects = by_objects(options)?;
    Ok(format!(
        "## Growth\n\ntrackstats alone, at parts of the size above; where the cost a statistic stays the same, growth is \
         linear.\n\n{by_size}\nWith {} statistics in all, of one metric, and more objects with fewer days each:\n\n{by_objects}",
        STATISTICS / options.scale,
    ))
}

fn by_size(options: &Options<'_>) -> Result<String> {
    let parts: Vec<(String, u32)> = [100, 10, 1]
        .iter()
        .map(|part| (format!("1/{}", part * options.scale), part * options.scale))
        .collect();
    let mut figures = Figures::default();
    for turn in 1..=options.turns {
        for (title, part) in &parts {
            eprintln!("turn {turn} of {}: growth, {title}", options.turns);
            let shape = Shape { metrics: 5, objects: (1_000 / part).max(1), days: 1_000 };
            let mut column =
                Column { figures: &mut figures, engine: Name::Trackstats, title, folder: options.folder };
            column.bulk(shape, turn == options.turns)?;
            column.online(Shape { metrics: 1, ..shape })?;
        }
    }
    for (title, part) in &parts {
        let records = tracking::RECORDS / part;
        tracking::in_memory(&mut figures, records, options.turns, &[(title, Program::Trackstats)])?;
    }
    let columns: Vec<String> = parts.into_iter().map(|(title, _)| title).collect();
    Ok(table::markdown(&figures, &columns, false))
}

fn by_objects(options: &Options<'_>) -> Result<String> {
    let mut figures = Figures::default();
    let columns: Vec<String> = OBJECTS.iter().map(|objects| format!("{objects} objects")).collect();
    for turn in 1..=options.turns {
        for (objects, title) in OBJECTS.into_iter().zip(&columns) {
            eprintln!("turn {turn} of {}: growth, {title}", options.turns);
            let days = (STATISTICS / options.scale / objects).max(1);
            let mut column =
                Column { figures: &mut figures, engine: Name::Trackstats, title, folder: options.folder };
            column.bulk(Shape { metrics: 1, objects, days }, turn == options.turns)?;
        }
    }
    Ok(table::markdown(&figures, &columns, false))
}
