//! Grants of benefits: a customer gets a benefit, begins a new period of it, loses it. SEMANTICS 13.3 to 13.5, EXTENSIONS "Grants".
//!
//! What happens to a grant is in two places, its events in the journal and its row in the catalogue; see [`steps`] for how it happens as
//! a whole.

mod steps;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

pub use catalog::GrantOrder;
use catalog::{GrantStep, GrantsOf};
use domain::{
    Benefit, BenefitId, CustomerId, Grant, GrantChange, GrantId, MemberId, MeterCredit,
    OrganizationId, SystemEvent,
};
use engine::Keyed;

use crate::{CustomerKey, Direction, Error, Fault, Listed, Page, Profile, Service};

/// A grant as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct GrantView {
    /// The row.
    pub grant: Grant,
    /// What was granted; also a deleted benefit.
    pub benefit: Benefit,
    /// To whom; also a deleted customer.
    pub customer: Profile,
}

/// A grant to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGrant {
    /// Of which benefit.
    pub benefit: BenefitId,
    /// To whom.
    pub customer: CustomerKey,
    /// Counts once among the credits, resets, grants and cycles of the organization.
    pub external_id: Option<String>,
}

/// What became of a grant that was to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Granted {
    /// The grant as it is now.
    pub grant: GrantView,
    /// Whether it was made; `false` when the customer had it already, or for a repeat.
    pub is_new: bool,
}

/// Which grants are listed. All conditions must hold; an empty list is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantSearch {
    /// Of this benefit, which must be there.
    pub benefit: Option<BenefitId>,
    /// To these customers.
    pub customers: Vec<CustomerId>,
    /// To the customers that have these external ids now.
    pub external_customers: Vec<String>,
    /// To these members. Grants go to customers, so none is.
    pub members: Vec<MemberId>,
    /// Only those that are granted, or only those that are revoked.
    pub is_granted: Option<bool>,
    /// By what they are ordered, first criterion first; the id comes last. Empty: newest first.
    pub sorting: Vec<(GrantOrder, Direction)>,
}

/// What is under the key of a request.
enum Known {
    /// The request was made before, of this grant.
    Repeat(GrantId),
    /// Another request was made under it.
    Taken,
}

impl Service {
    /// Grants a benefit: writes that, with the credit, durable and visible when it returns. Nothing is written when the customer has it
    /// already. Blocks for a sync of the journal and two of the catalogue. Faults: [`Fault::CreditCustomerUnknown`],
    /// [`Fault::CreditKeyTaken`].
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is no such benefit.
    pub fn grant(&self, organization: OrganizationId, new: NewGrant) -> Result<Granted, Error> {
        // So that neither the customer is deleted nor the meter archived before it is written.
        let _accounts = self.accounts.read();
        let _granting = self.granting.lock();
        let benefit = self.granted_benefit(organization, new.benefit)?;
        let customer = self.credited_customer(organization, &new.customer)?;
        let unknown = Fault::CreditCustomerUnknown {
            by_external_id: customer.by_external_id,
        };
        let Some(id) = customer.id else {
            return Err(Error::Invalid(vec![unknown]));
        };
        self.settle_grants_of(organization, GrantsOf::Customer(id))?;
        let key = new.external_id.as_deref();
        match self.known_grant(organization, key, GrantChange::Granted, |known, grant| {
            known == id && grant.benefit == benefit.id
        })? {
            Some(Known::Repeat(grant)) => return self.as_it_is(organization, grant),
            Some(Known::Taken) => return Err(Error::Invalid(vec![Fault::CreditKeyTaken])),
            None => {}
        }
        if !customer.is_there {
            return Err(Error::Invalid(vec![unknown]));
        }
        if let Some(grant) = self.catalog.grant_in_force(organization, benefit.id, id)? {
            return self.as_it_is(organization, grant.id);
        }
        let grant = GrantId::from_random(self.random_id());
        let step = GrantStep {
            key: new.external_id.unwrap_or_else(|| self.step_key(grant)),
            organization,
            grant,
            benefit: benefit.id,
            customer: id,
            change: GrantChange::Granted,
            credit: Some(benefit.credit),
            resets: false,
            at: self.now(),
        };
        Ok(Granted {
            grant: self.take_step(step)?,
            is_new: true,
        })
    }

