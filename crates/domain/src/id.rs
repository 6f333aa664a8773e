//! Identifiers: one type each, so that the compiler catches a swap.
//!
//! All have the form of a version 4 UUID (RFC 9562), because clients check it. Those of rows that a person manages
//! are random; an event's is computed from its sequence number, see [`EventIds`].

use std::fmt;
use std::hash::Hasher;

use siphasher::sip::SipHasher24;
use uuid::Uuid;

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// From 16 bytes of randomness; version and variant are set here.
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }

            /// From the 16 bytes as [`Self::as_bytes`] gave them.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// From a UUID whose form the caller has checked.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The 16 bytes, big endian.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The UUID.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            /// Lower case with hyphens.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.hyphenated())
            }
        }
    )*};
}

identifiers! {
    /// An organization: the tenant. Every key, range and query is under one.
    OrganizationId;
    /// A meter.
    MeterId;
    /// A customer of an organization.
    CustomerId;
    /// An organization access token (the row, not the secret).
    TokenId;
    /// An event.
    EventId;
    /// What one customer used of one meter, see [`CustomerMeterIds`].
    CustomerMeterId;
    /// The type of all user events of one name, see [`EventTypeIds`].
    EventTypeId;
    /// A benefit.
    BenefitId;
    /// A grant of a benefit to a customer.
    GrantId;
    /// A person of a team.
    MemberId;
    /// A customer session (the row, not the secret).
    SessionId;
    /// A webhook endpoint.
    WebhookEndpointId;
    /// Something that a webhook endpoint is told.
    WebhookEventId;
    /// An attempt to tell a webhook endpoint something.
    DeliveryId;
}

/// Makes the identifiers of events from their sequence numbers and finds the sequence number behind one.
///
/// The identifier needs no storage, and no index is asked to find an event by it. The sequence number stands in the
/// low 64 bits of what is permuted and the other 58 are zero, so that an identifier that this server never made is known
/// as such but for one in 2^58.
#[derive(Clone)]
pub struct EventIds {
    permutation: Permutation,
}

impl fmt::Debug for EventIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventIds(secret)")
    }
}

impl EventIds {
    /// Under a secret of the data folder. Whoever has the secret can tell how many events there are.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self {
            permutation: Permutation::new(b"event-id", secret),
        }
    }

    /// The identifier of the event with this sequence number.
    pub fn id(&self, sequence: u64) -> EventId {
        EventId(
            self.permutation
                .apply(sequence >> HALF_BITS, sequence & HALF_MASK),
        )
    }

    /// The sequence number behind an identifier, or `None` when this server never made it.
    pub fn sequence(&self, id: EventId) -> Option<u64> {
        let (left, right) = self.permutation.undo(id.0)?;
        if left >> (u64::BITS - HALF_BITS) != 0 {
            return None;
        }
        Some((left << HALF_BITS) | right)
    }
}

/// Makes the identifiers of customer meters, which are rows that are derived and not kept: from the tag of the customer and that of
/// the meter, 61 bits each. Two customers of an organization have the same tag with a chance of one in 2^61.
#[derive(Clone)]
pub struct CustomerMeterIds {
    permutation: Permutation,
    customer_key: (u64, u64),
    meter_key: (u64, u64),
}

impl fmt::Debug for CustomerMeterIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerMeterIds(secret)")
    }
}

/// The two parts of a customer meter's identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerMeterTags {
    /// [`CustomerMeterIds::customer_tag`].
    pub customer: u64,
    /// [`CustomerMeterIds::meter_tag`].
    pub meter: u64,
}

