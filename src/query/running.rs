//! Running periods that are worked out as they are asked for.

use crate::{
    blocks::Table,
    calendar::Days,
    error::Result,
    format::key,
    kinds::Value,
    model::Series,
    rollup::Running,
    storage::{Direction, Reads},
};
use std::{collections::VecDeque, sync::Arc};

/// The series, slot and value of a statistic.
pub(super) type SeriesStatistic<'s, V> = (&'s Arc<Series>, i32, Option<V>);

/// So many dates are worked out at once.
const DATES: i32 = 8;

/// Reads running periods by date and then by object, or both backwards.
pub(super) struct RunningReader<V> {
    running: Running<V>,
    /// By object.
    series: Vec<Arc<Series>>,
    days: Days,
    direction: Direction,
    /// The slots that are left, both included.
    left: Option<(i32, i32)>,
    /// How many dates are worked out next. Backwards it grows, since each time all before them are gone over again.
    dates: i32,
    /// The object, slot and value of statistics that are worked out and weren't given yet.
    ready: VecDeque<(usize, i32, Option<V>)>,
}

impl<V: Value> RunningReader<V> {
    /// Reads all objects that are wanted.
    pub(super) fn new(
        reads: &impl Reads,
        mut running: Running<V>,
        table: &Table,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Self> {
        running.objects.retain(|object| wanted(&object.object));
        let series = |object: &[u8]| {
            let decoded = table.has_objects().then(|| key::decode_object(object)).transpose();
            decoded.map(|object| Arc::new(table.series(object))).map_err(|malformed| reads.corrupt(malformed))
        };
        let series = running.objects.iter().map(|object| series(&object.object)).collect::<Result<_>>()?;
        let (left, days) = (running.ends(), Days::new(*table.calendar()));
        let direction = Direction::Forwards;
        Ok(Self { running, series, days, direction, left, dates: DATES, ready: VecDeque::new() })
    }

    pub(super) fn in_direction(self, direction: Direction) -> Self {
        let dates = if direction == Direction::Backwards { 1 } else { DATES };
        Self { direction, dates, ..self }
    }

    pub(super) fn table(&self) -> &Table {
        self.running.table()
    }

    /// The series, slot and value of the next statistic.
    pub(super) fn next_statistic(&mut self) -> Result<Option<SeriesStatistic<'_, V>>> {
        while self.ready.is_empty()
            && let Some((from, to)) = self.left.take()
        {
            self.work_out(from, to)?;
        }
        let next = match self.direction {
            Direction::Forwards => self.ready.pop_front(),
            Direction::Backwards => self.ready.pop_back(),
        };
        Ok(next.and_then(|(object, slot, value)| Some((self.series.get(object)?, slot, value))))
    }

    /// Works out some dates of a range, the first in this direction.
    fn work_out(&mut self, from: i32, to: i32) -> Result<()> {
        let (first, last) = match self.direction {
            Direction::Forwards => (from, to.min(from.saturating_add(self.dates - 1))),
            Direction::Backwards => {
                self.running.begin_again();
                let first = from.max(to.saturating_sub(self.dates - 1));
                self.dates = self.dates.saturating_mul(8);
                (first, to)
            }
        };
        for slot in first..=last {
            for object in 0..self.series.len() {
                if let Some(value) = self.running.statistic(object, slot, &mut self.days)?.into_listed() {
                    self.ready.push_back((object, slot, value));
                }
            }
        }
        let left = if self.direction == Direction::Forwards { (last + 1, to) } else { (from, first - 1) };
        self.left = Some(left).filter(|(from, to)| from <= to);
        Ok(())
    }

    /// Calls `visit` with the objects' bytes, slots and values of one series after the other.
    pub(super) fn for_each_object(
        mut self,
        mut visit: impl FnMut(&[u8], i32, Option<V>) -> Result<()>,
    ) -> Result<()> {
        for number in 0..self.series.len() {
            let statistics = self.running.statistics(number, &mut self.days)?;
            let Some(object) = self.running.objects.get(number) else { continue };
            for (slot, value) in statistics {
                visit(&object.object, slot, value)?;
            }
        }
        Ok(())
    }
}
