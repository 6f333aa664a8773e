//! What is the same for everyone until the next version of the server: sent once to each client, and then only looked for.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

use crate::reply::{Body, Response};

/// Bytes of a type, and what tells them from other bytes.
#[derive(Debug)]
pub(crate) struct Asset {
    bytes: Bytes,
    content_type: &'static str,
    is_gzip: bool,
    tag: HeaderValue,
}

impl Asset {
    /// Bytes of a type. Cost: a hash over all of them.
    pub(crate) fn new(content_type: &'static str, bytes: Bytes) -> Self {
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        let half = digest.first_chunk().expect("16 of 32 bytes");
        let tag = format!("\"{:032x}\"", u128::from_be_bytes(*half));
        Self {
            bytes,
            content_type,
            is_gzip: false,
            tag: HeaderValue::try_from(tag).expect("digits are ASCII"),
        }
    }

    /// Bytes of a type that the binary holds.
    pub(crate) fn plain(content_type: &'static str, bytes: &'static [u8]) -> Self {
        Self::new(content_type, Bytes::from_static(bytes))
    }

    /// Bytes that are packed with gzip. They are sent so, as no browser is without it.
    pub(crate) fn gzip(content_type: &'static str, bytes: &'static [u8]) -> Self {
        Self {
            is_gzip: true,
            ..Self::new(content_type, Bytes::from_static(bytes))
        }
    }

    /// 200 with the bytes, or 304 when the client has them.
    pub(crate) fn answer(&self, asked: &HeaderMap) -> Response {
        let has_it = asked
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|tag| tag.trim().trim_start_matches("W/") == self.tag);
        let mut response = Response::default();
        let headers = response.headers_mut();
        headers.insert(ETAG, self.tag.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if has_it {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if self.is_gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        *response.body_mut() = Body::whole(self.bytes.clone());
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(tag: &str) -> HeaderMap {
        let tag = HeaderValue::from_str(tag).expect("a header value");
        HeaderMap::from_iter([(IF_NONE_MATCH, tag)])
    }

    #[test]
    fn who_has_the_bytes_is_not_sent_them_again() {
        let asset = Asset::new("text/plain", Bytes::from_static(b"x"));
        let first = asset.answer(&HeaderMap::new());
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers()[ETAG].to_str().expect("ASCII");
        for known in [tag.to_owned(), format!("W/{tag}"), format!("\"y\", {tag}")] {
            let again = asset.answer(&asked(&known));
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(again.headers()[ETAG], tag);
        }
        assert_eq!(asset.answer(&asked("\"y\"")).status(), StatusCode::OK);
    }
}
