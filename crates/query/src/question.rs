//! What is asked, and what is answered.

use domain::interval::Buckets;
use domain::{CustomerId, Definition, Function, MetadataFilter, Number, OwnedIdentity};

/// A question for the quantities of one meter.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What the meter measures.
    pub definition: &'a Definition,
    /// The buckets that are shown.
    pub buckets: &'a Buckets,
    /// Whose events.
    pub customers: Customers<'a>,
    /// Which values their metadata must hold.
    pub metadata: &'a MetadataFilter,
    /// Whether results are made per customer first.
    pub grouping: Option<Grouping<'a>>,
}

/// Whose events count.
#[derive(Debug, Clone, Copy)]
pub enum Customers<'a> {
    /// Everyone's.
    All,
    /// Those that came under one of these identities.
    Identities(&'a [OwnedIdentity]),
}

/// First the meter's function per customer and bucket, then another one over the customers (SEMANTICS 8.7, D3).
#[derive(Clone, Copy)]
pub struct Grouping<'a> {
    /// The function over the customers' results.
    pub function: Function,
    /// Who has an external id now. An external id without a customer is a group of its own.
    pub customer_of: &'a dyn Fn(&str) -> Option<CustomerId>,
}

impl std::fmt::Debug for Grouping<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grouping")
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}

/// Quantities by bucket, and over all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// For each of the question's buckets; 0 where there was nothing.
    pub quantities: Vec<Number>,
    /// Over the buckets shown (SEMANTICS 8.6, 8.7, D1).
    pub total: Number,
}
