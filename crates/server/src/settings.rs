//! What the server is told at its start.

use std::fmt;
use std::net::SocketAddr;

use url::Url;

/// What whoever runs the server decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where browsers find this server.
    pub public_url: PublicUrl,
}

/// The address under which browsers find this server: `http` or `https`, a host, perhaps a path; no `/` at its end.
///
/// It is told and never read off a request: the `Host` header is the client's word, and the address goes into links that carry
/// secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// Why an address is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublicUrlError {
    /// It cannot be read.
    #[error("not a URL ({0})")]
    Unreadable(#[from] url::ParseError),
    /// It is not one that browsers open.
    #[error("a URL of http or https is needed")]
    Scheme,
    /// It has a part that links could not keep.
    #[error("a user name, a query or a fragment cannot be part of it")]
    TooMuch,
}

impl PublicUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// It is not of the form that [`PublicUrl`] tells.
    pub fn parse(text: &str) -> Result<Self, PublicUrlError> {
        let url = Url::parse(text)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(PublicUrlError::Scheme);
        }
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.query().is_some() || url.fragment().is_some() {
            return Err(PublicUrlError::TooMuch);
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// The address at which the server listens. Good for trying it on one machine.
    pub fn of_listener(address: SocketAddr) -> Self {
        Self(format!("http://{address}"))
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_no_slash_at_its_end() {
        let read = |text: &str| PublicUrl::parse(text).expect(text).to_string();
        assert_eq!(
            read("https://Usage.example.com"),
            "https://usage.example.com"
        );
        assert_eq!(read("http://localhost:8080/"), "http://localhost:8080");
        assert_eq!(
            read("https://example.com/usage/"),
            "https://example.com/usage"
        );
        let address = SocketAddr::from(([127, 0, 0, 1], 8080));
        assert_eq!(
            PublicUrl::of_listener(address).to_string(),
            "http://127.0.0.1:8080"
        );
    }

    #[test]
    fn what_links_cannot_be_made_of_is_refused() {
        for (text, why) in [
            (
                "example.com",
                PublicUrlError::Unreadable(url::ParseError::RelativeUrlWithoutBase),
            ),
            ("ftp://example.com", PublicUrlError::Scheme),
            ("https://example.com/?a", PublicUrlError::TooMuch),
            ("https://example.com/#a", PublicUrlError::TooMuch),
            ("https://me@example.com/", PublicUrlError::TooMuch),
        ] {
            assert_eq!(PublicUrl::parse(text), Err(why), "{text}");
        }
    }
}
