//! Customer meters as rows: worked out, ordered, cut into pages.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use domain::{
    Customer, CustomerId, CustomerMeterId, Meter, MeterId, Number, OrganizationId, Timestamp,
};
use engine::CustomerUsage;

use super::parties::Party;
use super::{CustomerMeter, CustomerMeterOrder, CustomerMeterSearch};
use crate::{Direction, Error, Listed, Page, Profile, Service};

/// How many rows are worked out before those that are not on the page are dropped.
const ROWS_AT_ONCE: usize = 8_192;

/// A customer meter before it is shown: all by which rows are ordered but names.
pub(super) struct Row<'a> {
    id: CustomerMeterId,
    party: &'a Party,
    meter: &'a Meter,
    usage: CustomerUsage,
    balance: Number,
}

impl Row<'_> {
    /// When the row came into being: with the customer's first event, or with the meter.
    fn created_at(&self) -> Timestamp {
        self.party.first_received_at.max(self.meter.created_at)
    }

    /// The customer meter; its customer is this.
    fn of(self, customer: Profile) -> CustomerMeter {
        CustomerMeter {
            id: self.id,
            created_at: self.created_at(),
            modified_at: self.usage.modified_at,
            customer,
            meter: self.meter.clone(),
            consumed: self.usage.consumed,
            credited: self.usage.credited,
            balance: self.balance,
        }
    }

    /// Whether an event, a credit or a reset has touched it.
    pub(super) fn is_activated(&self) -> bool {
        self.usage.modified_at.is_some()
    }
}

impl Service {
    /// Customer meters, as of the last acknowledged event. Those of deleted customers too. Cost: unless customers are named, a look at
    /// each customer and meter.
    pub fn customer_meters(
        &self,
        organization: OrganizationId,
        search: &CustomerMeterSearch,
        page: Page,
    ) -> Result<Listed<CustomerMeter>, Error> {
        let mut meters = self.catalog.meters_of(organization)?;
        if search.meters.is_empty() {
            meters.retain(|meter| meter.archived_at.is_none());
        } else {
            meters.retain(|meter| search.meters.contains(&meter.id));
        }
        let parties = self.parties(organization, search)?;
        let names = self.names(organization, search)?;
        let sorting = or_default(&search.sorting);
        let order = |left: &Row<'_>, right: &Row<'_>| compare(sorting, &names, left, right);
        let start = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let end = start.saturating_add(page.limit as usize);
        let mut rows = Vec::new();
        let mut total = 0_u64;
        for meter in &meters {
            for some in parties.chunks(ROWS_AT_ONCE) {
                let more = self.rows(organization, some, std::slice::from_ref(meter))?;
                total = total.saturating_add(more.len() as u64);
                rows.extend(more);
                // No more is kept than the page and what comes before it.
                if rows.len() > end.saturating_add(ROWS_AT_ONCE) {
                    rows.select_nth_unstable_by(end, order);
                    rows.truncate(end);
                }
            }
        }
        rows.sort_unstable_by(order);
        rows.truncate(end);
        let items = rows.into_iter().skip(start);
        let items = items.map(|row| self.shown(organization, row));
        Ok(Listed {
            items: items.collect::<Result<_, _>>()?,
            total,
        })
    }

    /// A customer meter, also of an archived meter or a deleted customer.
    pub fn customer_meter(
        &self,
        organization: OrganizationId,
        id: CustomerMeterId,
    ) -> Result<CustomerMeter, Error> {
        let tags = self.customer_meter_ids.tags(id).ok_or(Error::NotFound)?;
        let customer = self
            .directory
            .read()
            .customer_of_tag(organization, tags.customer)
            .ok_or(Error::NotFound)?;
        let meters = self.catalog.meters_of(organization)?;
        let mut meters = meters.into_iter();
        let meter = meters
            .find(|meter| self.customer_meter_ids.meter_tag(meter.id) == tags.meter)
            .ok_or(Error::NotFound)?;
        self.customer_meter_of(organization, customer, meter)?
            .ok_or(Error::NotFound)
    }

    /// What a customer used of a meter; `None` when no event of it has come before the meter was archived.
    pub(super) fn customer_meter_of(
        &self,
        organization: OrganizationId,
        customer: CustomerId,
        meter: Meter,
    ) -> Result<Option<CustomerMeter>, Error> {
        let found = self
            .catalog
            .customer_including_deleted(organization, customer)?;
        let Some(customer) = found else {
            return Ok(None);
        };
        let profile = self.profile(customer)?;
        let listed = self.customer_meters_of(&profile, &[meter])?;
        Ok(listed.into_iter().next())
    }

    /// What a customer used of each of some meters, in their order.
    pub(super) fn customer_meters_of(
        &self,
        customer: &Profile,
        meters: &[Meter],
    ) -> Result<Vec<CustomerMeter>, Error> {
        let Customer {
            id, organization, ..
        } = customer.customer;
        let parties: Vec<Party> = self.party(organization, id)?.into_iter().collect();
        let rows = self.rows(organization, &parties, meters)?.into_iter();
        Ok(rows.map(|row| row.of(customer.clone())).collect())
    }

