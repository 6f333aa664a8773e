//! Customers.

use catalog::{CustomerPlace, GrantsOf, is_same_email};
use domain::{
    Address, Customer, CustomerId, CustomerKind, MemberId, Metadata, OrganizationId, TaxId,
    TeamMember,
};

use crate::anonymize::anonymized;
use crate::secrets::SecretHasher;
use crate::{Change, CustomerChange, CustomerSearch, Error, Fault, Listed, Page, Service};

/// A customer to be made. Every field is valid in form.
#[derive(Debug, Clone, Default)]
pub struct NewCustomer {
    /// See [`Customer::kind`].
    pub kind: CustomerKind,
    /// See [`Customer::external_id`].
    pub external_id: Option<String>,
    /// See [`Customer::email`].
    pub email: Option<String>,
    /// See [`Customer::name`].
    pub name: Option<String>,
    /// See [`Customer::billing_address`].
    pub billing_address: Option<Address>,
    /// A tax id as it was typed; valid when it is one in the country of the address.
    pub tax_id: Option<String>,
    /// See [`Customer::locale`].
    pub locale: Option<String>,
    /// See [`Customer::metadata`].
    pub metadata: Metadata,
    /// Its first member.
    pub owner: Option<NewOwner>,
}

/// The member that owns a customer, to be made with it. Every field is valid in form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOwner {
    /// See [`TeamMember::email`].
    pub email: String,
    /// See [`TeamMember::name`].
    pub name: Option<String>,
    /// See [`TeamMember::external_id`].
    pub external_id: Option<String>,
}

impl NewOwner {
    /// As the member with this id.
    fn of(self, customer: &Customer, id: MemberId) -> TeamMember {
        TeamMember {
            id,
            organization: customer.organization,
            customer: customer.id,
            email: self.email,
            name: self.name,
            external_id: self.external_id,
            created_at: customer.created_at,
            modified_at: None,
        }
    }
}

/// Changes to a customer (SEMANTICS 4.11, 11.3, 11.4).
#[derive(Debug, Clone, Default)]
pub struct CustomerChanges {
    /// `None`: unchanged. A team does not become an individual again.
    pub kind: Option<CustomerKind>,
    /// Can be set once; the one that is there may be set again.
    pub external_id: Change<Option<String>>,
    /// `None`: unchanged. So is the address when it differs in case alone.
    pub email: Option<String>,
    /// May be emptied.
    pub name: Change<Option<String>>,
    /// Replaces all of it. Cannot be emptied once it is there.
    pub billing_address: Change<Option<Address>>,
    /// As it was typed. May be emptied. Also one that stays must be valid in the country of a new address.
    pub tax_id: Change<Option<String>>,
    /// May be emptied.
    pub locale: Change<Option<String>>,
    /// Replaces all of it.
    pub metadata: Option<Metadata>,
}

impl CustomerChanges {
    /// Whether a field is named that counts as changed even by the value that it has. The addresses do not.
    fn touches(&self) -> bool {
        self.kind.is_some()
            || self.metadata.is_some()
            || self.external_id.is_set()
            || self.name.is_set()
            || self.locale.is_set()
    }

    /// Makes the changes that the customer's state allows, and gives a fault for each of the others.
    fn apply(self, customer: &mut Customer) -> Vec<Fault> {
        let mut faults = Vec::new();
        match self.external_id {
            Change::Set(new) if customer.external_id.is_some() && new != customer.external_id => {
                faults.push(Fault::ExternalIdFixed);
            }
            change => change.apply(&mut customer.external_id),
        }
        match self.billing_address {
            Change::Set(None) if customer.billing_address.is_some() => {
                faults.push(Fault::BillingAddressRemoved);
            }
            change => change.apply(&mut customer.billing_address),
        }
        if let Err(fault) = change_tax_id(customer, self.tax_id) {
            faults.push(fault);
        }
        match (customer.kind, self.kind) {
            (_, None) => {}
            (CustomerKind::Team, Some(CustomerKind::Individual)) => {
                faults.push(Fault::TeamToIndividual);
            }
            (_, Some(kind)) => customer.kind = kind,
        }
        if let Some(email) = self.email {
            let before = customer.email.as_deref();
            if before.is_none_or(|before| !is_same_email(before, &email)) {
                customer.email = Some(email);
            }
        }
        self.name.apply(&mut customer.name);
        self.locale.apply(&mut customer.locale);
        if let Some(metadata) = self.metadata {
            customer.metadata = metadata;
        }
        faults
    }
}

