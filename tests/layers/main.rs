//! The layers of the crate: a file may use what stands above it, never what stands below, and no two files use one
//! another.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod graph;
mod imports;
mod source;

use graph::Graph;
use imports::{Imports, without_tests};
use source::{Source, sources, tokens, type_names};
use std::collections::{BTreeMap, BTreeSet};

/// From the top; those that share a line don't use one another.
const LAYERS: &[&[&str]] = &[
    &["error"],
    &["model"],
    &["kinds"],
    &["calendar"],
    &["format"],
    &["storage"],
    &["blocks"],
    &["rollup"],
    &["store"],
    &["track", "query", "live", "records"],
    &["maintenance", "exchange"],
    &["chart"],
    &["fuzzing"],
    &["bin"],
];

const MOST_LINES: usize = 500;

/// The folders that may say these words, and nobody else.
const ONLY_IN: &[(&[&str], &[&str])] = &[
    (&["storage"], &["sled"]),
    (&["calendar"], &["chrono_tz", "FixedOffset", "Offset", "TimeZone", "Local", "Tz"]),
    (&["format", "kinds"], &["bincode"]),
    (&["bin"], &["anyhow", "clap", "comfy_table", "indicatif", "signal_hook"]),
];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The layers that a file uses by `crate::`.
fn used(source: &Source) -> BTreeSet<String> {
    let imports = Imports::of(&source.tokens);
    imports
        .all()
        .filter(|path| path.first().is_some_and(|first| first == "crate"))
        .filter_map(|path| path.get(1).cloned())
        .collect()
}

