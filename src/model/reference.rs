//! The short name by which a domain, a metric or a kind of object is known.

use crate::error::{Error, Result};
use std::fmt;

/// The short name by which a domain, a metric or a kind of object is known: 1 to 100 characters, no control
/// characters, no `/`.
///
/// It is checked once, here, and trusted from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ref<'a>(&'a str);

impl<'a> Ref<'a> {
    const MAX_CHARS: usize = 100;

    /// Checks a ref that is known when the program is written.
    ///
    /// # Panics
    /// When it isn't a ref; in a `const`, that is an error of the compiler. Use [`Ref::parse`] for text that
    /// comes from outside.
    pub const fn new(text: &'a str) -> Self {
        assert!(problem(text).is_none(), "a ref has 1 to 100 characters, no control characters and no '/'");
        Self(text)
    }

    /// Checks a ref that comes from outside the program.
    ///
    /// # Errors
    /// [`Error::InvalidRef`] says what is wrong with it.
    pub fn parse(text: &'a str) -> Result<Self> {
        match problem(text) {
            None => Ok(Self(text)),
            Some(problem) => Err(Error::InvalidRef { reference: text.to_owned(), problem }),
        }
    }

    /// The text of the ref.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

impl fmt::Display for Ref<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// Walks over the UTF-8 by hand, since `str::chars` isn't `const`.
#[expect(clippy::indexing_slicing, reason = "const code; every index is below the length tested in the loop")]
const fn problem(text: &str) -> Option<&'static str> {
    let bytes = text.as_bytes();
    let mut chars = 0;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b'/' {
            return Some("has a '/'");
        }
        // U+0080 to U+009F, the second block of control characters, is C2 80 to C2 9F in UTF-8.
        if byte < 0x20 || byte == 0x7f || (byte == 0xc2 && bytes[at + 1] < 0xa0) {
            return Some("has a control character");
        }
        if byte & 0xc0 != 0x80 {
            chars += 1;
        }
        at += 1;
    }
    match chars {
        0 => Some("is empty"),
        1..=Ref::MAX_CHARS => None,
        _ => Some("has more than 100 characters"),
    }
}
