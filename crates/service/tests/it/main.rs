//! The use cases, on a real data folder.

mod benefits;
mod catalogue;
mod customer_meters;
mod customers;
mod event_types;
mod events;
mod harness;
mod meters;
mod organizations;
mod quantities;
mod sessions;
mod webhooks;
