//! Broken rules of the business: where, of which type, in which words (SEMANTICS 2.8, 5.5, 8.2, 9.4, 11.2; EXTENSIONS).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use service::Fault;

/// One broken rule.
#[derive(Debug)]
pub(crate) struct Broken {
    kind: &'static str,
    place: Vec<Step>,
    message: &'static str,
    input: Option<Box<RawValue>>,
}

/// A step of the way to a field.
#[derive(Debug, Clone, Copy)]
enum Step {
    Name(&'static str),
    Position(usize),
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Step::Name(name) => serializer.serialize_str(name),
            Step::Position(position) => position.serialize(serializer),
        }
    }
}

impl Broken {
    /// What a fault that the service found is to a client.
    pub(crate) fn from_fault(fault: &Fault) -> Self {
        match fault {
            Fault::SlugTaken => field(
                "value_error",
                "slug",
                "An organization with this slug already exists.",
            ),
            Fault::OrganizationUnknown => {
                field("value_error", "organization_id", "Organization not found.")
            }
            Fault::EmailTaken => field(
                "value_error",
                "email",
                "A customer with this email address already exists.",
            ),
            Fault::ExternalIdTaken => field(
                "value_error",
                "external_id",
                "A customer with this external ID already exists.",
            ),
            Fault::CustomerUnknown { event } => {
                of_event("customer_id", *event, "customer_id", "Customer not found.")
            }
            Fault::MemberUnknown { event } => {
                of_event("member_id", *event, "member_id", "Member not found.")
            }
            Fault::FilterFrozen => field("forbidden", "filter", FROZEN),
            Fault::AggregationFrozen => field("forbidden", "aggregation", FROZEN),
        }
    }

    /// An organization's token with an `organization_id` in the body.
    pub(crate) fn organization_id() -> Self {
        field("organization_token", "organization_id", ORGANIZATION_TOKEN)
    }

    /// An organization's token with an `organization_id` in an event.
    pub(crate) fn organization_id_of_event(event: usize) -> Self {
        of_event(
            "organization_token",
            event,
            "organization_id",
            ORGANIZATION_TOKEN,
        )
    }

    /// A range of quantities that is too long, or ends before it starts. `input`: start, end and interval.
    pub(crate) fn range(input: &[String; 3]) -> Self {
        Self {
            kind: "value_error",
            place: vec![Step::Name("query")],
            message: "The interval is too small for the given date range. Use a larger interval or reduce the \
                      date range.",
            input: to_raw_value(input).ok(),
        }
    }

    /// By position of the event, then by name: the order in which they are reported.
    pub(crate) fn event(&self) -> Option<usize> {
        self.place.iter().find_map(|step| match step {
            Step::Position(position) => Some(*position),
            Step::Name(_) => None,
        })
    }

    /// The item of the answer.
    pub(crate) fn into_api(self) -> api::ValidationError {
        api::ValidationError {
            kind: self.kind.to_owned(),
            loc: to_raw_value(&self.place).expect("names and positions serialise"),
            msg: self.message.to_owned(),
            input: self.input.or_else(|| to_raw_value(&()).ok()),
            ctx: None,
        }
    }
}

const FROZEN: &str = "This field can't be updated because the meter is already aggregating events.";
const ORGANIZATION_TOKEN: &str =
    "Setting organization_id is disallowed when using an organization token.";

fn field(kind: &'static str, name: &'static str, message: &'static str) -> Broken {
    Broken {
        kind,
        place: vec![Step::Name("body"), Step::Name(name)],
        message,
        input: None,
    }
}

fn of_event(kind: &'static str, event: usize, name: &'static str, message: &'static str) -> Broken {
    let place = vec![
        Step::Name("body"),
        Step::Name("events"),
        Step::Position(event),
        Step::Name(name),
    ];
    Broken {
        kind,
        place,
        message,
        input: None,
    }
}

type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// Gives each broken rule what the body says at its place. The body has been read before, so it is well formed; where
/// it has nothing at a place, nothing is given.
pub(super) fn fill_inputs(broken: &mut [Broken], body: &[u8]) {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Ok(fields) = serde_json::from_slice::<Fields<'_>>(body) else {
        return;
    };
    let mut events: Option<Vec<&RawValue>> = None;
    for rule in broken.iter_mut().filter(|rule| rule.input.is_none()) {
        rule.input = match rule.place[..] {
            [_, Step::Name(name)] => fields.get(name).map(|value| (*value).to_owned()),
            [
                _,
                Step::Name(list),
                Step::Position(position),
                Step::Name(name),
            ] => {
                let events = events.get_or_insert_with(|| {
                    fields
                        .get(list)
                        .and_then(|list| serde_json::from_str(list.get()).ok())
                        .unwrap_or_default()
                });
                events
                    .get(position)
                    .and_then(|event| serde_json::from_str::<Fields<'_>>(event.get()).ok())
                    .and_then(|event| event.get(name).map(|value| (*value).to_owned()))
            }
            _ => None,
        };
    }
}
