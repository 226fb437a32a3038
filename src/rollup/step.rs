//! Calendar periods in step with days that came from elsewhere.

use super::{Comparison, Grouping, PeriodFill, anew};
use crate::{blocks::Table, error::Result, kinds::Value, model::Period, storage::Transaction};

impl Grouping {
    /// Works the calendar periods that are kept out from the days of `days`, but for those that were `given` with them:
    /// those are compared. Notes which are what their days make them.
    pub(crate) fn bring_into_step<V: Value>(
        &mut self,
        change: &mut Transaction<'_>,
        days: &Table,
        given: impl Fn(Period) -> bool,
    ) -> Result<()> {
        let mut in_step = Vec::new();
        for (table, grouping) in self.kept_tables(days) {
            let period = table.period();
            if given(period) {
                let mut comparison = Comparison::<_, V>::new(&*change, vec![(table, grouping)]);
                if comparison.next_differing()?.is_none() {
                    in_step.push(period);
                }
            } else {
                let kinds = grouping.part_kind_bytes();
                let fill = PeriodFill::new(days.clone(), kinds.clone(), i32::MIN, self.tracked.left_out);
                anew::<V>(change, fill, &table, &kinds, None)?;
                in_step.push(period);
            }
        }
        self.tracked.in_step = in_step;
        Ok(())
    }
}
