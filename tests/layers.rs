//! The layers of the crate: a file may use what stands above it, never what stands below.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// From the top; those that share a line don't use one another.
const LAYERS: &[&[&str]] = &[
    &["error"],
    &["model"],
    &["calendar"],
    &["encoding"],
    &["storage"],
    &["store"],
    &["track", "query", "live", "exchange"],
    &["upkeep"],
    &["chart"],
    &["fuzzing"],
];

const MOST_LINES: usize = 500;

/// Words of the code, and the only folders that may say them.
const ONLY_IN: &[(&[&str], &[&str])] = &[
    (&["storage"], &["sled"]),
    (&["calendar"], &["chrono_tz", "FixedOffset", "Offset", "TimeZone", "Local", "Tz"]),
    (&["kinds", "format"], &["bincode"]),
];

struct Source {
    path: PathBuf,
    /// The folder or file of `src` that it is of: `store`, `lib`, `bin`.
    module: String,
    /// Without comments.
    code: String,
    lines: usize,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let path = entry.strip_prefix(&root).unwrap().to_owned();
                let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
                let text = fs::read_to_string(&entry).unwrap();
                let code = text.lines().map(without_comment).collect::<Vec<_>>().join("\n");
                let module = first.trim_end_matches(".rs").to_owned();
                sources.push(Source { module, code, lines: text.lines().count(), path });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(sources.len() > 40, "the sources weren't found");
    sources
}

fn without_comment(line: &str) -> &str {
    match line.find("//") {
        Some(at)
            if line.get(..at).is_some_and(|before| before.trim().is_empty() || before.ends_with(' ')) =>
        {
            line.get(..at).unwrap()
        }
        _ => line,
    }
}

fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn first_word(text: &str) -> &str {
    text.split(|c| !is_of_a_word(c)).next().unwrap()
}

/// The modules that a code uses by `crate::`, one by one or in braces.
fn used(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        if code.get(..at).is_some_and(|before| before.ends_with(is_of_a_word)) {
            continue;
        }
        let rest = code.get(at + found.len()..).unwrap();
        let Some(group) = rest.strip_prefix('{') else {
            used.insert(first_word(rest).to_owned());
            continue;
        };
        let mut depth = 0;
        let mut begins = true;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                _ if begins && is_of_a_word(c) => {
                    used.insert(first_word(group.get(at..).unwrap()).to_owned());
                    begins = false;
                }
                _ => {}
            }
        }
    }
    used
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn a_file_uses_only_what_stands_above_it() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !["lib", "bin"].contains(&source.module.as_str())) {
        let path = source.path.display();
        let Some(own) = layer(&source.module) else {
            wrong.push(format!("{path}: where do the layers have {}?", source.module));
            continue;
        };
        for used in used(&source.code) {
            match layer(&used) {
                _ if used == source.module => {}
                Some(layer) if layer < own => {}
                // The macros and the crate's own root have no layer; `crate::Type` would hide which one is used.
                _ => wrong.push(format!("{path} uses crate::{used}")),
            }
        }
        let of_root = source.path.ends_with(Path::new(&source.module).join("mod.rs"));
        let begins_tests = source.code.find("#[cfg(test)]\nmod tests {").unwrap_or(source.code.len());
        if source.code.contains("super::super") {
            wrong.push(format!("{path} uses super::super; name the layer with crate::"));
        }
        if of_root && source.code.get(..begins_tests).is_some_and(|code| code.contains("super::")) {
            wrong.push(format!("{path} uses super::, which is the crate; name the layer with crate::"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_crate_lists_its_modules_in_the_order_of_the_layers() {
    let sources = sources();
    let root = sources.iter().find(|source| source.module == "lib").unwrap();
    let layers: Vec<usize> = root
        .code
        .lines()
        .filter_map(|line| line.trim().strip_prefix("mod ")?.strip_suffix(';'))
        .map(|module| layer(module).unwrap_or_else(|| panic!("where do the layers have {module}?")))
        .collect();
    assert!(layers.len() > 6 && layers.is_sorted(), "{layers:?}");
}

#[test]
fn a_dependency_with_a_home_is_named_only_there() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (homes, words) in ONLY_IN.iter().filter(|(homes, _)| !homes.contains(&source.module.as_str())) {
            let named: BTreeSet<&str> = source.code.split(|c| !is_of_a_word(c)).collect();
            for word in words.iter().filter(|word| named.contains(**word)) {
                let path = source.path.display();
                wrong.push(format!("{path} names {word}, which only these in src/ do: {}", homes.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|source| source.lines > MOST_LINES)
        .map(|source| format!("{} has {} lines", source.path.display(), source.lines))
        .collect();
    assert!(long.is_empty(), "\n{}", long.join("\n"));
}

#[test]
fn the_modules_that_a_code_uses_are_found() {
    let code = "use crate::{a::{b, c::d}, e,\n    f as g,\n};\nlet x = crate::h::i(); pub(in crate::j) k; mycrate::l";
    assert_eq!(used(code), ["a", "e", "f", "h", "j"].map(String::from).into());
    assert_eq!(without_comment("a // b"), "a ");
    assert_eq!(without_comment("\"http://b\""), "\"http://b\"");
}