    /// Begins a new period of a grant: what rolls over passes on, and the units are credited again (SEMANTICS 13.4). Blocks as
    /// [`Service::grant`]. Faults: [`Fault::GrantRevoked`], [`Fault::CreditKeyTaken`].
    pub fn cycle_grant(
        &self,
        organization: OrganizationId,
        id: GrantId,
        external_id: Option<String>,
    ) -> Result<GrantView, Error> {
        let _accounts = self.accounts.read();
        let _granting = self.granting.lock();
        let grant = self.settled_grant(organization, id)?;
        let key = external_id.as_deref();
        match self.known_grant(organization, key, GrantChange::Cycled, |_, known| {
            known.id == id
        })? {
            Some(Known::Repeat(_)) => return self.grant_view(organization, grant),
            Some(Known::Taken) => return Err(Error::Invalid(vec![Fault::CreditKeyTaken])),
            None => {}
        }
        if grant.is_revoked() {
            return Err(Error::Invalid(vec![Fault::GrantRevoked]));
        }
        let benefit = self.benefit_of(&grant)?;
        let step = GrantStep {
            key: external_id.unwrap_or_else(|| self.step_key(id)),
            change: GrantChange::Cycled,
            credit: Some(benefit.credit),
            resets: !self.was_reset_since_credit(&grant, &benefit.credit)?,
            ..self.step_of(&grant)
        };
        self.take_step(step)
    }

    /// Takes a grant back, with the units that it credited last (SEMANTICS 13.5). Nothing is written when it is revoked already. Blocks
    /// as [`Service::grant`].
    pub fn revoke_grant(
        &self,
        organization: OrganizationId,
        id: GrantId,
    ) -> Result<GrantView, Error> {
        let _accounts = self.accounts.read();
        let _granting = self.granting.lock();
        let grant = self.settled_grant(organization, id)?;
        if grant.is_revoked() {
            return self.grant_view(organization, grant);
        }
        self.take_step(self.revocation(&grant))
    }

    /// Grants.
    ///
    /// # Errors
    /// [`Error::NotFound`]: the benefit that is asked about is not there.
    pub fn grants(
        &self,
        organization: OrganizationId,
        search: &GrantSearch,
        page: Page,
    ) -> Result<Listed<GrantView>, Error> {
        if let Some(benefit) = search.benefit {
            self.granted_benefit(organization, benefit)?;
        }
        let rows = catalog::GrantSearch {
            benefit: search.benefit,
            customers: self.granted_customers(organization, search),
            is_granted: search.is_granted,
            sorting: search.sorting.clone(),
        };
        let Listed { items, total } = self.catalog.grants(organization, &rows, page)?;
        Ok(Listed {
            items: self.grant_views(organization, items)?,
            total,
        })
    }

    /// The grants that a customer has, the oldest first.
    pub(crate) fn grants_of(
        &self,
        organization: OrganizationId,
        customer: CustomerId,
    ) -> Result<Vec<GrantView>, Error> {
        let of = GrantsOf::Customer(customer);
        let grants = self.catalog.grants_in_force(organization, of)?;
        self.grant_views(organization, grants)
    }

    /// Steps that revoke all grants of a benefit, or all that a customer has. To be written with the change that is the reason while
    /// [`Service::granting`] is held, and [settled](Self::settle_grants) after.
    pub(crate) fn revocations(
        &self,
        organization: OrganizationId,
        of: GrantsOf,
    ) -> Result<Vec<GrantStep>, Error> {
        let grants = self.catalog.grants_in_force(organization, of)?;
        Ok(grants.iter().map(|grant| self.revocation(grant)).collect())
    }

    fn grant_row(&self, organization: OrganizationId, id: GrantId) -> Result<Grant, Error> {
        self.catalog.grant(organization, id)?.ok_or(Error::NotFound)
    }

    /// The row of a grant of which no step is missing. [`Service::granting`] is held.
    fn settled_grant(&self, organization: OrganizationId, id: GrantId) -> Result<Grant, Error> {
        let grant = self.grant_row(organization, id)?;
        self.settle_grants_of(organization, GrantsOf::Customer(grant.customer))?;
        self.grant_row(organization, id)
    }

    fn as_it_is(&self, organization: OrganizationId, id: GrantId) -> Result<Granted, Error> {
        let grant = self.grant_row(organization, id)?;
        Ok(Granted {
            grant: self.grant_view(organization, grant)?,
            is_new: false,
        })
    }

    /// A step of a grant in which nothing happens yet.
    fn step_of(&self, grant: &Grant) -> GrantStep {
        GrantStep {
            key: self.step_key(grant.id),
            organization: grant.organization,
            grant: grant.id,
            benefit: grant.benefit,
            customer: grant.customer,
            change: GrantChange::Revoked,
            credit: None,
            resets: false,
            at: self.now(),
        }
    }

