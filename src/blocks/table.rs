//! Which block, and which slot in it, a statistic is in.

use crate::{
    calendar::Calendar,
    error::{Error, Result},
    format::{
        BlockReader, Form, KeyRange, MOST_SLOTS, Malformed, SeriesPrefix, SlotBits, Space, Unencodable, key,
    },
    kinds::MergeError,
    model::{Date, Object, Period, Series, Statistic},
    storage::{Direction, Entry, Reads},
};
use std::{ops::RangeInclusive, sync::Arc};

/// A row of values that are stored as bytes has fewer slots: they are tens of bytes mostly, and a row is written as a
/// whole.
const ENCODED_SLOTS: u32 = 16;

/// All statistics of a metric for a period, without object or with one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    domain: Arc<str>,
    metric: Arc<str>,
    period: Period,
    calendar: Calendar,
    form: Form,
    prefix: SeriesPrefix,
    has_objects: bool,
    /// How many slots a row spans.
    slots: i32,
}

impl Table {
    pub(crate) fn new(
        calendar: Calendar,
        (domain, metric): (&str, &str),
        period: Period,
        form: Form,
        has_objects: bool,
    ) -> Self {
        let space = if has_objects { Space::Object } else { Space::Plain };
        let slots = match form {
            Form::Integers => MOST_SLOTS,
            Form::Encoded => ENCODED_SLOTS,
            Form::Large => 1,
        };
        let prefix = SeriesPrefix::new(space, domain, metric, period);
        let (domain, metric, slots) = (domain.into(), metric.into(), slots.cast_signed());
        Self { domain, metric, period, calendar, form, prefix, has_objects, slots }
    }

    /// The same metric's table of another period.
    pub(crate) fn of_period(&self, period: Period) -> Self {
        Self::new(self.calendar, (&self.domain, &self.metric), period, self.form, self.has_objects)
    }

    /// The refs of the domain and the metric.
    pub(crate) fn names(&self) -> (&str, &str) {
        (&self.domain, &self.metric)
    }

    pub(crate) fn period(&self) -> Period {
        self.period
    }

    pub(crate) fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The series of an object, or the one without object.
    pub(crate) fn series(&self, object: Option<Object>) -> Series {
        let (domain, metric) = (Arc::clone(&self.domain), Arc::clone(&self.metric));
        Series { domain, metric, period: self.period, object }
    }

    /// A value that can't be encoded, in a row of an object.
    pub(super) fn unstorable(
        &self,
        span: i32,
        object: &[u8],
        Unencodable { slot, problem }: Unencodable,
    ) -> Error {
        let slot = self.first_slot(span).saturating_add(slot.cast_signed());
        Error::Unstorable { statistic: self.describe(slot, object), problem: format!("it is {problem}") }
    }

    /// The date of a slot.
    pub(crate) fn date(&self, slot: i32) -> Result<Date> {
        self.calendar.date(self.period, slot)
    }

    /// A statistic as text, for errors.
    pub(crate) fn describe(&self, slot: i32, object: &[u8]) -> String {
        let series = Arc::new(self.series(key::decode_object(object).ok()));
        match self.date(slot) {
            Ok(date) => Statistic::<()> { series, date, value: None }.to_string(),
            Err(_) => format!("{}/{} {}", self.domain, self.metric, self.period),
        }
    }

    /// Two values that don't merge, in the statistic of an object and a slot.
    pub(crate) fn merge_error(&self, slot: i32, object: &[u8], error: &MergeError) -> Error {
        Error::Merge { statistic: self.describe(slot, object), problem: error.to_string() }
    }

    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// The number of the span that a slot is in. Spans that follow each other have numbers that do.
    pub(super) fn span_of(&self, slot: i32) -> i32 {
        slot.div_euclid(self.slots)
    }

    /// A slot's offset in its row: how many slots it is after the first of its span.
    pub(super) fn offset_of(&self, slot: i32) -> u32 {
        slot.rem_euclid(self.slots).cast_unsigned()
    }

    /// The first slot of a span.
    pub(super) fn first_slot(&self, span: i32) -> i32 {
        span.saturating_mul(self.slots)
    }

    /// The slots of the span that a slot is in.
    pub(crate) fn slots_beside(&self, slot: i32) -> RangeInclusive<i32> {
        let first = self.first_slot(self.span_of(slot));
        first..=first.saturating_add(self.slots - 1)
    }

    /// The offsets in a span's row whose slots lie in a range, both ends included.
    pub(super) fn offsets(&self, span: i32, (from, to): (i32, i32)) -> SlotBits {
        let first = self.first_slot(span);
        let up_to = |slot: i32| {
            let slots = slot.saturating_sub(first).clamp(0, self.slots).cast_unsigned();
            SlotBits::MAX.checked_shr(SlotBits::BITS - slots).unwrap_or(0)
        };
        up_to(to.saturating_add(1)) & !up_to(from)
    }

    /// Whether a block's span may begin with this slot.
    pub(super) fn is_first_slot(&self, slot: i32) -> bool {
        slot.rem_euclid(self.slots) == 0
    }

    /// The key of a block.
    pub(super) fn key(&self, span: i32, first_object: &[u8]) -> Vec<u8> {
        self.prefix.block(self.first_slot(span), first_object)
    }

    /// The keys of all blocks.
    pub(crate) fn keys(&self) -> KeyRange {
        self.prefix.blocks()
    }

    /// The keys of all blocks of a range of spans, both ends included.
    pub(super) fn spans(&self, first: i32, last: i32) -> KeyRange {
        KeyRange { start: self.key(first, &[]), end: key::after(&self.key(last, &[])) }
    }

    /// The span of a block, and its first object; none has no bytes.
    pub(super) fn split<'k>(&self, key: &'k [u8]) -> Result<(i32, &'k [u8]), Malformed> {
        let (slot, object) = self.prefix.split(key)?;
        if object.is_empty() == self.has_objects {
            let (without, with) = ("a key without an object", "a key with an object where there is none");
            return Err(Malformed(if self.has_objects { without } else { with }));
        }
        if !self.is_first_slot(slot) {
            return Err(Malformed("a block whose date isn't the first of a span"));
        }
        Ok((self.span_of(slot), object))
    }

    /// Reads the rows of a block.
    pub(super) fn reader<'b>(&self, key: &[u8], block: &'b [u8]) -> Result<BlockReader<'b>, Malformed> {
        let (_, first_object) = self.split(key)?;
        BlockReader::new(self.form, first_object, block)
    }

    /// The next of some spans in a direction, from one to another, both included, that has blocks.
    pub(super) fn next_span(
        &self,
        reads: &impl Reads,
        (first, last): (i32, i32),
        direction: Direction,
    ) -> Result<Option<i32>> {
        let found = reads.first(&self.spans(first, last), direction)?;
        let span = found.map(|found| self.split(&found.key).map(|(span, _)| span)).transpose();
        span.map_err(|malformed| reads.corrupt(malformed))
    }

    /// The block of a span that holds an object's row, if there is one: the last whose key isn't after it.
    pub(super) fn block_of(&self, reads: &impl Reads, span: i32, object: &[u8]) -> Result<Option<Entry>> {
        let key = self.key(span, object);
        if !self.has_objects {
            return Ok(reads.get(&key)?.map(|value| Entry { key, value }));
        }
        let end = Some([&key[..], &[0]].concat());
        reads.first(&KeyRange { start: self.key(span, &[]), end }, Direction::Backwards)
    }

    pub(crate) fn has_objects(&self) -> bool {
        self.has_objects
    }
}
