//! Black-box tests of the one binary: it is started on a folder of its own and spoken to over HTTP, as a client would.

mod api;
mod random;
mod server;

mod bad_input;
mod commands;
mod conformance;
mod crash;
mod customer_meters;
mod events;
mod grants;
mod no_space;
mod serve;
mod tidy;
mod webhooks;
