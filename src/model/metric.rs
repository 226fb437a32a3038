//! Domains and the metrics that they group.

use super::Ref;
use crate::error::Result;
use std::{fmt, marker::PhantomData};

/// A group of metrics, declared as a `const` and registered in the store when it is first written.
///
/// ```
/// use trackstats::Domain;
///
/// const FLIGHTS: Domain = Domain::new("flights", "Flights");
/// assert_eq!(FLIGHTS.reference().as_str(), "flights");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Domain<'a> {
    reference: Ref<'a>,
    name: &'a str,
}

impl<'a> Domain<'a> {
    /// A domain with this ref, by which it is stored, and this name, which people see.
    ///
    /// # Panics
    /// When `reference` isn't a [`Ref`]; in a `const`, that is an error of the compiler.
    pub const fn new(reference: &'a str, name: &'a str) -> Self {
        Self { reference: Ref::new(reference), name }
    }

    /// A domain whose ref comes from outside the program.
    ///
    /// # Errors
    /// [`Error::InvalidRef`](crate::Error::InvalidRef).
    pub fn parse(reference: &'a str, name: &'a str) -> Result<Self> {
        Ok(Self { reference: Ref::parse(reference)?, name })
    }

    /// The ref by which the domain is stored.
    pub const fn reference(&self) -> Ref<'a> {
        self.reference
    }

    /// The name that people see.
    pub const fn name(&self) -> &'a str {
        self.name
    }
}

/// What is measured: a metric of a domain, whose values are of the type `V`.
///
/// It is declared as a `const` and registered in the store when it is first written. Registering it again
/// updates its name and description; its kind of value stays.
///
/// ```
/// use trackstats::{Domain, Metric, kinds::Max};
///
/// const FLIGHTS: Domain = Domain::new("flights", "Flights");
/// const DEPARTURES: Metric = Metric::new(FLIGHTS, "departures", "Departures");
/// const WORST_DELAY: Metric<Max> =
///     Metric::new(FLIGHTS, "worst_delay", "Worst delay").describe("In minutes.");
/// assert_eq!(DEPARTURES.to_string(), "flights/departures");
/// ```
pub struct Metric<'a, V = i64> {
    domain: Domain<'a>,
    reference: Ref<'a>,
    name: &'a str,
    description: &'a str,
    value: PhantomData<fn() -> V>,
}

impl<'a, V> Metric<'a, V> {
    /// A metric with this ref, by which it is stored, and this name, which people see.
    ///
    /// # Panics
    /// When `reference` isn't a [`Ref`]; in a `const`, that is an error of the compiler.
    pub const fn new(domain: Domain<'a>, reference: &'a str, name: &'a str) -> Self {
        Self { domain, reference: Ref::new(reference), name, description: "", value: PhantomData }
    }

    /// A metric whose ref comes from outside the program.
    ///
    /// # Errors
    /// [`Error::InvalidRef`](crate::Error::InvalidRef).
    pub fn parse(domain: Domain<'a>, reference: &'a str, name: &'a str) -> Result<Self> {
        let reference = Ref::parse(reference)?;
        Ok(Self { domain, reference, name, description: "", value: PhantomData })
    }

    /// The same metric with a description. Default: none.
    #[must_use]
    pub const fn describe(self, description: &'a str) -> Self {
        Self { description, ..self }
    }

    /// The domain that the metric belongs to.
    pub const fn domain(&self) -> Domain<'a> {
        self.domain
    }

    /// The ref by which the metric is stored, unique within its domain.
    pub const fn reference(&self) -> Ref<'a> {
        self.reference
    }

    pub(crate) const fn domain_ref(&self) -> &'a str {
        self.domain.reference.as_str()
    }

    pub(crate) const fn metric_ref(&self) -> &'a str {
        self.reference.as_str()
    }

    /// The same metric, read as one of another kind of value.
    pub(crate) const fn with_kind<U>(self) -> Metric<'a, U> {
        let Self { domain, reference, name, description, value: _ } = self;
        Metric { domain, reference, name, description, value: PhantomData }
    }

    /// The name that people see.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The description, empty if there is none.
    pub const fn description(&self) -> &'a str {
        self.description
    }
}

impl<V> Clone for Metric<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Metric<'_, V> {}

impl<V> PartialEq for Metric<'_, V> {
    fn eq(&self, other: &Self) -> bool {
        (self.domain, self.reference, self.name, self.description)
            == (other.domain, other.reference, other.name, other.description)
    }
}

impl<V> Eq for Metric<'_, V> {}

impl<V> fmt::Debug for Metric<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metric")
            .field("domain", &self.domain)
            .field("reference", &self.reference)
            .field("name", &self.name)
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

/// `domain/metric`.
impl<V> fmt::Display for Metric<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.domain.reference, self.reference)
    }
}
