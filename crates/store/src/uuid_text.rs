//! UUIDs as text: 36 characters in lower case, which senders like to use as external ids, and the 16 bytes that they stand
//! for.

/// Where the hyphens stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// The bytes of a text that [`write()`] would write; `None` for any other text.
pub(crate) fn parse(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 16];
    let mut nibbles = 0_usize;
    for (index, character) in text.iter().enumerate() {
        let nibble = match character {
            b'-' if HYPHENS.contains(&index) => continue,
            _ if HYPHENS.contains(&index) => return None,
            b'0'..=b'9' => character - b'0',
            b'a'..=b'f' => character - b'a' + 10,
            _ => return None,
        };
        let byte = bytes.get_mut(nibbles / 2)?;
        *byte = *byte << 4 | nibble;
        nibbles += 1;
    }
    Some(bytes)
}

/// The text of 16 bytes, in place of what is in `out`.
pub(crate) fn write(bytes: [u8; 16], out: &mut String) {
    out.clear();
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        for nibble in [byte >> 4, byte & 15] {
            out.push(char::from_digit(nibble.into(), 16).expect("below 16"));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_come_back_from_their_text(bytes: [u8; 16]) {
            let mut text = String::new();
            write(bytes, &mut text);
            prop_assert_eq!(parse(&text), Some(bytes));
            prop_assert_eq!(parse(&text.to_uppercase()).is_some(), text == text.to_uppercase());
        }

        #[test]
        fn what_parses_is_written_the_same(text in "[0-9a-fA-F-]{30,40}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-g]{12}") {
            if let Some(bytes) = parse(&text) {
                let mut written = String::new();
                write(bytes, &mut written);
                prop_assert_eq!(written, text);
            }
        }
    }
}
