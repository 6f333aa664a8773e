//! Customer meters, as their customers see them.

use domain::Timestamp;
use service::CustomerMeter;

use super::{integer_to_api, number_to_api};

/// A customer meter, with what its customer sees of the meter.
pub(crate) fn portal_meter_to_api(row: &CustomerMeter) -> api::CustomerCustomerMeter {
    api::CustomerCustomerMeter {
        id: row.id.to_string(),
        created_at: row.created_at.to_iso(),
        modified_at: row.modified_at.map(Timestamp::to_iso),
        customer_id: row.customer.customer.id.to_string(),
        meter_id: row.meter.id.to_string(),
        consumed_units: number_to_api(&row.consumed),
        credited_units: integer_to_api(&row.credited),
        balance: number_to_api(&row.balance),
        meter: api::CustomerCustomerMeterMeter {
            created_at: row.meter.created_at.to_iso(),
            modified_at: Some(row.meter.modified_at.to_iso()),
            id: row.meter.id.to_string(),
            name: row.meter.name.clone(),
        },
    }
}
