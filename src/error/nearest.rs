//! The names that come nearest to one that isn't known.

/// Names that are this much alike are worth a hint.
const LIKE: f64 = 0.75;

/// A name that is longer, in bytes, has none that is near: refs have up to 100 characters, their paths two refs.
const LONGEST: usize = 1_000;

/// How alike names are that differ by one slip of a finger.
const SLIP: f64 = 0.9;

/// The up to three of `candidates` that are most like `name`, best first; none that is unlike it.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    // No name is nearly as long, and comparing takes the memory of both lengths multiplied.
    if name.len() > LONGEST {
        return Vec::new();
    }
    let name = name.to_lowercase();
    let mut scored: Vec<(f64, &str)> = candidates
        .into_iter()
        .map(|candidate| (likeness(&name, &candidate.to_lowercase()), candidate))
        .filter(|(score, _)| *score >= LIKE)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.truncate(3);
    scored.into_iter().map(|(_, candidate)| candidate.to_owned()).collect()
}

/// How alike two names are, from 0 to 1; the last part of a path such as `Europe/Amsterdam` counts too.
fn likeness(name: &str, candidate: &str) -> f64 {
    let last = candidate.rsplit('/').next().unwrap_or(candidate);
    // Two letters swapped make short names unlike each other by that measure, though nobody would say so.
    let slip = if strsim::damerau_levenshtein(name, last) == 1 { SLIP } else { 0.0 };
    strsim::jaro_winkler(name, candidate).max(strsim::jaro_winkler(name, last)).max(slip)
}

/// All of `names`, those most like `name` first, for where there are few.
#[cfg(feature = "records")]
pub(crate) fn nearest_first<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    /// Names that are less alike are all the same to us.
    const UNLIKE: f64 = 0.6;
    let wanted = name.to_lowercase();
    let likeness = |name: &str| {
        let likeness = strsim::jaro_winkler(&wanted, &name.to_lowercase());
        if likeness < UNLIKE { 0.0 } else { likeness }
    };
    let mut names: Vec<&str> = names.into_iter().collect();
    // The sort is stable: names that are equally unlike stay in order.
    names.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    names
}

/// ` (did you mean a or b?)`, or nothing when there is no name near.
pub(crate) fn hint(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!(" (did you mean {}?)", nearest.join(" or ")) }
}
