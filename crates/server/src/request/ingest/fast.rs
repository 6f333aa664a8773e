//! The fast way: one pass over the bytes, fields borrowed, straight into rows.
//!
//! It takes the plain spelling of sound events and knows no faults: on an escape, an unusual spelling of a time, a structured
//! key, a repeated key, a broken rule or anything else out of the ordinary it gives up, and the exact way decides. What it does
//! take, the exact way takes with the same outcome.

mod keys;
mod scanner;

use domain::{CustomerId, Event, EventBatch, Identity, MetadataBuilder, Number, Source, Timestamp};
use uuid::Uuid;

use self::keys::Keys;
use self::scanner::Scanner;
use super::NAME_CHARS_MAX;
use super::metadata::{COST, LLM};
use crate::validate::is_version_4;

/// Characters of a text in metadata.
const TEXT_CHARS_MAX: usize = 500;

/// Keys of an object that are remembered and looked through for repeated ones one by one.
const KEYS_MAX: usize = 64;

/// A guess at the bytes of an event, for making room.
const EVENT_BYTES: usize = 200;

/// The events of a body, or `None` when the exact way must look at it.
pub(super) fn read(bytes: &[u8], now: Timestamp) -> Option<EventBatch> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut reader = Reader {
        scanner: Scanner::new(text),
        now,
        batch: EventBatch::with_capacity(bytes.len() / EVENT_BYTES, bytes.len()),
        metadata: MetadataBuilder::new(),
        fields: Keys::with_capacity(KEYS_MAX),
        keys: Keys::with_capacity(KEYS_MAX),
    };
    reader.body()?;
    Some(reader.batch)
}

struct Reader<'a> {
    scanner: Scanner<'a>,
    now: Timestamp,
    batch: EventBatch,
    /// The metadata of the event at hand.
    metadata: MetadataBuilder,
    /// The keys of events, and of their metadata with the signatures of those up to each.
    fields: Keys<'a, Field>,
    keys: Keys<'a, u64>,
}

/// What a key of an event names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    Timestamp,
    Metadata,
    ExternalCustomer,
    Customer,
    ExternalId,
    Parent,
    /// What the exact way looks at, unless it is null.
    Rare,
    /// Something that nobody asked for.
    Other,
}

impl Field {
    fn of(key: &str) -> Self {
        match key {
            "name" => Self::Name,
            "timestamp" => Self::Timestamp,
            "metadata" => Self::Metadata,
            "external_customer_id" => Self::ExternalCustomer,
            "customer_id" => Self::Customer,
            "external_id" => Self::ExternalId,
            "parent_id" => Self::Parent,
            "organization_id" | "member_id" | "external_member_id" => Self::Rare,
            _ => Self::Other,
        }
    }
}

/// What has been read of an event.
#[derive(Default)]
struct Fields<'a> {
    /// A bit for each known key.
    seen: u16,
    name: Option<&'a str>,
    customer: Option<CustomerId>,
    external_customer: Option<&'a str>,
    timestamp: Option<Timestamp>,
    external_id: Option<&'a str>,
    parent: Option<&'a str>,
}

impl<'a> Reader<'a> {
    /// `{"events": [ … ]}` and nothing else.
    fn body(&mut self) -> Option<()> {
        self.scanner.skip_whitespace();
        self.scanner.expect(b'{')?;
        if self.scanner.key()?.0 != "events" {
            return None;
        }
        self.scanner.expect(b'[')?;
        if !self.scanner.take(b']') {
            loop {
                self.event()?;
                if !self.scanner.comma_or(b']')? {
                    break;
                }
            }
        }
        self.scanner.expect(b'}')?;
        self.scanner.at_end().then_some(())
    }

    fn event(&mut self) -> Option<()> {
        self.scanner.expect(b'{')?;
        self.metadata.clear();
        let mut fields = Fields::default();
        self.fields.restart();
        loop {
            let field = if let Some(known) = self.fields.take_repeated(&mut self.scanner) {
                known.what
            } else {
                let key = self.scanner.key()?;
                let field = Field::of(key.0);
                if self.fields.so_far().len() == KEYS_MAX {
                    return None;
                }
                self.fields.push(key, field);
                field
            };
            self.field(field, &mut fields)?;
            if !self.scanner.comma_or(b'}')? {
                break;
            }
        }
        let identity = match (fields.customer, fields.external_customer) {
            (Some(id), _) => Identity::Customer(id),
            (None, Some(id)) => Identity::External(id),
            (None, None) => return None,
        };
        self.batch.push(&Event {
            source: Source::User,
            name: fields.name?,
            identity,
            member: None,
            timestamp: fields.timestamp.unwrap_or(self.now),
            external_id: fields.external_id,
            parent: fields.parent,
            metadata: self.metadata.as_ref(),
        });
        Some(())
    }

