//! JSON as it stands in a line: members in order, also those given twice, and whole numbers of 64 bits.

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use std::{borrow::Cow, fmt};

/// A value of JSON. Texts are borrowed from the line where they have no escapes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    Decimal(f64),
    Text(Cow<'a, str>),
    /// Its items, as many as a line may have.
    List(Vec<Json<'a>>),
    Object(Members<'a>),
}

/// The members of a JSON object, in order.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

impl Json<'_> {
    /// What it is, for people.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Unsigned(_) | Self::Negative(_) => "a whole number",
            Self::Decimal(_) => "a fraction, or too large for 64 bits",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The nearest `f64`, if it is a number.
    #[expect(clippy::cast_precision_loss, reason = "the nearest is what is promised")]
    pub(super) fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Unsigned(number) => Some(*number as f64),
            Self::Negative(number) => Some(*number as f64),
            Self::Decimal(number) => Some(*number),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        JsonVisitor { depth: 0 }.deserialize(deserializer)
    }
}

/// The objects and lists deeper than this have no members here: a line has its own, and those of its fields.
const DEEPEST: u8 = 1;

/// No object that means anything has so many members. One of 24 MiB would take ten times that of memory.
const MOST_MEMBERS: usize = 64;

/// Reads a value of JSON within as many objects and lists as `depth`.
#[derive(Clone, Copy)]
struct JsonVisitor {
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Json::Unsigned(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(number).map_or(Json::Negative(number), Json::Unsigned))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Json::Decimal(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        if self.depth > DEEPEST {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Json::List(items));
        }
        while let Some(item) = list.next_element_seed(Self { depth: self.depth + 1 })? {
            if items.len() == MOST_MEMBERS {
                return Err(de::Error::custom("a list has more than 64 items"));
            }
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        if self.depth > DEEPEST {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Json::Object(members));
        }
        members.reserve(8);
        while let Some(Key(name)) = map.next_key()? {
            if members.len() == MOST_MEMBERS {
                return Err(de::Error::custom("an object has more than 64 fields"));
            }
            members.push((name, map.next_value_seed(Self { depth: self.depth + 1 })?));
        }
        Ok(Json::Object(members))
    }
}

/// serde reads a `Cow` as owned, always.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor).map(Self)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_those_given_twice_are_both_there() {
        let line = r#"{"b":18446744073709551615,"a":-1,"b":"\u0000","c":[1,{}],"d":1.0,"e":null}"#;
        let Json::Object(members) = serde_json::from_str(line).unwrap() else { panic!("an object") };
        let expected = [
            ("b", Json::Unsigned(u64::MAX)),
            ("a", Json::Negative(-1)),
            ("b", Json::Text("\0".into())),
            ("c", Json::List(vec![Json::Unsigned(1), Json::Object(Vec::new())])),
            ("d", Json::Decimal(1.0)),
            ("e", Json::Null),
        ];
        assert_eq!(members, expected.map(|(name, value)| (name.into(), value)));
    }
}
