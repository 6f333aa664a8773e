//! Quantities from a read-only snapshot: plan, scan or cube, fold.
//!
//! Pure: the same snapshot and question always give the same answer. Nothing here writes, opens a file or reads a
//! clock. What an event counts for is asked of `domain`; this crate only decides which rows to look at and adds up.
//!
//! Three ways lead to an answer, and a test holds them equal:
//! - the usage cube of a meter: what it counted in every quarter hour, over everyone, added up beforehand;
//! - the history of a meter: the same for each identity, for questions about customers;
//! - a scan of rows: all of the organization's, or only those of the identities asked for.

#![warn(missing_docs)]

mod accounts;
mod columns;
mod credits;
mod cube;
mod customers;
mod distinct;
pub mod events;
mod fold;
mod groups;
mod history;
mod log;
mod matcher;
mod packed;
mod partial;
mod plan;
mod question;
mod saved;
mod scan;
mod tally;
mod usage;
mod values;

pub use customers::CustomerAnswer;
pub use fold::{CATCH_UP_ROWS, Fold, FoldMemory, MATCH_ROWS};
pub use matcher::{Matcher, Matches};
pub use plan::Plan;
pub use question::{Answer, Customers, Grouping, Question};
pub use saved::{SavedTables, TableError, TableOwner, Unsaved, join_tables};
pub use scan::{ScanMeans, scan};
pub use usage::{Customer, CustomerUsage, Rows};
