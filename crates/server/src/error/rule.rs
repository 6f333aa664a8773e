//! Broken rules of the business: where, of which type, in which words (SEMANTICS 2.8, 5.5, 8.2, 9.4, 11.2 to 11.4; EXTENSIONS).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use service::Fault;

use crate::validate::{FAULTS_MAX, FieldError};

/// What a fault that the service found is to a client.
#[derive(Debug)]
struct Broken {
    kind: &'static str,
    place: Vec<Step>,
    message: &'static str,
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
    fn of(fault: &Fault) -> Self {
        match fault {
            Fault::SlugTaken => invalid("slug", "An organization with this slug already exists."),
            Fault::OrganizationUnknown => invalid("organization_id", "Organization not found."),
            Fault::EmailTaken => invalid(
                "email",
                "A customer with this email address already exists.",
            ),
            Fault::ExternalIdTaken => invalid(
                "external_id",
                "A customer with this external ID already exists.",
            ),
            Fault::ExternalIdFixed => {
                invalid("external_id", "Customer external ID cannot be updated.")
            }
            Fault::BillingAddressRemoved => invalid(
                "billing_address",
                "Customer billing address cannot be reset to null once set.",
            ),
            Fault::TaxIdWithoutCountry => field(
                "missing",
                "billing_address",
                "Country is required to validate tax ID.",
            ),
            Fault::TaxIdInvalid => field("invalid", "tax_id", "Invalid tax ID."),
            Fault::TeamToIndividual => invalid(
                "type",
                "Customer type cannot be downgraded from 'team' to 'individual'.",
            ),
            Fault::CustomerUnknown { event } => {
                of_event("customer_id", *event, "customer_id", "Customer not found.")
            }
            Fault::MemberUnknown { event } => {
                of_event("member_id", *event, "member_id", "Member not found.")
            }
            Fault::MeterUnknown => Broken {
                kind: "meter_id",
                place: vec![Step::Name("query"), Step::Name("meter_id")],
                message: "Meter not found.",
            },
            Fault::PageTooLarge => Broken {
                kind: "value_error",
                place: vec![Step::Name("query"), Step::Name("limit")],
                message: "The events of this page are too large for one answer, ask for fewer.",
            },
            Fault::CreditCustomerUnknown { by_external_id }
            | Fault::SessionCustomerUnknown { by_external_id } => invalid(
                if *by_external_id {
                    "external_customer_id"
                } else {
                    "customer_id"
                },
                "Customer does not exist.",
            ),
            Fault::CreditMeterUnknown => invalid("meter_id", "Meter does not exist."),
            Fault::CreditMeterArchived => invalid("meter_id", "Meter is archived."),
            Fault::CreditKeyTaken => invalid(
                "external_id",
                "This external ID was used for another credit, reset, grant or cycle.",
            ),
            Fault::SessionMemberUnknown { by_external_id } => invalid(
                if *by_external_id {
                    "external_member_id"
                } else {
                    "member_id"
                },
                "Member does not exist.",
            ),
            Fault::TooManyWebhookEndpoints => Broken {
                kind: "value_error",
                place: vec![Step::Name("body")],
                message: "The organization has as many webhook endpoints as it may have.",
            },
            Fault::GrantRevoked => Broken {
                kind: "value_error",
                place: vec![Step::Name("path"), Step::Name("id")],
                message: "Grant is revoked.",
            },
            Fault::BenefitMeterUnknown => Broken {
                kind: "value_error",
                place: vec![
                    Step::Name("body"),
                    Step::Name("properties"),
                    Step::Name("meter_id"),
                ],
                message: "This meter does not exist.",
            },
            Fault::MeterCredited => invalid(
                "is_archived",
                "Cannot archive meter that is still referenced by active benefits",
            ),
            Fault::FilterFrozen => field("forbidden", "filter", FROZEN),
            Fault::AggregationFrozen => field("forbidden", "aggregation", FROZEN),
        }
    }

    fn into_field(self, inputs: &mut Inputs<'_>) -> FieldError {
        FieldError {
            kind: self.kind,
            loc: to_raw_value(&self.place).expect("names and positions serialise"),
            msg: Cow::Borrowed(self.message),
            input: inputs.at(&self.place).map(ToOwned::to_owned),
            ctx: None,
            in_document: false,
        }
    }
}

const FROZEN: &str = "This field can't be updated because the meter is already aggregating events.";

fn field(kind: &'static str, name: &'static str, message: &'static str) -> Broken {
    Broken {
        kind,
        place: vec![Step::Name("body"), Step::Name(name)],
        message,
    }
}

/// A field of the body whose value will not do.
fn invalid(name: &'static str, message: &'static str) -> Broken {
    field("value_error", name, message)
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
    }
}

/// The items of the answer for faults that the service found, each with what the body says at its place. At most as many as
/// are told of other faults. The body has been read before, so it is well formed; where it has nothing at a place, nothing is
/// given.
pub(super) fn fields_of(faults: &[Fault], body: &[u8]) -> Vec<FieldError> {
    let mut inputs = Inputs::of(body);
    let told = faults.iter().take(FAULTS_MAX);
    told.map(|fault| Broken::of(fault).into_field(&mut inputs))
        .collect()
}

type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// What a body says, found by place. Decodes no more than it is asked for.
struct Inputs<'a> {
    fields: Fields<'a>,
    events: Option<Vec<&'a RawValue>>,
}

impl<'a> Inputs<'a> {
    fn of(body: &'a [u8]) -> Self {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        Self {
            fields: serde_json::from_slice(body).unwrap_or_default(),
            events: None,
        }
    }

    fn at(&mut self, place: &[Step]) -> Option<&'a RawValue> {
        match *place {
            [Step::Name("body" | "query"), Step::Name(name)] => self.fields.get(name).copied(),
            [Step::Name("body"), Step::Name(object), Step::Name(name)] => {
                let object = self.fields.get(object)?;
                let fields: Fields<'a> = serde_json::from_str(object.get()).ok()?;
                fields.get(name).copied()
            }
            [
                Step::Name("body"),
                Step::Name(list),
                Step::Position(position),
                Step::Name(name),
            ] => {
                let fields = &self.fields;
                let events = self.events.get_or_insert_with(|| {
                    let list = fields.get(list);
                    list.and_then(|list| serde_json::from_str(list.get()).ok())
                        .unwrap_or_default()
                });
                let event: Fields<'a> = serde_json::from_str(events.get(position)?.get()).ok()?;
                event.get(name).copied()
            }
            _ => None,
        }
    }
}
