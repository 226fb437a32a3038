//! What a statistic is about, when it is about something in particular.

use super::Ref;
use crate::error::{Error, Result};
use std::{fmt, sync::Arc};

/// What a statistic is about: a user, a sensor, a province of a country. One or several parts, each a kind
/// and an id.
///
/// Objects are cheap to clone, and are ordered as in the store: by their first part's kind, then its id, then
/// the next part; numbers come before texts.
///
/// ```
/// use trackstats::Object;
///
/// let user = Object::new("user", 42)?;
/// let province = Object::new("country", "nl")?.and("province", "ut")?;
/// assert_eq!(province.to_string(), "country=nl,province=ut");
/// # Ok::<(), trackstats::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object {
    parts: Arc<[Part]>,
}

/// One part of an [`Object`]: a kind and an id, such as "country" and "be". The kind of a part has nothing to do with the
/// [kind of a value](crate::kinds).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    kind: Arc<str>,
    id: OwnedId,
}

/// The id of a part of an [`Object`]: a number or a text of up to 1,000 characters, empty and control characters
/// included. The number 7 and the text "7" are different ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id<'a> {
    /// A number, such as a row's primary key.
    Number(u64),
    /// A text, such as an airport's code.
    Text(&'a str),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum OwnedId {
    Number(u64),
    Text(String),
}

impl Object {
    /// An object of one part.
    ///
    /// # Errors
    /// [`Error::InvalidRef`] for a kind that isn't a [`Ref`], [`Error::InvalidObject`] for an id that is too long.
    pub fn new<'i>(kind: &str, id: impl Into<Id<'i>>) -> Result<Self> {
        Ok(Self { parts: Arc::new([Part::new(kind, id.into())?]) })
    }

    /// The same object with one more part.
    ///
    /// # Errors
    /// As [`Object::new`], and [`Error::InvalidObject`] for a ninth part.
    pub fn and<'i>(&self, kind: &str, id: impl Into<Id<'i>>) -> Result<Self> {
        let part = Part::new(kind, id.into())?;
        Self::from_parts(self.parts.iter().cloned().chain([part]).collect())
    }

    pub(crate) const MAX_PARTS: usize = 8;

    pub(crate) fn from_parts(parts: Vec<Part>) -> Result<Self> {
        if let Some(part) = parts.get(Self::MAX_PARTS) {
            return Err(part.id().invalid(&part.kind, "is one too many: an object has 1 to 8 parts"));
        }
        Ok(Self { parts: parts.into() })
    }

    /// The parts, in order; at least one.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The parts, if nobody else has the object.
    pub(crate) fn parts_mut(&mut self) -> Option<&mut [Part]> {
        Arc::get_mut(&mut self.parts)
    }

    /// The kinds of the parts, in order.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(Part::kind)
    }

    /// Whether it is the same object: mostly known without comparing its parts.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.parts, &other.parts) || self == other
    }

    pub(crate) fn has_part_kinds(&self, kinds: &[String]) -> bool {
        self.kinds().eq(kinds.iter().map(String::as_str))
    }
}

impl From<&Object> for Object {
    fn from(object: &Object) -> Self {
        object.clone()
    }
}

impl Part {
    pub(crate) fn new(kind: &str, id: Id<'_>) -> Result<Self> {
        let kind = Ref::parse(kind)?;
        Ok(Self { id: OwnedId::new(kind.as_str(), id)?, kind: kind.as_str().into() })
    }

    /// A part of the same kind.
    pub(crate) fn with_id(&self, id: Id<'_>) -> Result<Self> {
        Ok(Self { id: OwnedId::new(&self.kind, id)?, kind: Arc::clone(&self.kind) })
    }

    /// Gives it another id, which has been checked.
    pub(crate) fn set_id(&mut self, id: Id<'_>) {
        match (&mut self.id, id) {
            (OwnedId::Text(text), Id::Text(new)) => new.clone_into(text),
            (_, Id::Text(new)) => self.id = OwnedId::Text(new.to_owned()),
            (_, Id::Number(number)) => self.id = OwnedId::Number(number),
        }
    }

    /// What kind of thing it is: `user`, `country`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Which one it is.
    pub fn id(&self) -> Id<'_> {
        match &self.id {
            OwnedId::Number(number) => Id::Number(*number),
            OwnedId::Text(text) => Id::Text(text),
        }
    }
}

impl OwnedId {
    fn new(kind: &str, id: Id<'_>) -> Result<Self> {
        id.check(kind)?;
        Ok(match id {
            Id::Number(number) => Self::Number(number),
            Id::Text(text) => Self::Text(text.to_owned()),
        })
    }
}

impl Id<'_> {
    const MAX_CHARS: usize = 1_000;

    pub(crate) fn check(self, kind: &str) -> Result<()> {
        match self {
            // A text of so few bytes has few enough characters: counting them is for the others.
            Id::Text(text) if text.len() > Self::MAX_CHARS && text.chars().count() > Self::MAX_CHARS => {
                Err(self.invalid(kind, "is too long: an id has up to 1,000 characters"))
            }
            Id::Text(_) | Id::Number(_) => Ok(()),
        }
    }

    fn invalid(self, kind: &str, problem: &'static str) -> Error {
        let id = self.to_string().chars().take(40).collect();
        Error::InvalidObject { kind: kind.to_owned(), id, problem }
    }
}

impl From<u64> for Id<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl<'a> From<&'a str> for Id<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Id<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// `kind=id,kind=id`; meant for people, since ids may hold `=` and `,` themselves.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, part) in self.parts.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{}={}", part.kind, part.id())?;
        }
        Ok(())
    }
}
