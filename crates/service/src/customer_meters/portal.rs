//! Customer meters as their customer sees them. SEMANTICS 11.12.
//!
//! Shown are those of meters that are not archived, once something was used or credited: what was never touched says nothing to a
//! customer.

use catalog::TextSearch;
use domain::{CustomerId, CustomerMeterId, Meter, MeterId, OrganizationId};

use super::parties::Party;
use super::{CustomerMeter, CustomerMeterOrder, list};
use crate::{Direction, Error, Listed, Page, Service};

/// Which customer meters a customer asks for. All conditions must hold; an empty list is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortalSearch {
    /// Of these meters.
    pub meters: Vec<MeterId>,
    /// Part of the meter's name, ignoring case and without wildcards. Empty: all.
    pub query: Option<String>,
    /// As in [`super::CustomerMeterSearch`].
    pub sorting: Vec<(CustomerMeterOrder, Direction)>,
}

impl Service {
    /// What a customer used, for the customer. Cost: a look at each of its organization's meters.
    pub fn portal_meters(
        &self,
        organization: OrganizationId,
        customer: CustomerId,
        search: &PortalSearch,
        page: Page,
    ) -> Result<Listed<CustomerMeter>, Error> {
        let text = search.query.as_deref().map(TextSearch::new);
        let is_asked_for = |meter: &Meter| {
            let is_named = search.meters.is_empty() || search.meters.contains(&meter.id);
            let is_found = text.as_ref().is_none_or(|text| text.occurs_in(&meter.name));
            meter.archived_at.is_none() && is_named && is_found
        };
        let mut meters = self.catalog.meters_of(organization)?;
        meters.retain(is_asked_for);
        let parties: Vec<Party> = self.party(organization, customer)?.into_iter().collect();
        let mut rows = self.rows(organization, &parties, &meters)?;
        rows.retain(list::Row::is_activated);
        list::sort(&mut rows, &search.sorting);
        let total = rows.len() as u64;
        let start = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let shown = rows.into_iter().skip(start).take(page.limit as usize);
        let items = shown.map(|row| self.shown(organization, row));
        Ok(Listed {
            items: items.collect::<Result<_, _>>()?,
            total,
        })
    }

    /// One of them.
    pub fn portal_meter(
        &self,
        organization: OrganizationId,
        customer: CustomerId,
        id: CustomerMeterId,
    ) -> Result<CustomerMeter, Error> {
        let own = |row: &CustomerMeter| {
            let is_activated = row.modified_at.is_some();
            row.customer.customer.id == customer && row.meter.archived_at.is_none() && is_activated
        };
        let row = self.customer_meter(organization, id)?;
        Some(row).filter(own).ok_or(Error::NotFound)
    }
}