    fn field(&mut self, field: Field, fields: &mut Fields<'a>) -> Option<()> {
        match field {
            Field::Name => {
                let name = self.scanner.string()?;
                fields.name = at_most(name, NAME_CHARS_MAX).then_some(name);
                fields.name?;
            }
            Field::Timestamp => {
                let at = Timestamp::parse_rfc3339_fast(self.scanner.string()?)?;
                fields.timestamp = (at <= self.now).then_some(at);
                fields.timestamp?;
            }
            Field::Metadata => self.metadata()?,
            Field::ExternalCustomer => {
                fields.external_customer = self.scanner.string_or_null()?;
            }
            Field::Customer => {
                fields.customer = match self.scanner.string_or_null()? {
                    Some(id) => Some(customer_id(id)?),
                    None => None,
                };
            }
            Field::ExternalId => fields.external_id = self.scanner.string_or_null()?,
            Field::Parent => fields.parent = self.scanner.string_or_null()?,
            Field::Rare => return self.scanner.null(),
            Field::Other => return self.scanner.skip_scalar(),
        }
        let bit = 1 << field as u16;
        let is_repeated = fields.seen & bit != 0;
        fields.seen |= bit;
        (!is_repeated).then_some(())
    }

    fn metadata(&mut self) -> Option<()> {
        self.scanner.expect(b'{')?;
        if self.scanner.take(b'}') {
            return Some(());
        }
        self.keys.restart();
        loop {
            let key = match self.keys.take_repeated(&mut self.scanner) {
                Some(known) => known.key,
                None => self.new_key()?,
            };
            self.value(key)?;
            if !self.scanner.comma_or(b'}')? {
                return Some(());
            }
        }
    }

    /// The next key of metadata, when it is not the one of the event before. It must not repeat one of this event.
    fn new_key(&mut self) -> Option<&'a str> {
        let (key, spelling) = self.scanner.key()?;
        let so_far = self.keys.so_far();
        let signatures = so_far.last().map_or(0, |last| last.what);
        let signature = signature(key);
        let is_known = signatures & signature != 0 && so_far.iter().any(|known| known.key == key);
        if is_known || so_far.len() == KEYS_MAX || key == COST || key == LLM {
            return None;
        }
        self.keys.push((key, spelling), signatures | signature);
        Some(key)
    }

    fn value(&mut self, key: &str) -> Option<()> {
        match self.scanner.peek()? {
            b'"' => {
                let text = self.scanner.string()?;
                if text.is_empty() || !at_most(text, TEXT_CHARS_MAX) {
                    return None;
                }
                self.metadata.text(key, text);
            }
            b't' | b'f' => {
                let value = self.scanner.boolean()?;
                self.metadata.bool(key, value);
            }
            _ => {
                if let Some(literal) = self.scanner.short_number() {
                    self.metadata.short_number(key, literal);
                } else {
                    let literal = Number::parse(self.scanner.number()).ok()?;
                    self.metadata.number(key, &literal.value, literal.spelling);
                }
            }
        }
        Some(())
    }
}

/// Whether a text has at most so many characters. They are counted only when there are more bytes than that.
fn at_most(text: &str, chars_max: usize) -> bool {
    text.len() <= chars_max || text.chars().count() <= chars_max
}

fn customer_id(text: &str) -> Option<CustomerId> {
    let uuid = Uuid::try_parse(text).ok()?;
    is_version_4(uuid).then(|| CustomerId::from_uuid(uuid))
}

/// One of 64 bits, the same for equal keys and seldom for others.
fn signature(key: &str) -> u64 {
    let bytes = key.as_bytes();
    let [first, last] = [bytes.first(), bytes.last()].map(|byte| byte.copied().unwrap_or_default());
    let mixed =
        bytes.len().wrapping_mul(7) ^ usize::from(first).wrapping_mul(13) ^ usize::from(last);
    1 << (mixed % 64)
}
