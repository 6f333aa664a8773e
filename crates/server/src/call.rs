//! One request on its way through a handler.

use std::sync::Arc;

use domain::OrganizationId;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use service::Service;

use crate::auth::Caller;
use crate::body::Payload;
use crate::error::Failure;
use crate::limits::INLINE_DECODE_BYTES_MAX;
use crate::pool::{Pool, Pools};
use crate::request::Body;
use crate::validate::FieldError;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// What everything is asked of.
    pub(crate) service: Arc<Service>,
    /// Where it is asked.
    pub(crate) pools: Pools,
}

/// A request that may be served: its caller has been let in, its body has come.
#[derive(Debug)]
pub(crate) struct Call {
    /// What all requests share.
    pub(crate) shared: Arc<Shared>,
    /// For whom.
    pub(crate) caller: Caller,
    /// What stands in the place of the path's parameter, percent-encoded; empty when the path has none.
    pub(crate) parameter: String,
    /// First line and headers.
    pub(crate) parts: Parts,
    /// The body; empty for methods that take none.
    pub(crate) payload: Payload,
}

impl Call {
    /// The organization that asks.
    ///
    /// # Panics
    /// On a route that serves others too.
    pub(crate) fn organization(&self) -> OrganizationId {
        match self.caller {
            Caller::Organization(organization) => organization,
            Caller::Admin | Caller::Anyone => {
                panic!("only a route for organizations may ask for the caller's organization")
            }
        }
    }

    /// What follows the question mark, percent-encoded.
    pub(crate) fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    /// The type of the body. A value that is not ASCII is none.
    pub(crate) fn content_type(&self) -> Option<&str> {
        content_type(&self.parts)
    }

    /// Reads the body by a function for this operation.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: fn(&Body<'_>) -> Result<T, Vec<FieldError>>,
    ) -> Result<T, Failure> {
        let Payload { bytes, .. } = &self.payload;
        let (len, bytes) = (bytes.len(), bytes.clone());
        let content_type = self.content_type().map(str::to_owned);
        let work = move || read(&Body::parse(content_type.as_deref(), &bytes)?);
        Ok(decode(&self.shared.pools, len, work).await??)
    }

    /// Reads the path's identifier and the body by a function for this operation, so that the faults of both are told
    /// together.
    pub(crate) async fn read_with_id<T: Send + 'static>(
        &self,
        read: fn(&str, &Body<'_>) -> Result<T, Vec<FieldError>>,
    ) -> Result<T, Failure> {
        let Payload { bytes, .. } = &self.payload;
        let (len, bytes) = (bytes.len(), bytes.clone());
        let content_type = self.content_type().map(str::to_owned);
        let parameter = self.parameter.clone();
        let work = move || read(&parameter, &Body::parse(content_type.as_deref(), &bytes)?);
        Ok(decode(&self.shared.pools, len, work).await??)
    }

    /// Asks the service about rows that a person manages.
    pub(crate) async fn catalog<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Service) -> Result<T, service::Error> + Send + 'static,
    ) -> Result<T, Failure> {
        self.ask(&self.shared.pools.catalog, move |service| {
            ask(service).map_err(Failure::from)
        })
        .await
    }

    /// Asks the service something about events, which may take long.
    pub(crate) async fn query_events<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Service) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.ask(&self.shared.pools.queries, ask).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        pool: &Pool,
        ask: impl FnOnce(&Service) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let service = Arc::clone(&self.shared.service);
        pool.run(move || ask(&service)).await?
    }
}

/// Decodes a body: here when it is small, else on the pool for it.
pub(crate) async fn decode<T: Send + 'static>(
    pools: &Pools,
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    if bytes <= INLINE_DECODE_BYTES_MAX {
        Ok(work())
    } else {
        pools.decode.run(work).await
    }
}

/// The type of a request's body. A value that is not ASCII is none.
pub(crate) fn content_type(parts: &Parts) -> Option<&str> {
    parts.headers.get(CONTENT_TYPE)?.to_str().ok()
}
