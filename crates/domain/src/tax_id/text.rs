//! A number as it was typed, down to what counts.

/// No number is longer, its separators apart.
const CHARACTERS_MAX: usize = 32;

/// The text in upper case and without separators; wide forms as plain ones. `None` when that is too long to be a number, or
/// nothing at all.
pub(super) fn bare(text: &str) -> Option<String> {
    let mut characters = text
        .chars()
        .map(plain)
        .filter(|character| !is_separator(*character))
        .flat_map(char::to_uppercase);
    let bare: String = characters.by_ref().take(CHARACTERS_MAX).collect();
    (!bare.is_empty() && characters.next().is_none()).then_some(bare)
}

/// The number without this prefix, if it has it.
pub(super) fn without<'a>(prefix: &str, number: &'a str) -> &'a str {
    number.strip_prefix(prefix).unwrap_or(number)
}

/// The number with as many leading zeros as make it `length` characters long.
pub(super) fn padded(number: &str, length: usize) -> String {
    format!("{number:0>length$}")
}

/// Whether a text is made like a pattern: `#` stands for a digit, `@` for a letter, `?` for either, all else for itself.
pub(super) fn is_like(pattern: &str, number: &str) -> bool {
    pattern.len() == number.len()
        && pattern
            .bytes()
            .zip(number.bytes())
            .all(|(wanted, found)| match wanted {
                b'#' => found.is_ascii_digit(),
                b'@' => found.is_ascii_uppercase(),
                b'?' => found.is_ascii_digit() || found.is_ascii_uppercase(),
                _ => found == wanted,
            })
}

/// The character on a keyboard without wide forms and with the digits of Europe.
fn plain(character: char) -> char {
    let (first, plain_first) = match character {
        '\u{ff01}'..='\u{ff5e}' => ('\u{ff01}', '!'),
        '\u{660}'..='\u{669}' => ('\u{660}', '0'),
        '\u{6f0}'..='\u{6f9}' => ('\u{6f0}', '0'),
        _ => return character,
    };
    let offset = u32::from(character).wrapping_sub(u32::from(first));
    char::from_u32(u32::from(plain_first).wrapping_add(offset)).unwrap_or(character)
}

/// White space, dashes, and what else is written between the parts of numbers.
fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '-' | '.' | ',' | '/' | ':' | '_' | '\'' | '(' | ')'
                | '\u{ad}' | '\u{b7}'
                // Hyphens and dashes, the right quotation mark, bullets and points between words, the minus sign.
                | '\u{2010}'..='\u{2015}' | '\u{2019}' | '\u{2022}' | '\u{2027}' | '\u{2212}'
                // Zero-width characters come along when numbers are copied from documents.
                | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
                | '\u{fe58}' | '\u{fe63}' | '\u{30fb}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_case_and_wide_forms_do_not_count() {
        for text in [
            "che-107.787.577 iva",
            "CHE\u{a0}107\u{2011}787\u{2013}577/IVA",
            "ＣＨＥ１０７７８７５７７ＩＶＡ",
        ] {
            assert_eq!(bare(text).as_deref(), Some("CHE107787577IVA"), "{text}");
        }
        assert_eq!(bare("٣٣١-١٠٥-٢٦٨").as_deref(), Some("331105268"));
    }

    #[test]
    fn nothing_and_too_much_are_no_numbers() {
        assert_eq!(bare(""), None);
        assert_eq!(bare(" - . "), None);
        assert!(bare(&"1".repeat(CHARACTERS_MAX)).is_some());
        assert_eq!(bare(&"1".repeat(CHARACTERS_MAX + 1)), None);
        assert_eq!(
            bare(&format!("1{}2", " ".repeat(1_000))).as_deref(),
            Some("12")
        );
    }

    #[test]
    fn a_pattern_is_met_by_as_many_characters_of_its_kinds() {
        assert!(is_like("PST########", "PST12345678"));
        assert!(is_like("@?#", "XX1") && is_like("@?#", "X11"));
        assert!(!is_like("@?#", "111") && !is_like("@?#", "X1") && !is_like("@?#", "X11 "));
        assert!(!is_like("##", "é"));
    }
}
