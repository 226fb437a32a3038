//! The names that come nearest to one that isn't known.

/// All names, those most like `wanted` first.
pub(crate) fn nearest_first<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let wanted = wanted.to_lowercase();
    let mut names: Vec<&str> = names.into_iter().collect();
    // The sort is stable: names that are equally unlike stay in order.
    names.sort_by(|a, b| likeness(&wanted, b).total_cmp(&likeness(&wanted, a)));
    names
}

fn likeness(wanted: &str, name: &str) -> f64 {
    let likeness = strsim::jaro_winkler(wanted, &name.to_lowercase());
    if likeness < 0.6 { 0.0 } else { likeness }
}
