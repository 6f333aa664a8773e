//! Benefits: units of a meter that customers can be granted. SEMANTICS 13.1, 13.2.

use catalog::GrantsOf;
use domain::{Benefit, BenefitId, Metadata, MeterCredit, MeterId, OrganizationId, Visibility};

use crate::webhooks::{Announcement, BenefitChange};
use crate::{BenefitSearch, Error, Fault, Listed, Page, Service};

/// A benefit to be made. Every field is valid in form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBenefit {
    /// See [`Benefit::description`].
    pub description: String,
    /// See [`Benefit::visibility`].
    pub visibility: Visibility,
    /// What it credits.
    pub credit: MeterCredit,
    /// See [`Benefit::metadata`].
    pub metadata: Metadata,
}

/// Changes to a benefit; `None`: unchanged. What grants credited before stays as it is (SEMANTICS 13.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BenefitChanges {
    /// See [`Benefit::description`].
    pub description: Option<String>,
    /// See [`Benefit::visibility`].
    pub visibility: Option<Visibility>,
    /// What is credited from now on.
    pub credit: Option<MeterCredit>,
    /// Replaces all of it.
    pub metadata: Option<Metadata>,
}

impl BenefitChanges {
    fn apply(self, benefit: &mut Benefit) {
        if let Some(description) = self.description {
            benefit.description = description;
        }
        if let Some(visibility) = self.visibility {
            benefit.visibility = visibility;
        }
        if let Some(credit) = self.credit {
            benefit.credit = credit;
        }
        if let Some(metadata) = self.metadata {
            benefit.metadata = metadata;
        }
    }
}

impl Service {
    /// Makes a benefit; durable when it returns. Faults: [`Fault::BenefitMeterUnknown`].
    pub fn create_benefit(
        &self,
        organization: OrganizationId,
        new: NewBenefit,
    ) -> Result<Benefit, Error> {
        let _changing = self.changing.lock();
        self.check_credited_meter(organization, new.credit.meter)?;
        let benefit = Benefit {
            id: BenefitId::from_random(self.random_id()),
            organization,
            description: new.description,
            visibility: new.visibility,
            credit: new.credit,
            metadata: new.metadata,
            created_at: self.now(),
            modified_at: None,
            deleted_at: None,
        };
        let told = Announcement::Benefit(BenefitChange::Created, &benefit);
        let outbox = self.outbox(organization, &[told]);
        self.catalog.insert_benefit(&benefit, &outbox)?;
        Ok(benefit)
    }

    /// A benefit that is not deleted.
    pub fn benefit(&self, organization: OrganizationId, id: BenefitId) -> Result<Benefit, Error> {
        self.catalog
            .benefit(organization, id)?
            .ok_or(Error::NotFound)
    }

    /// Benefits that are not deleted.
    pub fn benefits(
        &self,
        organization: OrganizationId,
        search: &BenefitSearch,
        page: Page,
    ) -> Result<Listed<Benefit>, Error> {
        Ok(self.catalog.benefits(organization, search, page)?)
    }

    /// Changes a benefit, all or nothing; durable when it returns. Nothing is written, told or noted as a change when the changes come
    /// to nothing. Faults: [`Fault::BenefitMeterUnknown`].
    pub fn update_benefit(
        &self,
        organization: OrganizationId,
        id: BenefitId,
        changes: BenefitChanges,
    ) -> Result<Benefit, Error> {
        let _changing = self.changing.lock();
        let before = self.benefit(organization, id)?;
        if let Some(credit) = &changes.credit {
            self.check_credited_meter(organization, credit.meter)?;
        }
        let mut benefit = before.clone();
        changes.apply(&mut benefit);
        if benefit == before {
            return Ok(before);
        }
        benefit.modified_at = Some(self.now());
        let told = Announcement::Benefit(BenefitChange::Updated, &benefit);
        let outbox = self.outbox(organization, &[told]);
        self.catalog.update_benefit(&benefit, &outbox)?;
        Ok(benefit)
    }

    /// Deletes a benefit, durable and at once, and revokes its grants, each with the units that it credited last. All of them are
    /// revoked when this returns, unless the events could not be written: then it is done later. Cost: a few events for each grant that
    /// is in force, in slices between which others have their turn.
    pub fn delete_benefit(&self, organization: OrganizationId, id: BenefitId) -> Result<(), Error> {
        {
            let _changing = self.changing.lock();
            let _granting = self.granting.lock();
            let mut benefit = self.benefit(organization, id)?;
            self.settle_grants_of(organization, GrantsOf::Benefit(id))?;
            let now = self.now();
            benefit.modified_at = Some(now);
            benefit.deleted_at = Some(now);
            let revocations = self.revocations(organization, GrantsOf::Benefit(id))?;
            let told = Announcement::Benefit(BenefitChange::Updated, &benefit);
            let outbox = self.outbox(organization, &[told]);
            self.catalog
                .delete_benefit(&benefit, &revocations, &outbox)?;
        }
        // The benefit is deleted, whatever comes of this. Who settles what is left tells why it was left.
        let _later = self.settle_grants(organization);
        Ok(())
    }

    /// That the organization has the meter that a benefit is to credit. It may be archived, as in the reference: what it is credited then
    /// counts once it is brought back.
    fn check_credited_meter(&self, organization: OrganizationId, id: MeterId) -> Result<(), Error> {
        match self.catalog.meter(organization, id)? {
            Some(_) => Ok(()),
            None => Err(Error::Invalid(vec![Fault::BenefitMeterUnknown])),
        }
    }
}
