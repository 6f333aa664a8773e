//! The identities of an organization's events, numbered in the order of their first event.

use std::fmt;
use std::hash::Hasher;

use domain::{Identity, OwnedIdentity};
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
    by_number: Vec<OwnedIdentity>,
    numbers: HashIndex,
}

impl Identities {
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.by_number.len()).expect("no more than rows")
    }

    pub(super) fn get(&self, number: u32) -> Option<&OwnedIdentity> {
        self.by_number.get(number as usize)
    }

    /// The number of an identity with this hash.
    pub(super) fn find(&self, hash: u64, identity: Identity<'_>) -> Option<u32> {
        let Self { by_number, numbers } = self;
        numbers.find(hash, |number| is(by_number, number, identity))
    }

    /// The same; an unknown one gets the next number.
    pub(super) fn find_or_insert(&mut self, hash: u64, identity: Identity<'_>) -> u32 {
        let next = self.count();
        let Self { by_number, numbers } = self;
        let known = numbers.find_or_insert(hash, next, |number| is(by_number, number, identity));
        known.unwrap_or_else(|| {
            by_number.push(identity.to_owned());
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
                .remove(hasher.hash(identity.as_ref()), self.count());
        }
    }
}

fn is(by_number: &[OwnedIdentity], number: u32, identity: Identity<'_>) -> bool {
    by_number
        .get(number as usize)
        .is_some_and(|known| known.as_ref() == identity)
}
