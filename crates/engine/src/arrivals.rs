//! Whose events have come since: for whoever follows what is received.

use domain::{OrganizationId, OwnedIdentity, Timestamp};
use rustc_hash::FxHashMap;
use store::StoreError;

use crate::Engine;

/// Whose events came in some rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// Each identity once, with the time of receipt of its first event among them, in the order of these.
    pub identities: Vec<(OwnedIdentity, Timestamp)>,
    /// The ordinal of the row after the last of them.
    pub next: u32,
}

impl Engine {
    /// How many events an organization has; the ordinal of the next.
    pub fn events_count(&self, organization: OrganizationId) -> u32 {
        self.reader.snapshot(organization).rows()
    }

    /// Whose events came in the rows from the ordinal `from` on, at most so many rows. Cost: a look at the numbers of two columns of each
    /// row; what is sealed of them is read from disk.
    pub fn arrivals(
        &self,
        organization: OrganizationId,
        from: u32,
        rows_max: u32,
    ) -> Result<Arrivals, StoreError> {
        let snapshot = self.reader.snapshot(organization);
        let next = snapshot.rows().min(from.saturating_add(rows_max)).max(from);
        let mut first: FxHashMap<u32, Timestamp> = FxHashMap::default();
        let mut in_order = Vec::new();
        for block in snapshot.blocks_from(from) {
            if block.ordinals().start >= next {
                break;
            }
            block.each_arrival(from..next, |identity, at| {
                first.entry(identity).or_insert_with(|| {
                    in_order.push(identity);
                    at
                });
            })?;
        }
        let identities = in_order.into_iter().filter_map(|number| {
            let at = first.get(&number)?;
            Some((snapshot.identity(number)?, *at))
        });
        Ok(Arrivals {
            identities: identities.collect(),
            next,
        })
    }
}
