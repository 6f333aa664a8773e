//! Metadata: keys and values of an organization's own.

use domain::{Metadata, MetadataBuilder, Number, Spelling};

use super::literal::{decimal_from_text, integer_from_text};
use super::{Checked, Faults, Length, Node, Refused, Rule, boolean, refuse_nul};
use crate::json::Value;

/// Keys of the metadata of a meter or a customer (SEMANTICS 4.12). Events have no bound.
const KEYS_MAX: usize = 50;
const KEY_LENGTH: Length = Length::between(1, 40);
const TEXT_LENGTH: Length = Length::between(1, 500);

/// The metadata of a meter or a customer: few keys, nothing nested.
pub(crate) fn metadata(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Metadata> {
    let object = node.dictionary(faults)?;
    let mut builder = MetadataBuilder::new();
    let mut checked = Ok(());
    for (key, value) in object.iter() {
        let at = node.at.name(key);
        if let Some(rule) = KEY_LENGTH.broken(key) {
            let key = Value::String(key.into());
            checked = Err(faults.report(&at.name("[key]"), rule, &key));
        }
        checked = scalar(Node::new(value, &at), key, &mut builder, faults).and(checked);
        if checked.is_err() && !faults.wants_more() {
            break;
        }
    }
    checked?;
    if object.len() > KEYS_MAX {
        return Err(node.refuse(Rule::TooManyKeys(KEYS_MAX, object.len()), faults));
    }
    refuse_nul(node, faults)?;
    Ok(builder.finish())
}

/// Packs a value that is a text of 1 to 500 characters, a number or a boolean. A text that is longer but reads as a number
/// counts as that number, as in the reference.
pub(crate) fn scalar(
    node: Node<'_, '_>,
    key: &str,
    builder: &mut MetadataBuilder,
    faults: &mut Faults,
) -> Checked<()> {
    match node.value {
        Value::Bool(value) => builder.bool(key, *value),
        Value::String(text) => match TEXT_LENGTH.broken(text) {
            None => builder.text(key, text),
            Some(length) => match number_in_text(text) {
                Some((number, spelling)) => builder.number(key, &number, spelling),
                None => return Err(refuse_text(node, length, faults)),
            },
        },
        Value::Number(literal) => match Number::parse(literal) {
            Ok(read) => builder.number(key, &read.value, read.spelling),
            Err(_) => return Err(refuse_number(node, faults)),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => return Err(refuse_kind(node, faults)),
    }
    Ok(())
}

fn number_in_text(text: &str) -> Option<(Number, Spelling)> {
    let (literal, spelling) = match integer_from_text(text) {
        Some(literal) => (literal, Spelling::Integer),
        None => (decimal_from_text(text)?, Spelling::Decimal),
    };
    Number::parse(literal.as_str())
        .ok()
        .map(|read| (read.value, spelling))
}

/// The names of the members of the union, as the reference reports them.
const TEXT: &str = "constrained-str";
const INTEGER: &str = "int";
const FLOAT: &str = "float";
const BOOLEAN: &str = "bool";

fn refuse_text(node: Node<'_, '_>, length: Rule<'static>, faults: &mut Faults) -> Refused {
    faults.report(&node.at.name(TEXT), length, node.value);
    faults.report(&node.at.name(INTEGER), Rule::IntegerText, node.value);
    faults.report(&node.at.name(FLOAT), Rule::FloatText, node.value);
    faults.report(&node.at.name(BOOLEAN), Rule::BooleanText, node.value)
}

/// A number that is infinite, none, or longer or larger than what is stored.
fn refuse_number(node: Node<'_, '_>, faults: &mut Faults) -> Refused {
    faults.report(&node.at.name(TEXT), Rule::NotText, node.value);
    faults.report(&node.at.name(INTEGER), Rule::NotFinite, node.value);
    faults.report(&node.at.name(FLOAT), Rule::NotFinite, node.value);
    // A boolean is never read from such a number.
    let at = node.at.name(BOOLEAN);
    boolean(node.at(&at), faults).err().unwrap_or(Refused)
}

fn refuse_kind(node: Node<'_, '_>, faults: &mut Faults) -> Refused {
    faults.report(&node.at.name(TEXT), Rule::NotText, node.value);
    faults.report(&node.at.name(INTEGER), Rule::NotAnInteger, node.value);
    faults.report(&node.at.name(FLOAT), Rule::NotAFloat, node.value);
    faults.report(&node.at.name(BOOLEAN), Rule::NotABoolean, node.value)
}
