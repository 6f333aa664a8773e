//! Routes: which method on which path is served by which handler, for whom.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use http::Method;

use crate::auth::Access;
use crate::call::Call;
use crate::error::Failure;
use crate::limits::ROW_BYTES_MAX;
use crate::reply::Response;

/// What a handler comes to.
pub(crate) type Answer = Result<Response, Failure>;

type Handler = Box<dyn Fn(Call) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// One operation.
pub(crate) struct Route {
    /// How.
    pub(crate) method: Method,
    /// Where, as the contract writes it: `/v1/meters/{id}`. The other spelling, with or without the last slash, is served
    /// too.
    pub(crate) path: &'static str,
    /// For whom.
    pub(crate) access: Access,
    /// How large a body may be.
    pub(crate) body_bytes_max: usize,
    handler: Handler,
}

impl Route {
    /// A GET.
    pub(crate) fn get<F, T>(path: &'static str, access: Access, handler: F) -> Self
    where
        F: Fn(Call) -> T + Send + Sync + 'static,
        T: Future<Output = Answer> + Send + 'static,
    {
        Self::new(Method::GET, path, access, handler)
    }

    /// A POST.
    pub(crate) fn post<F, T>(path: &'static str, access: Access, handler: F) -> Self
    where
        F: Fn(Call) -> T + Send + Sync + 'static,
        T: Future<Output = Answer> + Send + 'static,
    {
        Self::new(Method::POST, path, access, handler)
    }

    /// A PATCH.
    pub(crate) fn patch<F, T>(path: &'static str, access: Access, handler: F) -> Self
    where
        F: Fn(Call) -> T + Send + Sync + 'static,
        T: Future<Output = Answer> + Send + 'static,
    {
        Self::new(Method::PATCH, path, access, handler)
    }

    /// A DELETE.
    pub(crate) fn delete<F, T>(path: &'static str, access: Access, handler: F) -> Self
    where
        F: Fn(Call) -> T + Send + Sync + 'static,
        T: Future<Output = Answer> + Send + 'static,
    {
        Self::new(Method::DELETE, path, access, handler)
    }

    fn new<F, T>(method: Method, path: &'static str, access: Access, handler: F) -> Self
    where
        F: Fn(Call) -> T + Send + Sync + 'static,
        T: Future<Output = Answer> + Send + 'static,
    {
        Self {
            method,
            path,
            access,
            body_bytes_max: ROW_BYTES_MAX,
            handler: Box::new(move |call| Box::pin(handler(call))),
        }
    }

    /// The same for bodies of another size than those of most routes.
    pub(crate) fn with_body_up_to(mut self, bytes: usize) -> Self {
        self.body_bytes_max = bytes;
        self
    }

    /// Whether a body is read. That of a GET or DELETE is not looked at.
    pub(crate) fn takes_body(&self) -> bool {
        self.method == Method::POST || self.method == Method::PATCH
    }

    /// Serves a call.
    pub(crate) fn serve(&self, call: Call) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        (self.handler)(call)
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {} for {:?}",
            self.method, self.path, self.access
        )
    }
}

/// All routes, found by path.
#[derive(Debug)]
pub(crate) struct Table {
    paths: matchit::Router<Vec<Route>>,
}

/// A path that is served.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'table, 'path> {
    /// One for each of its methods.
    routes: &'table [Route],
    /// What stands in the place of the pattern's parameter, as it was sent: percent-encoded.
    pub(crate) parameter: Option<&'path str>,
}

impl Table {
    /// # Panics
    /// When two routes are the same, or their patterns contradict each other.
    pub(crate) fn new(routes: impl IntoIterator<Item = Route>) -> Self {
        let mut by_path: Vec<(&'static str, Vec<Route>)> = Vec::new();
        for route in routes {
            let path = without_last_slash(route.path);
            match by_path.iter_mut().find(|(known, _)| *known == path) {
                Some((_, same_path)) => {
                    assert!(
                        same_path.iter().all(|other| other.method != route.method),
                        "{route:?} is there twice"
                    );
                    same_path.push(route);
                }
                None => by_path.push((path, vec![route])),
            }
        }
        let mut paths = matchit::Router::new();
        for (path, routes) in by_path {
            paths
                .insert(path, routes)
                .expect("patterns do not contradict each other");
        }
        Self { paths }
    }

    /// The routes of a path, which is matched as it was sent: an encoded slash is part of a parameter (SEMANTICS 11.9).
    pub(crate) fn find<'table, 'path>(
        &'table self,
        path: &'path str,
    ) -> Option<Found<'table, 'path>> {
        let found = self.paths.at(without_last_slash(path)).ok()?;
        let parameter = found.params.iter().next().map(|(_, value)| value);
        Some(Found {
            routes: found.value,
            parameter,
        })
    }
}

impl<'table> Found<'table, '_> {
    /// The route of a method.
    pub(crate) fn with_method(&self, method: &Method) -> Option<&'table Route> {
        self.routes.iter().find(|route| route.method == *method)
    }

    /// The value of an `Allow` header.
    pub(crate) fn allow(&self) -> String {
        let methods: Vec<&str> = self
            .routes
            .iter()
            .map(|route| route.method.as_str())
            .collect();
        methods.join(", ")
    }

    /// The pattern, as the contract writes it.
    pub(crate) fn pattern(&self) -> &'static str {
        self.routes.first().map_or("", |route| route.path)
    }
}

fn without_last_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes;

    fn found(path: &str) -> Option<(&'static str, Option<String>)> {
        let table = Table::new(routes::all());
        table
            .find(path)
            .map(|found| (found.pattern(), found.parameter.map(str::to_owned)))
    }

    #[test]
    fn both_spellings_of_a_path_are_served() {
        for path in ["/v1/meters", "/v1/meters/"] {
            assert_eq!(found(path), Some(("/v1/meters/", None)));
        }
        for path in ["/v1/meters/x/quantities", "/v1/meters/x/quantities/"] {
            assert_eq!(
                found(path),
                Some(("/v1/meters/{id}/quantities", Some("x".to_owned())))
            );
        }
        assert_eq!(found("/v1/meters//"), None);
    }

    #[test]
    fn an_encoded_slash_is_part_of_an_external_id() {
        let path = "/v1/customers/external/a%2Fb%20c";
        let expected = (
            "/v1/customers/external/{external_id}",
            Some("a%2Fb%20c".to_owned()),
        );
        assert_eq!(found(path), Some(expected));
    }

    #[test]
    fn unknown_paths_are_not_found() {
        for path in [
            "/",
            "",
            "/v1",
            "/v1/",
            "/v1/metersx",
            "/v2/meters/",
            "/v1/customers/external/a/b/c",
        ] {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn allow_names_every_method_of_the_path() {
        let table = Table::new(routes::all());
        let allow = |path| table.find(path).map(|found| found.allow());
        assert_eq!(allow("/v1/meters/").as_deref(), Some("GET, POST"));
        assert_eq!(allow("/v1/meters/x").as_deref(), Some("GET, PATCH"));
        assert_eq!(allow("/v1/meters/x/quantities").as_deref(), Some("GET"));
        assert_eq!(allow("/v1/events/ingest").as_deref(), Some("POST"));
        assert_eq!(allow("/healthz").as_deref(), Some("GET"));
    }
}
