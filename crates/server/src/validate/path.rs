//! Where a value stands in a request. A chain on the stack: nothing is allocated until a fault is reported.

/// A step from a container to one of its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    /// A key, a parameter, or the name of a member of a union.
    Name(&'a str),
    /// A position in a list.
    Index(usize),
}

/// The steps from the request (`body`, `query` or `path`) to a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    /// `None` where a document of its own begins.
    segment: Option<Segment<'a>>,
}

impl<'a> Path<'a> {
    /// A document that stands in a parameter as text: places in it begin with its own keys.
    pub(crate) const DOCUMENT: Path<'static> = Path {
        parent: None,
        segment: None,
    };
    /// The body.
    pub(crate) const BODY: Path<'static> = Path::root("body");
    /// The query.
    pub(crate) const QUERY: Path<'static> = Path::root("query");
    /// The path of the URL.
    pub(crate) const URL: Path<'static> = Path::root("path");

    const fn root(name: &'static str) -> Path<'static> {
        Path {
            parent: None,
            segment: Some(Segment::Name(name)),
        }
    }

    /// One step further, to a key.
    pub(crate) const fn name(&'a self, name: &'a str) -> Self {
        Self {
            parent: Some(self),
            segment: Some(Segment::Name(name)),
        }
    }

    /// One step further, to a position.
    pub(crate) const fn index(&'a self, index: usize) -> Self {
        Self {
            parent: Some(self),
            segment: Some(Segment::Index(index)),
        }
    }

    /// The steps, first to last.
    pub(crate) fn segments(&self) -> Vec<Segment<'_>> {
        let mut segments = Vec::new();
        let mut next = Some(self);
        while let Some(path) = next {
            segments.extend(path.segment);
            next = path.parent;
        }
        segments.reverse();
        segments
    }
}
