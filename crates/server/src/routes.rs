//! All operations: one file per resource, each with its list of routes and a handler per operation.
//!
//! A handler is a translation: request into a question to the service, the answer into an answer. It does not decide.

mod benefit_grants;
mod benefits;
mod customer_meters;
mod customer_portal;
mod customer_sessions;
mod customers;
mod docs;
mod event_types;
mod events;
mod health;
mod meters;
mod openapi;
mod organizations;
mod portal;
mod tokens;
mod webhooks;

use domain::OrganizationId;
use service::Listed;

use crate::route::Route;

/// All routes.
pub(crate) fn all() -> Vec<Route> {
    let mut routes = health::routes();
    routes.extend(organizations::routes());
    routes.extend(tokens::routes());
    routes.extend(events::routes());
    routes.extend(event_types::routes());
    routes.extend(customers::routes());
    routes.extend(customer_meters::routes());
    routes.extend(customer_sessions::routes());
    routes.extend(customer_portal::routes());
    routes.extend(portal::routes());
    routes.extend(meters::routes());
    routes.extend(benefits::routes());
    routes.extend(benefit_grants::routes());
    routes.extend(webhooks::routes());
    routes.extend(openapi::routes());
    routes.extend(docs::routes());
    routes
}

/// Whether a list that may name organizations (none: its own) asks for that of the token. Of the others a token sees nothing
/// (SEMANTICS 2.10): the answer is then [`nothing`].
fn asks_for(organization: OrganizationId, named: &[OrganizationId]) -> bool {
    named.is_empty() || named.contains(&organization)
}

/// An empty list.
fn nothing<T>() -> Listed<T> {
    Listed {
        items: Vec::new(),
        total: 0,
    }
}

#[cfg(test)]
mod tests;
