//! Identifiers: UUIDs, of version 4 nearly everywhere, in any of the usual spellings (SEMANTICS 4.6, 19.13).

use uuid::{Uuid, Variant};

use super::{Checked, Faults, Node, Rule};
use crate::json::Value;
#[cfg(test)]
use crate::openapi::asked::{self, Wanted};

/// A UUID of any version, in the spellings of [`uuid4`].
pub(crate) fn uuid(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Uuid> {
    #[cfg(test)]
    asked::tell(node.at, || Wanted::Kind("uuid"));
    any_version(node, faults)
}

/// A version 4 UUID: with or without hyphens, in braces, as a URN, in either case.
pub(crate) fn uuid4(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Uuid> {
    #[cfg(test)]
    asked::tell(node.at, || Wanted::Kind("uuid4"));
    let uuid = any_version(node, faults)?;
    if is_version_4(uuid) {
        Ok(uuid)
    } else {
        Err(node.refuse(Rule::IdentifierVersion, faults))
    }
}

/// Version and variant as [`uuid4`] asks for.
pub(crate) fn is_version_4(uuid: Uuid) -> bool {
    uuid.get_version_num() == 4 && uuid.get_variant() == Variant::RFC4122
}

fn any_version(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Uuid> {
    let Value::String(text) = node.value else {
        return Err(node.refuse(Rule::NotAnIdentifier, faults));
    };
    Uuid::parse_str(text).map_err(|why| node.refuse(Rule::Identifier(&why.to_string()), faults))
}
