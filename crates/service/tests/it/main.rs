//! The use cases, on a real data folder.

mod catalogue;
mod customer_meters;
mod customers;
mod harness;
mod meters;
mod organizations;
