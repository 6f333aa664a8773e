//! UUIDs as text: 36 characters in lower case, which senders like to use as external ids, and the 16 bytes that they stand
//! for.

/// What each character stands for: a digit below 16, or nothing.
#[expect(clippy::indexing_slicing, reason = "computed when it is compiled")]
const DIGITS: [u8; 256] = {
    let mut digits = [NONE; 256];
    let mut digit = 0;
    while digit < 16 {
        digits[CHARACTERS[digit] as usize] = digit.to_le_bytes()[0];
        digit += 1;
    }
    digits
};
const NONE: u8 = 0xff;

const CHARACTERS: &[u8; 16] = b"0123456789abcdef";

/// The two characters of each byte.
#[expect(clippy::indexing_slicing, reason = "computed when it is compiled")]
const PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [CHARACTERS[byte >> 4], CHARACTERS[byte & 0xf]];
        byte += 1;
    }
    pairs
};

/// Where the two characters of each byte stand.
const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
/// Where the hyphens stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// The bytes of a text that [`write()`] would write; `None` for any other text.
pub(crate) fn parse(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 16];
    // One look at the end instead of one at each character.
    let mut all = 0;
    for (byte, place) in bytes.iter_mut().zip(PLACES) {
        let [high, low] = *text.get(place..)?.first_chunk::<2>()?;
        let high = *DIGITS.get(usize::from(high))?;
        let low = *DIGITS.get(usize::from(low))?;
        all |= high | low;
        *byte = high << 4 | low & 0xf;
    }
    let has_hyphens = HYPHENS.iter().all(|place| text.get(*place) == Some(&b'-'));
    (has_hyphens && all < 16).then_some(bytes)
}

/// The text of 16 bytes, in place of what is in `out`.
pub(crate) fn write(bytes: [u8; 16], out: &mut String) {
    let mut text = [b'-'; 36];
    for (byte, place) in bytes.into_iter().zip(PLACES) {
        let pair = PAIRS.get(usize::from(byte));
        if let (Some(place), Some(pair)) = (text.get_mut(place..place + 2), pair) {
            place.copy_from_slice(pair);
        }
    }
    out.clear();
    out.push_str(str::from_utf8(&text).expect("digits and hyphens"));
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
