//! What the pages that the server shows to persons have in common.

use http::header::{CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use crate::reply::Response;

/// What browsers let a page and its parts do: what its policy says. Nobody learns of its address, which may carry a secret.
pub(crate) fn safe(policy: &'static str, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// The way from the other spelling of a page's path, with a last slash: there the addresses in the page, which are relative to
/// its own, would lead elsewhere. `None` when it was asked for as it is spelled, or the query cannot be sent back.
///
/// It is relative too, so that it is right behind a proxy that keeps the server below a path.
pub(crate) fn without_last_slash(asked: &Parts) -> Option<Response> {
    let name = asked.uri.path().strip_suffix('/')?.rsplit('/').next()?;
    let mut location = format!("../{name}");
    if let Some(query) = asked.uri.query() {
        location.push('?');
        location.push_str(query);
    }
    let mut response = Response::default();
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let location = HeaderValue::try_from(location).ok()?;
    response.headers_mut().insert(LOCATION, location);
    Some(response)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn location(uri: &str) -> Option<String> {
        let (parts, ()) = Request::get(uri).body(()).expect("a request").into_parts();
        let response = without_last_slash(&parts)?;
        assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
        let location = response.headers()[LOCATION].to_str().expect("ASCII");
        Some(location.to_owned())
    }

    #[test]
    fn a_page_with_a_last_slash_is_found_without_it_and_with_its_query() {
        assert_eq!(location("/portal"), None);
        assert_eq!(location("/portal?a=/"), None);
        assert_eq!(location("/portal/").as_deref(), Some("../portal"));
        assert_eq!(
            location("/portal/?a=%2F&b=c/").as_deref(),
            Some("../portal?a=%2F&b=c/")
        );
    }
}
