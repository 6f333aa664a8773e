//! Lists.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ListResource_{T}_")]
pub struct ListResource<T> {
    /// The items of the page.
    pub items: Vec<T>,
    /// How many there are.
    pub pagination: Pagination,
}

/// How long a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pagination {
    /// Items on all pages.
    pub total_count: u64,
    /// The number of the last page; 0 when there are no items.
    pub max_page: u64,
}

impl Pagination {
    /// Of `total_count` items at `limit` a page.
    pub fn new(total_count: u64, limit: u32) -> Self {
        Self {
            total_count,
            max_page: total_count.div_ceil(u64::from(limit.max(1))),
        }
    }
}

/// One page of a list whose length nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ListResourceWithCursorPagination_{T}_")]
pub struct CursorListResource<T> {
    /// The items of the page.
    pub items: Vec<T>,
    /// What follows.
    pub pagination: CursorPagination,
}

/// Whether a list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CursorPagination {
    /// Whether there are items behind those of the page.
    pub has_next_page: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_may_be_short_and_nothing_has_no_page() {
        let max_page = |total, limit| Pagination::new(total, limit).max_page;
        assert_eq!(max_page(0, 10), 0);
        assert_eq!(max_page(1, 10), 1);
        assert_eq!(max_page(10, 10), 1);
        assert_eq!(max_page(11, 10), 2);
        assert_eq!(max_page(101, 100), 2);
    }
}
