//! A program's statistics in trackstats: names are in its keys.

use super::{
    program::{METRIC, Point, Program, Span, add, date, fingerprint},
    store::{Store, TOP},
};
use crate::{
    engine::Sum,
    engines::trackstats::{record_all, visit_all},
};
use anyhow::{Context, Result, ensure};
use chrono::Datelike;
use std::path::Path;
use trackstats::{
    Object, Period,
    model::{Date, Id, Part, StatisticKey},
    store::Flush,
};

pub struct Trackstats {
    store: trackstats::Store,
    /// By number. A program that records an object often keeps the object: it is cheap to clone.
    objects: Vec<Option<Object>>,
}

impl Trackstats {
    pub fn open(folder: &Path) -> Result<Self> {
        let store = trackstats::Store::options().flush(Flush::Explicit).open(folder)?;
        Ok(Self { store, objects: Vec::new() })
    }

    fn object(&mut self, program: &dyn Program, number: u32) -> Result<&Object> {
        let place = number as usize;
        if self.objects.len() <= place {
            self.objects.resize(place + 1, None);
        }
        let kept = self.objects.get_mut(place).context("it was just made")?;
        if kept.is_none() {
            *kept = Some(object(program.kinds(), &program.names(number))?);
        }
        kept.as_ref().context("it was just made")
    }

    fn key(&mut self, program: &dyn Program, point: &Point) -> Result<StatisticKey<'static>> {
        let at = match point.span {
            Span::Hour => Date::with_hour(date(point.at / 24)?, u8::try_from(point.at % 24)?),
            Span::Day => Date::from(date(point.at)?),
        };
        Ok(METRIC.on(point.span.period(), at).of(self.object(program, point.object)?))
    }
}

impl Store for Trackstats {
    fn write(&mut self, program: &dyn Program, points: &[Point]) -> Result<()> {
        let store = self.store.clone();
        record_all(&store, points.iter().map(|point| Ok((self.key(program, point)?, point.value))))?;
        Ok(store.flush()?)
    }

    fn list(&self, sum: &mut Sum) -> Result<()> {
        let first = date(0)?.num_days_from_ce();
        visit_all(&self.store, |series, date, value| {
            let day = (date.day().num_days_from_ce() - first).cast_unsigned();
            let (span, at) = match series.period() {
                Period::Hour => (Span::Hour, day * 24 + u32::from(date.hour())),
                _ => (Span::Day, day),
            };
            let names = series.object().map(Object::parts).unwrap_or_default();
            add(sum, span, at, fingerprint(names.iter().map(text)), value);
            Ok(())
        })
    }

    fn top(&self, program: &dyn Program, sum: &mut Sum) -> Result<()> {
        let series = self.store.series(METRIC, program.span().period()).by(program.kinds().iter().copied());
        let top = series.breakdown()?.top(TOP as usize)?.ranked;
        ensure!(!top.is_empty(), "nothing is at the top");
        (0..).zip(top).for_each(|(place, ranked)| sum.add(place, ranked.value));
        Ok(())
    }

    fn compact(&mut self) -> Result<()> {
        self.store.compact()?;
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(self.store.flush()?)
    }
}

fn object(kinds: &[&str], names: &[String]) -> Result<Object> {
    let mut parts = kinds.iter().zip(names);
    let (kind, name) = parts.next().context("an object has a part")?;
    let first = Object::new(kind, name)?;
    parts.try_fold(first, |object, (kind, name)| Ok(object.and(kind, name)?))
}

fn text(part: &Part) -> &str {
    match part.id() {
        Id::Text(text) => text,
        Id::Number(_) => "",
    }
}
