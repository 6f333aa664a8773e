//! From the columns of a row group to postings.

use domain::Source;

use super::super::postings::ToPost;
use super::super::schema::Fixed;
use super::Piece;
use super::gather::Columns;
use super::words::Words;

/// Takes in the rows of a piece, of which the first is `row_first` in the columns. `None` when they are not there, which they always are.
pub(super) fn post(
    piece: &Piece<'_>,
    columns: &Columns,
    row_first: usize,
    to_post: &mut ToPost,
) -> Option<()> {
    let (names, name_places) = columns.words(Fixed::Name)?;
    let (sources, source_places) = columns.words(Fixed::Source)?;
    // Few different ones that many rows have, mostly.
    let mut numbers = vec![[None; 2]; names.len()];
    let mut at = row_first;
    let mut ordinal = piece.ordinal_first();
    for (block, rows) in &piece.rows {
        let identities = block.identities().get(rows.clone())?;
        let timestamps = block.timestamps().get(rows.clone())?;
        for (identity, timestamp) in identities.iter().zip(timestamps) {
            let name = *name_places.get(at)?;
            let source = source_of(sources, *source_places.get(at)?)?;
            let known = numbers
                .get_mut(name as usize)?
                .get_mut(usize::from(source == Source::System))?;
            let number = if let Some(number) = *known {
                number
            } else {
                let text = std::str::from_utf8(names.get(name)?).ok()?;
                *known.insert(to_post.number_of(source, text))
            };
            to_post.add(ordinal, *identity, number, *timestamp);
            at += 1;
            ordinal += 1;
        }
    }
    Some(())
}

fn source_of(sources: &Words, place: u32) -> Option<Source> {
    let text = sources.get(place)?;
    [Source::User, Source::System]
        .into_iter()
        .find(|source| source.as_str().as_bytes() == text)
}
