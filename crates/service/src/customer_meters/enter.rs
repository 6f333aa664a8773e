//! Credits and resets. EXTENSIONS "Credits and resets of a customer meter".

use domain::{CustomerId, MeterId, OrganizationId, SystemEvent, Timestamp};
use engine::{EnterError, Entered, Entry};

use super::{CustomerKey, NewCredit, NewReset, Written};
use crate::{Error, Fault, Service};

/// What both have in common.
struct Request {
    customer: CustomerKey,
    meter: MeterId,
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
            meter: new.meter,
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
            meter: new.meter,
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
        let (customer, entered) = {
            // So that neither the customer is deleted nor the meter archived before it is written.
            let _accounts = self.accounts.read();
            let customer = self.credited_customer(organization, &request.customer)?;
            let faults = self.faults_of(organization, &customer, request.meter)?;
            let Some(id) = customer.id else {
                return Err(Error::Invalid(faults));
            };
            let entry = Entry {
                customer: id,
                identities: self.identities_of(organization, id),
                what: vec![request.what],
                timestamp: request.timestamp,
                external_id: request.external_id,
            };
            let entered = if faults.is_empty() {
                self.engine.enter(organization, entry)?
            } else {
                // What was written once is told again, whatever became of customer and meter since.
                match self.engine.entered_before(organization, &entry)? {
                    Some(repeat @ Entered::Repeat { .. }) => repeat,
                    _ => return Err(Error::Invalid(faults)),
                }
            };
            (id, entered)
        };
        if entered == Entered::KeyTaken {
            return Err(Error::Invalid(vec![Fault::CreditKeyTaken]));
        }
        let meter = self.meter(organization, request.meter)?;
        let customer_meter = self.customer_meter_of(organization, customer, meter)?;
        Ok(Written {
            customer_meter: customer_meter.ok_or(Error::NotFound)?,
            is_new: matches!(entered, Entered::New { .. }),
        })
    }

    /// The customer that a request names.
    pub(crate) fn credited_customer(
        &self,
        organization: OrganizationId,
        key: &CustomerKey,
    ) -> Result<Credited, Error> {
        Ok(match key {
            CustomerKey::Id(id) => Credited {
                id: Some(*id),
                is_there: self.catalog.customer(organization, *id)?.is_some(),
                by_external_id: false,
            },
            CustomerKey::External(external_id) => {
                let found = self
                    .catalog
                    .customer_by_external_id(organization, external_id)?;
                Credited {
                    is_there: found.is_some(),
                    id: found.map(|customer| customer.id),
                    by_external_id: true,
                }
            }
        })
    }

    /// Why nothing may be written for them.
    fn faults_of(
        &self,
        organization: OrganizationId,
        customer: &Credited,
        meter: MeterId,
    ) -> Result<Vec<Fault>, Error> {
        let by_external_id = customer.by_external_id;
        let unknown = Fault::CreditCustomerUnknown { by_external_id };
        let of_customer = (!customer.is_there).then_some(unknown);
        let of_meter = match self.catalog.meter(organization, meter)? {
            None => Some(Fault::CreditMeterUnknown),
            Some(meter) => meter.archived_at.map(|_| Fault::CreditMeterArchived),
        };
        Ok(of_customer.into_iter().chain(of_meter).collect())
    }
}

/// A customer as a credit or reset names it.
pub(crate) struct Credited {
    /// `None` when nobody has the external id.
    pub(crate) id: Option<CustomerId>,
    /// Whether there is such a customer, and it is not deleted.
    pub(crate) is_there: bool,
    pub(crate) by_external_id: bool,
}

impl From<EnterError> for Error {
    fn from(error: EnterError) -> Self {
        match error {
            EnterError::Ingest(error) => error.into(),
            EnterError::Read(error) => error.into(),
        }
    }
}
