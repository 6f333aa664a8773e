//! Sessions in memory: what lets a customer in.
//!
//! Invariants:
//! - the three orders hold the same sessions as the secrets;
//! - what the bounds of `limits` allow is never exceeded once [`KnownSessions::making_room`] was followed.

use std::collections::BTreeSet;

use domain::{CustomerId, CustomerSession, OrganizationId, SessionId, Timestamp};
use rustc_hash::FxHashMap;

use super::CustomerAccess;
use crate::limits::{
    SESSIONS_FORGOTTEN_AT_ONCE_MAX, SESSIONS_PER_CUSTOMER_MAX, SESSIONS_PER_ORGANIZATION_MAX,
};
use crate::secrets::{KnownSecrets, SecretHash};

/// A session as authentication needs it.
#[derive(Debug, Clone, Copy)]
struct KnownSession {
    access: CustomerAccess,
    expires_at: Timestamp,
}

/// Sessions by when they end.
type ByEnd = BTreeSet<(Timestamp, SessionId)>;

/// All sessions, also those that have ended and are not forgotten yet.
#[derive(Debug, Default)]
pub(crate) struct KnownSessions {
    secrets: KnownSecrets<SessionId, KnownSession>,
    by_end: ByEnd,
    of_organizations: FxHashMap<OrganizationId, ByEnd>,
    of_customers: FxHashMap<CustomerId, ByEnd>,
}

impl KnownSessions {
    pub(crate) fn insert(&mut self, hash: SecretHash, session: &CustomerSession) {
        let access = CustomerAccess {
            session: session.id,
            organization: session.organization,
            customer: session.customer,
        };
        let known = KnownSession {
            access,
            expires_at: session.expires_at,
        };
        self.secrets.insert(hash, session.id, known);
        let key = (session.expires_at, session.id);
        self.by_end.insert(key);
        let of_organization = self.of_organizations.entry(session.organization);
        of_organization.or_default().insert(key);
        let of_customer = self.of_customers.entry(session.customer);
        of_customer.or_default().insert(key);
    }

    /// Who has this secret at a moment.
    pub(crate) fn find(&self, hash: &SecretHash, now: Timestamp) -> Option<CustomerAccess> {
        let known = self.secrets.find(hash)?;
        (known.expires_at > now).then_some(known.access)
    }

    /// Which sessions to end so that a new one fits, together with some that have ended by the time it is made.
    pub(crate) fn making_room(&self, new: &CustomerSession) -> Vec<SessionId> {
        let over = self
            .by_end
            .iter()
            .take_while(|(ends, _)| *ends <= new.created_at);
        let mut ended: Vec<SessionId> = over
            .take(SESSIONS_FORGOTTEN_AT_ONCE_MAX)
            .map(|(_, id)| *id)
            .collect();
        let of_customer = self.of_customers.get(&new.customer);
        let of_organization = self.of_organizations.get(&new.organization);
        for (sessions, max) in [
            (of_customer, SESSIONS_PER_CUSTOMER_MAX),
            (of_organization, SESSIONS_PER_ORGANIZATION_MAX),
        ] {
            // If any of these is among the ended ones, the first is.
            let full = sessions.filter(|sessions| sessions.len() >= max);
            let first = full.and_then(|sessions| sessions.first());
            ended.extend(first.map(|(_, id)| *id));
        }
        ended.sort_unstable();
        ended.dedup();
        ended
    }

    pub(crate) fn remove(&mut self, id: SessionId) {
        let Some(known) = self.secrets.get_mut(id).copied() else {
            return;
        };
        self.secrets.remove(id);
        let key = (known.expires_at, id);
        self.by_end.remove(&key);
        take_out(&mut self.of_organizations, known.access.organization, key);
        take_out(&mut self.of_customers, known.access.customer, key);
    }

