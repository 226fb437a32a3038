//! The records that describe a store: its format and calendar, its domains and metrics, and how far its trackers have
//! come. Each is a version byte and then bincode's standard configuration.

use super::{Malformed, key};
use crate::{
    kinds::{Figures, KindVisitor, Layout, Value, encoded, is_any, visit_kind},
    model::Period,
};
use bincode::config;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The format of a store that this version reads and writes: key layout, row layout and the records below.
pub(crate) const FORMAT: u32 = 2;

const RECORD_VERSION: u8 = 1;

/// What a store is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoreRecord {
    pub(crate) format: u32,
    pub(crate) calendar: CalendarRecord,
    pub(crate) tz_version: String,
    pub(crate) crate_version: String,
}

/// A calendar's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CalendarRecord {
    pub(crate) zone: String,
    /// In minutes after midnight.
    pub(crate) day_start: u16,
    /// Days after Monday.
    pub(crate) week_start: u8,
    pub(crate) month_start_day: u8,
}

/// The latest date seen: the latest plausible one that the store's clock gave for today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SeenRecord {
    /// As a day number.
    pub(crate) day: i32,
}

/// What a checkpoint is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CheckpointRecord {
    /// The number that the store was given when it was made.
    pub(crate) store_id: u64,
    /// The last change that is in it.
    pub(crate) number: u64,
}

/// A domain's registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DomainRecord {
    pub(crate) name: String,
}

/// A metric's registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MetricRecord {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) kind: String,
    pub(crate) form: Form,
}

/// What trackers keep of a metric for one grouping; days are day numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TrackedRecord {
    /// The last day that a run covered.
    pub(crate) through: Option<i32>,
    /// The day whose unfinished periods the last run left out.
    pub(crate) left_out: Option<i32>,
    /// The periods that are kept.
    pub(crate) periods: Vec<PeriodRecord>,
    /// Of those the calendar periods whose statistics are what their days make them.
    pub(crate) in_step: Vec<PeriodRecord>,
}

/// A period: its byte in keys, and of a window how many days it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PeriodRecord(u8, u16);

impl From<Period> for PeriodRecord {
    fn from(period: Period) -> Self {
        let days = if let Period::LastDays(days) = period { days } else { 0 };
        Self(key::period_byte(period), days)
    }
}

impl PeriodRecord {
    pub(crate) fn period(self) -> Result<Period, Malformed> {
        key::period_of(self.0, || Ok(self.1))
    }
}

/// How a metric's rows are laid out; see [`Layout`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Form {
    Integers,
    Encoded,
    Large,
}

impl Form {
    /// The form of a kind of value; none for a kind that goes by what is registered.
    pub(crate) fn of<V: Value>() -> Option<Self> {
        let form = match V::LAYOUT {
            Layout::Integers => Self::Integers,
            Layout::Encoded => Self::Encoded,
            Layout::Large => Self::Large,
        };
        (!is_any::<V>()).then_some(form)
    }

    /// The form of the kind of value of this name; none for a kind that isn't the crate's own.
    pub(crate) fn of_kind(kind: &str) -> Option<Self> {
        visit_kind(kind, FormOf).flatten()
    }

    /// The byte that a block of this form begins with.
    pub(super) fn tag(self) -> u8 {
        match self {
            Self::Integers => 0x01,
            Self::Encoded => 0x02,
            Self::Large => 0x03,
        }
    }

    /// Whether rows have packed integers, and not bytes of each value.
    pub(crate) fn is_integers(self) -> bool {
        self == Self::Integers
    }

    /// Whether a value can be written in this form.
    pub(crate) fn accepts<V: Value>(self, value: &V) -> bool {
        let is_integer =
            if is_any::<V>() { value.to_integer().is_some() } else { V::LAYOUT == Layout::Integers };
        is_integer == self.is_integers()
    }
}

struct FormOf;

impl KindVisitor for FormOf {
    type Output = Option<Form>;

    fn visit<V: Figures>(self) -> Option<Form> {
        Form::of::<V>()
    }
}

pub(crate) trait Record: Serialize + DeserializeOwned {
    fn encode(&self) -> Vec<u8> {
        encoded_record(RECORD_VERSION, self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        match bytes.split_first() {
            Some((&RECORD_VERSION, body)) => decoded_record(body),
            Some(_) => Err(UNKNOWN_VERSION),
            None => Err(EMPTY),
        }
    }
}

impl Record for StoreRecord {}
impl Record for SeenRecord {}
impl Record for CheckpointRecord {}
impl Record for DomainRecord {}
impl Record for MetricRecord {}

impl Record for TrackedRecord {}

const UNKNOWN_VERSION: Malformed = Malformed("a record of an unknown version");
const EMPTY: Malformed = Malformed("an empty record");

fn encoded_record(version: u8, record: &impl Serialize) -> Vec<u8> {
    let mut bytes = vec![version];
    // Writing strings and integers to a Vec has no way to fail.
    let written = bincode::serde::encode_into_std_write(record, &mut bytes, config::standard());
    debug_assert!(written.is_ok(), "a record always encodes");
    bytes
}

fn decoded_record<T: DeserializeOwned>(body: &[u8]) -> Result<T, Malformed> {
    encoded::decode(body).ok_or(Malformed("a record that can't be decoded"))
}
