//! `KIND=ID,KIND=ID`.

use std::str::FromStr;
use trackstats::{
    Object,
    model::{Id, Part},
    records::id_of,
};

/// How objects are written, for the help of each option that takes one.
pub(crate) const OBJECT_HELP: &str = "The object, KIND=ID, several parts joined by commas: country=nl,province=ut. \
    An ID of digits only is a number; in double quotes it is a text, in which \"\" stands for a quote: 'user=\"42\"'";

/// An object as it is given on the command line.
#[derive(Debug, Clone)]
pub(crate) struct ObjectArg(pub(crate) Object);

impl FromStr for ObjectArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut object: Option<Object> = None;
        let mut rest = Some(text);
        while let Some(part) = rest {
            let (kind, id) =
                part.split_once('=').ok_or_else(|| format!("{part:?} is not KIND=ID, such as country=nl"))?;
            let (quoted, after) = match id.strip_prefix('"') {
                Some(quoted) => unquote(quoted).map(|(id, after)| (Some(id), after))?,
                None => (None, id.find(',').map_or("", |comma| id.get(comma..).unwrap_or_default())),
            };
            let id = match &quoted {
                Some(text) => Id::Text(text),
                None => id_of(id.strip_suffix(after).unwrap_or(id)),
            };
            let with = object.map_or_else(|| Object::new(kind, id), |object| object.and(kind, id));
            object = Some(with.map_err(|error| error.to_string())?);
            rest = match after.strip_prefix(',') {
                Some(next) => Some(next),
                None if after.is_empty() => None,
                None => return Err(format!("{after:?} follows a closing quote; a comma goes there")),
            };
        }
        object.map(Self).ok_or_else(|| "an object has at least one part, KIND=ID".to_owned())
    }
}

/// The text up to the closing quote, and what comes after it.
fn unquote(quoted: &str) -> Result<(String, &str), String> {
    let mut text = String::new();
    let mut rest = quoted;
    loop {
        let (before, after) = rest.split_once('"').ok_or_else(|| "a quote is not closed".to_owned())?;
        text.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                text.push('"');
                rest = more;
            }
            None => return Ok((text, after)),
        }
    }
}

/// An object as [`ObjectArg`] reads it.
pub(crate) fn object_text(object: &Object) -> String {
    let part = |part: &Part| match part.id() {
        Id::Text(text) if text.contains(['"', ',']) || matches!(id_of(text), Id::Number(_)) => {
            format!("{}=\"{}\"", part.kind(), text.replace('"', "\"\""))
        }
        id => format!("{}={id}", part.kind()),
    };
    object.parts().iter().map(part).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_comes_back_from_its_text() {
        for id in
            ["nl", "", "42", "007", "a,b=c", "\"", "say \"hi\"", "18446744073709551616", "0", "-1", "é😀"]
        {
            let object = Object::new("a", id).unwrap().and("b", 42).unwrap().and("c", id).unwrap();
            let ObjectArg(back) = object_text(&object).parse().unwrap();
            assert_eq!(back, object, "{id}");
        }
        let ObjectArg(numbers) = "a=42,b=007,c=0".parse().unwrap();
        let ids: Vec<_> = numbers.parts().iter().map(Part::id).collect();
        assert_eq!(ids, [Id::Number(42), Id::Text("007"), Id::Number(0)]);
    }

    #[test]
    fn what_is_not_an_object_is_said() {
        for (text, sentence) in [
            ("", "\"\" is not KIND=ID"),
            ("country", "\"country\" is not KIND=ID"),
            ("country=nl,", "\"\" is not KIND=ID"),
            ("=nl", "the ref \"\" is empty"),
            ("a=\"b", "a quote is not closed"),
            ("a=\"b\"c", "\"c\" follows a closing quote"),
        ] {
            let error = text.parse::<ObjectArg>().unwrap_err();
            assert!(error.contains(sentence), "{text}: {error}");
        }
    }
}
