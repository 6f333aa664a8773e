//! Joined blocks equal unjoined ones.

use domain::Timestamp;
use proptest::prelude::*;

use super::super::block::Columns;
use super::*;

/// A block of rows whose content follows from their ordinal.
fn block(ordinal_first: u32, rows: u32, row_bytes: usize) -> Arc<Block> {
    let mut bytes = Vec::new();
    let mut columns = Columns::default();
    let mut previous = Vec::new();
    for ordinal in ordinal_first..ordinal_first + rows {
        let sequence = u64::from(ordinal) * 3 + 1;
        bytes.resize(
            bytes.len() + row_bytes,
            u8::try_from(ordinal % 251).expect("small"),
        );
        columns
            .ends
            .push(u32::try_from(bytes.len()).expect("small"));
        columns.sequences.push(sequence);
        columns.received_at.push(micros(i64::from(ordinal) / 7));
        columns.timestamps.push(micros(-i64::from(ordinal)));
        columns.identities.push(ordinal % 5);
        previous.push(ordinal.checked_sub(5).unwrap_or(u32::MAX));
    }
    Arc::new(Block::new(ordinal_first, bytes, columns, previous))
}

fn micros(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).expect("in range")
}

/// Pushes blocks of these sizes, tidied or not.
fn view(sizes: &[u32], row_bytes: usize, tidied: bool) -> View {
    let mut view = View::default();
    for rows in sizes {
        view.push(block(view.rows(), *rows, row_bytes));
        if tidied {
            view.tidy();
        }
    }
    view
}

fn rows(view: &View) -> Vec<RowRef<'_>> {
    view.blocks_from(0)
        .flat_map(|block| (0..block.len()).map(|row| block.row(row)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn joined_blocks_equal_unjoined_ones(
        sizes in prop::collection::vec(prop_oneof![8 => 1_u32..4, 2 => 1_u32..300], 1..200),
        row_bytes in 0_usize..20,
    ) {
        let (joined, plain) = (view(&sizes, row_bytes, true), view(&sizes, row_bytes, false));
        prop_assert_eq!(rows(&joined), rows(&plain));
        for ordinal in 0..plain.rows() {
            prop_assert_eq!(joined.row(ordinal), plain.row(ordinal));
            prop_assert_eq!(joined.row(ordinal).map(|row| row.ordinal), Some(ordinal));
            let (block, index) = joined.find(ordinal).expect("it is there");
            let (plain_block, plain_index) = plain.find(ordinal).expect("it is there");
            prop_assert_eq!(block.previous(index), plain_block.previous(plain_index));
        }
        prop_assert_eq!(joined.row(plain.rows()), None);
    }

    #[test]
    fn a_partition_point_is_found_in_any_cutting(
        sizes in prop::collection::vec(1_u32..50, 0..60), tidied: bool, at in 0_u64..9_000,
    ) {
        let view = view(&sizes, 1, tidied);
        let expected = rows(&view).iter().filter(|row| row.sequence < at).count();
        let found = view.partition_point(|block, row| block.row(row).sequence < at);
        prop_assert_eq!(found as usize, expected);
    }
}

/// The blocks that are put away, and how many others there are.
fn parts(view: &View) -> (Vec<&Arc<Block>>, usize) {
    (
        view.chunks.iter().flat_map(|chunk| chunk.iter()).collect(),
        view.recent.len(),
    )
}

#[test]
fn single_rows_make_few_blocks() {
    let view = view(&vec![1; 100_000], 3, true);
    let (put_away, recent) = parts(&view);
    assert!(
        recent < BLOCKS_PER_CHUNK + 3 * BLOCKS_JOINED,
        "{recent} recent blocks"
    );
    assert!(!put_away.is_empty());
    let settled = BLOCK_WEIGHT_SETTLED..2 * BLOCK_WEIGHT_SETTLED;
    assert!(
        put_away
            .iter()
            .all(|block| settled.contains(&block.weight()))
    );
}

#[test]
fn small_groups_among_large_ones_are_joined_too() {
    let sizes: Vec<u32> = (0..9_000)
        .map(|group| if group % 3 == 0 { 90 } else { 1 })
        .collect();
    let view = view(&sizes, 3, true);
    let (put_away, recent) = parts(&view);
    assert!(
        recent < BLOCKS_PER_CHUNK + 3 * BLOCKS_JOINED,
        "{recent} recent blocks"
    );
    assert!(
        put_away
            .iter()
            .all(|block| block.weight() >= BLOCK_WEIGHT_SETTLED)
    );
}

#[test]
fn a_block_with_long_rows_is_settled_by_its_bytes() {
    let view = view(&[3; 1_000], 20_000, true);
    let (put_away, _) = parts(&view);
    assert!(!put_away.is_empty());
    let bytes_max = 2 * BLOCK_WEIGHT_SETTLED * crate::limits::BLOCK_BYTES_PER_WEIGHT;
    assert!(put_away.iter().all(|block| block.bytes().len() < bytes_max));
}

#[test]
fn a_large_group_is_not_copied() {
    let mut view = view(&[1, 1, 1], 1, true);
    let large = block(3, 5_000, 1);
    view.push(Arc::clone(&large));
    assert!(view.tidy());
    assert_eq!((view.settled, view.recent.len()), (2, 2));
    assert!(
        view.recent
            .last()
            .is_some_and(|last| Arc::ptr_eq(last, &large))
    );
    assert!(!view.tidy());
}
