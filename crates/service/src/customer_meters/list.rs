//! Customer meters as rows: worked out, ordered, cut into pages.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use domain::{
    Customer, CustomerId, CustomerMeterId, CustomerMeterIds, CustomerMeterTags, Meter, MeterId,
    Number, OrganizationId, Timestamp,
};
use engine::CustomerUsage;

use super::parties::Party;
use super::{CustomerMeter, CustomerMeterOrder, CustomerMeterSearch};
use crate::{Direction, Error, Listed, Page, Profile, Service};

/// How many rows are worked out before those that are not on the page are dropped.
const ROWS_AT_ONCE: usize = 1_024;

/// A customer meter before it is shown: all by which rows are ordered but names.
#[derive(Debug, Clone)]
pub(super) struct Row<'a> {
    id: LateId<'a>,
    party: &'a Party,
    meter: &'a Meter,
    usage: CustomerUsage,
    balance: Number,
}

/// An identifier that is made when it is asked for: most rows are out of question before.
#[derive(Debug, Clone)]
struct LateId<'a> {
    ids: &'a CustomerMeterIds,
    tags: CustomerMeterTags,
    made: OnceCell<CustomerMeterId>,
}

impl LateId<'_> {
    fn get(&self) -> CustomerMeterId {
        *self.made.get_or_init(|| self.ids.id_of(self.tags))
    }
}

impl Row<'_> {
    /// When the row came into being: with the customer's first event, or with the meter.
    fn created_at(&self) -> Timestamp {
        self.party.first_received_at.max(self.meter.created_at)
    }

    /// The customer meter; its customer is this.
    fn of(self, customer: Profile) -> CustomerMeter {
        CustomerMeter {
            id: self.id.get(),
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
    /// each customer and meter; what was used is looked up for all of them only when the order depends on it.
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
        let by_usage = sorting.iter().any(|(order, _)| order.is_of_usage());
        let mut rows: Vec<Row<'_>> = Vec::new();
        let mut last: Option<Row<'_>> = None;
        let mut total = 0_u64;
        for meter in &meters {
            for some in parties.chunks(ROWS_AT_ONCE) {
                let more = if by_usage {
                    self.rows(organization, some, std::slice::from_ref(meter))?
                } else {
                    self.rows_without_usage(organization, some, meter)?
                };
                total = total.saturating_add(more.len() as u64);
                let is_before = |row: &Row<'_>| {
                    let last = last.as_ref();
                    last.is_none_or(|last| order(row, last).is_lt())
                };
                rows.extend(more.into_iter().filter(is_before));
                // No more is kept than the page and what comes before it.
                if rows.len() > end.saturating_add(ROWS_AT_ONCE) {
                    rows.select_nth_unstable_by(end, order);
                    last = rows.get(end).cloned();
                    rows.truncate(end);
                }
            }
        }
        rows.sort_unstable_by(order);
        rows.truncate(end);
        let mut items = Vec::new();
        for row in rows.into_iter().skip(start) {
            let row = if by_usage {
                Some(row)
            } else {
                let (party, meter) = (std::slice::from_ref(row.party), row.meter);
                let rows = self.rows(organization, party, std::slice::from_ref(meter))?;
                rows.into_iter().next()
            };
            if let Some(row) = row {
                items.push(self.shown(organization, row)?);
            }
        }
        Ok(Listed { items, total })
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
        &'a self,
        organization: OrganizationId,
        parties: &'a [Party],
        meters: &'a [Meter],
    ) -> Result<Vec<Row<'a>>, Error> {
        let mut rows = Vec::with_capacity(parties.len().saturating_mul(meters.len()));
        for meter in meters {
            let parties = before(parties, meter);
            let asked: Vec<_> = parties.iter().map(|party| party.as_asked()).collect();
            let stands_since = meter.stands_since;
            let usages =
                self.engine
                    .customer_usage(organization, meter.id, &asked, stands_since)?;
            // A meter that was made just now may not be known to the engine yet.
            let usages = usages.unwrap_or_default();
            let tag = self.customer_meter_ids.meter_tag(meter.id);
            let row = |(party, usage)| self.row(party, meter, tag, usage);
            rows.extend(parties.into_iter().zip(usages).map(row));
        }
        Ok(rows)
    }

    /// The same rows of one meter, as if nothing had been used: for whoever needs to know no more than which there are.
    fn rows_without_usage<'a>(
        &'a self,
        organization: OrganizationId,
        parties: &'a [Party],
        meter: &'a Meter,
    ) -> Result<Vec<Row<'a>>, Error> {
        let known = self
            .engine
            .customer_usage(organization, meter.id, &[], meter.stands_since)?;
        if known.is_none() {
            return Ok(Vec::new());
        }
        let tag = self.customer_meter_ids.meter_tag(meter.id);
        let nothing = || CustomerUsage {
            consumed: Number::default(),
            credited: Number::default(),
            modified_at: None,
            reset_received_at: None,
        };
        let parties = before(parties, meter).into_iter();
        let row = |party| self.row(party, meter, tag, nothing());
        Ok(parties.map(row).collect())
    }

    fn row<'a>(
        &'a self,
        party: &'a Party,
        meter: &'a Meter,
        meter_tag: u64,
        usage: CustomerUsage,
    ) -> Row<'a> {
        let tags = CustomerMeterTags {
            customer: party.tag,
            meter: meter_tag,
        };
        Row {
            id: LateId {
                ids: &self.customer_meter_ids,
                tags,
                made: OnceCell::new(),
            },
            party,
            meter,
            balance: usage.credited.minus(&usage.consumed),
            usage,
        }
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

/// Those who came before a meter was archived.
fn before<'a>(parties: &'a [Party], meter: &Meter) -> Vec<&'a Party> {
    let came_before = |party: &&Party| {
        let stands_since = meter.stands_since;
        stands_since.is_none_or(|at| party.first_received_at < at)
    };
    parties.iter().filter(came_before).collect()
}

/// Puts rows of one customer in order.
pub(super) fn sort(rows: &mut [Row<'_>], sorting: &[(CustomerMeterOrder, Direction)]) {
    let sorting = or_default(sorting);
    rows.sort_unstable_by(|left, right| compare(sorting, &BTreeMap::new(), left, right));
}

impl CustomerMeterOrder {
    /// Whether it depends on what was used or credited.
    fn is_of_usage(self) -> bool {
        match self {
            Self::ModifiedAt | Self::ConsumedUnits | Self::CreditedUnits | Self::Balance => true,
            Self::CreatedAt
            | Self::CustomerId
            | Self::CustomerName
            | Self::MeterId
            | Self::MeterName => false,
        }
    }
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
        .unwrap_or_else(|| left.id.get().cmp(&right.id.get()))
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
