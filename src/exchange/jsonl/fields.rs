//! The fields of a line, taken out one by one, so that what is left is what nobody knows.

use super::json::{Json, Members};
use crate::error::{hint, nearest};
use std::borrow::Cow;

/// What is wrong with a line, a sentence.
pub(super) type LineProblem = String;

/// The fields of a line that haven't been taken yet.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    members: Members<'a>,
    taken: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn parse(line: &'a str) -> Result<Self, LineProblem> {
        match serde_json::from_str(line) {
            Ok(Json::Object(members)) => Ok(Self { members, taken: Vec::with_capacity(8) }),
            Ok(other) => Err(format!("it is {}, not an object of JSON", other.describe())),
            Err(error) => {
                // A line has no line 1 of its own.
                let place = format!(" at line {} column {}", error.line(), error.column());
                let reason = error.to_string().replace(&place, "");
                Err(format!("it is not JSON: {reason} (column {})", error.column()))
            }
        }
    }

    pub(super) fn take(&mut self, name: &'static str) -> Result<Option<Json<'a>>, LineProblem> {
        self.taken.push(name);
        let Some(at) = self.members.iter().position(|(given, _)| given == name) else { return Ok(None) };
        let (_, value) = self.members.remove(at);
        if self.members.iter().any(|(given, _)| given == name) {
            return Err(format!("it has the field {name:?} twice"));
        }
        Ok(Some(value))
    }

    pub(super) fn need(&mut self, name: &'static str) -> Result<Json<'a>, LineProblem> {
        self.take(name)?.ok_or_else(|| format!("it has no field {name:?}"))
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Cow<'a, str>, LineProblem> {
        as_text(name, self.need(name)?)
    }

    pub(super) fn optional_text(&mut self, name: &'static str) -> Result<Option<Cow<'a, str>>, LineProblem> {
        self.take(name)?.map(|value| as_text(name, value)).transpose()
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, name: &'static str) -> Result<Vec<Cow<'a, str>>, LineProblem> {
        match self.need(name)? {
            Json::List(items) => items.into_iter().map(|item| as_text(name, item)).collect(),
            other => Err(format!("{name:?} is {}, not a list of texts", other.describe())),
        }
    }

    /// Says whether all fields have been taken.
    pub(super) fn end(self) -> Result<(), LineProblem> {
        let Some((unknown, _)) = self.members.first() else { return Ok(()) };
        let unknown: String = unknown.chars().take(40).collect();
        let near = nearest(&unknown, self.taken.iter().copied());
        let hint = hint(&near);
        Err(format!("it has the unknown field {unknown:?}{hint}; its fields are {}", self.taken.join(", ")))
    }
}

fn as_text<'a>(name: &str, value: Json<'a>) -> Result<Cow<'a, str>, LineProblem> {
    match value {
        Json::Text(text) => Ok(text),
        other => Err(format!("{name:?} is {}, not a text", other.describe())),
    }
}
