//! Reading events back: which there are, in what order of time, under which parents and names. SEMANTICS 9.10 to 9.20, 10.1,
//! 11.5, 19.18.
//!
//! What reading needs beside the rows is an [`EventIndex`], which is derived: folded from an organization's rows in their order,
//! whatever the pieces, so that one that is made anew is the same.

mod identities;
mod index;
mod links;
mod names;
mod references;
mod timeline;

pub use identities::IdentityTimes;
pub use index::EventIndex;
pub use references::References;
