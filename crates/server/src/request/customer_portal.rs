//! What customers ask for (SEMANTICS 4.3, 11.12).

use domain::MeterId;
use service::{Page, PortalSearch};

use super::Query;
use super::customer_meter::order;
use super::page::read_page;
use crate::validate::{Checked, Faults, FieldError, any_text};

/// Whose the customer meters are is no question here.
const ORDERS: [&str; 14] = [
    "created_at",
    "-created_at",
    "modified_at",
    "-modified_at",
    "meter_id",
    "-meter_id",
    "meter_name",
    "-meter_name",
    "consumed_units",
    "-consumed_units",
    "credited_units",
    "-credited_units",
    "balance",
    "-balance",
];

/// What a list of a customer's own meters asks for.
#[derive(Debug, Clone)]
pub(crate) struct PortalMeterList {
    /// Which of them.
    pub(crate) search: PortalSearch,
    /// Which page.
    pub(crate) page: Page,
}

/// `GET /v1/customer-portal/meters/`
pub(crate) fn portal_meter_list(query: &Query<'_>) -> Result<PortalMeterList, Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = read_list(query, &mut faults);
    faults.finish(checked)
}

fn read_list(query: &Query<'_>, faults: &mut Faults) -> Checked<PortalMeterList> {
    let page = read_page(query, faults);
    let known = |name: &str| ORDERS.contains(&name).then(|| order(name)).flatten();
    let sorting = query.choices("sorting", &ORDERS, known, faults);
    let meters = query.ids("meter_id", faults);
    let part = query.optional("query", faults, any_text);
    Ok(PortalMeterList {
        search: PortalSearch {
            meters: meters?.into_iter().map(MeterId::from_uuid).collect(),
            query: part?,
            sorting: sorting?,
        },
        page: page?,
    })
}

/// The token in the address of the portal's page, if there is one.
pub(crate) fn portal_token(query: &Query<'_>) -> Option<String> {
    let mut faults = Faults::none_wanted();
    let token = query.optional("customer_session_token", &mut faults, any_text);
    token.ok().flatten()
}