/// Makes a change to a customer's tax id, in the light of the address that it has now.
fn change_tax_id(customer: &mut Customer, change: Change<Option<String>>) -> Result<(), Fault> {
    let text = match change {
        Change::Keep => customer.tax_id.take().map(|tax_id| tax_id.value),
        Change::Set(text) => text,
    };
    let address = customer.billing_address.as_ref();
    customer.tax_id = text
        .map(|text| {
            let country = &address.ok_or(Fault::TaxIdWithoutCountry)?.country;
            TaxId::parse(country, &text).ok_or(Fault::TaxIdInvalid)
        })
        .transpose()?;
    Ok(())
}

impl Service {
    /// Makes a customer, with its owner if one is named, both or none. Events that came under its external id before are its from
    /// now on.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`], with all there is of [`Fault::EmailTaken`], [`Fault::ExternalIdTaken`], [`Fault::TaxIdWithoutCountry`],
    /// [`Fault::TaxIdInvalid`].
    pub fn create_customer(
        &self,
        organization: OrganizationId,
        new: NewCustomer,
    ) -> Result<Customer, Error> {
        let _changing = self.changing.lock();
        let mut customer = Customer {
            id: CustomerId::from_random(self.random_id()),
            organization,
            kind: new.kind,
            external_id: new.external_id,
            former_external_id: None,
            email: new.email,
            name: new.name,
            billing_address: new.billing_address,
            tax_id: None,
            locale: new.locale,
            metadata: new.metadata,
            created_at: self.now(),
            modified_at: None,
            deleted_at: None,
        };
        if let Err(fault) = change_tax_id(&mut customer, Change::Set(new.tax_id)) {
            let mut faults = self.conflicts(&customer)?;
            faults.push(fault);
            return Err(Error::Invalid(faults));
        }
        let owner = new
            .owner
            .map(|owner| owner.of(&customer, MemberId::from_random(self.random_id())));
        let outbox = self.outbox_of_customer(CustomerChange::Created, &customer)?;
        match &owner {
            None => self.catalog.insert_customer(&customer, &outbox)?,
            Some(owner) => {
                self.catalog
                    .insert_customer_with_owner(&customer, owner, &outbox)?;
            }
        }
        let external_id = customer.external_id.as_deref();
        let mut directory = self.directory.write();
        directory.insert(organization, customer.id, external_id);
        if let Some(owner) = owner {
            directory.insert_member(organization, customer.id, owner.id);
        }
        drop(directory);
        Ok(customer)
    }

    /// A customer that is not deleted.
    pub fn customer(
        &self,
        organization: OrganizationId,
        id: CustomerId,
    ) -> Result<Customer, Error> {
        self.catalog
            .customer(organization, id)?
            .ok_or(Error::NotFound)
    }

    /// The customer that has this external id now.
    pub fn customer_by_external_id(
        &self,
        organization: OrganizationId,
        external_id: &str,
    ) -> Result<Customer, Error> {
        self.catalog
            .customer_by_external_id(organization, external_id)?
            .ok_or(Error::NotFound)
    }

    /// The members of a customer, the first one first; none when it is deleted.
    pub fn members(
        &self,
        organization: OrganizationId,
        id: CustomerId,
    ) -> Result<Vec<TeamMember>, Error> {
        Ok(self.catalog.members(organization, id)?)
    }

    /// Customers that are not deleted.
    pub fn customers(
        &self,
        organization: OrganizationId,
        search: &CustomerSearch,
        page: Page,
    ) -> Result<Listed<Customer>, Error> {
        Ok(self.catalog.customers(organization, search, page)?)
    }

    /// Customers that are not deleted, oldest first, after a place or from the beginning: the fewest whose text has `bytes` bytes,
    /// or all there are. None when there are no more. Cost: that of the customers it gives.
    pub fn customers_oldest_first(
        &self,
        organization: OrganizationId,
        after: Option<CustomerPlace>,
        bytes: usize,
    ) -> Result<Vec<Customer>, Error> {
        Ok(self
            .catalog
            .customers_oldest_first(organization, after, bytes)?)
    }

