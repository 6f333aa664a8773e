//! What the code that reads requests asks for. Tests listen to it, to hold it against the document.

use std::cell::RefCell;

use crate::validate::{Path, Segment};

/// What is wanted at a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wanted {
    /// Anything: a key or a parameter is looked for.
    Something,
    /// A text of this many characters, at least and at most.
    Text(usize, usize),
    /// One of these names.
    Names(Vec<String>),
    /// A whole number within these bounds.
    Within(i64, i64),
    /// A whole number, a boolean, an identifier, a time.
    Kind(&'static str),
}

impl Wanted {
    /// One of these.
    pub(crate) fn names(names: impl Iterator<Item = &'static str>) -> Self {
        Wanted::Names(names.map(str::to_owned).collect())
    }
}

/// Something that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    /// Where: `body`, `query` or `path`, then names; `[]` for a position.
    pub(crate) place: Vec<String>,
    /// What.
    pub(crate) wanted: Wanted,
}

thread_local! {
    static HEARD: RefCell<Option<Vec<Asked>>> = const { RefCell::new(None) };
}

/// Tells whoever listens on this thread.
pub(crate) fn tell(at: &Path<'_>, wanted: impl FnOnce() -> Wanted) {
    HEARD.with_borrow_mut(|heard| {
        if let Some(heard) = heard {
            let place = at.segments().into_iter().map(|segment| match segment {
                Segment::Name(name) => name.to_owned(),
                Segment::Index(_) => "[]".to_owned(),
            });
            heard.push(Asked {
                place: place.collect(),
                wanted: wanted(),
            });
        }
    });
}

/// What is asked for while something is done on this thread.
pub(crate) async fn during<T>(work: impl Future<Output = T>) -> (T, Vec<Asked>) {
    HEARD.set(Some(Vec::new()));
    let done = work.await;
    (done, HEARD.take().unwrap_or_default())
}
