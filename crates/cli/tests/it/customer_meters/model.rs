//! Customer meters as a naive fold over a list of events. SEMANTICS 12, 19.3, 19.4; EXTENSIONS, credits and resets.

use std::collections::{BTreeMap, BTreeSet};

use api::{Aggregation, Meter};

use super::decimal::Decimal;
use super::instant;
use super::matching::{Contribution, contribution};
use super::value::Value;

/// Under whom an event came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Identity {
    /// The id of a customer.
    Customer(String),
    /// An external id, whether a customer has it or not.
    External(String),
}

/// An event as the API lists it, at its place in the order of receipt.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) order: usize,
    pub(super) is_of_user: bool,
    pub(super) name: String,
    pub(super) identity: Identity,
    /// Microseconds since 1970.
    pub(super) timestamp: i64,
    pub(super) metadata: Value,
}

/// A credit or reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Credited {
        meter: String,
        units: i128,
        rollover: bool,
    },
    Reset {
        meter: String,
    },
}

/// A customer that was made at some time, as it is now.
#[derive(Debug, Clone)]
pub(super) struct Customer {
    pub(super) id: String,
    /// `None` also once it is deleted.
    pub(super) external_id: Option<String>,
    pub(super) is_deleted: bool,
}

/// What is known of the order of receipt, which no answer tells.
#[derive(Debug, Clone, Default)]
pub(super) struct Receipts {
    /// Readings of the clock, each with the place of the event that is received next.
    pub(super) moments: Vec<(i64, usize)>,
    /// The resets that took effect at their own receipt, by their places.
    pub(super) bare_resets: BTreeSet<usize>,
}

/// The figures of a customer meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) consumed: Decimal,
    pub(super) credited: i128,
    pub(super) balance: Decimal,
    /// Whether something has matched yet, or was credited or reset.
    pub(super) is_modified: bool,
}

/// A list of events with what a meter makes of each, so that every customer can be asked for.
#[derive(Debug)]
pub(super) struct Counted<'a> {
    meter: &'a Meter,
    receipts: &'a Receipts,
    /// In the order of receipt.
    events: Vec<(&'a Event, Option<Contribution>)>,
}

impl Event {
    /// Reads an event of a list.
    #[track_caller]
    pub(super) fn of(listed: &api::Event, order: usize) -> Self {
        let identity = match (&listed.customer_id, &listed.external_customer_id) {
            (Some(id), None) => Identity::Customer(id.clone()),
            (None, Some(id)) => Identity::External(id.clone()),
            both => panic!("an event of {both:?}"),
        };
        Self {
            order,
            is_of_user: match listed.source.as_str() {
                "user" => true,
                "system" => false,
                other => panic!("a source {other}"),
            },
            name: listed.name.clone(),
            identity,
            timestamp: instant::parse(&listed.timestamp),
            metadata: Value::of_event(&listed.metadata),
        }
    }

    pub(super) fn source(&self) -> &'static str {
        if self.is_of_user { "user" } else { "system" }
    }

    /// What it says when it is a credit or a reset.
    pub(super) fn said(&self) -> Option<Said> {
        if self.is_of_user {
            return None;
        }
        let Some(Value::Text(meter)) = self.metadata.at("meter_id") else {
            panic!("a system event without a meter: {self:?}")
        };
        let meter = meter.clone();
        match self.name.as_str() {
            "meter.reset" => Some(Said::Reset { meter }),
            "meter.credited" => match (self.metadata.at("units"), self.metadata.at("rollover")) {
                (Some(Value::Number(units)), Some(Value::Bool(rollover))) => Some(Said::Credited {
                    meter,
                    units: units.number.floor(),
                    rollover: *rollover,
                }),
                other => panic!("a credit of {other:?}"),
            },
            other => panic!("a system event {other}"),
        }
    }
}

impl Customer {
    /// Whether the event is the customer's as things are now.
    pub(super) fn has(&self, event: &Event) -> bool {
        match &event.identity {
            Identity::Customer(id) => *id == self.id,
            Identity::External(id) => self.external_id.as_ref() == Some(id),
        }
    }
}

impl Receipts {
    /// The place of the first event that was received at that time or later. Exact for readings of the clock.
    fn first_from(&self, time: i64) -> usize {
        let moment = self.moments.iter().find(|(moment, _)| *moment >= time);
        moment.map_or(usize::MAX, |(_, order)| *order)
    }

    /// The place with which the window of a reset begins.
    fn window_of(&self, reset: &Event) -> usize {
        if self.bare_resets.contains(&reset.order) {
            reset.order
        } else {
            self.first_from(reset.timestamp)
        }
    }
}

impl<'a> Counted<'a> {
    /// Of those of the events, in their order, that were received before the place `until`.
    pub(super) fn new(
        meter: &'a Meter,
        receipts: &'a Receipts,
        events: &'a [Event],
        until: usize,
    ) -> Self {
        let events = events.iter().take_while(|event| event.order < until);
        Self {
            meter,
            receipts,
            events: events
                .map(|event| (event, contribution(meter, event)))
                .collect(),
        }
    }

    /// Whether an event, of either source, matches the meter that is not a credit or reset of it (SEMANTICS 19.19).
    pub(super) fn has_match(&self) -> bool {
        self.events.iter().any(|(event, contribution)| {
            contribution.is_some() && self.said_of_meter(event).is_none()
        })
    }

