//! The customer portal: a page that shows customers what they used. It is an ordinary client of the API, and works without the
//! internet. See `assets/portal`.

use std::future::{Ready, ready};
use std::sync::LazyLock;

use crate::asset::Asset;
use crate::auth::Access;
use crate::call::Call;
use crate::route::{Answer, Route};
use crate::{page, reply, request};

/// What the page may load and ask: this server, and an icon that is empty. Nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = include_str!("../../assets/portal/index.html");

/// Where the way back stands in the page, if there is one.
const BACK: &str = "<!--back-->";

/// What belongs to the page, and is the same for everybody.
struct Parts {
    script: Asset,
    style: Asset,
}

static PARTS: LazyLock<Parts> = LazyLock::new(|| Parts {
    script: Asset::plain(
        "text/javascript; charset=utf-8",
        include_bytes!("../../assets/portal/page.js"),
    ),
    style: Asset::plain(
        "text/css; charset=utf-8",
        include_bytes!("../../assets/portal/page.css"),
    ),
});

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/portal", Access::Open, page),
        Route::get("/portal/page.js", Access::Open, |call: Call| {
            part(&call, |parts| &parts.script)
        }),
        Route::get("/portal/page.css", Access::Open, |call: Call| {
            part(&call, |parts| &parts.style)
        }),
    ]
}

/// The page. It is there for everybody; only who comes with the token of a session is shown the way back.
async fn page(call: Call) -> Answer {
    if let Some(elsewhere) = page::without_last_slash(&call.parts) {
        return Ok(page::safe(POLICY, elsewhere));
    }
    let back = match request::portal_token(&call.query()) {
        Some(token) => {
            call.catalog(move |service| service.return_url(&token))
                .await?
        }
        None => None,
    };
    let html = HTML.replace(BACK, &link(back.as_deref()));
    Ok(page::safe(POLICY, reply::html(html)))
}

fn part(call: &Call, part: fn(&Parts) -> &Asset) -> Ready<Answer> {
    let answer = part(&PARTS).answer(&call.parts.headers);
    ready(Ok(page::safe(POLICY, answer)))
}

/// A link to an address of `http` or `https`.
fn link(url: Option<&str>) -> String {
    let Some(url) = url else {
        return String::new();
    };
    let mut href = String::with_capacity(url.len());
    for character in url.chars() {
        match character {
            '&' => href.push_str("&amp;"),
            '<' => href.push_str("&lt;"),
            '>' => href.push_str("&gt;"),
            '"' => href.push_str("&quot;"),
            '\'' => href.push_str("&#39;"),
            other => href.push(other),
        }
    }
    format!("<a href=\"{href}\" rel=\"noreferrer\">← Back</a>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_holds_nothing_but_an_address() {
        assert_eq!(link(None), "");
        assert_eq!(
            link(Some("https://example.com/?a=1&b='\"<>")),
            "<a href=\"https://example.com/?a=1&amp;b=&#39;&quot;&lt;&gt;\" rel=\"noreferrer\">← Back</a>"
        );
    }

    #[test]
    fn the_page_has_one_place_for_the_way_back_and_nothing_inline() {
        assert_eq!(HTML.matches(BACK).count(), 1);
        assert_eq!(HTML.matches("<script").count(), 1);
        for inline in ["<style", "style=", "onclick", "onload", "http:", "https:"] {
            assert!(!HTML.contains(inline), "{inline}");
        }
    }
}
