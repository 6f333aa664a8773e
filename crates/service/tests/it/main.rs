//! The use cases, on a real data folder.

mod catalogue;
mod customer_meters;
mod customers;
mod events;
mod harness;
mod meters;
mod organizations;
