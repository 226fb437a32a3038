//! Values as they stand in a line: whole numbers, or bytes with what they say beside them.

use super::{
    fields::Problem,
    json::{Json, Members},
};
use crate::{
    error::{Error, Result},
    format::{Form, decode_value, encode_value},
    kinds::{AnyValue, Distinct, Encoded, Figure, Figures, Gauge, Meter, Quantiles, Sum, Summary, Value},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// A value as it is written.
#[derive(Debug)]
pub(super) enum ValueJson {
    Integer(i64),
    /// Bytes, and what they say, if it is a kind of the crate's own: then they are those that the value itself gives, which
    /// others read too. Of the user's own kinds they are what bincode made.
    Encoded {
        figures: Vec<(&'static str, Figure)>,
        base64: String,
    },
}

/// What bytes say, and the same in other bytes: a value's own, or those that are stored.
struct Converted {
    figures: Vec<Figure>,
    bytes: Vec<u8>,
}

/// How values of one of the crate's own encoded kinds are read.
struct Known {
    names: &'static [&'static str],
    from_stored: fn(&[u8]) -> Result<Converted>,
    to_stored: fn(&[u8]) -> Result<Converted>,
}

impl Known {
    fn find(kind: &str) -> Option<Self> {
        match kind {
            Sum::KIND => Some(Self::of::<Sum>()),
            Summary::KIND => Some(Self::of::<Summary>()),
            Distinct::KIND => Some(Self::of::<Distinct>()),
            Quantiles::KIND => Some(Self::of::<Quantiles>()),
            Gauge::KIND => Some(Self::of::<Gauge>()),
            Meter::KIND => Some(Self::of::<Meter>()),
            _ => None,
        }
    }

    fn of<V: Figures + Encoded>() -> Self {
        Self {
            names: V::NAMES,
            from_stored: |bytes| {
                let value: V = decode_value(bytes).ok_or_else(|| Error::InvalidValue {
                    kind: V::NAME,
                    problem: "its bytes are damaged; `Store::verify` tells what else is".to_owned(),
                })?;
                Ok(Converted { figures: value.figures(), bytes: value.to_vec() })
            },
            to_stored: |bytes| {
                let value = V::from_slice(bytes)?;
                Ok(Converted { figures: value.figures(), bytes: stored(&value)? })
            },
        }
    }
}

/// The bytes that a value of the crate's own is stored as.
fn stored<V: Figures + Encoded>(value: &V) -> Result<Vec<u8>> {
    encode_value(value)
        .map_err(|malformed| Error::InvalidValue { kind: V::NAME, problem: malformed.0.to_owned() })
}

impl ValueJson {
    pub(super) fn new(kind: &str, value: &AnyValue) -> Result<Self> {
        let bytes = match value {
            AnyValue::Integer(integer) => return Ok(Self::Integer(*integer)),
            AnyValue::Encoded(bytes) => bytes,
        };
        let Some(known) = Known::find(kind) else {
            return Ok(Self::Encoded { figures: Vec::new(), base64: BASE64_STANDARD.encode(bytes) });
        };
        let Converted { figures, bytes } = (known.from_stored)(bytes)?;
        let figures = known.names.iter().copied().zip(figures).collect();
        Ok(Self::Encoded { figures, base64: BASE64_STANDARD.encode(bytes) })
    }
}

impl Serialize for ValueJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (figures, base64) = match self {
            Self::Integer(integer) => return serializer.serialize_i64(*integer),
            Self::Encoded { figures, base64 } => (figures, base64),
        };
        let mut map = serializer.serialize_map(Some(figures.len() + 1))?;
        for (name, figure) in figures {
            match figure {
                Figure::Whole(count) => map.serialize_entry(name, count)?,
                // JSON has no infinite numbers; they are null as well.
                Figure::Decimal(number) => map.serialize_entry(name, number)?,
                Figure::Missing => map.serialize_entry(name, &())?,
            }
        }
        map.serialize_entry(BYTES, base64)?;
        map.end()
    }
}

/// The field of a value's bytes.
const BYTES: &str = "base64";

