//! Customer sessions: with the secret of one, a customer sees its own meters for an hour, and nothing else. SEMANTICS 11.11.

mod known;

use std::fmt;

use domain::{
    Customer, CustomerId, CustomerSession, MemberId, OrganizationId, SessionId, Timestamp,
};

pub(crate) use known::KnownSessions;

use crate::secrets::{SESSION_PREFIX, SecretHash, mint};
use crate::{CustomerKey, Error, Fault, Profile, Service};

/// How long a session lives.
const LIFETIME_MICROS: i64 = 3_600_000_000;

/// A session to be made. Every field is valid in form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// For whom.
    pub customer: CustomerKey,
    /// Which of the team's members it is for, by its id. All of them see the same.
    pub member: Option<MemberId>,
    /// The same by the organization's own id for the member.
    pub external_member: Option<String>,
    /// See [`CustomerSession::return_url`].
    pub return_url: Option<String>,
}

/// A session that was made.
#[derive(Clone, PartialEq, Eq)]
pub struct CreatedSession {
    /// The session.
    pub session: CustomerSession,
    /// What opens it. Shown this once, it is kept nowhere.
    pub secret: String,
    /// Whose it is.
    pub customer: Profile,
}

/// Without the secret.
impl fmt::Debug for CreatedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedSession")
            .field("session", &self.session)
            .field("customer", &self.customer)
            .finish_non_exhaustive()
    }
}

/// What a customer session gives: to see what this customer used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerAccess {
    /// Which session.
    pub session: SessionId,
    /// Whose the customer is.
    pub organization: OrganizationId,
    /// Who.
    pub customer: CustomerId,
}

impl Service {
    /// Makes a session; durable when it returns, blocks for a sync. It survives a restart. When the customer or its organization has
    /// as many as may be, the one that ends first ends now. Faults: [`Fault::SessionCustomerUnknown`],
    /// [`Fault::SessionMemberUnknown`].
    pub fn create_session(
        &self,
        organization: OrganizationId,
        new: NewSession,
    ) -> Result<CreatedSession, Error> {
        let _changing = self.changing.lock();
        let customer = self.session_customer(organization, &new)?;
        let now = self.now();
        let ends = now.micros().saturating_add(LIFETIME_MICROS);
        let session = CustomerSession {
            id: SessionId::from_random(self.random_id()),
            organization,
            customer: customer.id,
            return_url: new.return_url,
            expires_at: Timestamp::from_micros(ends).unwrap_or(Timestamp::MAX),
            created_at: now,
        };
        let secret = mint(SESSION_PREFIX, &*self.random);
        let hash = self.hasher.hash(&secret);
        let ended = self.sessions.read().making_room(&session);
        self.catalog.insert_session(&session, &hash, &ended)?;
        {
            let mut sessions = self.sessions.write();
            for id in ended {
                sessions.remove(id);
            }
            sessions.insert(hash, &session);
        }
        Ok(CreatedSession {
            session,
            secret,
            customer: self.profile(customer)?,
        })
    }

    /// Where the session with this secret leads back to; `None` when it leads nowhere, or there is no such session.
    pub fn return_url(&self, secret: &str) -> Result<Option<String>, Error> {
        let Some(access) = self.session_of(&self.hasher.hash(secret), self.now()) else {
            return Ok(None);
        };
        let session = self.catalog.session(access.organization, access.session)?;
        Ok(session.and_then(|session| session.return_url))
    }

    /// Whose session has this secret; `None` when none has, or it has ended. In memory, does not block.
    pub(crate) fn session_of(&self, hash: &SecretHash, now: Timestamp) -> Option<CustomerAccess> {
        self.sessions.read().find(hash, now)
    }

    /// The customer that a session is to be for.
    fn session_customer(
        &self,
        organization: OrganizationId,
        new: &NewSession,
    ) -> Result<Customer, Error> {
        let customer = match &new.customer {
            CustomerKey::Id(id) => self.catalog.customer(organization, *id)?,
            CustomerKey::External(id) => self.catalog.customer_by_external_id(organization, id)?,
        };
        let Some(customer) = customer else {
            let by_external_id = matches!(new.customer, CustomerKey::External(_));
            let fault = Fault::SessionCustomerUnknown { by_external_id };
            return Err(Error::Invalid(vec![fault]));
        };
        if new.member.is_none() && new.external_member.is_none() {
            return Ok(customer);
        }
        let members = self.catalog.members(organization, customer.id)?;
        let mut faults = Vec::new();
        if let Some(id) = new.member
            && members.iter().all(|member| member.id != id)
        {
            faults.push(Fault::SessionMemberUnknown {
                by_external_id: false,
            });
        }
        if let Some(id) = &new.external_member
            && members
                .iter()
                .all(|member| member.external_id.as_ref() != Some(id))
        {
            faults.push(Fault::SessionMemberUnknown {
                by_external_id: true,
            });
        }
        if faults.is_empty() {
            Ok(customer)
        } else {
            Err(Error::Invalid(faults))
        }
    }
}
