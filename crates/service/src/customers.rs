//! Customers.

use catalog::{GrantsOf, is_same_email};
use domain::{
    Address, Customer, CustomerId, CustomerKind, MemberId, Metadata, OrganizationId, TeamMember,
};

use crate::{Change, CustomerSearch, Error, Fault, Listed, Page, Service};

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

impl Service {
    /// Makes a customer, with its owner if one is named, both or none. Events that came under its external id before are its from now on. Faults:
    /// [`crate::Fault::EmailTaken`], [`crate::Fault::ExternalIdTaken`], both at once if need be.
    pub fn create_customer(
        &self,
        organization: OrganizationId,
        new: NewCustomer,
    ) -> Result<Customer, Error> {
        let _changing = self.changing.lock();
        let customer = Customer {
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
        let owner = new
            .owner
            .map(|owner| owner.of(&customer, MemberId::from_random(self.random_id())));
        match &owner {
            None => self.catalog.insert_customer(&customer)?,
            Some(owner) => self.catalog.insert_customer_with_owner(&customer, owner)?,
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

    /// Customers that are not deleted.
    pub fn customers(
        &self,
        organization: OrganizationId,
        search: &CustomerSearch,
        page: Page,
    ) -> Result<Listed<Customer>, Error> {
        Ok(self.catalog.customers(organization, search, page)?)
    }

    /// Changes a customer, all or nothing; durable when it returns. When it gets its external id by this, events that came under
    /// that id before are its from now on. Nothing is written, and `modified_at` stays, when the changes come to nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`], with all there is of [`Fault::EmailTaken`], [`Fault::ExternalIdTaken`], [`Fault::ExternalIdFixed`],
    /// [`Fault::BillingAddressRemoved`], [`Fault::TeamToIndividual`].
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
        self.catalog.update_customer(&customer)?;
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
        let _accounts = self.accounts.write();
        let _changing = self.changing.lock();
        let _granting = self.granting.lock();
        self.settle_grants(organization)?;
        let deleted = self.customer(organization, id)?.deleted(self.now());
        let revocations = self.revocations(organization, GrantsOf::Customer(id))?;
        self.catalog.delete_customer(&deleted, &revocations)?;
        self.directory.write().remove(organization, id);
        self.sessions.write().remove_of(id);
        // The customer is deleted, whatever comes of this: what is missing is done before the next thing happens to a grant.
        let _later = self.settle_grants(organization);
        Ok(())
    }
}
