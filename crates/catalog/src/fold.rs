//! Case folding: what "ignoring case" means for e-mail addresses and searches (SEMANTICS 19.16).
//!
//! Simple case folding of Unicode: one character for one character, so that `_` in a pattern still stands for one
//! character and a position in folded text is a position in the text. Two characters that fold alike here are those
//! that fold alike by the entries C and S of Unicode's `CaseFolding.txt`; a test walks all characters to prove it.
//! The standard library has the tables (upper and lower case); full folding, which makes `ß` of two characters, is
//! what the common crates offer, and is not wanted.

/// A text to be looked for in others, ignoring case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSearch {
    folded: String,
}

impl TextSearch {
    /// For a text, which is taken as it is: nothing in it is a wildcard.
    pub fn new(text: &str) -> Self {
        Self { folded: fold(text) }
    }

    /// Whether it is a part of this one.
    pub fn occurs_in(&self, text: &str) -> bool {
        fold(text).contains(&self.folded)
    }
}

/// Folds the case of a text.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().map(fold_char).collect()
}

/// Folds the case of a character.
pub(crate) fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    match c {
        // The dotless i has the upper case I, but is another letter than i.
        'ı' => 'ı',
        // Characters kept for old encodings whose upper case takes more than one character.
        '\u{1fd3}' => '\u{390}',
        '\u{1fe3}' => '\u{3b0}',
        '\u{fb05}' => '\u{fb06}',
        // Upper case first: ς and σ, ſ and s, µ and μ meet only there.
        _ => {
            let upper = only(c, c.to_uppercase());
            only(upper, upper.to_lowercase())
        }
    }
}

/// The one character of a mapping; `c` itself when it maps to several.
fn only(c: char, mut mapped: impl ExactSizeIterator<Item = char>) -> char {
    if mapped.len() == 1 {
        mapped.next().unwrap_or(c)
    } else {
        c
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

    use super::*;

    /// The characters that the tables of the test know; those of the standard library may be newer.
    fn assigned() -> Vec<char> {
        let pattern = regex_syntax::parse(r"\p{Assigned}").expect("a class");
        let HirKind::Class(Class::Unicode(class)) = pattern.kind() else {
            panic!("not a class");
        };
        class
            .ranges()
            .iter()
            .flat_map(|range| range.start()..=range.end())
            .collect()
    }

    #[test]
    fn two_characters_fold_alike_where_unicode_says_so_and_nowhere_else() {
        let mut classes: BTreeMap<char, Vec<char>> = BTreeMap::new();
        for c in assigned() {
            classes.entry(fold_char(c)).or_default().push(c);
        }
        for class in classes.values() {
            let range = |c: char| ClassUnicodeRange::new(c, c);
            let mut expected = ClassUnicode::new([range(class[0])]);
            expected
                .try_case_fold_simple()
                .expect("the tables are there");
            let expected: Vec<char> = expected
                .ranges()
                .iter()
                .flat_map(|range| range.start()..=range.end())
                .collect();
            assert_eq!(class, &expected);
        }
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for c in '\0'..=char::MAX {
            assert_eq!(fold_char(fold_char(c)), fold_char(c), "{c:?}");
        }
    }

    #[test]
    fn text_folds_character_by_character() {
        assert_eq!(fold("ÈVE@Example.COM"), "ève@example.com");
        assert_eq!(fold("ΣΊΣΥΦΟΣ"), fold("σίσυφος"));
        assert_eq!(fold("Straße"), "straße");
        assert_eq!(fold("STRASSE"), "strasse");
        assert_ne!(fold("ı"), fold("i"));
    }
}
