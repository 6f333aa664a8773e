//! Answers.

mod body;

use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

pub use body::{Body, CutShort};
pub(crate) use body::{NextPart, Part};

/// An answer. Most bodies are whole and have a few kilobytes. A page of 100 rows, each as large as the request that made it may
/// be, has 100 MiB; see `answers` for what bounds these. What has no end that could be foretold is sent in parts.
pub type Response = http::Response<Body>;

/// JSON.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(body).expect("wire types always serialise");
    with_type(status, "application/json", Body::whole(bytes))
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
    with_type(status, "text/plain; charset=utf-8", Body::whole(text))
}

/// 200 with a page.
pub(crate) fn html(text: String) -> Response {
    with_type(
        StatusCode::OK,
        "text/html; charset=utf-8",
        Body::whole(text),
    )
}

/// 200 with a file of CSV, to be kept under a name; `disposition` is the value of the header that says so.
pub(crate) fn csv(disposition: &'static str, first: Part) -> Response {
    let mut response = with_type(
        StatusCode::OK,
        "text/csv; charset=utf-8",
        Body::in_parts(first),
    );
    response
        .headers_mut()
        .insert(CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    response
}

fn with_type(status: StatusCode, content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
