//! Webhooks: what is told to whom, and when it is tried again. SEMANTICS 14.

mod announce;

pub use announce::{Announcement, BenefitChange, CustomerChange};
