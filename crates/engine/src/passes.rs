//! One pass over new rows for all meters of an organization that are at about the same place.

use std::sync::Arc;

use domain::{KeyedHash, MeterId};
use query::{CATCH_UP_ROWS, Matcher, Matches};
use store::{Snapshot, StoreError, TableSet};

use crate::limits::UPKEEP_PIECES_MAX;
use crate::meters::{LiveMeter, pieces};
use crate::tables::Part;

/// The meters of one organization, by ascending id.
#[derive(Debug)]
pub(crate) struct Group {
    meters: Vec<(MeterId, Arc<LiveMeter>)>,
    matcher: Matcher,
}

/// What came of a turn.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    /// How many pieces were folded.
    pub(crate) pieces: usize,
    /// Whether there is more to fold.
    pub(crate) is_behind: bool,
}

/// Meters that are folded together, by their places.
#[derive(Debug)]
struct Cluster {
    /// Where the one that is least far is.
    from: u32,
    places: Vec<usize>,
}

impl Group {
    pub(crate) fn new(meters: Vec<(MeterId, Arc<LiveMeter>)>, hash: KeyedHash) -> Self {
        let definitions = meters.iter();
        let definitions = definitions.map(|(id, meter)| (*id, Arc::clone(&meter.definition)));
        let matcher = Matcher::new(definitions.collect(), hash);
        Self { meters, matcher }
    }

    /// By ascending id.
    pub(crate) fn meters(&self) -> impl Iterator<Item = &LiveMeter> {
        self.meters.iter().map(|(_, meter)| &**meter)
    }

    /// Tells what became of what was taken of meters, see [`LiveMeter::settle_unsaved`]; all others that what was kept is in these tables.
    pub(crate) fn settle(&self, parts: &[Part], tables: Option<&TableSet>) {
        for (id, meter) in &self.meters {
            let part = parts.binary_search_by_key(id, |part| part.owner.meter);
            match (part.ok().and_then(|at| parts.get(at)), tables) {
                (Some(part), tables) => meter.settle_unsaved(part, tables),
                (None, Some(tables)) => meter.moved(tables),
                (None, None) => {}
            }
        }
    }

    /// How many entries of histories are in memory alone.
    pub(crate) fn unsaved(&self) -> usize {
        self.meters().map(LiveMeter::unsaved).sum()
    }

    /// Folds the next rows of a snapshot: a piece for each cluster of meters, a bounded number of pieces. Another cluster begins in
    /// each `round`: the turn may end before the last.
    pub(crate) fn catch_up(
        &self,
        snapshot: &Snapshot,
        round: usize,
        matches: &mut Matches,
        is_closed: impl Fn() -> bool,
    ) -> Pass {
        let mut pass = Pass::default();
        let clusters = self.clusters(snapshot, &mut pass);
        let first = round.wrapping_mul(UPKEEP_PIECES_MAX) % clusters.len().max(1);
        for cluster in clusters.iter().cycle().skip(first).take(clusters.len()) {
            if is_closed() {
                break;
            }
            if pass.pieces == UPKEEP_PIECES_MAX {
                pass.is_behind = true;
                break;
            }
            // Whoever asks meets the same error, and is told.
            if let Ok(is_current) = self.fold(snapshot, cluster, matches) {
                pass.pieces += 1;
                pass.is_behind |= !is_current;
            }
        }
        pass
    }

    /// The meters that have rows to fold.
    fn clusters(&self, snapshot: &Snapshot, pass: &mut Pass) -> Vec<Cluster> {
        let mut behind = Vec::new();
        for (place, (_, meter)) in self.meters.iter().enumerate() {
            match meter.try_rows() {
                _ if meter.is_replaced() => {}
                Some(rows) if rows >= snapshot.rows() => {}
                Some(rows) => behind.push((rows, place)),
                None => pass.is_behind = true,
            }
        }
        behind.sort_unstable();
        let mut clusters: Vec<Cluster> = Vec::new();
        for (rows, place) in behind {
            match clusters.last_mut() {
                Some(last) if rows - last.from < CATCH_UP_ROWS => last.places.push(place),
                _ => clusters.push(Cluster {
                    from: rows,
                    places: vec![place],
                }),
            }
        }
        clusters
    }

    /// Folds a piece for the meters of a cluster. Returns whether all of the snapshot is in.
    fn fold(
        &self,
        snapshot: &Snapshot,
        cluster: &Cluster,
        matches: &mut Matches,
    ) -> Result<bool, StoreError> {
        let mut places = cluster.places.clone();
        let until = snapshot
            .rows()
            .min(cluster.from.saturating_add(CATCH_UP_ROWS));
        for (from, until) in pieces(cluster.from, until) {
            self.matcher.find(snapshot, from..until, &places, matches)?;
            let mut failed = None;
            // Whoever does not get its rows now has to begin here again.
            places.retain(|place| {
                let (_, meter) = &self.meters[*place];
                match meter.try_add(snapshot, matches, *place) {
                    Ok(is_added) => is_added,
                    Err(error) => {
                        failed = Some(error);
                        false
                    }
                }
            });
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(until == snapshot.rows() && places.len() == cluster.places.len())
    }
}
