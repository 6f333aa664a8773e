//! Customer meters, and the state of customers.

use domain::Timestamp;
use service::{CustomerMeter, CustomerState};

use super::grant::state_grant_to_api;
use super::{customer_to_api, integer_to_api, meter_to_api, number_to_api};

/// A customer meter, with its customer and its meter.
pub(crate) fn customer_meter_to_api(row: &CustomerMeter) -> api::CustomerMeter {
    api::CustomerMeter {
        id: row.id.to_string(),
        created_at: row.created_at.to_iso(),
        modified_at: row.modified_at.map(Timestamp::to_iso),
        customer_id: row.customer.customer.id.to_string(),
        meter_id: row.meter.id.to_string(),
        consumed_units: number_to_api(&row.consumed),
        credited_units: integer_to_api(&row.credited),
        balance: number_to_api(&row.balance),
        customer: customer_to_api(&row.customer),
        meter: meter_to_api(&row.meter),
    }
}

/// A customer, what it was granted and all its customer meters (SEMANTICS 11.10). There are no subscriptions.
pub(crate) fn customer_state_to_api(state: &CustomerState) -> api::CustomerState {
    api::CustomerState {
        customer: customer_to_api(&state.profile),
        active_subscriptions: Vec::new(),
        granted_benefits: state.grants.iter().map(state_grant_to_api).collect(),
        active_meters: state.meters.iter().map(state_meter_to_api).collect(),
    }
}

fn state_meter_to_api(row: &CustomerMeter) -> api::CustomerStateMeter {
    api::CustomerStateMeter {
        id: row.id.to_string(),
        created_at: row.created_at.to_iso(),
        modified_at: row.modified_at.map(Timestamp::to_iso),
        meter_id: row.meter.id.to_string(),
        consumed_units: number_to_api(&row.consumed),
        credited_units: integer_to_api(&row.credited),
        balance: number_to_api(&row.balance),
    }
}
