//! The identities of an organization's events, numbered in the order of their first event.

use std::fmt;
use std::hash::Hasher;

use domain::{CustomerId, Identity, OwnedIdentity};
use siphasher::sip::SipHasher13;

use crate::folder::Secret;
use crate::keys::HashIndex;

/// Hashes identities under a key of the data folder; their texts are chosen by clients.
#[derive(Clone, Copy)]
pub(crate) struct IdentityHasher {
    hasher: SipHasher13,
}

impl fmt::Debug for IdentityHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityHasher(..)")
    }
}

impl IdentityHasher {
    pub(crate) fn new(secret: &Secret) -> Self {
        Self {
            hasher: SipHasher13::new_with_key(&secret.derive("identity hash")),
        }
    }

    pub(crate) fn hash(&self, identity: Identity<'_>) -> u64 {
        let mut hasher = self.hasher;
        match identity {
            Identity::Customer(id) => {
                hasher.write(&[0]);
                hasher.write(id.as_bytes());
            }
            Identity::External(id) => {
                hasher.write(&[1]);
                hasher.write(id.as_bytes());
            }
        }
        hasher.finish()
    }
}

/// A dictionary of identities. Numbers are given out in order and never change.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    by_number: Vec<Stored>,
    numbers: HashIndex,
}

/// An identity as it is kept: what is short, as a customer's id or a UUID as text, in one place with the other short ones, so that a
/// look-up does not follow one more pointer. 40 bytes.
#[derive(Debug)]
enum Stored {
    Customer(CustomerId),
    Short { length: u8, text: [u8; SHORT_BYTES] },
    Long(Box<str>),
}

const SHORT_BYTES: usize = 38;

impl Stored {
    fn new(identity: Identity<'_>) -> Self {
        match identity {
            Identity::Customer(id) => Self::Customer(id),
            Identity::External(id) => {
                let mut text = [0; SHORT_BYTES];
                match text.get_mut(..id.len()) {
                    None => Self::Long(id.into()),
                    Some(place) => {
                        place.copy_from_slice(id.as_bytes());
                        let length = u8::try_from(id.len()).expect("it is short");
                        Self::Short { length, text }
                    }
                }
            }
        }
    }

    fn get(&self) -> Identity<'_> {
        match self {
            Self::Customer(id) => Identity::Customer(*id),
            Self::Short { length, text } => {
                let bytes = text.get(..usize::from(*length)).expect("its length fits");
                Identity::External(std::str::from_utf8(bytes).expect("it was text"))
            }
            Self::Long(id) => Identity::External(id),
        }
    }

    /// How long its text is.
    fn text_bytes(&self) -> usize {
        match self {
            Self::Customer(_) => 0,
            Self::Short { length, .. } => usize::from(*length),
            Self::Long(id) => id.len(),
        }
    }

    /// A number that takes a look at it to be known.
    fn length(&self) -> usize {
        match self {
            Self::Customer(_) => 0,
            Self::Short { length, .. } => usize::from(*length),
            Self::Long(id) => id.len(),
        }
    }

    /// Whether it is this identity. Compares bytes alone.
    fn is(&self, identity: Identity<'_>) -> bool {
        match (self, identity) {
            (Self::Customer(id), Identity::Customer(other)) => *id == other,
            (Self::Short { length, text }, Identity::External(other)) => {
                text.get(..usize::from(*length)) == Some(other.as_bytes())
            }
            (Self::Long(id), Identity::External(other)) => **id == *other,
            _ => false,
        }
    }
}

