//! What a file imports: by `use`, and by paths within its code.

use super::source::Token;
use std::collections::BTreeSet;

/// What a file imports.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    pub(crate) uses: Vec<Use>,
    /// Paths outside of `use`.
    pub(crate) paths: Vec<Vec<String>>,
    /// The words outside of `use`.
    pub(crate) words: BTreeSet<String>,
}

/// A path that is named by a `use`, alone or in braces.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) path: Vec<String>,
    /// What it is called here; none for `*`.
    pub(crate) name: Option<String>,
    /// Others may import it from here.
    pub(crate) is_public: bool,
}

impl Imports {
    /// The imports of a code, with or without those of its module of tests.
    pub(crate) fn of(tokens: &[Token]) -> Self {
        let mut imports = Self::default();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let before = at.checked_sub(1).and_then(|before| tokens.get(before));
            at += 1;
            if token.is("use") {
                // `pub use` and `pub(crate) use`.
                let is_public = before.is_some_and(|before| before.is("pub") || *before == Token::Sign(')'));
                imports.tree(tokens, &mut at, &[], is_public);
            } else if let Some(word) = token.word() {
                imports.words.insert(word.to_owned());
                // `pub(in crate::a)` imports nothing.
                let begins =
                    before != Some(&Token::PathSeparator) && !before.is_some_and(|word| word.is("in"));
                if begins && tokens.get(at) == Some(&Token::PathSeparator) {
                    imports.paths.push(path(tokens, at - 1));
                }
            }
        }
        imports
    }

    /// All paths, those of `use` first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &[String]> {
        self.uses.iter().map(|used| &*used.path).chain(self.paths.iter().map(|path| &**path))
    }

    /// Reads a tree of `use`, up to the comma, brace or semicolon behind it.
    fn tree(&mut self, tokens: &[Token], at: &mut usize, before: &[String], is_public: bool) {
        let mut path = before.to_vec();
        let mut name = None;
        while let Some(token) = tokens.get(*at) {
            match token {
                Token::Word(word) if word == "as" => {
                    *at += 1;
                    name = tokens.get(*at).and_then(Token::word).map(str::to_owned);
                }
                // `a::{self}` is `a`.
                Token::Word(word) if word == "self" && !path.is_empty() => name = path.last().cloned(),
                Token::Word(word) => {
                    path.push(word.clone());
                    name = Some(word.clone());
                }
                Token::PathSeparator => {}
                Token::Sign('*') => name = None,
                Token::Sign('{') => {
                    self.branches(tokens, at, &path, is_public);
                    return;
                }
                Token::Sign(_) => break,
            }
            *at += 1;
        }
        if !path.is_empty() {
            self.uses.push(Use { path, name, is_public });
        }
    }

    /// Reads trees in braces, and passes by the closing one.
    fn branches(&mut self, tokens: &[Token], at: &mut usize, path: &[String], is_public: bool) {
        while tokens.get(*at).is_some_and(|token| *token != Token::Sign('}')) {
            *at += 1;
            if tokens.get(*at) != Some(&Token::Sign('}')) {
                self.tree(tokens, at, path, is_public);
            }
        }
        *at += 1;
    }
}

/// The words of a path that begins there.
fn path(tokens: &[Token], begin: usize) -> Vec<String> {
    let mut path = Vec::new();
    let mut rest = tokens.get(begin..).unwrap_or_default().iter();
    while let Some(Token::Word(word)) = rest.next() {
        path.push(word.clone());
        if rest.next() != Some(&Token::PathSeparator) {
            break;
        }
    }
    path
}

/// The tokens without modules of tests within the file.
pub(crate) fn without_tests(tokens: &[Token]) -> &[Token] {
    const BEGIN: [&str; 2] = ["cfg", "test"];
    let is_begin = |window: &[Token]| match window {
        [first, _, second, _, _, module, name, brace] => {
            first.is(BEGIN[0])
                && second.is(BEGIN[1])
                && module.is("mod")
                && name.word().is_some()
                && *brace == Token::Sign('{')
        }
        _ => false,
    };
    // By custom, they stand at the end.
    let end = tokens.windows(8).position(is_begin).unwrap_or(tokens.len());
    tokens.get(..end).unwrap_or_default()
}
