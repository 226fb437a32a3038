//! JSON lines.

use super::{
    bytes::{LONGEST, TOO_LONG},
    place::{FilePlace, skip, stop},
    reader::{FileReader, NextRecord},
    tap::OnRead,
};
use crate::error::{missing_column, nearest_first};
use serde::{
    Deserializer,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use std::{
    borrow::Cow,
    fmt,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

/// The records of a file of JSON lines.
pub(super) struct JsonRecords {
    name: PathBuf,
    reader: Box<dyn BufRead>,
    on_read: OnRead,
    line: Vec<u8>,
    place: FilePlace,
    /// Begun at the start of the file.
    whole: bool,
    /// Which of the wanted columns were met in any record, and the columns of the first one.
    seen: Vec<bool>,
    first: Vec<String>,
}

impl JsonRecords {
    pub(super) fn open(name: &Path, reader: Box<dyn BufRead>, skipped: u64, on_read: OnRead) -> Self {
        Self {
            name: name.to_owned(),
            reader,
            on_read,
            line: Vec::new(),
            place: FilePlace { byte: skipped, line: 1 },
            whole: true,
            seen: Vec::new(),
            first: Vec::new(),
        }
    }

    /// Where the next record begins.
    pub(super) fn place(&self) -> FilePlace {
        self.place
    }

    /// Goes on from a place with a reader that begins there.
    pub(super) fn go_on(&mut self, reader: Box<dyn Read>, place: FilePlace) {
        self.whole = place.line == 1;
        self.reader = Box::new(BufReader::with_capacity(1 << 16, reader));
        self.place = place;
    }

    pub(super) fn next(&mut self, reader: &FileReader) -> NextRecord {
        let line = loop {
            self.line.clear();
            let number = self.place.line;
            let (read, held) = self.read_line().map_err(|error| stop(&self.name, number, error))?;
            if read == 0 {
                return self.end(reader);
            }
            (self.on_read)(read);
            self.place = FilePlace { byte: self.place.byte + read, line: number + 1 };
            if !held {
                return Err(skip(&self.name, number, TOO_LONG));
            }
            if !self.line.trim_ascii().is_empty() {
                break number;
            }
        };
        let skip = |reason: String| skip(&self.name, line, reason);
        let text = str::from_utf8(&self.line).map_err(|_| skip("it is not UTF-8".to_owned()))?;
        let wanted = reader.columns.names();
        let first = self.first.is_empty().then_some(&mut self.first);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let texts = Texts { wanted, first }
            .deserialize(&mut deserializer)
            .and_then(|texts| deserializer.end().map(|()| texts))
            .map_err(|error| skip(reason(&error, text)))?;
        self.seen.resize(wanted.len(), false);
        for (seen, text) in self.seen.iter_mut().zip(&texts) {
            *seen |= !matches!(text, Text::Absent);
        }
        for (name, text) in wanted.iter().zip(&texts) {
            match text {
                Text::Other(what) => {
                    return Err(skip(format!("{name:?} is {what}, not a text or a number")));
                }
                Text::Twice => return Err(skip(format!("it has {name:?} twice"))),
                Text::Absent | Text::Null | Text::Given(_) => {}
            }
        }
        let text = |column: usize| match texts.get(column) {
            Some(Text::Given(text)) => Some(text.as_bytes()),
            _ => None,
        };
        reader.read(text).map(Some).map_err(skip)
    }

    /// Reads a line, with its end, and returns how many bytes it has, and whether they are held: of one that is too
    /// long, most are not.
    fn read_line(&mut self) -> io::Result<(u64, bool)> {
        let read = self.reader.by_ref().take(LONGEST + 1).read_until(b'\n', &mut self.line)? as u64;
        if read <= LONGEST || self.line.ends_with(b"\n") {
            return Ok((read, true));
        }
        Ok((read + self.reader.skip_until(b'\n')? as u64, false))
    }

    /// A column that no record has is a slip of the pen, not one that they all leave out.
    fn end(&mut self, reader: &FileReader) -> NextRecord {
        let unseen = self.seen.iter().position(|seen| !seen).filter(|_| self.whole);
        self.seen.clear();
        let Some(unseen) = unseen else { return Ok(None) };
        let column = reader.columns.name(unseen);
        let missing = missing_column(column, &nearest_first(column, self.first.iter().map(String::as_str)));
        Err(stop(
            &self.name,
            self.place.line.saturating_sub(1),
            format!("in no record of the file, {missing}"),
        ))
    }
}

fn reason(error: &serde_json::Error, text: &str) -> String {
    // A line has no line 1 of its own.
    let place = format!(" at line {} column {}", error.line(), error.column());
    let hint = if text.trim_end().contains('\r') { "; a line must end with LF, or CR and LF" } else { "" };
    format!(
        "it is not an object of JSON: {} (column {}){hint}",
        error.to_string().replace(&place, ""),
        error.column()
    )
}

/// The text in a wanted column.
enum Text<'a> {
    Absent,
    Null,
    Given(Cow<'a, str>),
    /// A list or an object.
    Other(&'static str),
    /// The column is there twice, and nobody knows which of them is meant.
    Twice,
}

/// Reads the wanted columns of a record, and the names of all if `first` wants them.
struct Texts<'w> {
    wanted: &'w [String],
    first: Option<&'w mut Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for Texts<'_> {
    type Value = Vec<Text<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = Vec<Text<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut texts: Vec<Text<'de>> = self.wanted.iter().map(|_| Text::Absent).collect();
        while let Some(column) = map.next_key_seed(TextSeed)? {
            let Text::Given(column) = column else { continue };
            if let Some(first) = &mut self.first {
                first.push(column.clone().into_owned());
            }
            let wanted = self.wanted.iter().position(|name| *name == column);
            match wanted.and_then(|wanted| texts.get_mut(wanted)) {
                Some(text @ Text::Absent) => *text = map.next_value_seed(TextSeed)?,
                Some(text) => {
                    map.next_value::<IgnoredAny>()?;
                    *text = Text::Twice;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(texts)
    }
}

struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Text<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TextSeed {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Text::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Text::Given(if value { "true" } else { "false" }.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Text::Given(number.to_string().into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Text::Given(number.to_string().into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        // With a fraction also where it is zero: 1.0 is no whole number.
        Ok(Text::Given(format!("{number:?}").into()))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text::Given(text.into()))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text::Given(text.to_owned().into()))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text::Other("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text::Other("an object"))
    }
}
