//! Which file imports from which, and the circles in that.

use super::{
    imports::{Imports, without_tests},
    source::Source,
};
use std::collections::{BTreeMap, BTreeSet};

/// The files of `src` by their paths, and those that each imports from.
pub(crate) struct Graph {
    pub(crate) edges: BTreeMap<String, BTreeSet<String>>,
}

/// The modules of all crates, with what each imports.
struct Modules<'s> {
    sources: BTreeMap<&'s [String], (&'s Source, Imports)>,
}

/// Paths are followed through so many re-exports: none has more, unless two re-export each other.
const MOST_HOPS: usize = 16;

impl Graph {
    pub(crate) fn new(sources: &[Source]) -> Self {
        let modules = sources
            .iter()
            .map(|source| (&*source.module, (source, Imports::of(without_tests(&source.tokens)))));
        let modules = Modules { sources: modules.collect() };
        let edges = modules.sources.values().map(|(source, imports)| {
            let mut edges = modules.edges(source, imports);
            edges.remove(&source.path);
            (source.path.clone(), edges)
        });
        Self { edges: edges.collect() }
    }

    /// The shortest way from a file to another, or around to itself, as `a -> b -> c`.
    fn way(&self, from: &str, to: &str) -> Option<String> {
        let mut ways = vec![vec![from]];
        let mut seen = BTreeSet::new();
        while !ways.is_empty() {
            let mut longer = Vec::new();
            for way in ways {
                for next in self.edges.get(*way.last()?)? {
                    if next == to {
                        return Some(format!("{} -> {to}", way.join(" -> ")));
                    }
                    if seen.insert(next) {
                        longer.push(way.iter().copied().chain([next.as_str()]).collect());
                    }
                }
            }
            ways = longer;
        }
        None
    }

    /// A circle for each file that is in one and not in that of a file before it.
    pub(crate) fn circles(&self) -> Vec<String> {
        let mut circles: Vec<String> = Vec::new();
        for file in self.edges.keys() {
            let circle = self.way(file, file);
            circles.extend(circle.filter(|_| !circles.iter().any(|circle| circle.contains(file.as_str()))));
        }
        circles
    }
}

impl Modules<'_> {
    fn edges(&self, source: &Source, imports: &Imports) -> BTreeSet<String> {
        // What is only passed on to others makes the file no user of it.
        let uses = imports.uses.iter().filter(|used| {
            !used.is_public || used.name.as_ref().is_some_and(|name| imports.words.contains(name))
        });
        let paths = uses.map(|used| &used.path).chain(&imports.paths);
        paths.filter_map(|path| self.file(source, &source.module, path, MOST_HOPS)).collect()
    }

    /// The file that defines what a path means in a module; none for what is of another crate.
    fn file(&self, of: &Source, module: &[String], path: &[String], hops: usize) -> Option<String> {
        let root = of.module.get(..of.root)?;
        let mut scope = module.to_vec();
        for (at, name) in path.iter().enumerate() {
            match name.as_str() {
                "crate" => scope = root.to_vec(),
                "self" => {}
                "super" => drop(scope.pop()),
                name => {
                    scope.push(name.to_owned());
                    if self.sources.contains_key(&*scope) {
                        continue;
                    }
                    scope.pop();
                    let passed_on = self.passed_on(of, &scope, path.get(at..)?, hops);
                    // A first name that is no module, or of this file, is one of another crate, or of an import.
                    return if at == 0 { passed_on } else { passed_on.or_else(|| self.path(&scope)) };
                }
            }
        }
        self.path(&scope)
    }

    /// The file that defines what a module imports by the first name of a path, which may be in it.
    fn passed_on(&self, of: &Source, module: &[String], path: &[String], hops: usize) -> Option<String> {
        let (_, imports) = self.sources.get(module)?;
        let used = imports.uses.iter().find(|used| used.name.as_ref() == path.first())?;
        // `use a::b` in which `a` is the crate `a` would be found to be itself.
        if used.path == path {
            return None;
        }
        let path = [&*used.path, path.get(1..)?].concat();
        self.file(of, module, &path, hops.checked_sub(1)?)
    }

    fn path(&self, module: &[String]) -> Option<String> {
        self.sources.get(module).map(|(source, _)| source.path.clone())
    }
}
