//! The stored groups that a run changes without having a new value for them: their statistics are replaced, their
//! running periods go on, a period is new, or was left out when it wasn't over.

use super::{
    carry::{Carry, Mode, Scope, is_running},
    stored_rows::Target,
    tally::Tally,
};
use crate::{
    error::Result,
    format::{KeyRange, Row, key},
    kinds::Value,
    model::Period,
};

impl<V: Value> Carry<'_, '_, '_, V> {
    /// Takes the stored groups that change without having new values among the groups of the tally, and removes the
    /// statistics that are replaced.
    pub(super) fn touch_stored(
        &mut self,
        tally: &mut Tally<V>,
        grouping: usize,
        kinds: &[String],
        scope: &mut Scope,
    ) -> Result<()> {
        let new = !scope.new.is_empty();
        let running = scope.derived.iter().any(|target| is_running(target.period));
        if let Mode::Replace { since, .. } = scope.mode {
            for target in scope.derived.iter().chain([&scope.day, &scope.hour]) {
                if target.period == Period::Hour && !self.plan.hourly {
                    continue;
                }
                let slot = |day| self.change.store().calendar().slot_of_day(target.period, day);
                let cut = since.map(slot);
                // An object whose days lay after those that running periods were carried to has days only.
                let goes_on = is_running(target.period) || running && target.period == Period::Day;
                let from = match (cut, scope.extend_from) {
                    (Some(cut), Some(from)) if goes_on => Some(cut.min(from) - 1),
                    (cut, _) => cut,
                };
                self.scan(target, kinds, from, |carry, object, row_key, row, first| {
                    let before = row.len();
                    let mut kept = row;
                    match cut.map(|cut| u32::try_from(cut.saturating_sub(first))) {
                        Some(Ok(slot)) => kept.truncate(slot),
                        Some(Err(_)) | None => kept = Row::default(),
                    }
                    if kept.len() < before {
                        carry.change.put_row(row_key, &kept, carry.plan.form)?;
                    }
                    carry.touch(tally, grouping, object)
                })?;
            }
        } else if let (Some(from), true) = (scope.extend_from, running) {
            for target in scope.derived.iter().filter(|target| is_running(target.period)).chain([&scope.day])
            {
                self.scan(target, kinds, Some(from - 1), |carry, object, _, _, _| {
                    carry.touch(tally, grouping, object)
                })?;
            }
        }
        if let Some((left_out, _)) = scope.left_out {
            let calendar = *self.change.store().calendar();
            let begin = |period| calendar.first_day_number(period, calendar.slot_of_day(period, left_out));
            let calendar_periods =
                scope.derived.iter().map(|target| target.period).filter(|period| !is_running(*period));
            if let Some(from) = calendar_periods.map(begin).min() {
                self.scan(&scope.day, kinds, Some(from), |carry, object, _, _, _| {
                    carry.touch(tally, grouping, object)
                })?;
            }
        }
        if new {
            let mut stored_days = scope.stored_days;
            self.scan(&scope.day, kinds, None, |carry, object, _, row, first| {
                let present = row.present();
                let (lowest, highest) = (present.trailing_zeros(), present.checked_ilog2().unwrap_or(0));
                let (lowest, highest) = (first + lowest.cast_signed(), first + highest.cast_signed());
                let (from, to) = stored_days.unwrap_or((lowest, highest));
                stored_days = Some((from.min(lowest), to.max(highest)));
                carry.touch(tally, grouping, object)
            })?;
            scope.stored_days = stored_days;
        }
        Ok(())
    }

    fn touch(&self, tally: &mut Tally<V>, grouping: usize, object: &[u8]) -> Result<()> {
        if tally.touch(grouping, object) { tally.put_aside(self.change.store()) } else { Ok(()) }
    }

    /// Calls `visit` with each stored row of objects of these kinds, from the row of the slot `from` on: with
    /// the bytes of its object, its key, the row and the ordinal of its first slot.
    fn scan(
        &mut self,
        target: &Target,
        kinds: &[String],
        from: Option<i32>,
        mut visit: impl FnMut(&mut Self, &[u8], Vec<u8>, Row<V>, i32) -> Result<()>,
    ) -> Result<()> {
        let store = self.change.store();
        let KeyRange { start, end } = target.prefix.rows();
        let slots = target.slots;
        let start = from.map_or(start, |from| target.prefix.row(slots.day_of(slots.row_of(from)), &[]));
        let kind_bytes = kinds.first().map(|kind| key::kind_bytes(kind)).unwrap_or_default();
        // Nobody else writes while the change is open, and the change itself writes each row of a series once.
        store.snapshot().for_each(KeyRange { start, end }, |entry| {
            let corrupt = |malformed| store.corrupt(malformed, None);
            let (day, object) = target.prefix.split(&entry.key).map_err(corrupt)?;
            let wanted = kinds.is_empty()
                || object.starts_with(&kind_bytes)
                    && key::decode_object(object).map_err(corrupt)?.is_of_kinds(kinds);
            if !wanted {
                return Ok(());
            }
            let object = object.to_vec();
            let row = Row::decode(&entry.value).map_err(corrupt)?;
            visit(self, &object, entry.key, row, slots.first_ordinal(day))
        })
    }
}
