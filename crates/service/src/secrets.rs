//! Secrets of tokens: how they are made and what is kept of them.
//!
//! A secret is a prefix, 37 random letters or digits and 6 base-62 digits of the CRC-32 of those 37, so that a secret
//! scanner can tell one that is real (SEMANTICS 2.2, EXTENSIONS). Only an HMAC-SHA256 under the data folder's secret
//! is kept.

use std::collections::hash_map::Entry;
use std::hash::Hash;

use domain::{Timestamp, Token, TokenId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rustc_hash::FxHashMap;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::{Access, Random};

/// What is kept of a secret.
pub(crate) type SecretHash = [u8; 32];

/// The prefix of an organization's access token.
pub(crate) const ORGANIZATION_PREFIX: &str = "sextant_oat_";
/// The prefix of a customer session's token.
pub(crate) const SESSION_PREFIX: &str = "sextant_cst_";
/// The prefix of an administrator's token that the server made.
pub(crate) const ADMIN_PREFIX: &str = "sextant_adm_";
/// The prefix of what signs webhooks, as libraries for the format of the signature know it.
pub(crate) const WEBHOOK_PREFIX: &str = "whsec_";

const RANDOM_CHARS: usize = 37;
const CHECK_DIGITS: usize = 6;
const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Makes a secret.
pub(crate) fn mint(prefix: &str, random: &dyn Random) -> String {
    let mut chars = String::with_capacity(RANDOM_CHARS);
    while chars.len() < RANDOM_CHARS {
        let mut bytes = [0; 64];
        random.fill(&mut bytes);
        // 248 is the greatest multiple of 62 in a byte: what is above would make some letters likelier.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        let letters = fair.map(|byte| char::from(BASE_62[usize::from(byte % 62)]));
        chars.extend(letters.take(RANDOM_CHARS - chars.len()));
    }
    let mut check = crc32fast::hash(chars.as_bytes()) as usize;
    let mut digits = [b'0'; CHECK_DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE_62[check % 62];
        check /= 62;
    }
    let digits = digits.map(char::from).into_iter().collect::<String>();
    format!("{prefix}{chars}{digits}")
}

/// Hashes secrets under a key of the data folder.
#[derive(Clone)]
pub(crate) struct SecretHasher {
    keyed: Hmac<Sha256>,
}

impl std::fmt::Debug for SecretHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHasher(secret)")
    }
}

impl SecretHasher {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self {
            keyed: Hmac::new_from_slice(key).expect("HMAC takes a key of any length"),
        }
    }

    pub(crate) fn hash(&self, secret: &str) -> SecretHash {
        let mut mac = self.keyed.clone();
        mac.update(secret.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// A token as authentication needs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownToken {
    pub(crate) access: Access,
    pub(crate) expires_at: Option<Timestamp>,
    /// When its use was last noted.
    pub(crate) used_at: Option<Timestamp>,
}

impl KnownToken {
    pub(crate) fn of(token: &Token) -> Self {
        let access = Access {
            token: token.id,
            organization: token.organization,
            scopes: token.scopes,
        };
        Self {
            access,
            expires_at: token.expires_at,
            used_at: token.last_used_at,
        }
    }
}

/// What is known of those who have secrets, by the hash of the secret and by their id.
///
/// Found by the first eight bytes of a keyed hash, which nobody without the key can choose, and then compared in
/// constant time: how long it takes tells nothing of a secret.
#[derive(Debug)]
pub(crate) struct KnownSecrets<Id, T> {
    by_prefix: FxHashMap<u64, Vec<(SecretHash, Id, T)>>,
    prefixes: FxHashMap<Id, u64>,
}

/// The organizations' tokens.
pub(crate) type KnownTokens = KnownSecrets<TokenId, KnownToken>;

impl<Id, T> Default for KnownSecrets<Id, T> {
    fn default() -> Self {
        Self {
            by_prefix: FxHashMap::default(),
            prefixes: FxHashMap::default(),
        }
    }
}

impl<Id: Copy + Eq + Hash, T> KnownSecrets<Id, T> {
    pub(crate) fn insert(&mut self, hash: SecretHash, id: Id, known: T) {
        let prefix = prefix(&hash);
        self.by_prefix
            .entry(prefix)
            .or_default()
            .push((hash, id, known));
        self.prefixes.insert(id, prefix);
    }

    pub(crate) fn find(&self, hash: &SecretHash) -> Option<&T> {
        let candidates = self.by_prefix.get(&prefix(hash))?;
        candidates
            .iter()
            .find_map(|(stored, _, known)| bool::from(stored.ct_eq(hash)).then_some(known))
    }

    pub(crate) fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        let candidates = self.by_prefix.get_mut(self.prefixes.get(&id)?)?;
        candidates
            .iter_mut()
            .find_map(|(_, owner, known)| (*owner == id).then_some(known))
    }

    pub(crate) fn remove(&mut self, id: Id) {
        let Some(prefix) = self.prefixes.remove(&id) else {
            return;
        };
        if let Entry::Occupied(mut candidates) = self.by_prefix.entry(prefix) {
            candidates.get_mut().retain(|(_, owner, _)| *owner != id);
            if candidates.get().is_empty() {
                candidates.remove();
            }
        }
    }
}

fn prefix(hash: &SecretHash) -> u64 {
    u64::from_le_bytes(*hash.first_chunk().expect("a hash has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use domain::{OrganizationId, Scopes};

    use super::*;

    #[derive(Debug)]
    struct Counting(std::sync::atomic::AtomicU8);

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for byte in bytes {
                *byte = self.0.fetch_add(7, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn a_secret_has_the_form_that_scanners_check() {
        let secret = mint(ORGANIZATION_PREFIX, &Counting(0.into()));
        let rest = secret.strip_prefix("sextant_oat_").expect("the prefix");
        assert_eq!(rest.len(), 43);
        let (random, check) = rest.split_at(37);
        let mut value = 0_u64;
        for digit in check.bytes() {
            let digit = BASE_62
                .iter()
                .position(|known| *known == digit)
                .expect("base 62");
            value = value * 62 + digit as u64;
        }
        assert_eq!(value, u64::from(crc32fast::hash(random.as_bytes())));
    }

    #[test]
    fn a_token_is_found_by_its_whole_hash_until_it_is_removed() {
        let hasher = SecretHasher::new(&[1; 16]);
        assert_ne!(hasher.hash("a"), SecretHasher::new(&[2; 16]).hash("a"));
        let id = TokenId::from_random([3; 16]);
        let access = Access {
            token: id,
            organization: OrganizationId::from_random([4; 16]),
            scopes: Scopes::NONE,
        };
        let mut tokens = KnownTokens::default();
        tokens.insert(
            hasher.hash("a"),
            id,
            KnownToken {
                access,
                expires_at: None,
                used_at: None,
            },
        );
        assert!(tokens.find(&hasher.hash("a")).is_some());
        assert!(tokens.find(&hasher.hash("b")).is_none());
        let mut near = hasher.hash("a");
        near[31] ^= 1;
        assert!(tokens.find(&near).is_none());
        tokens.remove(id);
        assert!(tokens.find(&hasher.hash("a")).is_none());
    }
}
