//! Versions of the API (SEMANTICS 1.1 to 1.4). All that are served answer alike in what concerns metering.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Which version a client asks for, and which one an answer has.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("polar-version");

/// A version that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version(&'static str);

/// Oldest first. The first one is the default.
const SERVED: [Version; 3] = [Version("2026-04"), Version("2026-10"), Version("2027-01")];

impl Version {
    /// The version that a request asks for; without a header, or with an empty one, the default. `None`: it is not
    /// served.
    pub(crate) fn of_request(headers: &HeaderMap) -> Option<Self> {
        match headers.get(HEADER) {
            None => Some(SERVED[0]),
            Some(asked) if asked.is_empty() => Some(SERVED[0]),
            Some(asked) => SERVED
                .into_iter()
                .find(|version| version.0.as_bytes() == asked.as_bytes()),
        }
    }

    /// As the value of a header.
    pub(crate) fn header_value(self) -> HeaderValue {
        HeaderValue::from_static(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &'static str) -> Option<&'static str> {
        let headers = HeaderMap::from_iter([(HEADER, HeaderValue::from_static(value))]);
        Version::of_request(&headers).map(|version| version.0)
    }

    #[test]
    fn three_versions_are_served_and_the_first_by_default() {
        assert_eq!(Version::of_request(&HeaderMap::new()), Some(SERVED[0]));
        assert_eq!(asked(""), Some("2026-04"));
        for version in ["2026-04", "2026-10", "2027-01"] {
            assert_eq!(asked(version), Some(version));
        }
    }

    #[test]
    fn other_versions_are_not_served() {
        for version in ["2026-05", "2026-4", "latest", "2026-04-01", "v1", "2025-01"] {
            assert_eq!(asked(version), None, "{version}");
        }
    }
}
