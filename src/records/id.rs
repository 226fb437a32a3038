//! Ids from texts.

use crate::model::Id;

/// The id that a text stands for: a number if it is written as one is, in digits only and without leading zeros;
/// otherwise the text.
///
/// ```
/// use trackstats::{model::Id, records::id_of};
///
/// assert_eq!(id_of("42"), Id::Number(42));
/// assert_eq!(id_of("042"), Id::Text("042"));
/// ```
pub fn id_of(text: &str) -> Id<'_> {
    let digits = !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok()).flatten().map_or(Id::Text(text), Id::Number)
}
