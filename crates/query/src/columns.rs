//! Judging and measuring sealed rows by column instead of one by one.
//!
//! What an event counts for is asked of `domain` here as everywhere, but about a value and not about an event: once for each different
//! text of a column, and of numbers by ranges. The outcome is the same as asking about each event, and tests hold them equal.
//!
//! - A filter narrows a *selection*, the numbers of the rows that are still in, clause by clause. A column is read when a clause
//!   needs it, and only where rows are still in.
//! - What is measured goes to a [`Sink`], a column at a time.

mod group;
mod measure;
mod select;

pub(crate) use group::{GroupRows, identity, timestamp};
pub(crate) use measure::{Sink, measure};
pub(crate) use select::{select, select_metadata};
