//! From a request to its answer: the checks, in the order that clients rely on, then the handler.
//!
//! The order (SEMANTICS 2.12, 19.13): version, declared size, token that nobody has, path, method, body, broken JSON, missing
//! token, scope; then the handler's own: form of path, query and body, look-up, rules of the business.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request};
use http_body::Body;
use percent_encoding::percent_decode_str;
use service::Service;

use crate::answers::Answers;
use crate::auth::{self, Access, Caller};
use crate::body::{Bodies, Payload};
use crate::call::{self, Call, Shared};
use crate::cors;
use crate::error::Failure;
use crate::limits::BODY_BYTES_MAX;
use crate::pool::{Pools, panic_text};
use crate::reply::Response;
use crate::request;
use crate::route::{Answer, Found, Route, Table};
use crate::routes;
use crate::settings::Settings;
use crate::telemetry::{self, Answered, RequestIds};
use crate::version::{self, Version};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const DEPRECATION: HeaderName = HeaderName::from_static("x-polar-deprecation-notice");
const DEPRECATION_NOTICE: &str = "Paths under /api/v1 are deprecated. Use /v1.";

/// Answers requests. Cheap to clone; all clones share their limits.
#[derive(Debug, Clone)]
pub struct Router {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    table: Table,
    bodies: Bodies,
    answers: Answers,
    ids: RequestIds,
}

/// What is known of a request before it is served.
struct Target {
    path: String,
    deprecated: bool,
    version: Option<Version>,
}

impl Router {
    /// Over a service.
    pub fn new(service: Arc<Service>, settings: Settings) -> Self {
        let ids = RequestIds::new(service.now());
        let shared = Arc::new(Shared {
            service,
            pools: Pools::new(),
            settings,
        });
        let table = Table::new(routes::all());
        Self {
            inner: Arc::new(Inner {
                shared,
                table,
                bodies: Bodies::new(),
                answers: Answers::new(),
                ids,
            }),
        }
    }

    /// Where what it is asked is done.
    #[cfg(test)]
    pub(crate) fn pools(&self) -> &Pools {
        &self.inner.shared.pools
    }

    /// Answers a request. Never fails: what goes wrong is an answer too, also when our code panics. Needs a tokio runtime
    /// with time enabled.
    pub async fn answer<B>(&self, request: Request<B>) -> Response
    where
        B: Body<Data = Bytes>,
    {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        if let Some(response) = cors::preflight(&parts) {
            return response;
        }
        let id = self.inner.ids.next();
        let method = parts.method.clone();
        let target = Target::of(&parts);
        let found = self.inner.table.find(&target.path);
        let route = found.map_or("", |found| found.pattern());
        let answer = match catch_panic(self.serve(&target, found, parts, body)).await {
            Ok(answer) => answer,
            Err(panic) => Err(Failure::Panicked(panic_text(panic.as_ref()))),
        };
        let mut response = answer.unwrap_or_else(|failure| {
            telemetry::failed(&id, route, &failure);
            failure.into_response()
        });
        let headers = response.headers_mut();
        headers
            .entry(CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("private, no-store"));
        if let Some(version) = target.version {
            headers.insert(version::HEADER, version.header_value());
        }
        if target.deprecated {
            headers.insert(DEPRECATION, HeaderValue::from_static(DEPRECATION_NOTICE));
        }
        headers.insert(REQUEST_ID, id.header_value());
        cors::allow(headers);
        let status = response.status();
        Answered {
            id: &id,
            method: &method,
            route,
            status,
            duration: started.elapsed(),
        }
        .log();
        response
    }

    async fn serve<B>(
        &self,
        target: &Target,
        found: Option<Found<'_, '_>>,
        parts: Parts,
        body: B,
    ) -> Answer
    where
        B: Body<Data = Bytes>,
    {
        let inner = &*self.inner;
        let route = found.and_then(|found| found.with_method(&parts.method));
        let open = route.is_some_and(|route| route.access == Access::Open);
        let principal = if open {
            None
        } else {
            target.version.ok_or(Failure::UnknownPath)?;
            if declared_bytes(&parts).is_some_and(|bytes| bytes > BODY_BYTES_MAX as u64) {
                return Err(Failure::BodyTooLarge(BODY_BYTES_MAX));
            }
            auth::identify(&inner.shared.service, &parts.headers)?
        };
        let found = found.ok_or(Failure::UnknownPath)?;
        let route = route.ok_or_else(|| Failure::MethodNotAllowed(found.allow()))?;
        let payload = if route.takes_body() {
            let asker = Caller::of(principal);
            inner.bodies.read(body, asker, route.body_bytes_max).await?
        } else {
            Payload::default()
        };
        let caller = match auth::authorize(route.access, principal) {
            Ok(caller) => caller,
            Err(denied) => {
                return Err(self
                    .broken_json(route, &parts, payload, Caller::of(principal))
                    .await
                    .unwrap_or(denied));
            }
        };
        let parameter = percent_decode_str(found.parameter.unwrap_or_default());
        let parameter = parameter.decode_utf8_lossy().into_owned();
        let shared = Arc::clone(&inner.shared);
        let call = Call {
            shared,
            caller,
            parameter,
            parts,
            payload,
        };
        let response = route.serve(call).await?;
        inner.answers.count(caller, response)
    }

    /// Whether the body is broken JSON, which is told before that the caller may not ask.
    async fn broken_json(
        &self,
        route: &Route,
        parts: &Parts,
        payload: Payload,
        asker: Caller,
    ) -> Option<Failure> {
        if !route.takes_body() {
            return None;
        }
        let content_type = call::content_type(parts).map(str::to_owned);
        let len = payload.bytes.len();
        let check = move || request::Body::parse(content_type.as_deref(), &payload.bytes).err();
        call::decode(&self.inner.shared.pools, asker, len, check)
            .await
            .ok()
            .flatten()
            .map(Failure::from)
    }
}

impl Target {
    fn of(parts: &Parts) -> Self {
        let path = parts.uri.path();
        let current = path
            .strip_prefix("/api")
            .filter(|rest| *rest == "/v1" || rest.starts_with("/v1/"));
        Self {
            path: current.unwrap_or(path).to_owned(),
            deprecated: current.is_some(),
            version: Version::of_request(&parts.headers),
        }
    }
}

fn declared_bytes(parts: &Parts) -> Option<u64> {
    parts
        .headers
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// Comes to what `future` comes to, or to what it panicked with.
async fn catch_panic<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}

#[cfg(test)]
mod tests;
