//! Pages of lists.

use domain::Number;
use service::Page;

use super::Query;
#[cfg(test)]
use crate::openapi::asked::{self, Wanted};
use crate::validate::{Checked, Faults, Node, Rule, integer};

/// Items on a page. More than that are asked for in vain (SEMANTICS 4.1).
const LIMIT_MAX: u32 = 100;

/// `page` from 1, `limit` from 1; a greater limit than 100 is read as 100.
pub(super) fn read_page(query: &Query<'_>, faults: &mut Faults) -> Checked<Page> {
    let page = query.optional("page", faults, positive);
    let limit = query.optional("limit", faults, positive);
    Ok(Page {
        page: page?.unwrap_or(1),
        limit: limit?.unwrap_or(10).min(LIMIT_MAX),
    })
}

/// A number above 0. What no page or limit reaches is as good as the greatest.
fn positive(node: Node<'_, '_>, faults: &mut Faults) -> Checked<u32> {
    #[cfg(test)]
    asked::tell(node.at, || Wanted::Within(1, i64::MAX));
    let number = integer(node, faults)?;
    if number <= Number::ZERO {
        return Err(node.refuse(Rule::GreaterThan(0), faults));
    }
    Ok(number
        .to_i64()
        .and_then(|number| u32::try_from(number).ok())
        .unwrap_or(u32::MAX))
}
