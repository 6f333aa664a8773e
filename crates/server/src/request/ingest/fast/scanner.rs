//! Steps over plain JSON. Each returns `None` where the text is anything else; nothing is decoded.

use domain::number::ShortLiteral;

/// A place in a text. After each step it stands at the next byte that is no white space.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// At the beginning, which may be white space.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The byte at the place.
    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Whether nothing is left.
    pub(super) fn at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// Most documents have none.
    #[inline]
    pub(super) fn skip_whitespace(&mut self) {
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.skip_some_whitespace();
        }
    }

    #[cold]
    fn skip_some_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Steps over a byte if it is there.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        if is_there {
            self.at += 1;
            self.skip_whitespace();
        }
        is_there
    }

    /// Steps over a byte that must be there.
    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }

    /// After an item: true when another follows, false when the container ends.
    #[inline]
    pub(super) fn comma_or(&mut self, end: u8) -> Option<bool> {
        if self.take(b',') {
            return Some(true);
        }
        self.expect(end).map(|()| false)
    }

    /// A key and its colon; and how they are spelled, with all that is before the value.
    #[inline]
    pub(super) fn key(&mut self) -> Option<(&'a str, &'a str)> {
        let start = self.at;
        let key = self.string()?;
        self.expect(b':')?;
        Some((key, &self.text[start..self.at]))
    }

    /// Steps over a text if it is there.
    #[inline]
    pub(super) fn take_text(&mut self, text: &str) -> bool {
        let rest = &self.text.as_bytes()[self.at..];
        let is_there = rest.starts_with(text.as_bytes());
        if is_there {
            self.at += text.len();
            self.skip_whitespace();
        }
        is_there
    }

    /// A string without escapes.
    #[inline]
    pub(super) fn string(&mut self) -> Option<&'a str> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let start = self.at + 1;
        let end = start + plain_length(&self.text.as_bytes()[start..])?;
        self.at = end + 1;
        self.skip_whitespace();
        Some(&self.text[start..end])
    }

    /// A string without escapes, or null.
    #[inline]
    #[expect(
        clippy::option_option,
        reason = "null and anything else are told apart"
    )]
    pub(super) fn string_or_null(&mut self) -> Option<Option<&'a str>> {
        if self.peek() == Some(b'n') {
            self.null().map(|()| None)
        } else {
            self.string().map(Some)
        }
    }

    /// `null`
    pub(super) fn null(&mut self) -> Option<()> {
        self.word("null")
    }

    /// `true` or `false`
    pub(super) fn boolean(&mut self) -> Option<bool> {
        match self.peek()? {
            b't' => self.word("true").map(|()| true),
            _ => self.word("false").map(|()| false),
        }
    }

    /// A short number.
    #[inline]
    pub(super) fn short_number(&mut self) -> Option<ShortLiteral> {
        let (literal, length) = ShortLiteral::parse(&self.text.as_bytes()[self.at..])?;
        self.at += length;
        self.skip_whitespace();
        Some(literal)
    }

    /// The bytes that a number is made of. Whether they make one is for the caller to see.
    #[inline]
    pub(super) fn number(&mut self) -> &'a str {
        let start = self.at;
        while let Some(b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E') = self.peek() {
            self.at += 1;
        }
        let number = &self.text[start..self.at];
        self.skip_whitespace();
        number
    }

    /// Steps over a value that is no container.
    pub(super) fn skip_scalar(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'n' => self.null(),
            b't' | b'f' => self.boolean().map(|_| ()),
            _ => domain::Number::parse(self.number()).is_ok().then_some(()),
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        if !self.text[self.at..].starts_with(word) {
            return None;
        }
        self.at += word.len();
        self.skip_whitespace();
        Some(())
    }
}

const ONES: u128 = u128::from_ne_bytes([1; CHUNK]);
const HIGHS: u128 = u128::from_ne_bytes([0x80; CHUNK]);

/// Bytes that are looked at together. Most keys and values are shorter, so that the processor guesses the way right.
const CHUNK: usize = 16;

/// How many bytes stand before the closing quote; `None` when a backslash or a control character comes first. A chunk at a
/// time.
#[inline]
fn plain_length(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    while let Some(chunk) = bytes[length..].first_chunk::<CHUNK>() {
        let found = special(u128::from_le_bytes(*chunk));
        if found != 0 {
            length += found.trailing_zeros() as usize / 8;
            return (bytes[length] == b'"').then_some(length);
        }
        length += CHUNK;
    }
    let rest = &bytes[length..];
    let offset = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
    (rest[offset] == b'"').then_some(length + offset)
}

/// A word whose lowest set bit is the high bit of the first byte that is a quote, a backslash or a control character; 0 when
/// there is none. Bits above the lowest may be wrong. See "Determine if a word has a byte less than n" in Anderson, Bit
/// Twiddling Hacks.
#[inline]
fn special(word: u128) -> u128 {
    let below = |word: u128, limit: u128| word.wrapping_sub(ONES * limit) & !word & HIGHS;
    let zero = |word: u128| below(word, 1);
    below(word, 0x20)
        | zero(word ^ (ONES * u128::from(b'"')))
        | zero(word ^ (ONES * u128::from(b'\\')))
}