/// The value of a metric of this kind, as a line has it; none if it is missing.
pub(super) fn read(kind: &str, form: Form, value: Json<'_>) -> Result<Option<AnyValue>, Problem> {
    let known = Known::find(kind);
    let what = value.describe();
    let value = match (form, value) {
        (_, Json::Null) => return Ok(None),
        (Form::Integers, Json::Unsigned(number)) => i64::try_from(number).ok().map(AnyValue::Integer),
        (Form::Integers, Json::Negative(number)) => Some(AnyValue::Integer(number)),
        (Form::Serde, Json::Object(members)) => {
            Some(AnyValue::Encoded(read_object(known.as_ref(), members)?))
        }
        (Form::Serde, number) if kind == Sum::KIND => match number.as_f64() {
            Some(number) => {
                let bytes = Sum::new(number).and_then(|sum| stored(&sum));
                Some(AnyValue::Encoded(bytes.map_err(|error| error.to_string())?))
            }
            None => None,
        },
        _ => None,
    };
    let problem = || {
        let values = match form {
            Form::Integers => "signed whole numbers of 64 bits",
            Form::Serde if kind == Sum::KIND => "numbers, or objects with their bytes in \"base64\"",
            Form::Serde => "objects with their bytes in \"base64\"",
        };
        let kind: String = kind.chars().take(40).collect();
        format!(
            "\"value\" is {what}; values of the kind {kind:?} are {values}, or null where they are missing"
        )
    };
    value.map(Some).ok_or_else(problem)
}

/// The bytes to store of a value that is an object. What stands beside them must be what they say, so that a number that was
/// corrected by hand isn't left out without a word.
fn read_object(known: Option<&Known>, mut members: Members<'_>) -> Result<Vec<u8>, Problem> {
    let fields = || {
        let names = known.map(|known| known.names).unwrap_or_default();
        names.iter().chain([&BYTES]).copied().collect::<Vec<_>>().join(", ")
    };
    let Some(at) = members.iter().position(|(name, _)| name == BYTES) else {
        return Err(format!(
            "\"value\" has no field {BYTES:?}, the bytes that it is; its fields are {}",
            fields()
        ));
    };
    let bytes = match members.remove(at).1 {
        Json::Text(base64) => BASE64_STANDARD
            .decode(base64.as_bytes())
            .map_err(|error| format!("\"value\" is not base64: {error}"))?,
        other => return Err(format!("the {BYTES:?} of \"value\" is {}, not a text", other.describe())),
    };
    let Converted { figures, bytes } = match known {
        Some(known) => (known.to_stored)(&bytes).map_err(|error| error.to_string())?,
        None => Converted { figures: Vec::new(), bytes },
    };
    let names = known.map(|known| known.names).unwrap_or_default();
    let mut met = Vec::new();
    for (name, json) in &members {
        let Some((name, figure)) = names.iter().zip(&figures).find(|(known, _)| *known == name) else {
            let name: String = name.chars().take(40).collect();
            let twice = if name == BYTES { "the field twice:" } else { "the unknown field" };
            return Err(format!("\"value\" has {twice} {name:?}; its fields are {}", fields()));
        };
        if met.contains(name) {
            return Err(format!("\"value\" has the field {name:?} twice"));
        }
        met.push(*name);
        if !agrees(*figure, json) {
            return Err(format!(
                "the {name:?} of \"value\" isn't what its {BYTES:?} says, from which it is imported; correct the \
                 bytes, or leave the number out"
            ));
        }
    }
    Ok(bytes)
}

/// Whether a line's number is what the bytes say, to as many digits as programs that write JSON anew keep.
fn agrees(figure: Figure, json: &Json<'_>) -> bool {
    match (figure, json) {
        (Figure::Missing, json) => *json == Json::Null,
        (Figure::Whole(count), json) => *json == Json::Unsigned(count),
        (Figure::Decimal(number), Json::Null) => !number.is_finite(),
        (Figure::Decimal(number), json) => {
            json.as_f64().is_some_and(|given| (given - number).abs() <= 1e-9 * number.abs().max(given.abs()))
        }
    }
}
