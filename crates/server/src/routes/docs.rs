//! The reference page: it shows the OpenAPI document, and works without the internet. See `assets/swagger-ui`.

use std::future::{Ready, ready};
use std::sync::LazyLock;

use crate::asset::Asset;
use crate::auth::Access;
use crate::call::Call;
use crate::page;
use crate::route::{Answer, Route};

/// What the page may load and ask: this server, and the pictures that stand in its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page and its parts.
struct Page {
    html: Asset,
    script: Asset,
    style: Asset,
    renderer: Asset,
    renderer_style: Asset,
}

static PAGE: LazyLock<Page> = LazyLock::new(|| {
    let (script, style) = ("text/javascript; charset=utf-8", "text/css; charset=utf-8");
    Page {
        html: Asset::plain(
            "text/html; charset=utf-8",
            include_bytes!("../../assets/docs/index.html"),
        ),
        script: Asset::plain(script, include_bytes!("../../assets/docs/page.js")),
        style: Asset::plain(style, include_bytes!("../../assets/docs/page.css")),
        renderer: Asset::gzip(
            script,
            include_bytes!("../../assets/swagger-ui/swagger-ui-bundle.js.gz"),
        ),
        renderer_style: Asset::gzip(
            style,
            include_bytes!("../../assets/swagger-ui/swagger-ui.css.gz"),
        ),
    }
});

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(
            "/docs",
            Access::Open,
            |call: Call| match page::without_last_slash(&call.parts) {
                Some(elsewhere) => ready(Ok(page::safe(POLICY, elsewhere))),
                None => serve(&call, |page| &page.html),
            },
        ),
        Route::get("/docs/page.js", Access::Open, |call| {
            serve(&call, |page| &page.script)
        }),
        Route::get("/docs/page.css", Access::Open, |call| {
            serve(&call, |page| &page.style)
        }),
        Route::get("/docs/swagger-ui.js", Access::Open, |call| {
            serve(&call, |page| &page.renderer)
        }),
        Route::get("/docs/swagger-ui.css", Access::Open, |call| {
            serve(&call, |page| &page.renderer_style)
        }),
    ]
}

fn serve(call: &Call, part: fn(&Page) -> &Asset) -> Ready<Answer> {
    let answer = part(&PAGE).answer(&call.parts.headers);
    ready(Ok(page::safe(POLICY, answer)))
}

#[cfg(test)]
mod tests {
    use http::{Method, StatusCode};

    use crate::testing::Bench;

    #[tokio::test]
    async fn the_page_and_all_that_it_loads_come_from_here() {
        let bench = Bench::new();
        let page = bench.send_raw(Method::GET, "/docs", &[], Vec::new()).await;
        let parts = page.text().split([' ', '>']).filter_map(|attribute| {
            let value = attribute
                .strip_prefix("src=")
                .or(attribute.strip_prefix("href="))?;
            Some(value.trim_matches('"').to_owned())
        });
        let mut parts: Vec<String> = parts.filter(|part| !part.starts_with("data:")).collect();
        assert_eq!(parts.len(), 5, "{parts:?}");
        parts.push("docs".to_owned());
        for part in parts {
            // As a browser reads it: relative to the page, which may be below a path of a proxy.
            assert!(!part.starts_with(['/', '.']), "{part}");
            let part = format!("/{part}");
            let answer = bench.send_raw(Method::GET, &part, &[], Vec::new()).await;
            assert_eq!(answer.status, StatusCode::OK, "{part}");
            assert!(answer.header("etag").is_some(), "{part}");
            if part.starts_with("/docs") {
                assert_eq!(
                    answer.header("x-content-type-options"),
                    Some("nosniff"),
                    "{part}"
                );
                let policy = answer.header("content-security-policy").expect("a policy");
                assert!(policy.starts_with("default-src 'none'"), "{part}");
            }
            let is_packed = answer.bytes().starts_with(&[0x1f, 0x8b]);
            let encoding = answer.header("content-encoding");
            assert_eq!(encoding, is_packed.then_some("gzip"), "{part}");
        }
    }

    #[tokio::test]
    async fn the_other_spelling_leads_to_the_page() {
        let bench = Bench::new();
        let answer = bench.send_raw(Method::GET, "/docs/", &[], Vec::new()).await;
        assert_eq!(answer.status, StatusCode::PERMANENT_REDIRECT);
        assert_eq!(answer.header("location"), Some("../docs"));
    }
}
