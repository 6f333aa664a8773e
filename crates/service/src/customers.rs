//! Customers.

use domain::{Address, Customer, CustomerId, CustomerKind, Metadata, OrganizationId};

use crate::{Error, Service};

/// A customer to be made. Every field is valid in form.
#[derive(Debug, Clone)]
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
}

impl Service {
    /// Makes a customer. Events that came under its external id before are its from now on. Faults:
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
            locale: new.locale,
            metadata: new.metadata,
            created_at: self.now(),
            modified_at: None,
            deleted_at: None,
        };
        self.catalog.insert_customer(&customer)?;
        let external_id = customer.external_id.as_deref();
        self.directory
            .write()
            .insert(organization, customer.id, external_id);
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

    /// Deletes a customer. Its events stay; its external id and e-mail address are free again.
    pub fn delete_customer(
        &self,
        organization: OrganizationId,
        id: CustomerId,
    ) -> Result<(), Error> {
        let _changing = self.changing.lock();
        self.catalog.delete_customer(organization, id, self.now())?;
        self.directory.write().remove(organization, id);
        Ok(())
    }
}
