//! Taking events in.

use domain::{EventBatch, Identity, Member, OrganizationId};
use engine::IngestError;
pub use engine::Ingested;

use crate::{Error, Fault, Service};

impl Service {
    /// Takes the events of one request in, all or none. `done` is called once: on this thread when a rule is broken
    /// (faults [`Fault::CustomerUnknown`] and [`Fault::MemberUnknown`], one per event at most), else on the writer's
    /// thread when the events are on disk and visible to every later query. Does not wait for the disk.
    pub fn ingest(
        &self,
        organization: OrganizationId,
        batch: EventBatch,
        done: impl FnOnce(Result<Ingested, Error>) + Send + 'static,
    ) {
        let faults = self.event_faults(organization, &batch);
        if !faults.is_empty() {
            return done(Err(Error::Invalid(faults)));
        }
        self.engine.submit(organization, batch, |result| {
            done(result.map_err(Error::from));
        });
    }

    /// What is wrong with the events of a request beside their form (SEMANTICS 9.4). External ids are not checked.
    pub fn event_faults(&self, organization: OrganizationId, batch: &EventBatch) -> Vec<Fault> {
        if !batch.names_customers() {
            return Vec::new();
        }
        let directory = self.directory.read();
        let customers = directory.customers(organization);
        let fault = |(index, event): (usize, domain::Event<'_>)| {
            let Identity::Customer(id) = event.identity else {
                return None;
            };
            if !customers.is_some_and(|customers| customers.contains(id)) {
                return Some(Fault::CustomerUnknown { event: index });
            }
            let Some(Member::Id(member)) = event.member else {
                return None;
            };
            let is_known = customers.is_some_and(|customers| customers.has_member(member));
            (!is_known).then_some(Fault::MemberUnknown { event: index })
        };
        batch.iter().enumerate().filter_map(fault).collect()
    }
}

impl From<IngestError> for Error {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::NoSpace => Error::NoSpace,
            IngestError::WriteFailed => Error::Internal(Box::new(error)),
            IngestError::Overloaded => Error::Overloaded,
            IngestError::OrganizationFull => Error::OrganizationFull,
            IngestError::Stopped => Error::WritesStopped,
        }
    }
}
