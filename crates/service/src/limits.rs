//! Every bound of the service, with its name.

/// Customer sessions of one customer at once. With one more, the one that ends first ends at once.
pub(crate) const SESSIONS_PER_CUSTOMER_MAX: usize = 100;

/// Customer sessions of one organization at once. With one more, the one that ends first ends at once. A session takes some 300
/// bytes of memory.
pub(crate) const SESSIONS_PER_ORGANIZATION_MAX: usize = 100_000;

/// How many sessions that have ended are forgotten with each new one: more than one, so that they do not gather.
pub(crate) const SESSIONS_FORGOTTEN_AT_ONCE_MAX: usize = 1_000;

/// Webhook endpoints of one organization.
pub(crate) const WEBHOOK_ENDPOINTS_PER_ORGANIZATION_MAX: usize = 50;

/// Attempts to tell an endpoint something, over a quarter of an hour.
pub(crate) const WEBHOOK_ATTEMPTS_MAX: u32 = 10;

/// How long after the first attempt the second is made. Each of the next waits twice as long as the one before.
pub(crate) const WEBHOOK_PAUSE_MIN_MICROS: i64 = 2_000_000;

/// How long an attempt waits at most.
pub(crate) const WEBHOOK_PAUSE_MAX_MICROS: i64 = 20 * 60 * 1_000_000;

/// How long an endpoint may take before it counts as slow.
pub(crate) const WEBHOOK_SLOW_MICROS: i64 = 2_000_000;

/// Failed events in a row after which an endpoint is disabled.
pub(crate) const WEBHOOK_FAILURES_MAX: u32 = 10;

/// Failed attempts in a row after which an endpoint is disabled too, if they were made over at least
/// [`WEBHOOK_FAILING_MICROS_MIN`].
pub(crate) const WEBHOOK_FAILED_ATTEMPTS_MAX: u32 = 100;

/// How long an endpoint must have failed for that.
pub(crate) const WEBHOOK_FAILING_MICROS_MIN: i64 = 3_600 * 1_000_000;

/// Endpoints of one organization to which something is sent at once. To each, one thing is.
pub(crate) const WEBHOOKS_SENT_PER_ORGANIZATION_MAX: usize = 4;

/// Endpoints of all organizations together that did not take what was sent to them last, and to which something is sent at once. Of one
/// organization's share they have half at most.
pub(crate) const WEBHOOKS_SENT_TO_TROUBLED_MAX: usize = 32;

/// Events that wait for a first attempt at one endpoint. While there are so many, further ones are skipped, as for an endpoint that is
/// disabled. Counted every minute, so that there may be more for a while.
pub(crate) const WEBHOOK_EVENTS_WAITING_MAX: u64 = 100_000;

/// Bytes of payloads that wait for a first attempt at one endpoint: half of what an organization may have, so that one that takes nothing
/// leaves room for the others. Beyond it events are skipped as beyond [`WEBHOOK_EVENTS_WAITING_MAX`].
pub(crate) const WEBHOOK_BYTES_WAITING_MAX: u64 = 128 << 20;

/// Events, and deliveries, of one endpoint that are kept.
pub(crate) const WEBHOOK_EVENTS_KEPT_MAX: u32 = 100_000;

/// How long payloads are kept (SEMANTICS 14.8), and what was sent to an endpoint after it was deleted.
pub(crate) const WEBHOOK_PAYLOAD_KEPT_MICROS: i64 = 90 * 24 * 3_600 * 1_000_000;

/// Rows that one step of upkeep drops of each kind.
pub(crate) const WEBHOOK_ROWS_DROPPED_AT_ONCE: u32 = 1_000;

/// Bytes of payloads and answers on one page of deliveries. In the page, which is JSON, they are up to twice as many.
pub(crate) const DELIVERY_PAGE_BYTES_MAX: usize = 16 << 20;

/// Characters that are kept of what an endpoint answers (SEMANTICS 14.8).
pub(crate) const WEBHOOK_RESPONSE_CHARS_MAX: usize = 2_048;

/// How long changes of a customer's state are gathered before they are told together.
pub(crate) const STATE_GATHERED_MICROS: i64 = 2_000_000;

/// States of one organization that are worked out in one step.
pub(crate) const STATES_AT_ONCE_MAX: u32 = 256;

/// Bytes of the payloads that tell of states, of one organization in one step; the last may go beyond.
pub(crate) const STATE_BYTES_AT_ONCE: usize = 4 << 20;

/// When a state is tried again that could not be worked out.
pub(crate) const STATE_POSTPONED_MICROS: i64 = 60 * 1_000_000;

/// Events that wait for a first attempt at an endpoint while states are told. While there are so many, the endpoint is told of no states,
/// and later of the last state of each customer.
pub(crate) const STATES_WAIT_FOR_EVENTS: u32 = 1_000;

/// Events of one organization that are looked at in one step for whose states change with them.
pub(crate) const EVENTS_FOLLOWED_AT_ONCE_MAX: u32 = 65_536;
