//! Patterns: the search in names in which `%` and `_` are wildcards (SEMANTICS 5.10).
//!
//! As `ILIKE '%' || query || '%'` of PostgreSQL reads it: `%` is any text, `_` any one character, a backslash makes the
//! character after it a plain one. One that ends the query therefore makes a plain character of the closing `%`: then the
//! text must end with a percent sign.

use crate::fold::fold_char;

/// A search, folded and taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// Parts that must follow each other, with anything before and between them.
    floating: Vec<Vec<Symbol>>,
    /// What the text must end with, after those.
    ending: Option<Vec<Symbol>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Symbol {
    Any,
    One(char),
}

impl Symbol {
    fn matches(self, c: char) -> bool {
        self == Symbol::Any || self == Symbol::One(c)
    }
}

impl Pattern {
    /// What contains the query.
    pub(crate) fn containing(query: &str) -> Self {
        let mut parts = vec![Vec::new()];
        let mut symbols = query.chars().chain(['%']);
        while let Some(c) = symbols.next() {
            let symbol = match c {
                '%' => {
                    parts.push(Vec::new());
                    continue;
                }
                '_' => Symbol::Any,
                '\\' => Symbol::One(symbols.next().map_or('\\', fold_char)),
                other => Symbol::One(fold_char(other)),
            };
            parts.last_mut().expect("there is always one").push(symbol);
        }
        // After an open end the last part is empty.
        let ending = parts.pop().filter(|ending| !ending.is_empty());
        parts.retain(|part| !part.is_empty());
        Self {
            floating: parts,
            ending,
        }
    }

    /// Whether the text matches, ignoring case. Cost: linear in practice; the product of the lengths of text and pattern
    /// at worst.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().map(fold_char).collect();
        let mut rest = text.as_slice();
        // The leftmost place of each part leaves the most for those after it.
        for part in &self.floating {
            let found = rest
                .windows(part.len())
                .position(|window| is_match(part, window));
            let Some(after) = found.and_then(|at| rest.get(at + part.len()..)) else {
                return false;
            };
            rest = after;
        }
        self.ending.as_ref().is_none_or(|ending| {
            let start = rest.len().checked_sub(ending.len());
            start
                .and_then(|start| rest.get(start..))
                .is_some_and(|end| is_match(ending, end))
        })
    }
}

fn is_match(part: &[Symbol], text: &[char]) -> bool {
    part.iter().zip(text).all(|(symbol, c)| symbol.matches(*c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, text: &str, expected: bool) {
        assert_eq!(
            Pattern::containing(query).matches(text),
            expected,
            "{query:?} in {text:?}"
        );
    }

    #[test]
    fn a_plain_query_is_a_part_of_the_text_ignoring_case() {
        check("alpha", "ALPHA two", true);
        check("BRAV", "bravo", true);
        check("é", "Émile", true);
        check("É", "émile", true);
        check("zzz", "zeta", false);
        check("", "anything", true);
        check("", "", true);
        check("  ", "one space", false);
        check("'", "it's", true);
        check("longer than it", "longer", false);
    }

    #[test]
    fn percent_is_any_text_and_underscore_any_one_character() {
        check("%", "x", true);
        check("_", "x", true);
        check("_", "é", true);
        check("_", "", false);
        check("a_b", "a_b", true);
        check("a_b", "axb", true);
        check("a_b", "ab", false);
        check("a%b", "xaxxbx", true);
        check("a%b", "ba", false);
        check("a%%b", "ab", true);
        check("_th", "alpha_three", true);
        check("_th", "three", false);
        check("100%", "100% sure", true);
        check("a%a", "a", false);
        check("aab", "aaab", true);
        check("a_c%c", "abcc", true);
    }

    #[test]
    fn a_backslash_makes_a_wildcard_plain() {
        check(r"\%", "100% sure", true);
        check(r"\%", "hundred", false);
        check(r"a\_b", "a_b", true);
        check(r"a\_b", "axb", false);
        check(r"a\\b", r"a\b", true);
        check(r"a\b", "ab", true);
        check(r"\A", "a", true);
    }

    #[test]
    fn a_backslash_at_the_end_asks_for_a_percent_sign_at_the_end() {
        check(r"\", "100%", true);
        check(r"\", "100% sure", false);
        check(r"\", "", false);
        check(r"0\", "100%", true);
        check(r"9\", "100%", false);
        check(r"0%\", "100%", true);
        check(r"%0%\", "%", false);
    }

    /// The definition, by recursion.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['%', rest @ ..] => (0..=text.len()).any(|skip| naive(rest, &text[skip..])),
            ['_', rest @ ..] => !text.is_empty() && naive(rest, &text[1..]),
            ['\\', c, rest @ ..] | [c, rest @ ..] => {
                text.first() == Some(c) && naive(rest, &text[1..])
            }
        }
    }

    #[test]
    fn every_short_query_and_text_agree_with_the_definition() {
        let words = |alphabet: &[char]| {
            let mut words = vec![String::new()];
            for length in 0..4 {
                let longest: Vec<_> = words
                    .iter()
                    .filter(|word| word.len() == length)
                    .cloned()
                    .collect();
                words.extend(
                    longest
                        .iter()
                        .flat_map(|word| alphabet.iter().map(move |c| format!("{word}{c}"))),
                );
            }
            words
        };
        for query in words(&['a', 'b', '%', '_', '\\']) {
            let full: Vec<char> = format!("%{query}%").chars().collect();
            let pattern = Pattern::containing(&query);
            for text in words(&['a', 'b', '%', '\\']) {
                let expected = naive(&full, &text.chars().collect::<Vec<_>>());
                assert_eq!(pattern.matches(&text), expected, "{query:?} in {text:?}");
            }
        }
    }
}
