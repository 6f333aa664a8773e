//! Events to be ingested (SEMANTICS 9.1 to 9.8, 19.7, 19.12).
//!
//! Two ways lead to the same batch. The exact one, here, goes over the tree of the body; it defines the rule and makes the
//! faults. The fast one, in `fast`, reads the bytes once, straight into rows, and gives up on anything unusual. A property
//! test holds them against each other.

mod fast;
mod metadata;
#[cfg(test)]
mod tests;

use domain::{CustomerId, Event, EventBatch, Identity, Member, MetadataBuilder, Source, Timestamp};
use uuid::Uuid;

use self::metadata::event_metadata;
use super::{Body, BodyError, Invalid, organization_id, organization_token};
use crate::json::Value;
use crate::validate::{
    Checked, FAULTS_MAX, Faults, Length, Model, Node, Path, Refused, Rule, datetime, list, text,
    uuid4,
};

/// Characters of an event's name.
const NAME_CHARS_MAX: usize = 128;

/// Why a request's events are not taken.
#[derive(Debug, Clone)]
pub(crate) enum IngestError {
    /// The body cannot be read.
    Body(BodyError),
    /// It can, and is not as it must be.
    Invalid(Invalid),
}

/// `POST /v1/events/ingest`: the events of a body, all valid. Those without a time get `now`; none lies after it. Plain events
/// cost one to two nanoseconds a byte, three times that where the fast way gives up (see the example `decode_speed`).
pub(crate) fn ingest(
    content_type: Option<&str>,
    bytes: &[u8],
    now: Timestamp,
) -> Result<EventBatch, IngestError> {
    if super::body::is_json(content_type)
        && let Some(batch) = fast::read(bytes, now)
    {
        return Ok(batch);
    }
    let body = Body::parse(content_type, bytes).map_err(IngestError::Body)?;
    read_exactly(&body, now).map_err(IngestError::Invalid)
}

fn read_exactly(body: &Body<'_>, now: Timestamp) -> Result<EventBatch, Invalid> {
    let mut reader = Reader {
        now,
        batch: EventBatch::default(),
        organizations: Vec::new(),
    };
    super::read_body(body, |node, faults| {
        let events = node
            .model(faults)?
            .required("events", faults, |node, faults| {
                list(node, faults, |node, faults| reader.event(node, faults))
            });
        events.map(|_| ())
    })?;
    if reader.organizations.is_empty() {
        return Ok(reader.batch);
    }
    let events = Path::BODY.name("events");
    let named = reader.organizations.iter().take(FAULTS_MAX);
    let faults = named.map(|(event, id)| organization_token(&events.index(*event), *id));
    Err(Invalid::Rules(faults.collect()))
}

struct Reader {
    now: Timestamp,
    batch: EventBatch,
    /// The events that name their organization, and which.
    organizations: Vec<(usize, Uuid)>,
}

/// What is the same in both forms of an event.
struct Common<'v> {
    timestamp: Timestamp,
    name: &'v str,
    organization: Option<Uuid>,
    external_id: Option<&'v str>,
    parent: Option<&'v str>,
    metadata: MetadataBuilder,
}

impl Reader {
    /// Adds an event. It names its customer by `customer_id` or by `external_customer_id`: two forms, of which the first counts
    /// when both are sound, and which both report their faults when neither is.
    fn event(&mut self, node: Node<'_, '_>, faults: &mut Faults) -> Checked<()> {
        let silent = &mut Faults::none_wanted();
        let read = node.model(silent).and_then(|model| {
            let common = self.common(model, silent)?;
            let (identity, member) =
                by_id(model, silent).or_else(|Refused| by_external_id(model, silent))?;
            Ok((common, identity, member))
        });
        let Ok((common, identity, member)) = read else {
            return Err(self.report(node, faults));
        };
        if let Some(id) = common.organization {
            self.organizations.push((self.batch.len(), id));
        }
        // Members have one spelling, that of their identifiers.
        let member_id = match member {
            Some(MemberKey::Id(id)) => id.hyphenated().to_string(),
            _ => String::new(),
        };
        self.batch.push(&Event {
            source: Source::User,
            name: common.name,
            identity,
            member: member.map(|member| match member {
                MemberKey::Id(_) => Member::Id(&member_id),
                MemberKey::External(id) => Member::External(id),
            }),
            timestamp: common.timestamp,
            external_id: common.external_id,
            parent: common.parent,
            metadata: common.metadata.as_ref(),
        });
        Ok(())
    }

    /// The faults of both forms.
    fn report(&self, node: Node<'_, '_>, faults: &mut Faults) -> Refused {
        let at = node.at.name("EventCreateCustomer");
        if let Ok(model) = node.at(&at).model(faults) {
            let _common = self.common(model, faults);
            let _customer = by_id(model, faults);
        }
        let at = node.at.name("EventCreateExternalCustomer");
        if let Ok(model) = node.at(&at).model(faults) {
            let _common = self.common(model, faults);
            let _customer = by_external_id(model, faults);
        }
        Refused
    }

    fn common<'v>(&self, model: Model<'_, 'v>, faults: &mut Faults) -> Checked<Common<'v>> {
        let timestamp = model.optional("timestamp", faults, |node, faults| {
            past(node, self.now, faults)
        });
        let name = model.required("name", faults, |node, faults| {
            text(node, Length::at_most(NAME_CHARS_MAX), faults)
        });
        let organization = organization_id(model, faults);
        let external_id = model.nullable("external_id", faults, any_text);
        let parent = model.nullable("parent_id", faults, any_text);
        let metadata = model.optional("metadata", faults, event_metadata);
        Ok(Common {
            timestamp: timestamp?.unwrap_or(self.now),
            name: name?,
            organization: organization?,
            external_id: external_id?,
            parent: parent?,
            metadata: metadata?.unwrap_or_default(),
        })
    }
}

/// A member as an event names it.
#[derive(Debug, Clone, Copy)]
enum MemberKey<'v> {
    Id(Uuid),
    External(&'v str),
}

type Customer<'v> = (Identity<'v>, Option<MemberKey<'v>>);

fn by_id<'v>(model: Model<'_, 'v>, faults: &mut Faults) -> Checked<Customer<'v>> {
    let customer = model.required("customer_id", faults, uuid4);
    let member = model.nullable("member_id", faults, uuid4);
    let identity = Identity::Customer(CustomerId::from_uuid(customer?));
    Ok((identity, member?.map(MemberKey::Id)))
}

fn by_external_id<'v>(model: Model<'_, 'v>, faults: &mut Faults) -> Checked<Customer<'v>> {
    let customer = model.required("external_customer_id", faults, any_text);
    let member = model.nullable("external_member_id", faults, any_text);
    Ok((
        Identity::External(customer?),
        member?.map(MemberKey::External),
    ))
}

fn any_text<'v>(node: Node<'_, 'v>, faults: &mut Faults) -> Checked<&'v str> {
    text(node, Length::ANY, faults)
}

/// A time that does not lie after `now`.
pub(super) fn past(node: Node<'_, '_>, now: Timestamp, faults: &mut Faults) -> Checked<Timestamp> {
    let found = match node.value {
        Value::String(text) => Timestamp::parse_rfc3339_fast(text),
        _ => None,
    };
    let at = match found {
        Some(at) => at,
        None => datetime(node, faults)?.at,
    };
    if at <= now {
        Ok(at)
    } else {
        Err(node.refuse(Rule::Value("Timestamp must be in the past."), faults))
    }
}
