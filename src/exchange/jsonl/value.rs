//! Values as they stand in a line: whole numbers, or bytes with what they say beside them.

use super::{
    fields::LineProblem,
    json::{Json, Members},
};
use crate::{
    error::{Error, Result},
    format::Form,
    kinds::{AnyValue, Figure, Figures, KindVisitor, Layout, OwnBytes, Sum, Value, visit_kind},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// A value as it is written.
#[derive(Debug)]
pub(super) enum ValueJson {
    Integer(i64),
    /// The bytes that it is stored as, and what they say, if it is a kind of the crate's own.
    Encoded {
        figures: Vec<(&'static str, Figure)>,
        base64: String,
    },
}

/// What bytes say, and those that are stored of them: of a sketch of another library's they are others.
struct CheckedBytes {
    figures: Vec<Figure>,
    stored: Vec<u8>,
}

/// How values of one of the crate's own encoded kinds are read.
struct KnownKind {
    names: &'static [&'static str],
    check: fn(&[u8]) -> Result<CheckedBytes>,
}

struct FindKnown;

impl KindVisitor for FindKnown {
    type Output = Option<KnownKind>;

    fn visit<V: Figures>(self) -> Option<KnownKind> {
        let check = |bytes: &[u8]| {
            let value = V::from_stored(bytes)?;
            let problem = "it can't be encoded".to_owned();
            let stored = value.to_stored().ok_or(Error::InvalidValue { kind: V::KIND, problem })?;
            Ok(CheckedBytes { figures: value.figures(), stored })
        };
        (V::LAYOUT != Layout::Integers).then_some(KnownKind { names: V::NAMES, check })
    }
}

impl KnownKind {
    fn find(kind: &str) -> Option<Self> {
        visit_kind(kind, FindKnown).flatten()
    }
}

/// Says of stored bytes that they are damaged.
fn damaged(error: Error) -> Error {
    match error {
        Error::InvalidValue { kind, problem } => {
            let problem = format!("{problem}; they are damaged, and `Store::verify` tells what else is");
            Error::InvalidValue { kind, problem }
        }
        other => other,
    }
}

impl ValueJson {
    pub(super) fn new(kind: &str, value: &AnyValue) -> Result<Self> {
        let bytes = match value {
            AnyValue::Integer(integer) => return Ok(Self::Integer(*integer)),
            AnyValue::Encoded(bytes) => bytes,
        };
        let Some(known) = KnownKind::find(kind) else {
            return Ok(Self::Encoded { figures: Vec::new(), base64: BASE64_STANDARD.encode(bytes) });
        };
        let CheckedBytes { figures, .. } = (known.check)(bytes).map_err(damaged)?;
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
                Figure::Integer(integer) => map.serialize_entry(name, integer)?,
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
pub(super) fn read(kind: &str, form: Form, value: Json<'_>) -> Result<Option<AnyValue>, LineProblem> {
    let known = KnownKind::find(kind);
    let what = value.describe();
    let value = match (form, value) {
        (_, Json::Null) => return Ok(None),
        (Form::Integers, Json::Unsigned(number)) => i64::try_from(number).ok().map(AnyValue::Integer),
        (Form::Integers, Json::Negative(number)) => Some(AnyValue::Integer(number)),
        (Form::Encoded | Form::Large, Json::Object(members)) => {
            Some(AnyValue::Encoded(read_object(known.as_ref(), members)?))
        }
        (Form::Encoded, number) if kind == Sum::KIND => match number.as_f64() {
            Some(number) => {
                let sum = Sum::new(number).map_err(|error| error.to_string())?;
                Some(AnyValue::Encoded(sum.to_bytes()))
            }
            None => None,
        },
        _ => None,
    };
    let problem = || {
        let values = match form {
            Form::Integers => "signed whole numbers of 64 bits",
            Form::Encoded if kind == Sum::KIND => "numbers, or objects with their bytes in \"base64\"",
            Form::Encoded | Form::Large => "objects with their bytes in \"base64\"",
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
fn read_object(known: Option<&KnownKind>, mut members: Members<'_>) -> Result<Vec<u8>, LineProblem> {
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
    let CheckedBytes { figures, stored } = match known {
        Some(known) => (known.check)(&bytes).map_err(|error| error.to_string())?,
        None => CheckedBytes { figures: Vec::new(), stored: bytes },
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
    Ok(stored)
}

/// Whether a line's number is what the bytes say, to as many digits as programs that write JSON anew keep.
fn agrees(figure: Figure, json: &Json<'_>) -> bool {
    match (figure, json) {
        (Figure::Missing, json) => *json == Json::Null,
        (Figure::Whole(count), json) => *json == Json::Unsigned(count),
        (Figure::Integer(integer), Json::Unsigned(given)) => i64::try_from(*given) == Ok(integer),
        (Figure::Integer(integer), json) => *json == Json::Negative(integer),
        (Figure::Decimal(number), Json::Null) => !number.is_finite(),
        (Figure::Decimal(number), json) => {
            json.as_f64().is_some_and(|given| (given - number).abs() <= 1e-9 * number.abs().max(given.abs()))
        }
    }
}
