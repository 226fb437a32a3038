//! The files of `src`, and the words of Rust that they consist of.

use std::{fs, iter::Peekable, path::Path, str::Chars};

/// A file of `src`.
pub(crate) struct Source {
    /// Below `src`, with slashes.
    pub(crate) path: String,
    /// The module that it is: `["storage", "sled", "database"]`; `[]` for `lib.rs`.
    pub(crate) module: Vec<String>,
    /// How many names of `module` its crate's root has: the library's none, the program's those of its folder.
    pub(crate) root: usize,
    pub(crate) text: String,
    /// Without comments and the contents of texts.
    pub(crate) tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    Word(String),
    /// `::`
    PathSeparator,
    Sign(char),
}

impl Source {
    /// The folder or file of `src` that it is of: `store`, `lib`, `bin`.
    pub(crate) fn layer(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }

    pub(crate) fn is_mod_rs(&self) -> bool {
        self.path.ends_with("/mod.rs")
    }

    /// All words, without those in comments.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().filter_map(Token::word)
    }

    /// The names of the `pub fn`s in the `impl`s of a type without generics.
    pub(crate) fn public_methods<'s>(&'s self, type_name: &'s str) -> impl Iterator<Item = &'s str> {
        let mut depth = 0;
        // How many braces are open around the `impl` that is read.
        let mut inside = None;
        self.tokens.windows(3).filter_map(move |window| {
            let [first, second, third] = window else { return None };
            match first {
                Token::Sign('{') => depth += 1,
                Token::Sign('}') => {
                    depth -= 1;
                    inside = inside.filter(|outside| *outside < depth);
                }
                Token::Word(word) if word == "impl" && second.is(type_name) && *third == Token::Sign('{') => {
                    inside = Some(depth);
                }
                Token::Word(word) if word == "pub" && second.is("fn") => {
                    return third.word().filter(|_| inside.is_some());
                }
                _ => {}
            }
            None
        })
    }

    fn new(path: String, text: String) -> Self {
        let mut module: Vec<String> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        let root = if path.starts_with("bin/") { 2 } else { 0 };
        if module.last().is_some_and(|last| ["lib", "main", "mod"].contains(&last.as_str())) {
            module.pop();
        }
        let tokens = tokens(&text);
        Self { path, module, root, text, tokens }
    }
}

impl Token {
    pub(crate) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(crate) fn is(&self, word: &str) -> bool {
        self.word() == Some(word)
    }
}

pub(crate) fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let below = entry.strip_prefix(&root).unwrap();
                let parts = below.components().map(|part| part.as_os_str().to_str().unwrap());
                let path = parts.collect::<Vec<_>>().join("/");
                sources.push(Source::new(path, fs::read_to_string(&entry).unwrap()));
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(sources.len() > 40, "the sources weren't found");
    sources
}

/// The words and signs of a code.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '/' if rest.peek() == Some(&'/') => drop(rest.by_ref().find(|c| *c == '\n')),
            '"' => skip_text(&mut rest),
            '\'' => skip_character_or_lifetime(&mut rest),
            ':' if rest.next_if_eq(&':').is_some() => tokens.push(Token::PathSeparator),
            c if is_of_a_word(c) => {
                let mut word = String::from(c);
                while let Some(c) = rest.next_if(|c| is_of_a_word(*c)) {
                    word.push(c);
                }
                let may_be_raw = word == "r" || word == "br";
                if may_be_raw && rest.peek().is_some_and(|c| ['"', '#'].contains(c)) {
                    skip_raw_text(&mut rest);
                } else {
                    tokens.push(Token::Word(word));
                }
            }
            c if c.is_whitespace() => {}
            c => tokens.push(Token::Sign(c)),
        }
    }
    tokens
}

/// The names of the types that a code defines, and of its aliases: those at its own level only, since an alias in braces
/// is mostly an associated type.
pub(crate) fn type_names(tokens: &[Token]) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    tokens.windows(2).filter_map(move |pair| {
        let [first, second] = pair else { return None };
        match first {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => depth -= 1,
            _ => {}
        }
        let defines =
            ["struct", "enum", "trait"].iter().any(|word| first.is(word)) || (first.is("type") && depth == 0);
        second.word().filter(|_| defines)
    })
}

fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn skip_text(rest: &mut Peekable<Chars<'_>>) {
    while let Some(c) = rest.next() {
        match c {
            '\\' => drop(rest.next()),
            '"' => return,
            _ => {}
        }
    }
}

fn skip_raw_text(rest: &mut Peekable<Chars<'_>>) {
    let mut hashes = String::new();
    while let Some(hash) = rest.next_if_eq(&'#') {
        hashes.push(hash);
    }
    let end = format!("\"{hashes}");
    let mut seen = String::new();
    // The opening quote is no end.
    rest.next();
    for c in rest.by_ref() {
        seen.push(c);
        if seen.ends_with(&end) {
            return;
        }
    }
}

fn skip_character_or_lifetime(rest: &mut Peekable<Chars<'_>>) {
    let first = rest.next();
    if first == Some('\\') {
        rest.next();
        rest.by_ref().find(|c| *c == '\'');
    } else if rest.next_if_eq(&'\'').is_none() && first.is_some_and(is_of_a_word) {
        while rest.next_if(|c| is_of_a_word(*c)).is_some() {}
    }
}
