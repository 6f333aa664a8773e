//! Answers.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use http_body_util::Full;
use serde::Serialize;

/// An answer. Bodies are whole, not streamed: the usual ones have a few kilobytes. A page of 100 rows, each as large as the
/// request that made it may be, has 100 MiB; see `answers` for what bounds these.
pub type Response = http::Response<Full<Bytes>>;

/// JSON.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(body).expect("wire types always serialise");
    with_type(status, "application/json", Bytes::from(bytes))
}

/// 200 with JSON.
pub(crate) fn ok(body: &impl Serialize) -> Response {
    json(StatusCode::OK, body)
}

/// 201 with JSON.
pub(crate) fn created(body: &impl Serialize) -> Response {
    json(StatusCode::CREATED, body)
}

/// 204.
pub(crate) fn no_content() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Plain text.
pub(crate) fn text(status: StatusCode, text: &'static str) -> Response {
    with_type(
        status,
        "text/plain; charset=utf-8",
        Bytes::from_static(text.as_bytes()),
    )
}

fn with_type(status: StatusCode, content_type: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
