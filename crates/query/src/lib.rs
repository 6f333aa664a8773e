//! Quantities from a read-only snapshot: plan, scan or cube, fold.
//!
//! Pure: the same snapshot and question always give the same answer. Nothing here writes, opens a file or reads a
//! clock. What an event counts for is asked of `domain`; this crate only decides which rows to look at and adds up.
//!
//! Two ways lead to an answer, and a test holds them equal:
//! - the usage [`Cube`] of a meter: what it counted in every quarter hour, over everyone, added up beforehand;
//! - a scan of rows: all of the organization's, or only those of the identities asked for.

#![warn(missing_docs)]

mod columns;
mod credits;
mod cube;
pub mod events;
mod fold;
mod matcher;
mod packed;
mod plan;
mod question;
mod scan;
mod tally;
mod usage;

pub use cube::Cube;
pub use fold::{CATCH_UP_ROWS, Fold, MATCH_ROWS};
pub use matcher::{Matcher, Matches};
pub use plan::Plan;
pub use question::{Answer, Customers, Grouping, Question};
pub use scan::{ScanMeans, scan};
pub use usage::{Customer, CustomerUsage, Rows, Usage};
