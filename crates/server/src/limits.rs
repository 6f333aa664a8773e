//! Every bound of the server, by name. What a client or a connection can make us hold or wait for is here.

use std::time::Duration;

/// Bytes of a request's body, declared or sent in chunks (SEMANTICS 1.10): of events to be ingested.
pub(crate) const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

/// Bytes of the body of any other request: one row that a person manages. The largest metadata takes a third of it.
pub(crate) const ROW_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of the body of a change to an organization, which keeps what is outside metering as it is: the administrator's list has a
/// hundred of them on a page.
pub(crate) const ORGANIZATION_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a request's first line and headers together. Room for a query with 1,000 customers.
pub(crate) const HEADER_BYTES_MAX: usize = 64 * 1024;

/// Headers of a request.
pub(crate) const HEADERS_MAX: usize = 100;

/// How long a request's headers may take to come. It counts from the end of the request before, so it is also how long an
/// idle connection is kept.
pub(crate) const HEADER_DURATION_MAX: Duration = Duration::from_secs(30);

/// The same for connections that come while more than half of [`CONNECTIONS_MAX`] are open: whoever only holds connections
/// gives them back soon.
pub(crate) const HEADER_DURATION_CROWDED_MAX: Duration = Duration::from_secs(3);

/// How long a body may stand still.
pub(crate) const BODY_STALL_MAX: Duration = Duration::from_secs(10);

/// How long a body may take to come, however it trickles.
pub(crate) const BODY_DURATION_MAX: Duration = Duration::from_mins(1);

/// How long a client may take none of the bytes of an answer.
pub(crate) const WRITE_STALL_MAX: Duration = Duration::from_secs(30);

/// Connections at once; more wait in the system's queue. Each is an open file, as are one or two for each webhook that is
/// being sent ([`WEBHOOKS_SENT_MAX`]), some 15 of the catalogue, and those of the data folder that are read: together close to 1,024,
/// where many systems begin, so that whoever starts the server asks for more (`cli/src/open_files.rs`).
pub(crate) const CONNECTIONS_MAX: usize = 800;

/// Bytes of bodies in memory at once, until what they ask for is done. One organization has half of it at most
/// ([`crate::supply`]). What is decoded from a body comes on top: the rows of events, about six tenths of its bytes; and
/// while it is read, where its events are unusual, a tree of up to [`crate::json::VALUES_MAX`] values.
pub(crate) const BODY_BYTES_IN_MEMORY_MAX: usize = 128 * 1024 * 1024;

/// The same for bodies of requests without a valid token, apart from the others. They are read only to tell broken JSON from a
/// missing token. They all count as one caller, who has half of it.
pub(crate) const STRANGERS_BODY_BYTES_IN_MEMORY_MAX: usize = 32 * 1024 * 1024;

/// Requests of one caller that wait for room for their bodies at once.
pub(crate) const ROOM_WAITING_MAX: usize = 256;

/// Bytes of large answers in memory at once, until clients have taken them. One organization has half of it at most, or one
/// answer.
pub(crate) const ANSWER_BYTES_IN_MEMORY_MAX: usize = 128 * 1024 * 1024;

/// About how many bytes of customers are read for a part of their export. Together with what is written of them they stay below what
/// is counted, but for customers that are larger themselves.
pub(crate) const EXPORT_PART_BYTES: usize = 64 * 1024;

/// Answers up to this are not counted: all connections together have 200 MiB of them at most.
pub(crate) const ANSWER_BYTES_UNCOUNTED_MAX: u64 = 256 * 1024;

/// How long a request waits for room for its body.
pub(crate) const ROOM_WAIT_MAX: Duration = Duration::from_secs(5);

/// Bodies up to this are decoded on the thread that serves the connection: half a millisecond, three times that where events
/// are unusual. Larger ones are decoded on a pool, so that other connections of the thread do not wait.
pub(crate) const INLINE_DECODE_BYTES_MAX: usize = 256 * 1024;