    /// One row for each customer and meter; none for customers that came after a meter was archived.
    pub(super) fn rows<'a>(
        &self,
        organization: OrganizationId,
        parties: &'a [Party],
        meters: &'a [Meter],
    ) -> Result<Vec<Row<'a>>, Error> {
        let mut rows = Vec::with_capacity(parties.len().saturating_mul(meters.len()));
        for meter in meters {
            let came_before = |party: &&Party| {
                let stands_since = meter.stands_since;
                stands_since.is_none_or(|at| party.first_received_at < at)
            };
            let parties: Vec<&Party> = parties.iter().filter(came_before).collect();
            let asked: Vec<_> = parties.iter().map(|party| party.as_asked()).collect();
            let stands_since = meter.stands_since;
            let usages =
                self.engine
                    .customer_usage(organization, meter.id, &asked, stands_since)?;
            // A meter that was made just now may not be known to the engine yet.
            let usages = usages.unwrap_or_default();
            rows.extend(parties.into_iter().zip(usages).map(|(party, usage)| Row {
                id: self.customer_meter_ids.id(party.customer, meter.id),
                party,
                meter,
                balance: usage.credited.minus(&usage.consumed),
                usage,
            }));
        }
        Ok(rows)
    }

    pub(super) fn shown(
        &self,
        organization: OrganizationId,
        row: Row<'_>,
    ) -> Result<CustomerMeter, Error> {
        let customer = self
            .catalog
            .customer_including_deleted(organization, row.party.customer)?
            .ok_or(Error::NotFound)?;
        Ok(row.of(self.profile(customer)?))
    }

    /// The names of customers, when a search orders by them.
    fn names(
        &self,
        organization: OrganizationId,
        search: &CustomerMeterSearch,
    ) -> Result<BTreeMap<CustomerId, String>, Error> {
        let by_name = |(order, _): &(CustomerMeterOrder, Direction)| {
            *order == CustomerMeterOrder::CustomerName
        };
        if !search.sorting.iter().any(by_name) {
            return Ok(BTreeMap::new());
        }
        let names = self.catalog.customer_names(organization)?.into_iter();
        Ok(names.filter_map(|(id, name)| Some((id, name?))).collect())
    }
}

/// Puts rows of one customer in order.
pub(super) fn sort(rows: &mut [Row<'_>], sorting: &[(CustomerMeterOrder, Direction)]) {
    let sorting = or_default(sorting);
    rows.sort_unstable_by(|left, right| compare(sorting, &BTreeMap::new(), left, right));
}

/// The last modified come first when nothing else is asked for.
fn or_default(sorting: &[(CustomerMeterOrder, Direction)]) -> &[(CustomerMeterOrder, Direction)] {
    match sorting {
        [] => &[(CustomerMeterOrder::ModifiedAt, Direction::Descending)],
        given => given,
    }
}

fn compare(
    sorting: &[(CustomerMeterOrder, Direction)],
    names: &BTreeMap<CustomerId, String>,
    left: &Row<'_>,
    right: &Row<'_>,
) -> Ordering {
    let by = |order: CustomerMeterOrder| match order {
        CustomerMeterOrder::CreatedAt => left.created_at().cmp(&right.created_at()),
        CustomerMeterOrder::ModifiedAt => {
            empty_last(left.usage.modified_at, right.usage.modified_at)
        }
        CustomerMeterOrder::CustomerId => left.party.customer.cmp(&right.party.customer),
        CustomerMeterOrder::CustomerName => empty_last(
            names.get(&left.party.customer),
            names.get(&right.party.customer),
        ),
        CustomerMeterOrder::MeterId => meter_key(left).cmp(&meter_key(right)),
        CustomerMeterOrder::MeterName => left.meter.name.cmp(&right.meter.name),
        CustomerMeterOrder::ConsumedUnits => left.usage.consumed.cmp(&right.usage.consumed),
        CustomerMeterOrder::CreditedUnits => left.usage.credited.cmp(&right.usage.credited),
        CustomerMeterOrder::Balance => left.balance.cmp(&right.balance),
    };
    sorting
        .iter()
        .map(|(order, direction)| match direction {
            Direction::Ascending => by(*order),
            Direction::Descending => by(*order).reverse(),
        })
        .find(|ordering| ordering.is_ne())
        .unwrap_or_else(|| left.id.cmp(&right.id))
}

fn meter_key(row: &Row<'_>) -> MeterId {
    row.meter.id
}

/// What is empty is greater than everything else (SEMANTICS 4.3).
fn empty_last<T: Ord>(left: Option<T>, right: Option<T>) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) => left.cmp(&right),
        (left, right) => left.is_none().cmp(&right.is_none()),
    }
}
