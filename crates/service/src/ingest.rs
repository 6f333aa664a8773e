//! Taking events in.

use domain::{EventBatch, OrganizationId};

use crate::{Error, Service};

/// What became of a request's events. All of them are durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ingested {
    /// How many are new.
    pub inserted: u64,
    /// How many repeat a key that was known, or that stands earlier in the request.
    pub duplicates: u64,
}

impl Service {
    /// Takes the events of one request in, all or none. `done` is called once: on this thread when a rule is broken
    /// (faults [`crate::Fault::CustomerUnknown`] and [`crate::Fault::MemberUnknown`], one per event), else on the writer's thread
    /// when the events are on disk and visible to every later query. Does not block on the disk; does not wait for room
    /// longer than it takes the writer to begin its next group.
    pub fn ingest(
        &self,
        organization: OrganizationId,
        batch: EventBatch,
        done: impl FnOnce(Result<Ingested, Error>) + Send + 'static,
    ) {
        let _ = (organization, batch, done);
        unimplemented!()
    }
}
