//! Quantities of a meter.

use domain::interval::{Buckets, series};
use domain::{
    CustomerId, Function, Interval, MetadataFilter, MeterId, Number, OrganizationId, OwnedIdentity,
    Timestamp, Zone,
};
use engine::{Ask, Customers};

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
    /// Which values the events' metadata must hold.
    pub metadata: MetadataFilter,
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
    /// Quantities, as of the last acknowledged event. The range has been checked by
    /// [`domain::interval::check_range`], after [`Service::meter`] has found the meter. Runs on the calling thread;
    /// the cost grows with history only for a metadata filter or a function over customers.
    pub fn quantities(
        &self,
        organization: OrganizationId,
        meter: MeterId,
        request: &QuantitiesRequest,
    ) -> Result<Quantities, Error> {
        let points = series(request.start, request.end, request.interval, &request.zone);
        let buckets = Buckets::of_series(&points, request.interval, &request.zone);
        let identities = self.identities_asked_for(organization, request);
        // Looked up one by one: a long scan must not hold the directory from those who change it.
        let customer_of = |external_id: &str| {
            self.directory
                .read()
                .customers(organization)?
                .by_external_id(external_id)
        };
        let answer = self.engine.quantities(
            organization,
            meter,
            &Ask {
                buckets: &buckets,
                customers: identities
                    .as_deref()
                    .map_or(Customers::All, Customers::Identities),
                metadata: &request.metadata,
                customer_function: request.customer_function,
                customer_of: &customer_of,
            },
        );
        let answer = answer?.ok_or(Error::NotFound)?;
        let quantity = |bucket: &usize| answer.quantities[*bucket].clone();
        let points = points
            .into_iter()
            .zip(buckets.of_points().iter().map(quantity))
            .collect();
        Ok(Quantities {
            points,
            total: answer.total,
        })
    }

    /// `None`: everyone's events count.
    fn identities_asked_for(
        &self,
        organization: OrganizationId,
        request: &QuantitiesRequest,
    ) -> Option<Vec<OwnedIdentity>> {
        if request.customers.is_empty() && request.external_customers.is_empty() {
            return None;
        }
        let directory = self.directory.read();
        Some(directory.identities(
            organization,
            &request.customers,
            &request.external_customers,
        ))
    }
}
