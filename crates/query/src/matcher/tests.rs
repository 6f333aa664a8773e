//! What is found by column is what the rules say of each event.

use std::sync::Arc;

use domain::{Definition, KeyedHash, SystemEvent};
use proptest::prelude::*;
use store::Snapshot;

use super::{Match, Matcher, Matches};
use crate::scan::tests::{aggregation, filter, meter, sample, stored};

/// What each row is to a meter, row by row.
fn naive(snapshot: &Snapshot, place: u8, definition: &Definition) -> Vec<Match> {
    let mut matches = Vec::new();
    for handle in snapshot.blocks_from(0) {
        let block = handle.load().expect("as it was written");
        for row in (0..block.len()).map(|index| block.row(index)) {
            let event = row.event();
            let own = SystemEvent::of(&event).filter(|said| said.meter() == Some(meter(place)));
            let contribution = definition.contribution(&event);
            if contribution.is_some() || own.is_some() {
                matches.push(Match::new(row, event.source, contribution, own));
            }
        }
    }
    matches
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn matches_by_column_are_those_of_each_event(
        samples in prop::collection::vec(sample(), 1..80), others in prop::collection::vec(sample(), 0..20), in_memory in 0_usize..10,
        definitions in prop::collection::vec((filter(), aggregation()), 4), piece in 1_usize..50, wanted in prop::collection::btree_set(0_usize..4, 1..4),
    ) {
        let snapshot = stored(&samples, &others, in_memory);
        let definitions: Vec<Definition> =
            definitions.into_iter().map(|(filter, aggregation)| Definition { filter, aggregation }).collect();
        let meters = (0..).zip(&definitions).map(|(number, definition)| (meter(number), Arc::new(definition.clone())));
        let matcher = Matcher::new(meters.collect(), KeyedHash::new([5; 16]));
        let wanted: Vec<usize> = wanted.into_iter().collect();
        let mut found = Matches::default();
        let mut all: Vec<Vec<Match>> = vec![Vec::new(); definitions.len()];
        for from in (0..snapshot.rows()).step_by(piece) {
            let until = snapshot.rows().min(from + u32::try_from(piece).expect("few"));
            matcher.find(&snapshot, from..until, &wanted, &mut found).expect("as it was written");
            for (place, all) in all.iter_mut().enumerate() {
                all.append(found.of(place));
            }
        }
        for (place, (definition, found)) in (0_u8..).zip(definitions.iter().zip(&all)) {
            let expected = if wanted.contains(&usize::from(place)) {
                naive(&snapshot, place, definition)
            } else {
                Vec::new()
            };
            prop_assert_eq!(found, &expected);
        }
    }
}
