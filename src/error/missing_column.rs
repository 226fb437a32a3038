//! A column that isn't there, and those that are.

/// `there is no column "a"; the columns are "b", "c"`, with the first twenty.
pub(crate) fn missing_column(column: &str, columns: &[impl AsRef<str>]) -> String {
    const MOST: usize = 20;
    let cut = |name: &str| format!("{:?}", name.chars().take(40).collect::<String>());
    let more = if columns.len() > MOST { ", ..." } else { "" };
    let columns: Vec<String> = columns.iter().take(MOST).map(|name| cut(name.as_ref())).collect();
    format!("there is no column {column:?}; the columns are {}{more}", columns.join(", "))
}