    /// Changes a customer, all or nothing; durable when it returns. When it gets its external id by this, events that came under
    /// that id before are its from now on. Nothing is written, and `modified_at` stays, when the changes come to nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`], with all there is of [`Fault::EmailTaken`], [`Fault::ExternalIdTaken`], [`Fault::ExternalIdFixed`],
    /// [`Fault::BillingAddressRemoved`], [`Fault::TaxIdWithoutCountry`], [`Fault::TaxIdInvalid`], [`Fault::TeamToIndividual`].
    pub fn update_customer(
        &self,
        organization: OrganizationId,
        id: CustomerId,
        changes: CustomerChanges,
    ) -> Result<Customer, Error> {
        let _changing = self.changing.lock();
        let before = self.customer(organization, id)?;
        let mut customer = before.clone();
        let touches = changes.touches();
        let broken = changes.apply(&mut customer);
        if !broken.is_empty() {
            let mut faults = self.conflicts(&customer)?;
            faults.extend(broken);
            return Err(Error::Invalid(faults));
        }
        if !touches && customer == before {
            return Ok(before);
        }
        customer.modified_at = Some(self.now());
        let outbox = self.outbox_of_customer(CustomerChange::Updated, &customer)?;
        self.catalog.update_customer(&customer, &outbox)?;
        if customer.external_id != before.external_id {
            let external_id = customer.external_id.as_deref();
            self.directory.write().insert(organization, id, external_id);
        }
        Ok(customer)
    }

    /// What of a customer another one has.
    fn conflicts(&self, customer: &Customer) -> Result<Vec<Fault>, Error> {
        match self.catalog.check_customer(customer).map_err(Error::from) {
            Ok(()) => Ok(Vec::new()),
            Err(Error::Invalid(faults)) => Ok(faults),
            Err(error) => Err(error),
        }
    }

    /// Deletes a customer. Its events stay; its external id and e-mail address are free again. Its members and sessions go.
    pub fn delete_customer(
        &self,
        organization: OrganizationId,
        id: CustomerId,
    ) -> Result<(), Error> {
        self.remove_customer(organization, id, None)
    }

    /// Deletes a customer, and what its row and what webhooks told of it say of who it was (SEMANTICS 11.6). A customer that has been
    /// deleted is not found: whether to forget who it was is said when it is deleted.
    pub fn delete_and_anonymize_customer(
        &self,
        organization: OrganizationId,
        id: CustomerId,
    ) -> Result<(), Error> {
        let hasher = SecretHasher::new(&self.engine.folder().secret().derive("anonymous texts"));
        self.remove_customer(organization, id, Some(&hasher))?;
        // The customer is deleted, whatever comes of this: the next that is moved takes the rest along.
        let _later = self.catalog.empty_log();
        Ok(())
    }

    /// Deletes a customer, and forgets who it was if there is a hasher for what is left of that.
    fn remove_customer(
        &self,
        organization: OrganizationId,
        id: CustomerId,
        forgetting: Option<&SecretHasher>,
    ) -> Result<(), Error> {
        {
            let _accounts = self.accounts.write();
            let _changing = self.changing.lock();
            let _granting = self.granting.lock();
            self.settle_grants_of(organization, GrantsOf::Customer(id))?;
            let now = self.now();
            let mut customer = self.customer(organization, id)?;
            if let Some(hasher) = forgetting {
                customer = anonymized(customer, now, hasher);
            }
            let deleted = customer.deleted(now);
            let revocations = self.revocations(organization, GrantsOf::Customer(id))?;
            let mut outbox = self.outbox_of_customer(CustomerChange::Deleted, &deleted)?;
            outbox.forgotten = forgetting.map(|_| id);
            self.catalog
                .delete_customer(&deleted, &revocations, &outbox)?;
            self.directory.write().remove(organization, id);
            self.sessions.write().remove_of(id);
        }
        // The customer is deleted, whatever comes of this. Who settles what is left tells why it was left.
        let _later = self.settle_grants(organization);
        Ok(())
    }
}
