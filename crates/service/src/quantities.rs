//! Quantities of a meter.

use domain::{CustomerId, Function, Interval, MeterId, Number, OrganizationId, Timestamp, Zone};

use crate::{Error, Service};

/// Which quantities are asked for (SEMANTICS 8).
#[derive(Debug, Clone)]
pub struct QuantitiesRequest {
    /// First point of the series.
    pub start: Timestamp,
    /// The series ends here at the latest.
    pub end: Timestamp,
    /// From point to point.
    pub interval: Interval,
    /// On whose calendar and clock.
    pub zone: Zone,
    /// Only these customers; with `external_customers`, either of them. Both empty: everyone.
    pub customers: Vec<CustomerId>,
    /// Only the customers that have these external ids now, and the events that came under them.
    pub external_customers: Vec<String>,
    /// For each top-level key the texts of which one must be the event's.
    pub metadata: Vec<(String, Vec<String>)>,
    /// First per customer by the meter's function, then this over the customers.
    pub customer_function: Option<Function>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantities {
    /// The points of the series and the quantity of the bucket each falls into.
    pub points: Vec<(Timestamp, Number)>,
    /// Over the buckets shown.
    pub total: Number,
}

impl Service {
    /// Quantities, as of the last acknowledged event. The range has been checked
    /// ([`domain::interval::check_range`]) unless the meter does not exist, which is looked at first: the caller asks [`Service::meter`] before it
    /// checks the range. Runs on the calling thread; without a metadata filter the cost does not grow with history.
    pub fn quantities(
        &self,
        organization: OrganizationId,
        meter: MeterId,
        request: &QuantitiesRequest,
    ) -> Result<Quantities, Error> {
        let _ = (organization, meter, request);
        unimplemented!()
    }
}
