//! Addresses of pages: `http` and `https`, by the URL Standard of WHATWG.

use ::url::Url;

use super::{Checked, Faults, Node, Rule, refuse_nul};
use crate::json::Value;
#[cfg(test)]
use crate::openapi::asked::{self, Wanted};

/// Bytes of an address as it was sent.
const URL_BYTES_MAX: usize = 2083;

const SCHEMES: [&str; 2] = ["http", "https"];

/// An address, in the spelling that the standard gives it: scheme and host in lower case, a path of `/` at least, what a URL cannot
/// hold percent-encoded.
pub(crate) fn http_url(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Url> {
    #[cfg(test)]
    asked::tell(node.at, || Wanted::Text(1, URL_BYTES_MAX));
    refuse_nul(node, faults)?;
    read(node.value).map_err(|rule| node.refuse(rule.as_rule(), faults))
}

/// Why a value is no address.
enum Broken {
    NotText,
    TooLong,
    Empty,
    Unreadable(::url::ParseError),
    Scheme,
}

impl Broken {
    fn as_rule(&self) -> Rule<'static> {
        match self {
            Broken::NotText => Rule::NotAUrl,
            Broken::TooLong => Rule::UrlTooLong(URL_BYTES_MAX),
            Broken::Empty => Rule::UrlText("input is empty"),
            Broken::Unreadable(error) => Rule::UrlText(why(*error)),
            Broken::Scheme => Rule::UrlScheme(&SCHEMES),
        }
    }
}

fn read(value: &Value<'_>) -> Result<Url, Broken> {
    let Value::String(text) = value else {
        return Err(Broken::NotText);
    };
    if text.len() > URL_BYTES_MAX {
        return Err(Broken::TooLong);
    }
    if text.is_empty() {
        return Err(Broken::Empty);
    }
    let url = Url::parse(text).map_err(Broken::Unreadable)?;
    // What is kept and given back is the URL as it was read, which may be longer.
    if url.as_str().len() > URL_BYTES_MAX {
        return Err(Broken::TooLong);
    }
    if SCHEMES.contains(&url.scheme()) {
        Ok(url)
    } else {
        Err(Broken::Scheme)
    }
}

fn why(error: ::url::ParseError) -> &'static str {
    use ::url::ParseError;
    match error {
        ParseError::EmptyHost => "empty host",
        ParseError::IdnaError => "invalid international domain name",
        ParseError::InvalidPort => "invalid port number",
        ParseError::InvalidIpv4Address => "invalid IPv4 address",
        ParseError::InvalidIpv6Address => "invalid IPv6 address",
        ParseError::InvalidDomainCharacter => "invalid domain character",
        ParseError::RelativeUrlWithoutBase => "relative URL without a base",
        ParseError::RelativeUrlWithCannotBeABaseBase => "relative URL with a cannot-be-a-base base",
        ParseError::SetHostOnCannotBeABaseUrl => {
            "a cannot-be-a-base URL doesn’t have a host to set"
        }
        // The largest is far beyond what is read here; others may be added.
        _ => "not a URL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::Path;

    fn check(text: &str) -> Result<String, (&'static str, String)> {
        let mut faults = Faults::new();
        let value = Value::String(text.into());
        let at = Path::BODY.name("url");
        let checked = http_url(Node::new(&value, &at), &mut faults);
        let found = faults.finish(checked);
        found.map(String::from).map_err(|faults| {
            let fault = &faults[0];
            (fault.kind, fault.msg.clone().into_owned())
        })
    }

    #[test]
    fn an_address_gets_the_spelling_of_the_standard() {
        for (text, expected) in [
            ("https://example.com", "https://example.com/"),
            (
                "HTTP://Example.COM/A b?c=d#e",
                "http://example.com/A%20b?c=d#e",
            ),
            (
                "https://bücher.example/ü",
                "https://xn--bcher-kva.example/%C3%BC",
            ),
            (" http://127.0.0.1:8080/x ", "http://127.0.0.1:8080/x"),
            ("https://[::1]:443/", "https://[::1]/"),
        ] {
            assert_eq!(check(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_with_its_reason() {
        let refused = |text: &str| check(text).expect_err(text);
        assert_eq!(
            refused("example.com"),
            (
                "url_parsing",
                "Input should be a valid URL, relative URL without a base".to_owned()
            )
        );
        assert_eq!(
            refused(""),
            (
                "url_parsing",
                "Input should be a valid URL, input is empty".to_owned()
            )
        );
        assert_eq!(
            refused("http://"),
            (
                "url_parsing",
                "Input should be a valid URL, empty host".to_owned()
            )
        );
        assert_eq!(refused("http://a:99999/").0, "url_parsing");
        for text in [
            "javascript:alert(1)",
            "ftp://example.com/",
            "file:///etc/passwd",
        ] {
            assert_eq!(
                refused(text),
                (
                    "url_scheme",
                    "URL scheme should be 'http' or 'https'".to_owned()
                )
            );
        }
        let long = format!("https://example.com/{}", "x".repeat(2083 - 20));
        assert!(check(&long).is_ok());
        assert_eq!(
            refused(&format!("{long}x")),
            (
                "url_too_long",
                "URL should have at most 2083 characters".to_owned()
            )
        );
        assert_eq!(refused("https://example.com/\0").0, "value_error");
    }

    #[test]
    fn only_text_is_an_address() {
        let mut faults = Faults::new();
        let checked = http_url(Node::new(&Value::Number("1"), &Path::BODY), &mut faults);
        let faults = faults.finish(checked).expect_err("a number");
        assert_eq!(faults[0].kind, "url_type");
    }
}
