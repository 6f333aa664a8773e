//! One of a fixed set of names, in their exact case.

use super::{Checked, Faults, Node, Rule};
use crate::json::Value;
#[cfg(test)]
use crate::openapi::asked::{self, Wanted};

/// One of these values, by its name; the names are listed in the fault.
pub(crate) fn one_of<T: Copy>(
    node: Node<'_, '_>,
    values: &[T],
    name: impl Fn(T) -> &'static str,
    faults: &mut Faults,
) -> Checked<T> {
    #[cfg(test)]
    asked::tell(node.at, || {
        Wanted::names(values.iter().map(|value| name(*value)))
    });
    let found = match node.value {
        Value::String(text) => values.iter().find(|value| name(**value) == *text),
        _ => None,
    };
    found.copied().ok_or_else(|| {
        let names: Vec<&'static str> = values.iter().map(|value| name(*value)).collect();
        node.refuse(Rule::Choice(&names), faults)
    })
}

/// What `from_name` finds under the text; `names` are listed in the fault.
pub(crate) fn choice<T>(
    node: Node<'_, '_>,
    names: &[&'static str],
    from_name: impl FnOnce(&str) -> Option<T>,
    faults: &mut Faults,
) -> Checked<T> {
    #[cfg(test)]
    asked::tell(node.at, || Wanted::names(names.iter().copied()));
    let found = match node.value {
        Value::String(text) => from_name(text),
        _ => None,
    };
    found.ok_or_else(|| node.refuse(Rule::Choice(names), faults))
}