    /// The customer meter of the customer; `None` when nothing came of it.
    pub(super) fn figures(&self, customer: &Customer) -> Option<Figures> {
        let mut own = self.events.iter().filter(|(event, _)| customer.has(event));
        own.next()?;
        let start = self.window(customer);
        let consumed = self.consumed(customer, start..usize::MAX);
        let credited = self.credited(customer, start..usize::MAX, |_| true);
        let is_modified = self.events.iter().any(|(event, contribution)| {
            customer.has(event)
                && if event.is_of_user {
                    contribution.is_some()
                } else {
                    self.said_of_meter(event).is_some()
                }
        });
        Some(Figures {
            consumed,
            credited,
            balance: Decimal::from_integer(credited) - consumed,
            is_modified,
        })
    }

    /// The units that roll over (SEMANTICS 12.13) at a reset whose window begins at that time; `None`: at its own receipt.
    pub(super) fn rolls_over(&self, customer: &Customer, time: Option<i64>) -> i128 {
        let start = self.window(customer);
        let end = time.map_or(usize::MAX, |time| self.receipts.first_from(time));
        let window = start..end.max(start);
        let consumed = self.consumed(customer, window.clone());
        let fixed = self.credited(customer, window.clone(), |rollover| !rollover);
        let passing = self.credited(customer, window, |rollover| rollover);
        let left = Decimal::from_integer(fixed + passing) - consumed;
        left.floor().clamp(0, passing)
    }

    /// The place with which the customer's window begins.
    fn window(&self, customer: &Customer) -> usize {
        let resets = self.events.iter().filter(|(event, _)| {
            customer.has(event) && matches!(self.said_of_meter(event), Some(Said::Reset { .. }))
        });
        let holds = resets.max_by_key(|(event, _)| (event.timestamp, event.order));
        holds.map_or(0, |(reset, _)| self.receipts.window_of(reset))
    }

    fn consumed(&self, customer: &Customer, window: std::ops::Range<usize>) -> Decimal {
        let matching = self.events.iter().filter_map(|(event, contribution)| {
            let counts = event.is_of_user && window.contains(&event.order) && customer.has(event);
            contribution.as_ref().filter(|_| counts)
        });
        aggregate(&self.meter.aggregation, matching)
    }

    fn credited(
        &self,
        customer: &Customer,
        window: std::ops::Range<usize>,
        counts: impl Fn(bool) -> bool,
    ) -> i128 {
        let mut credits: Vec<(i64, usize, i128)> = Vec::new();
        for (event, _) in &self.events {
            if let Some(Said::Credited {
                units, rollover, ..
            }) = self.said_of_meter(event)
                && window.contains(&event.order)
                && customer.has(event)
                && counts(rollover)
            {
                credits.push((event.timestamp, event.order, units));
            }
        }
        credits.sort_unstable();
        let units = credits.into_iter().map(|(_, _, units)| units);
        units.fold(0, |sum, units| (sum + units).max(0))
    }

    fn said_of_meter(&self, event: &Event) -> Option<Said> {
        event.said().filter(|said| match said {
            Said::Credited { meter, .. } | Said::Reset { meter } => *meter == self.meter.id,
        })
    }
}

fn aggregate<'a>(
    aggregation: &Aggregation,
    matching: impl Iterator<Item = &'a Contribution>,
) -> Decimal {
    let mut count = 0;
    let mut numbers = Vec::new();
    let mut distinct = BTreeSet::new();
    for contribution in matching {
        count += 1;
        match contribution {
            Contribution::One | Contribution::Distinct(None) => {}
            Contribution::Number(number) => numbers.push(*number),
            Contribution::Distinct(Some(value)) => {
                distinct.insert(value);
            }
        }
    }
    let of_count = |count: usize| Decimal::from_integer(count as i128);
    let sum = || {
        numbers
            .iter()
            .fold(Decimal::ZERO, |sum, number| sum + *number)
    };
    match aggregation {
        Aggregation::Count => of_count(count),
        Aggregation::Sum { .. } => sum(),
        Aggregation::Max { .. } => numbers.iter().max().copied().unwrap_or(Decimal::ZERO),
        Aggregation::Min { .. } => numbers.iter().min().copied().unwrap_or(Decimal::ZERO),
        Aggregation::Avg { .. } if numbers.is_empty() => Decimal::ZERO,
        Aggregation::Avg { .. } => sum().averaged_over(numbers.len()),
        Aggregation::Unique { .. } => of_count(distinct.len()),
    }
}

/// Of every customer and meter, the figures that the API must show. `until`: for a meter that is archived, the place of the event
/// that was received next when that was done.
pub(super) fn all_figures(
    customers: &[Customer],
    meters: &[Meter],
    events: &[Event],
    receipts: &Receipts,
    until: &BTreeMap<String, usize>,
) -> BTreeMap<(String, String), Figures> {
    let mut all = BTreeMap::new();
    for meter in meters {
        let until = until.get(&meter.id).copied().unwrap_or(usize::MAX);
        let counted = Counted::new(meter, receipts, events, until);
        for customer in customers {
            if let Some(figures) = counted.figures(customer) {
                all.insert((customer.id.clone(), meter.id.clone()), figures);
            }
        }
    }
    all
}