/// Bytes a body's buffer is made for before any of them has come.
pub(crate) const BODY_BYTES_AHEAD_MAX: usize = 512 * 1024;

/// Questions about events that are answered at once, per core. One organization has half of them at most ([`crate::supply`]):
/// as many as there are cores.
pub(crate) const QUERIES_PER_CORE: usize = 2;

/// The same, at least: so that a slow question does not hold up all others of its organization.
pub(crate) const QUERIES_MIN: usize = 4;

/// Large bodies decoded at once, per core. One organization has half of them at most.
pub(crate) const DECODES_PER_CORE: usize = 2;

/// The same, at least.
pub(crate) const DECODES_MIN: usize = 4;

/// Calls to the catalogue at once. It has one writer and a few readers. One organization has half of them at most.
pub(crate) const CATALOG_CALLS_MAX: usize = 8;

/// Requests of one caller that wait for a thread of one pool at once.
pub(crate) const POOL_WAITING_MAX: usize = 256;

/// How long requests in flight may take to finish when the server stops.
pub(crate) const SHUTDOWN_DURATION_MAX: Duration = Duration::from_secs(20);

/// How long to wait before accepting again after the system refused a connection for want of resources.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Seconds after which a client may try again when there is no room for its body.
pub(crate) const RETRY_SECONDS_NO_ROOM: u32 = 1;

/// Seconds after which a client may try again when too many of its requests wait for a thread.
pub(crate) const RETRY_SECONDS_BUSY: u32 = 1;

/// Seconds after which a client may try again when too much waits to be written.
pub(crate) const RETRY_SECONDS_OVERLOADED: u32 = 1;

/// Seconds after which a client may try again when the disk is full.
pub(crate) const RETRY_SECONDS_NO_SPACE: u32 = 30;

/// How often the last use of tokens is written to the catalogue, and what was left with grants is tried again.
pub(crate) const CATALOG_KEPT_UP_EVERY: Duration = Duration::from_secs(30);

/// Webhooks that are sent at once.
pub(crate) const WEBHOOKS_SENT_MAX: usize = 128;

/// How long a webhook may take to be sent and answered.
pub(crate) const WEBHOOK_DURATION_MAX: Duration = Duration::from_secs(10);

/// How long a connection to one address of a webhook's host may take.
pub(crate) const WEBHOOK_CONNECT_DURATION_MAX: Duration = Duration::from_secs(4);

/// Addresses of a webhook's host that are tried.
pub(crate) const WEBHOOK_ADDRESSES_TRIED_MAX: usize = 4;

/// Bytes that are read of the answer to a webhook, and of its headers.
pub(crate) const WEBHOOK_ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Bytes that are read of the connection for a webhook in all, TLS and interim answers included.
pub(crate) const WEBHOOK_READ_BYTES_MAX: usize = 512 * 1024;

/// How long the text of the answer to a webhook is waited for, once its status is there.
pub(crate) const WEBHOOK_TEXT_DURATION_MAX: Duration = Duration::from_secs(1);

/// Headers of the answer to a webhook.
pub(crate) const WEBHOOK_HEADERS_MAX: usize = 100;

/// How often it is looked for webhooks to be sent.
pub(crate) const WEBHOOKS_LOOKED_FOR_EVERY: Duration = Duration::from_millis(250);

/// How often it is looked for customers whose states are to be told.
pub(crate) const STATES_TOLD_EVERY: Duration = Duration::from_secs(1);

/// How often what is not kept of webhooks is dropped.
pub(crate) const WEBHOOKS_TIDIED_EVERY: Duration = Duration::from_mins(1);

/// After what time it is tried again to note what came of webhooks, when it could not be.
pub(crate) const WEBHOOKS_NOTED_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// How often is logged what goes wrong with webhooks time and again.
pub(crate) const COMPLAINTS_EVERY: Duration = Duration::from_mins(1);

/// How long webhooks that are being sent may take when the server stops.
pub(crate) const WEBHOOKS_SHUTDOWN_MAX: Duration = Duration::from_secs(3);
