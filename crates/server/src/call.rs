//! One request on its way through a handler.

use std::sync::Arc;

use domain::{CustomerId, OrganizationId};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use service::Service;
use uuid::Uuid;

use crate::auth::Caller;
use crate::body::Payload;
use crate::error::Failure;
use crate::limits::INLINE_DECODE_BYTES_MAX;
use crate::pool::Pools;
use crate::request::{self, Body, Invalid, Query};
use crate::settings::Settings;
use crate::validate::FieldError;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// What everything is asked of.
    pub(crate) service: Arc<Service>,
    /// Where it is asked.
    pub(crate) pools: Pools,
    /// What whoever runs the server decided.
    pub(crate) settings: Settings,
}

/// A request that may be served: its caller has been let in, its body has come.
#[derive(Debug)]
pub(crate) struct Call {
    /// What all requests share.
    pub(crate) shared: Arc<Shared>,
    /// For whom.
    pub(crate) caller: Caller,
    /// What stands in the place of the path's parameter, decoded; empty when the path has none.
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
            Caller::Admin | Caller::Anyone | Caller::Customer(..) => {
                panic!("only a route for organizations may ask for the caller's organization")
            }
        }
    }

    /// The customer that asks, and whose it is.
    ///
    /// # Panics
    /// On a route that serves others.
    pub(crate) fn customer(&self) -> (OrganizationId, CustomerId) {
        match self.caller {
            Caller::Customer(organization, customer) => (organization, customer),
            Caller::Admin | Caller::Anyone | Caller::Organization(_) => {
                panic!("only a route for customers may ask for the caller's customer")
            }
        }
    }

    /// The parameters that follow the question mark.
    pub(crate) fn query(&self) -> Query<'_> {
        Query::parse(self.parts.uri.query().unwrap_or_default())
    }

    /// The type of the body. A value that is not ASCII is none.
    pub(crate) fn content_type(&self) -> Option<&str> {
        content_type(&self.parts)
    }

    /// The path's parameter as an identifier. `name` is what the pattern calls it.
    pub(crate) fn path_id(&self, name: &str) -> Result<Uuid, Vec<FieldError>> {
        request::path_id(name, &self.parameter)
    }

    /// Reads the body by a function for this operation.
    pub(crate) async fn read<T, E>(
        &self,
        read: impl FnOnce(&Body<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Failure>
    where
        T: Send + 'static,
        E: Into<Failure> + 'static,
    {
        self.decode_body(move |body| read(body).map_err(Into::into))
            .await
    }

    /// Reads the body by a function for this operation, and the path's `id`; the faults of both are told together.
    pub(crate) async fn read_with_id<T, E>(
        &self,
        read: impl FnOnce(&Body<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<(Uuid, T), Failure>
    where
        T: Send + 'static,
        E: Into<Invalid> + 'static,
    {
        let id = self.path_id("id");
        self.decode_body(move |body| request::both(id, read(body)).map_err(Failure::from))
            .await
    }

    async fn decode_body<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Body<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let bytes = self.payload.bytes.clone();
        let content_type = self.content_type().map(str::to_owned);
        self.decode(move || read(&Body::parse(content_type.as_deref(), &bytes)?))
            .await?
    }

    /// Does work that takes as long as the body is large.
    pub(crate) async fn decode<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        decode(
            &self.shared.pools,
            self.caller,
            self.payload.bytes.len(),
            work,
        )
        .await
    }

    /// Asks the service about rows that a person manages.
    pub(crate) async fn catalog<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Service) -> Result<T, service::Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let service = Arc::clone(&self.shared.service);
        let pool = &self.shared.pools.catalog;
        let answer = pool.run(self.caller, move || ask(&service)).await?;
        answer.map_err(Failure::from)
    }

    /// Asks the service something about events, which may take long.
    pub(crate) async fn query_events<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Service) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let service = Arc::clone(&self.shared.service);
        let pool = &self.shared.pools.queries;
        pool.run(self.caller, move || ask(&service)).await?
    }
}

/// Decodes a body: here when it is small, else on the pool for it.
pub(crate) async fn decode<T: Send + 'static>(
    pools: &Pools,
    caller: Caller,
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    if bytes <= INLINE_DECODE_BYTES_MAX {
        Ok(work())
    } else {
        pools.decode.run(caller, work).await
    }
}

/// The type of a request's body. A value that is not ASCII is none.
pub(crate) fn content_type(parts: &Parts) -> Option<&str> {
    parts.headers.get(CONTENT_TYPE)?.to_str().ok()
}
