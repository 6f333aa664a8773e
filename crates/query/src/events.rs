//! Reading events back: which there are, in what order of time, under which parents and names. SEMANTICS 9.10 to 9.20, 10.1,
//! 11.5, 19.18.
//!
//! What reading needs beside the rows is an [`EventIndex`], which is derived: folded from an organization's rows in their order,
//! whatever the pieces, so that one that is made anew is the same. Questions are asked of [`LiveEvents`], rows and index together.

mod conditions;
mod identities;
mod index;
mod links;
mod list;
mod list_names;
mod live;
mod names;
mod outline;
mod place;
mod posted;
mod posted_names;
mod question;
mod references;
mod roots;
mod scan;
mod timeline;

pub use identities::IdentityTimes;
pub use index::EventIndex;
pub use list::{get, list};
pub use list_names::names;
pub use live::LiveEvents;
pub use question::{
    EventDirection, EventQuestion, FoundEvent, Listed, NameOrder, NameQuestion, NameSummary,
    PART_BYTES_MAX, Part, TextCondition,
};
pub use references::References;

#[cfg(test)]
mod tests;