impl CustomerMeterIds {
    /// Under a secret of the data folder.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self {
            permutation: Permutation::new(b"customer-meter-id", secret),
            customer_key: derive(b"customer-tag", secret, 0),
            meter_key: derive(b"meter-tag", secret, 0),
        }
    }

    /// The identifier of what a customer used of a meter.
    pub fn id(&self, customer: CustomerId, meter: MeterId) -> CustomerMeterId {
        self.id_of(CustomerMeterTags {
            customer: self.customer_tag(customer),
            meter: self.meter_tag(meter),
        })
    }

    /// The identifier with these tags, for whoever makes many of the same customers and meters.
    pub fn id_of(&self, tags: CustomerMeterTags) -> CustomerMeterId {
        CustomerMeterId(self.permutation.apply(tags.customer, tags.meter))
    }

    /// The tags behind an identifier; for one that this server never made they are those of nobody.
    pub fn tags(&self, id: CustomerMeterId) -> Option<CustomerMeterTags> {
        let (customer, meter) = self.permutation.undo(id.0)?;
        Some(CustomerMeterTags { customer, meter })
    }

    /// What stands for a customer.
    pub fn customer_tag(&self, id: CustomerId) -> u64 {
        tag(self.customer_key, id.as_bytes())
    }

    /// What stands for a meter.
    pub fn meter_tag(&self, id: MeterId) -> u64 {
        tag(self.meter_key, id.as_bytes())
    }
}

fn tag(key: (u64, u64), bytes: &[u8; 16]) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(key.0, key.1);
    hasher.write(bytes);
    hasher.finish() & HALF_MASK
}

/// Makes the identifiers of event types from organizations and names.
///
/// An event type is there as soon as an event of its name is: it needs no row of its own. The name is not found behind an
/// identifier; whoever has one compares it with those of the names that there are.
#[derive(Clone)]
pub struct EventTypeIds {
    keys: [(u64, u64); 2],
}

impl fmt::Debug for EventTypeIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventTypeIds(secret)")
    }
}

impl EventTypeIds {
    /// Under a secret of the data folder.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self {
            keys: [
                derive(b"event-type-id", secret, 0),
                derive(b"event-type-id", secret, 1),
            ],
        }
    }

    /// The identifier of the type of an organization's events of this name.
    pub fn id(&self, organization: OrganizationId, name: &str) -> EventTypeId {
        let half = |key: (u64, u64)| {
            let mut hasher = SipHasher24::new_with_keys(key.0, key.1);
            hasher.write(organization.as_bytes());
            hasher.write(name.as_bytes());
            u128::from(hasher.finish() & HALF_MASK)
        };
        EventTypeId(spread(
            (half(self.keys[0]) << HALF_BITS) | half(self.keys[1]),
        ))
    }
}

/// A keyed permutation of the 122 free bits of a version 4 UUID: a balanced Feistel network of eight rounds over two halves of 61
/// bits with SipHash-2-4 as the round function.
#[derive(Clone)]
struct Permutation {
    round_keys: [(u64, u64); ROUNDS],
}

const ROUNDS: usize = 8;
const HALF_BITS: u32 = 61;
const HALF_MASK: u64 = (1 << HALF_BITS) - 1;

impl Permutation {
    fn new(purpose: &[u8], secret: &[u8; 32]) -> Self {
        let mut round_keys = [(0, 0); ROUNDS];
        for (round, key) in round_keys.iter_mut().enumerate() {
            *key = derive(purpose, secret, round as u64);
        }
        Self { round_keys }
    }

    fn apply(&self, mut left: u64, mut right: u64) -> Uuid {
        for key in &self.round_keys {
            (left, right) = (right, left ^ round(*key, right));
        }
        spread((u128::from(left) << HALF_BITS) | u128::from(right))
    }

    fn undo(&self, id: Uuid) -> Option<(u64, u64)> {
        let free = gather(id)?;
        let (mut left, mut right) = (low_half(free >> HALF_BITS), low_half(free));
        for key in self.round_keys.iter().rev() {
            (left, right) = (right ^ round(*key, left), left);
        }
        Some((left, right))
    }
}

