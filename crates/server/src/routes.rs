//! All operations: one file per resource, each with its list of routes and a handler per operation.
//!
//! A handler is a translation: request into a question to the service, the answer into an answer. It does not decide.

mod customers;
mod events;
mod health;
mod meters;
mod organizations;
mod tokens;

use crate::route::Route;

/// All routes.
pub(crate) fn all() -> Vec<Route> {
    let mut routes = health::routes();
    routes.extend(organizations::routes());
    routes.extend(tokens::routes());
    routes.extend(events::routes());
    routes.extend(customers::routes());
    routes.extend(meters::routes());
    routes
}

#[cfg(test)]
mod tests;
