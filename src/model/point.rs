//! Absent, missing, or a value.

/// What is known of one date of a series: nothing, that there is no data, or a value.
///
/// Lists of points leave out what is absent, so there an `Option` is enough; this is for a date that is looked at by
/// itself.
///
/// ```
/// use trackstats::{Domain, Metric, Period, Store, model::Point};
///
/// const SALES: Metric = Metric::new(Domain::new("till", "The till"), "sales", "Sales");
///
/// let store = Store::in_memory()?;
/// let today = store.series(SALES, Period::Day).from(store.today()?);
/// assert_eq!(today.over()?, Point::Absent);
/// store.record_missing(SALES.on(Period::Day, store.today()?))?;
/// assert_eq!(today.over()?, Point::Missing);
/// store.record(SALES.on(Period::Day, store.today()?), 0)?;
/// assert_eq!(today.over()?, Point::Value(0));
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Point<T> {
    /// Nothing is known.
    #[default]
    Absent,
    /// It is known that there is no data.
    Missing,
    /// A value, which may be zero.
    Value(T),
}

impl<T> Point<T> {
    /// The value; none if it is absent or missing.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Missing => None,
        }
    }

    /// The same point, its value borrowed.
    pub fn as_ref(&self) -> Point<&T> {
        match self {
            Self::Absent => Point::Absent,
            Self::Missing => Point::Missing,
            Self::Value(value) => Point::Value(value),
        }
    }

    /// The point with its value made into another.
    pub fn map<U>(self, to: impl FnOnce(T) -> U) -> Point<U> {
        match self {
            Self::Absent => Point::Absent,
            Self::Missing => Point::Missing,
            Self::Value(value) => Point::Value(to(value)),
        }
    }

    /// The two values; absent if one of the two points is, else missing if one of the two is.
    pub fn zip<U>(self, other: Point<U>) -> Point<(T, U)> {
        match (self, other) {
            (Self::Absent, _) | (_, Point::Absent) => Point::Absent,
            (Self::Missing, _) | (_, Point::Missing) => Point::Missing,
            (Self::Value(a), Point::Value(b)) => Point::Value((a, b)),
        }
    }

    /// Whether nothing is known.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether it is known that there is no data.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    /// Whether there is a value.
    pub fn is_value(&self) -> bool {
        matches!(self, Self::Value(_))
    }

    /// What a list of statistics has for it: nothing if it is absent, else its value or none.
    pub(crate) fn into_listed(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Missing => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }

    /// The reverse of [`into_listed`](Self::into_listed).
    pub(crate) fn from_listed(listed: Option<Option<T>>) -> Self {
        listed.map_or(Self::Absent, Self::from)
    }
}

/// A statistic that is there: none is a missing one.
impl<T> From<Option<T>> for Point<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Self::Value)
    }
}
