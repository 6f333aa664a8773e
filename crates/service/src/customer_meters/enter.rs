//! Credits and resets. EXTENSIONS "Credits and resets of a customer meter".

use domain::{Customer, Meter, MeterId, OrganizationId, SystemEvent, Timestamp};
use engine::{EnterError, Entered, Entry};

use super::{CustomerKey, NewCredit, NewReset, Written};
use crate::{Error, Fault, Service};

/// What both have in common.
struct Request {
    customer: CustomerKey,
    what: SystemEvent,
    timestamp: Option<Timestamp>,
    external_id: Option<String>,
}

impl Service {
    /// Credits units; durable and visible when it returns. Blocks for a sync. Faults: [`Fault::CreditCustomerUnknown`],
    /// [`Fault::CreditMeterUnknown`], [`Fault::CreditMeterArchived`], [`Fault::CreditKeyTaken`].
    pub fn credit(&self, organization: OrganizationId, new: NewCredit) -> Result<Written, Error> {
        let request = Request {
            customer: new.customer,
            what: SystemEvent::MeterCredited {
                meter: new.meter,
                units: new.units,
                rollover: new.rollover,
            },
            timestamp: new.timestamp,
            external_id: new.external_id,
        };
        self.enter(organization, request)
    }

    /// Begins a window anew; durable and visible when it returns, with the units that roll over. Blocks for a sync. Faults as
    /// [`Service::credit`].
    pub fn reset(&self, organization: OrganizationId, new: NewReset) -> Result<Written, Error> {
        let request = Request {
            customer: new.customer,
            what: SystemEvent::MeterReset {
                meter: new.meter,
                carry_over: new.carry_over,
            },
            timestamp: new.timestamp,
            external_id: new.external_id,
        };
        self.enter(organization, request)
    }

    fn enter(&self, organization: OrganizationId, request: Request) -> Result<Written, Error> {
        let (customer, meter, entered) = {
            // So that neither the customer is deleted nor the meter archived before it is written.
            let _accounts = self.accounts.read();
            let customer = self.credited_customer(organization, &request.customer)?;
            let meter = self.credited_meter(organization, request.what.meter())?;
            let (customer, meter) = match (customer, meter) {
                (Ok(customer), Ok(meter)) => (customer, meter),
                (customer, meter) => {
                    let faults = customer.err().into_iter().chain(meter.err());
                    return Err(Error::Invalid(faults.collect()));
                }
            };
            let entry = Entry {
                customer: customer.id,
                identities: self.identities_of(organization, customer.id),
                what: request.what,
                timestamp: request.timestamp,
                external_id: request.external_id,
            };
            let entered = self.engine.enter(organization, entry)?;
            (customer.id, meter, entered)
        };
        if entered == Entered::KeyTaken {
            return Err(Error::Invalid(vec![Fault::CreditKeyTaken]));
        }
        let customer_meter = self.customer_meter_of(organization, customer, meter)?;
        Ok(Written {
            customer_meter: customer_meter.ok_or(Error::NotFound)?,
            is_new: entered == Entered::New,
        })
    }

    fn credited_customer(
        &self,
        organization: OrganizationId,
        key: &CustomerKey,
    ) -> Result<Result<Customer, Fault>, Error> {
        let (found, by_external_id) = match key {
            CustomerKey::Id(id) => (self.catalog.customer(organization, *id)?, false),
            CustomerKey::External(external_id) => {
                let found = self
                    .catalog
                    .customer_by_external_id(organization, external_id)?;
                (found, true)
            }
        };
        Ok(found.ok_or(Fault::CreditCustomerUnknown { by_external_id }))
    }

    fn credited_meter(
        &self,
        organization: OrganizationId,
        id: MeterId,
    ) -> Result<Result<Meter, Fault>, Error> {
        Ok(match self.catalog.meter(organization, id)? {
            None => Err(Fault::CreditMeterUnknown),
            Some(meter) if meter.archived_at.is_some() => Err(Fault::CreditMeterArchived),
            Some(meter) => Ok(meter),
        })
    }
}

impl From<EnterError> for Error {
    fn from(error: EnterError) -> Self {
        match error {
            EnterError::Ingest(error) => error.into(),
            EnterError::Read(error) => error.into(),
        }
    }
}
