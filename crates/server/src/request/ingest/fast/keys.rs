//! The keys of an object, remembered from one event to the next: most events of a request have the same ones in the same order.
//!
//! A key that is where it was before is compared instead of read. Where the next value begins is then known without waiting for
//! where this key ends, and what was found out about the key need not be found out again.

use super::scanner::Scanner;

/// The keys of the object before, and how far the present one repeats them.
pub(super) struct Keys<'a, T> {
    known: Vec<Known<'a, T>>,
    next: usize,
}

/// A key and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a, T> {
    /// From its quote to its value, white space and all.
    spelling: &'a str,
    pub(super) key: &'a str,
    pub(super) what: T,
}

impl<'a, T: Copy> Keys<'a, T> {
    /// With room for so many keys.
    pub(super) fn with_capacity(keys: usize) -> Self {
        Self {
            known: Vec::with_capacity(keys),
            next: 0,
        }
    }

    /// Begins an object.
    pub(super) fn restart(&mut self) {
        self.next = 0;
    }

    /// Steps over the next key and its colon, if it is the one that was here before. All keys before it in the object are the
    /// same as then too.
    #[inline]
    pub(super) fn take_repeated(&mut self, scanner: &mut Scanner<'a>) -> Option<Known<'a, T>> {
        let known = *self.known.get(self.next)?;
        if !scanner.take_text(known.spelling) {
            return None;
        }
        self.next += 1;
        Some(known)
    }

    /// The keys of the object so far.
    pub(super) fn so_far(&self) -> &[Known<'a, T>] {
        &self.known[..self.next]
    }

    /// Adds the next key, which was read.
    pub(super) fn push(&mut self, (key, spelling): (&'a str, &'a str), what: T) {
        self.known.truncate(self.next);
        self.known.push(Known {
            spelling,
            key,
            what,
        });
        self.next += 1;
    }
}