impl Identities {
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.by_number.len()).expect("no more than rows")
    }

    pub(super) fn get(&self, number: u32) -> Option<OwnedIdentity> {
        Some(self.view(number)?.to_owned())
    }

    /// Copies the identities of these numbers; `None` when one is unknown.
    pub(super) fn copy_to(&self, numbers: &[u32], copied: &mut CopiedIdentities) -> Option<()> {
        // All are looked at once before the first is copied: look-ups that do not wait for each other miss the processor's cache at the
        // same time.
        let mut bytes = 0;
        for number in numbers {
            bytes += self.by_number.get(*number as usize)?.text_bytes();
        }
        copied.texts.reserve(bytes);
        copied.entries.reserve(numbers.len());
        for number in numbers {
            copied.push(self.view(*number)?);
        }
        Some(())
    }

    pub(super) fn view(&self, number: u32) -> Option<Identity<'_>> {
        Some(self.by_number.get(number as usize)?.get())
    }

    /// The number of an identity with this hash.
    pub(crate) fn find(&self, hash: u64, identity: Identity<'_>) -> Option<u32> {
        let Self { by_number, numbers } = self;
        numbers.find(hash, |number| is(by_number, number, identity))
    }

    /// The number of each of some identities, with their hashes, if they are known. Cheaper than [`Self::find`] one by one: what
    /// they wait for, they wait for together.
    pub(crate) fn find_all<'a>(
        &'a self,
        sought: &'a [(u64, Identity<'_>)],
    ) -> impl Iterator<Item = Option<u32>> {
        let hashes = || sought.iter().map(|(hash, _)| *hash);
        self.numbers.touch(hashes());
        let guessed =
            hashes().filter_map(|hash| self.by_number.get(self.numbers.guess(hash)? as usize));
        let seen = guessed.fold(0, |seen, stored| seen ^ stored.length());
        std::hint::black_box(seen);
        sought
            .iter()
            .map(|(hash, identity)| self.find(*hash, *identity))
    }

    /// The same; an unknown one gets the next number.
    pub(crate) fn find_or_insert(&mut self, hash: u64, identity: Identity<'_>) -> u32 {
        let next = self.count();
        let Self { by_number, numbers } = self;
        let known = numbers.find_or_insert(hash, next, |number| is(by_number, number, identity));
        known.unwrap_or_else(|| {
            by_number.push(Stored::new(identity));
            next
        })
    }

    /// Forgets all from the number `count` on.
    pub(super) fn truncate(&mut self, count: u32, hasher: IdentityHasher) {
        while self.count() > count {
            let Some(identity) = self.by_number.pop() else {
                break;
            };
            self.numbers
                .remove(hasher.hash(identity.get()), self.count());
        }
    }
}

/// Identities copied out of a dictionary, so that it need not stay locked while they are used.
#[derive(Debug, Default)]
pub(crate) struct CopiedIdentities {
    texts: String,
    entries: Vec<Copied>,
}

#[derive(Debug)]
enum Copied {
    Customer(CustomerId),
    /// Where its text ends.
    External(usize),
}

impl CopiedIdentities {
    pub(crate) fn push(&mut self, identity: Identity<'_>) {
        self.entries.push(match identity {
            Identity::Customer(id) => Copied::Customer(id),
            Identity::External(id) => {
                self.texts.push_str(id);
                Copied::External(self.texts.len())
            }
        });
    }

    /// The identities, in the order in which they were asked for.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Identity<'_>> {
        let mut start = 0;
        self.entries.iter().map(move |entry| match entry {
            Copied::Customer(id) => Identity::Customer(*id),
            Copied::External(end) => {
                let text = self.texts.get(start..*end).expect("where texts ended");
                start = *end;
                Identity::External(text)
            }
        })
    }
}

/// Who knows the identities of an organization by their numbers.
pub(crate) trait CopyIdentities {
    /// The identities of these numbers; `None` when one is unknown.
    fn copy(&self, numbers: &[u32]) -> Option<CopiedIdentities>;
}

fn is(by_number: &[Stored], number: u32, identity: Identity<'_>) -> bool {
    by_number
        .get(number as usize)
        .is_some_and(|known| known.is(identity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_of_every_length_and_kind_come_back() {
        let hasher = IdentityHasher::new(&Secret::new([3; 32]));
        let mut identities = Identities::default();
        let texts: Vec<String> = (0..60)
            .map(|length| "\u{e9}".repeat(length / 2) + &"x".repeat(length % 2))
            .collect();
        let all = || {
            let customers =
                (0..9).map(|byte| Identity::Customer(CustomerId::from_random([byte; 16])));
            texts
                .iter()
                .map(|text| Identity::External(text))
                .chain(customers)
        };
        for round in 0..2 {
            for (identity, number) in all().zip(0..) {
                let hash = hasher.hash(identity);
                assert_eq!(
                    identities.find(hash, identity),
                    (round == 1).then_some(number)
                );
                assert_eq!(identities.find_or_insert(hash, identity), number);
                assert_eq!(identities.get(number), Some(identity.to_owned()));
            }
        }
        identities.truncate(30, hasher);
        for (identity, number) in all().zip(0..) {
            let found = identities.find(hasher.hash(identity), identity);
            assert_eq!(found, (number < 30).then_some(number));
        }
    }

    #[test]
    fn a_stored_identity_takes_40_bytes() {
        assert_eq!(size_of::<Stored>(), 40);
    }
}
