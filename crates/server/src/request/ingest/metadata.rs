//! Metadata of events: any keys, and two of them structured (SEMANTICS 9.8, 9.9, 19.7).

use domain::{MetadataBuilder, Number, Spelling};

use crate::json::{Object, Value};
use crate::validate::{
    Checked, Faults, Length, Model, Node, Rule, decimal_from_text, integer, nested_text,
    refuse_nul, scalar,
};

/// The cost of what happened.
pub(super) const COST: &str = "_cost";
/// The use of a language model.
pub(super) const LLM: &str = "_llm";

/// Digits of an amount, all and behind the point.
const AMOUNT_DIGITS_MAX: u32 = 17;
const AMOUNT_PLACES_MAX: u32 = 12;

/// Packs the metadata of an event, keys in the order in which they came.
pub(super) fn event_metadata(node: Node<'_, '_>, faults: &mut Faults) -> Checked<MetadataBuilder> {
    let object = node.dictionary(faults)?;
    let mut builder = MetadataBuilder::new();
    let mut checked = Ok(());
    // The structured keys report first.
    for (key, structured) in [(COST, cost as Structured), (LLM, llm)] {
        if let Some(value) = object.get(key) {
            let at = node.at.name(key);
            checked = structured(Node::new(value, &at), faults)
                .map(|_| ())
                .and(checked);
        }
    }
    for (key, value) in object.iter() {
        let at = node.at.name(key);
        let node = Node::new(value, &at);
        let packed = match key {
            COST => nested(cost, node, key, &mut builder),
            LLM => nested(llm, node, key, &mut builder),
            _ => scalar(node, key, &mut builder, faults),
        };
        checked = packed.and(checked);
        if checked.is_err() && !faults.wants_more() {
            break;
        }
    }
    checked?;
    refuse_nul(node, faults)?;
    Ok(builder)
}

type Structured = for<'p, 'v> fn(Node<'p, 'v>, &mut Faults) -> Checked<MetadataBuilder>;

/// Packs a structured value whose faults have been reported.
fn nested(
    structured: Structured,
    node: Node<'_, '_>,
    key: &str,
    builder: &mut MetadataBuilder,
) -> Checked<()> {
    let packed = structured(node, &mut Faults::none_wanted())?;
    builder.object(key, packed.as_ref());
    Ok(())
}

fn fields<'p, 'v>(node: Node<'p, 'v>, faults: &mut Faults) -> Checked<Model<'p, 'v>> {
    let object: &'v Object<'v> = node.dictionary(faults)?;
    Ok(Model::of(object, node))
}

fn cost(node: Node<'_, '_>, faults: &mut Faults) -> Checked<MetadataBuilder> {
    let model = fields(node, faults)?;
    let amount = model.required("amount", faults, amount);
    let currency = model.required("currency", faults, currency);
    let mut packed = MetadataBuilder::new();
    packed.number("amount", &amount?, Spelling::Decimal);
    packed.text("currency", currency?);
    Ok(packed)
}

/// A number, or text that reads as one, of few enough digits.
fn amount(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Number> {
    read_amount(node.value).map_err(|rule| node.refuse(rule, faults))
}

fn read_amount(value: &Value<'_>) -> Result<Number, Rule<'static>> {
    let literal = match value {
        Value::Number("NaN" | "Infinity" | "-Infinity") => return Err(Rule::NotFinite),
        Value::Number(literal) => Number::parse(literal),
        Value::String(text) => match decimal_from_text(text) {
            Some(literal) => Number::parse(literal.as_str()),
            None if is_infinite_or_none(text) => return Err(Rule::NotFinite),
            None => return Err(Rule::DecimalText),
        },
        _ => return Err(Rule::NotADecimal),
    };
    let number = literal
        .map_err(|_| Rule::DecimalDigits(AMOUNT_DIGITS_MAX))?
        .value;
    check_digits(&number)?;
    Ok(number)
}

fn is_infinite_or_none(text: &str) -> bool {
    let word = text.trim().trim_start_matches(['+', '-']);
    ["inf", "infinity", "nan", "snan"]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(word))
}

/// Digits are counted in the number without needless zeros; zeros right after the point count.
fn check_digits(number: &Number) -> Result<(), Rule<'static>> {
    let plain = number.to_string();
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let whole = whole.trim_start_matches(['-', '0']).len();
    let places = fraction.trim_end_matches('0').len();
    let limit = |digits: u32| digits as usize;
    if whole + places > limit(AMOUNT_DIGITS_MAX) {
        Err(Rule::DecimalDigits(AMOUNT_DIGITS_MAX))
    } else if places > limit(AMOUNT_PLACES_MAX) {
        Err(Rule::DecimalPlaces(AMOUNT_PLACES_MAX))
    } else if whole > limit(AMOUNT_DIGITS_MAX - AMOUNT_PLACES_MAX) {
        Err(Rule::DecimalWholeDigits(
            AMOUNT_DIGITS_MAX - AMOUNT_PLACES_MAX,
        ))
    } else {
        Ok(())
    }
}

/// Text that holds `usd`, in lower case; what else it holds does not matter.
fn currency<'v>(node: Node<'_, 'v>, faults: &mut Faults) -> Checked<&'v str> {
    let text = any_text(node, faults)?;
    if text.contains("usd") {
        Ok(text)
    } else {
        Err(node.refuse(Rule::Pattern("usd"), faults))
    }
}

fn llm(node: Node<'_, '_>, faults: &mut Faults) -> Checked<MetadataBuilder> {
    let model = fields(node, faults)?;
    let vendor = model.required("vendor", faults, any_text);
    let name = model.required("model", faults, any_text);
    let prompt = model.nullable("prompt", faults, any_text);
    let response = model.nullable("response", faults, any_text);
    let input = model.required("input_tokens", faults, integer);
    let cached = model.optional("cached_input_tokens", faults, integer);
    let output = model.required("output_tokens", faults, integer);
    let total = model.required("total_tokens", faults, integer);
    let mut packed = MetadataBuilder::new();
    packed.text("vendor", vendor?);
    packed.text("model", name?);
    for (key, value) in [("prompt", prompt?), ("response", response?)] {
        match value {
            Some(value) => packed.text(key, value),
            None => packed.null(key),
        }
    }
    packed.number("input_tokens", &input?, Spelling::Integer);
    if let Some(cached) = cached? {
        packed.number("cached_input_tokens", &cached, Spelling::Integer);
    }
    packed.number("output_tokens", &output?, Spelling::Integer);
    packed.number("total_tokens", &total?, Spelling::Integer);
    Ok(packed)
}

fn any_text<'v>(node: Node<'_, 'v>, faults: &mut Faults) -> Checked<&'v str> {
    nested_text(node, Length::ANY, faults)
}
