//! What is quoted to people, cut short.

/// A problem may quote what a line or a record has, up to all of it.
pub(crate) fn shortened(mut problem: String) -> String {
    const MOST: usize = 400;
    if let Some((end, _)) = problem.char_indices().nth(MOST) {
        problem.truncate(end);
        problem.push_str("...");
    }
    problem
}
