//! Quantities of a meter (SEMANTICS 8.1, 8.2).

use domain::{CustomerId, Function, Interval, Timestamp, Zone};
use service::QuantitiesRequest;

use super::Query;
use super::filter::FUNCTIONS;
use crate::json::Value;
use crate::validate::{
    Checked, Faults, FieldError, Instant, Length, Node, Path, Rule, datetime, one_of, text,
};

const ZONE_LENGTH: Length = Length::at_least(1);

/// A series cannot start before this.
const START_MIN: &str = "2023-01-01T00:00:00Z";

/// What is said of a range that is too long, and of one that ends before it starts.
const RANGE: &str = "The interval is too small for the given date range. Use a larger interval or reduce the date range.";

/// What quantities are asked for, and how its range was written, which the check of the range needs.
#[derive(Debug, Clone)]
pub(crate) struct QuantitiesQuery {
    /// What is asked for. Its range has not been checked: the meter is looked up first.
    pub(crate) request: QuantitiesRequest,
    /// Seconds east of UTC that the start was written with.
    pub(crate) start_offset_seconds: i32,
    /// Seconds east of UTC that the end was written with.
    pub(crate) end_offset_seconds: i32,
}

impl QuantitiesQuery {
    /// Checks the range (SEMANTICS 8.2). The fault is one of the business.
    pub(crate) fn check_range(&self) -> Result<(), FieldError> {
        let request = &self.request;
        let range = domain::interval::check_range(
            request.start,
            self.start_offset_seconds,
            request.end,
            self.end_offset_seconds,
            request.interval,
        );
        range.map_err(|_| {
            let input = Value::Array(vec![
                Value::String(as_written(request.start, self.start_offset_seconds).into()),
                Value::String(as_written(request.end, self.end_offset_seconds).into()),
                Value::String(request.interval.name().into()),
            ]);
            FieldError::of_business(&Path::QUERY, "value_error", RANGE, &input)
        })
    }
}

/// A time on the clock it was written with, its offset spelled out.
fn as_written(at: Timestamp, offset_seconds: i32) -> String {
    let local = at
        .micros()
        .saturating_add(i64::from(offset_seconds) * 1_000_000);
    let mut text = Timestamp::from_micros(local).unwrap_or(at).to_iso();
    let _utc = text.pop();
    let sign = if offset_seconds < 0 { '-' } else { '+' };
    let minutes = offset_seconds.unsigned_abs() / 60;
    format!("{text}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// `GET /v1/meters/{id}/quantities`
pub(crate) fn quantities(query: &Query<'_>) -> Result<QuantitiesQuery, Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = read(query, &mut faults);
    faults.finish(checked)
}

fn read(query: &Query<'_>, faults: &mut Faults) -> Checked<QuantitiesQuery> {
    let start = query.required("start_timestamp", faults, start);
    let end = query.required("end_timestamp", faults, datetime);
    let interval = query.required("interval", faults, |node, faults| {
        one_of(node, &Interval::ALL, Interval::name, faults)
    });
    let zone = query.optional("timezone", faults, zone);
    let customers = query.ids("customer_id", faults);
    let customer_function =
        query.optional("customer_aggregation_function", faults, |node, faults| {
            one_of(node, &FUNCTIONS, Function::as_str, faults)
        });
    let (start, end, interval) = (start?, end?, interval?);
    Ok(QuantitiesQuery {
        request: QuantitiesRequest {
            start: start.at,
            end: end.at,
            interval,
            zone: zone?.unwrap_or_else(Zone::utc),
            customers: customers?.into_iter().map(CustomerId::from_uuid).collect(),
            external_customers: query.texts("external_customer_id"),
            metadata: query.metadata(),
            customer_function: customer_function?,
        },
        start_offset_seconds: start.offset_seconds,
        end_offset_seconds: end.offset_seconds,
    })
}

fn start(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Instant> {
    let start = datetime(node, faults)?;
    let least = Timestamp::parse_rfc3339_fast(START_MIN);
    if least.is_some_and(|least| start.at < least) {
        return Err(node.refuse(Rule::AtLeastTime(START_MIN), faults));
    }
    Ok(start)
}

fn zone(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Zone> {
    let name = text(node, ZONE_LENGTH, faults)?;
    Zone::from_name(name).ok_or_else(|| node.refuse(Rule::TimeZone, faults))
}