    /// Ends all sessions of a customer.
    pub(crate) fn remove_of(&mut self, customer: CustomerId) {
        let sessions = self.of_customers.get(&customer).cloned();
        for (_, id) in sessions.unwrap_or_default() {
            self.remove(id);
        }
    }
}

/// Takes a session out of those of an owner, and the owner with its last one.
fn take_out<Owner: Copy + Eq + std::hash::Hash>(
    owners: &mut FxHashMap<Owner, ByEnd>,
    owner: Owner,
    key: (Timestamp, SessionId),
) {
    if let Some(sessions) = owners.get_mut(&owner) {
        sessions.remove(&key);
        if sessions.is_empty() {
            owners.remove(&owner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).expect("in range")
    }

    /// Session `n` of a customer: made at `n`, ends 1,000 later.
    fn session(n: u16, customer: u8) -> CustomerSession {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&n.to_be_bytes());
        CustomerSession {
            id: SessionId::from_random(id),
            organization: OrganizationId::from_random([1; 16]),
            customer: CustomerId::from_random([customer; 16]),
            return_url: None,
            expires_at: at(1_000 + i64::from(n)),
            created_at: at(i64::from(n)),
        }
    }

    fn hash(n: u16) -> SecretHash {
        let mut hash = [0; 32];
        hash[..2].copy_from_slice(&n.to_be_bytes());
        hash
    }

    fn add(sessions: &mut KnownSessions, new: &CustomerSession, n: u16) -> Vec<SessionId> {
        let ended = sessions.making_room(new);
        for id in &ended {
            sessions.remove(*id);
        }
        sessions.insert(hash(n), new);
        ended
    }

    #[test]
    fn a_session_is_found_until_it_ends() {
        let mut sessions = KnownSessions::default();
        add(&mut sessions, &session(1, 7), 1);
        let found = sessions.find(&hash(1), at(1_000)).expect("is known");
        assert_eq!(found.customer, CustomerId::from_random([7; 16]));
        assert_eq!(sessions.find(&hash(1), at(1_001)), None);
        assert_eq!(sessions.find(&hash(2), at(5)), None);
    }

    #[test]
    fn one_more_than_may_be_ends_the_customers_oldest() {
        let mut sessions = KnownSessions::default();
        add(&mut sessions, &session(0, 8), 0);
        let last = u16::try_from(SESSIONS_PER_CUSTOMER_MAX).expect("a few");
        for n in 1..=last {
            assert_eq!(add(&mut sessions, &session(n, 7), n), []);
        }
        let ended = add(&mut sessions, &session(last + 1, 7), last + 1);
        assert_eq!(ended, [session(1, 7).id]);
        assert_eq!(sessions.find(&hash(1), at(200)), None);
        for n in [0, 2, last, last + 1] {
            assert!(sessions.find(&hash(n), at(200)).is_some(), "{n}");
        }
    }

    #[test]
    fn those_that_have_ended_are_forgotten_with_the_next_one() {
        let mut sessions = KnownSessions::default();
        for n in 1..=10 {
            add(&mut sessions, &session(n, 7), n);
        }
        let ended = add(&mut sessions, &session(1_005, 8), 11);
        let expected: Vec<SessionId> = (1..=5).map(|n| session(n, 7).id).collect();
        assert_eq!(ended, expected);
        assert_eq!(sessions.by_end.len(), 6);
    }

    #[test]
    fn a_customers_sessions_end_with_it() {
        let mut sessions = KnownSessions::default();
        for (n, customer) in [(1, 7), (2, 8), (3, 7)] {
            add(&mut sessions, &session(n, customer), n);
        }
        sessions.remove_of(CustomerId::from_random([7; 16]));
        sessions.remove_of(CustomerId::from_random([7; 16]));
        let known = [1, 2, 3].map(|n| sessions.find(&hash(n), at(5)).is_some());
        assert_eq!(known, [false, true, false]);
        assert_eq!((sessions.by_end.len(), sessions.of_customers.len()), (1, 1));
    }
}
