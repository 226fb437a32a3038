//! Texts of others in messages: a path may have any character in it, and a terminal does what some of them say.

use std::{fmt::Write, path::Path};

/// A path as a message has it: [`printable`].
pub fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}

/// A text without what would move the cursor, clear the screen or turn the direction of what follows: such characters
/// are written as Rust writes them, a line's end as `\n`.
///
/// ```
/// assert_eq!(trackstats::error::printable("a\u{1b}[2J\nb"), r"a\u{1b}[2J\nb");
/// ```
pub fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for char in text.chars() {
        let turns =
            matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
        if char.is_control() || turns {
            // Writing to a String has no way to fail.
            let _ = write!(printable, "{}", char.escape_default());
        } else {
            printable.push(char);
        }
    }
    printable
}
