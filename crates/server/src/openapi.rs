//! Our own OpenAPI document: what is served, in a form that generators of clients, test tools and the reference page read.
//!
//! It is made from the code. Paths, methods, who may ask and how large a body may be come from the table of routes; the forms of
//! bodies and answers from the types in `api`; what an error looks like from the same types as `error` uses. What remains is
//! written by hand, one file per resource: what an operation is called, which parameters it takes, and which type it answers with.
//!
//! Invariants, each held by a test:
//! - a route without an operation, or an operation without a route, is no document;
//! - parameters, keys of bodies, sets of names and bounds are those that are read: the validators tell what they are asked for;
//! - what the server answers in any test of this crate is of the form that is told here;
//! - whatever differs from the contract stands in a list that is reviewed (`tests/contract`).

#[cfg(test)]
pub(crate) mod asked;
mod benefits;
mod components;
mod customer_meters;
mod customers;
mod document;
mod errors;
mod event_types;
mod events;
mod health;
mod links;
mod meters;
mod operation;
mod organizations;
mod parameter;
mod portal;
mod security;
mod tokens;
mod unions;
mod webhooks;

pub(crate) use document::document;

#[cfg(test)]
pub(crate) mod tests;