#[test]
fn a_file_uses_only_what_stands_above_it() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !["lib", "bin"].contains(&source.layer())) {
        let path = &source.path;
        let Some(own) = layer(source.layer()) else {
            wrong.push(format!("{path}: where do the layers have {}?", source.layer()));
            continue;
        };
        for used in used(source) {
            match layer(&used) {
                _ if used == source.layer() => {}
                Some(layer) if layer < own => {}
                // The macros and the crate's own root have no layer; `crate::Type` would hide which one is used.
                _ => wrong.push(format!("{path} uses crate::{used}")),
            }
        }
        let imports = Imports::of(without_tests(&source.tokens));
        for import in imports.all() {
            let ups = import.iter().take_while(|name| *name == "super").count();
            if ups > 1 {
                wrong.push(format!("{path} uses super::super; name the layer with crate::"));
            } else if ups == 1 && source.module.len() == 1 {
                wrong.push(format!("{path} uses super::, which is the crate; name the layer with crate::"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_files_import_from_one_another() {
    let circles = Graph::new(&sources()).circles();
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
}

#[test]
fn the_crate_lists_its_modules_in_the_order_of_the_layers() {
    let sources = sources();
    let root = sources.iter().find(|source| source.path == "lib.rs").unwrap();
    let lines = root.text.lines().map(|line| line.trim().trim_start_matches("pub "));
    let layers: Vec<usize> = lines
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .map(|module| layer(module).unwrap_or_else(|| panic!("where do the layers have {module}?")))
        .collect();
    assert!(layers.len() > 6 && layers.is_sorted(), "{layers:?}");
}

#[test]
fn a_dependency_with_a_home_is_named_only_there() {
    let mut wrong = Vec::new();
    for source in sources() {
        let named: BTreeSet<&str> = source.words().collect();
        for (homes, words) in ONLY_IN.iter().filter(|(homes, _)| !homes.contains(&source.layer())) {
            for word in words.iter().filter(|word| named.contains(**word)) {
                wrong.push(format!("{} names {word}, which only {} does", source.path, homes.join(" and ")));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let sources = sources();
    let lines = sources.iter().map(|source| (&source.path, source.text.lines().count()));
    let long: Vec<String> = lines
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(path, lines)| format!("{path} has {lines} lines"))
        .collect();
    assert!(long.is_empty(), "\n{}", long.join("\n"));
}

#[test]
fn a_type_has_a_name_of_its_own_in_the_whole_tree() {
    let sources = sources();
    let mut homes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.module.iter().any(|name| name == "tests")) {
        for name in type_names(without_tests(&source.tokens)) {
            homes.entry(name).or_default().push(&source.path);
        }
    }
    homes.retain(|_, homes| homes.len() > 1);
    assert!(homes.is_empty(), "{homes:#?}");
}

#[test]
fn the_store_lists_where_its_methods_are() {
    let sources = sources();
    let methods: BTreeSet<(String, &str)> = sources
        .iter()
        .filter(|source| source.layer() != "bin")
        .flat_map(|source| source.public_methods("Store").map(|name| (source.path.clone(), name)))
        .collect();
    let module = sources.iter().find(|source| source.path == "store/mod.rs").unwrap();
    let listed: BTreeSet<(String, &str)> = module
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("//! | `")?.strip_suffix("` |")?.split_once("` | `"))
        .flat_map(|(file, names)| names.split("`, `").map(move |name| (format!("{file}.rs"), name)))
        .collect();
    assert_eq!(listed, methods);
}

#[test]
fn every_folder_says_what_it_holds() {
    let sources = sources();
    let silent = sources.iter().filter(|source| source.is_mod_rs() && !source.text.starts_with("//! "));
    let silent: Vec<&str> = silent.map(|source| &*source.path).collect();
    assert!(silent.is_empty(), "these begin with no //! of their own: {}", silent.join(", "));
}

#[test]
fn imports_are_found_in_lists_and_within_code() {
    let code = "use crate::{a::{b, c::d as e}, f,\n    g::{self, *},\n};\npub(crate) use super::h;\n\
                let x = crate::i::j(); pub(in crate::k) l; \"crate::m\"; 'n'; r#\"crate::\"o\"#; // crate::p\n\
                #[cfg(test)]\nmod tests {\n    use super::q;\n}";
    let tokens = tokens(code);
    let imports = Imports::of(without_tests(&tokens));
    let found: Vec<String> = imports.all().map(|path| path.join("::")).collect();
    let expected =
        ["crate::a::b", "crate::a::c::d", "crate::f", "crate::g", "crate::g", "super::h", "crate::i::j"];
    assert_eq!(found, expected);
    let names: Vec<_> = imports.uses.iter().map(|used| used.name.as_deref()).collect();
    assert_eq!(names, [Some("b"), Some("e"), Some("f"), Some("g"), None, Some("h")]);
    assert_eq!(Imports::of(&tokens).all().count(), expected.len() + 1);
}

#[test]
fn types_are_found_with_aliases_but_without_associated_ones() {
    let code = "pub struct A; enum B { C { d: u8 } } pub(crate) type E<T> = Vec<T>; trait F { type G; }\n\
                impl F for A { type G = u8; } fn h() { type I = u8; struct J; } mod k { type L = u8; }";
    assert_eq!(type_names(&tokens(code)).collect::<Vec<_>>(), ["A", "B", "E", "F", "J"]);
}

#[test]
fn an_import_is_of_the_file_that_defines_the_name() {
    let graph = Graph::new(&sources());
    let imports = |from: &str, to: &str| graph.edges.get(from).is_some_and(|files| files.contains(to));
    assert!(imports("store/guard.rs", "calendar/timestamp.rs"), "through calendar/mod.rs");
    assert!(!imports("store/guard.rs", "calendar/mod.rs"), "which only passes it on");
    assert!(imports("kinds/value.rs", "kinds/encoded.rs"), "by the name of a module");
    assert!(
        imports("bin/trackstats/commands/list.rs", "bin/trackstats/arguments/store.rs"),
        "in the program"
    );
    assert!(!imports("model/mod.rs", "model/date.rs"), "a re-export alone is no use");
}