    fn revocation(&self, grant: &Grant) -> GrantStep {
        let credit = grant.last_credit.map(|last| MeterCredit {
            meter: last.meter,
            units: last.units.saturating_neg(),
            rollover: last.rollover,
        });
        GrantStep {
            change: GrantChange::Revoked,
            credit,
            ..self.step_of(grant)
        }
    }

    /// What was requested under a key before; `is_same` tells whether that was of this customer and grant.
    fn known_grant(
        &self,
        organization: OrganizationId,
        key: Option<&str>,
        asked: GrantChange,
        is_same: impl FnOnce(CustomerId, &Grant) -> bool,
    ) -> Result<Option<Known>, Error> {
        let Some(key) = key else {
            return Ok(None);
        };
        let Some(Keyed { customer, what }) = self.engine.keyed(organization, key)? else {
            return Ok(None);
        };
        let SystemEvent::Benefit { change, grant, .. } = what else {
            return Ok(Some(Known::Taken));
        };
        let grant = self.catalog.grant(organization, grant)?;
        Ok(Some(match grant {
            Some(grant) if change == asked && is_same(customer, &grant) => Known::Repeat(grant.id),
            _ => Known::Taken,
        }))
    }

    /// Whether the meter's window began anew, by receipt, since the grant credited last (SEMANTICS 13.4).
    fn was_reset_since_credit(&self, grant: &Grant, credit: &MeterCredit) -> Result<bool, Error> {
        let organization = grant.organization;
        let (Some(last), Some(party)) =
            (grant.last_credit, self.party(organization, grant.customer)?)
        else {
            return Ok(false);
        };
        let asked = [party.as_asked()];
        let usages = self
            .engine
            .customer_usage(organization, credit.meter, &asked, None)?;
        let reset_at = usages
            .and_then(|usages| usages.into_iter().next())
            .and_then(|usage| usage.reset_received_at);
        Ok(reset_at.is_some_and(|at| at > last.at))
    }

    /// The customers to whom grants are asked for; `None` for everybody's.
    fn granted_customers(
        &self,
        organization: OrganizationId,
        search: &GrantSearch,
    ) -> Option<Vec<CustomerId>> {
        if !search.members.is_empty() {
            return Some(Vec::new());
        }
        let by_id = (!search.customers.is_empty()).then(|| search.customers.clone());
        if search.external_customers.is_empty() {
            return by_id;
        }
        let directory = self.directory.read();
        let known = directory.customers(organization);
        let named = search
            .external_customers
            .iter()
            .filter_map(|external_id| known?.by_external_id(external_id));
        Some(match by_id {
            None => named.collect(),
            Some(ids) => named.filter(|id| ids.contains(id)).collect(),
        })
    }

    /// A benefit that is not deleted.
    fn granted_benefit(
        &self,
        organization: OrganizationId,
        id: BenefitId,
    ) -> Result<Benefit, Error> {
        self.catalog
            .benefit(organization, id)?
            .ok_or(Error::NotFound)
    }

    fn benefit_of(&self, grant: &Grant) -> Result<Benefit, Error> {
        let found = self
            .catalog
            .benefit_including_deleted(grant.organization, grant.benefit)?;
        found.ok_or(Error::NotFound)
    }

    fn grant_view(&self, organization: OrganizationId, grant: Grant) -> Result<GrantView, Error> {
        let views = self.grant_views(organization, vec![grant])?;
        views.into_iter().next().ok_or(Error::NotFound)
    }

    /// What is shown of grants. Benefits and customers are fetched once each.
    fn grant_views(
        &self,
        organization: OrganizationId,
        grants: Vec<Grant>,
    ) -> Result<Vec<GrantView>, Error> {
        let ids = grants.iter().map(|grant| grant.customer);
        let customers = self.catalog.customers_by_id(organization, ids)?;
        let customers: BTreeMap<CustomerId, Profile> = self
            .profiles(customers)?
            .into_iter()
            .map(|profile| (profile.customer.id, profile))
            .collect();
        let mut benefits: BTreeMap<BenefitId, Benefit> = BTreeMap::new();
        for grant in &grants {
            if let Entry::Vacant(place) = benefits.entry(grant.benefit) {
                place.insert(self.benefit_of(grant)?);
            }
        }
        let view = |grant: Grant| {
            Ok(GrantView {
                benefit: benefits
                    .get(&grant.benefit)
                    .cloned()
                    .ok_or(Error::NotFound)?,
                customer: customers
                    .get(&grant.customer)
                    .cloned()
                    .ok_or(Error::NotFound)?,
                grant,
            })
        };
        grants.into_iter().map(view).collect()
    }
}