/// A key for a purpose.
fn derive(purpose: &[u8], secret: &[u8; 32], number: u64) -> (u64, u64) {
    let word = |half: u8| {
        let mut hasher = SipHasher24::new_with_key(&[half; 16]);
        hasher.write(purpose);
        hasher.write(secret);
        hasher.write_u64(number);
        hasher.finish()
    };
    (word(1), word(2))
}

fn low_half(bits: u128) -> u64 {
    u64::try_from(bits & u128::from(HALF_MASK)).expect("masked to 61 bits")
}

fn round(key: (u64, u64), half: u64) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(key.0, key.1);
    hasher.write_u64(half);
    hasher.finish() & HALF_MASK
}

/// Lays 122 bits around the version and variant bits of a version 4 UUID.
fn spread(free: u128) -> Uuid {
    let high = free >> 74; // 48 bits before the version
    let middle = (free >> 62) & 0xfff; // 12 bits after it
    let low = free & ((1 << 62) - 1); // 62 bits after the variant
    Uuid::from_u128((high << 80) | (4 << 76) | (middle << 64) | (2 << 62) | low)
}

/// The reverse of [`spread`]; `None` when the version or variant is another one.
fn gather(uuid: Uuid) -> Option<u128> {
    let bits = uuid.as_u128();
    if (bits >> 76) & 0xf != 4 || (bits >> 62) & 0b11 != 2 {
        return None;
    }
    let high = bits >> 80;
    let middle = (bits >> 64) & 0xfff;
    let low = bits & ((1 << 62) - 1);
    Some((high << 74) | (middle << 62) | low)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_sequence_number_comes_back_from_its_identifier(sequence: u64, secret: [u8; 32]) {
            let ids = EventIds::new(&secret);
            let id = ids.id(sequence);
            prop_assert_eq!(id.uuid().get_version_num(), 4);
            prop_assert_eq!(id.uuid().get_variant(), uuid::Variant::RFC4122);
            prop_assert_eq!(ids.sequence(id), Some(sequence));
        }

        #[test]
        fn a_random_identifier_is_nobodys(bytes: [u8; 16]) {
            prop_assert_eq!(EventIds::new(&[7; 32]).sequence(EventId::from_random(bytes)), None);
        }

        #[test]
        fn tags_come_back_from_the_identifier_of_a_customer_meter(customer: [u8; 16], meter: [u8; 16], secret: [u8; 32]) {
            let ids = CustomerMeterIds::new(&secret);
            let (customer, meter) = (CustomerId::from_random(customer), MeterId::from_random(meter));
            let id = ids.id(customer, meter);
            prop_assert_eq!(id.uuid().get_version_num(), 4);
            let expected = CustomerMeterTags { customer: ids.customer_tag(customer), meter: ids.meter_tag(meter) };
            prop_assert_eq!(ids.tags(id), Some(expected));
        }

        #[test]
        fn event_types_have_identifiers_of_their_own(organization: [u8; 16], name: String, other: String) {
            let ids = EventTypeIds::new(&[7; 32]);
            let organization = OrganizationId::from_random(organization);
            let id = ids.id(organization, &name);
            prop_assert_eq!(id.uuid().get_version_num(), 4);
            prop_assert_eq!(id.uuid().get_variant(), uuid::Variant::RFC4122);
            prop_assert_eq!(id == ids.id(organization, &other), name == other);
            prop_assert_ne!(id, ids.id(OrganizationId::from_random([9; 16]), &name));
        }

        #[test]
        fn another_secret_gives_other_identifiers(sequence: u64) {
            prop_assert_ne!(EventIds::new(&[1; 32]).id(sequence), EventIds::new(&[2; 32]).id(sequence));
        }
    }

    #[test]
    fn an_identifier_of_another_version_is_nobodys() {
        let ids = EventIds::new(&[7; 32]);
        let version_7 = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000);
        assert_eq!(ids.sequence(EventId::from_uuid(version_7)), None);
        assert_eq!(ids.sequence(EventId::from_uuid(Uuid::nil())), None);
    }
}
