//! Filters and aggregations of meters (SEMANTICS 6.1 to 6.5, 7.1).

use domain::filter::FILTER_DEPTH_MAX;
use domain::{
    Aggregation, Clause, Comparison, Conjunction, Filter, Function, Operand, Operator, Property,
};

use crate::json::Value;
use crate::validate::{
    Bounds, Checked, Faults, Length, Model, Node, Refused, Rule, boolean, integer_within, list,
    nested_text, one_of, refuse_nul,
};

/// How many clauses a filter may have, those of the filters in it and these filters themselves counted. Each costs a look at
/// each event.
const FILTER_CLAUSES_MAX: usize = 1_000;

const CONJUNCTIONS: [Conjunction; 2] = [Conjunction::And, Conjunction::Or];

const OPERATORS: [Operator; 8] = [
    Operator::Eq,
    Operator::Ne,
    Operator::Gt,
    Operator::Gte,
    Operator::Lt,
    Operator::Lte,
    Operator::Like,
    Operator::NotLike,
];

/// All functions, in the order in which faults list them.
pub(super) const FUNCTIONS: [Function; 6] = [
    Function::Count,
    Function::Sum,
    Function::Max,
    Function::Min,
    Function::Avg,
    Function::Unique,
];

/// The key that tells aggregations apart, as faults name it.
const FUNCTION_KEY: &str = "'func'";

/// Characters of a text that a property is compared with.
const OPERAND_LENGTH: Length = Length::at_most(1_000);
const OPERAND_BOUNDS: Bounds = Bounds::between(i32::MIN as i64, i32::MAX as i64);

/// How many fields a comparison has: where an object is both a comparison and a filter, the reading with more fields counts.
const COMPARISON_FIELDS: usize = 3;

/// A filter.
pub(super) fn filter(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Filter> {
    let (filter, _) = filter_at(node, 1, faults)?;
    let count = clause_count(&filter);
    if count > FILTER_CLAUSES_MAX {
        return Err(node.refuse(Rule::TooManyClauses(FILTER_CLAUSES_MAX, count), faults));
    }
    refuse_nul(node, faults)?;
    Ok(filter)
}

fn clause_count(filter: &Filter) -> usize {
    let inner = filter.clauses.iter().map(|clause| match clause {
        Clause::Comparison(_) => 0,
        Clause::Filter(filter) => clause_count(filter),
    });
    filter.clauses.len() + inner.sum::<usize>()
}

/// A filter and how many fields it has, those of its clauses included. `depth` counts from 1.
fn filter_at(node: Node<'_, '_>, depth: usize, faults: &mut Faults) -> Checked<(Filter, usize)> {
    let model = node.model(faults)?;
    if depth > FILTER_DEPTH_MAX {
        return Err(node.refuse(
            Rule::Value("Filters may stand inside each other 100 deep"),
            faults,
        ));
    }
    let conjunction = model.required("conjunction", faults, |node, faults| {
        one_of(node, &CONJUNCTIONS, Conjunction::as_str, faults)
    });
    let clauses = model.required("clauses", faults, |node, faults| {
        list(node, faults, |node, faults| clause(node, depth, faults))
    });
    let (conjunction, clauses) = (conjunction?, clauses?);
    let fields = 2 + clauses.iter().map(|(_, fields)| fields).sum::<usize>();
    let clauses = clauses.into_iter().map(|(clause, _)| clause).collect();
    Ok((
        Filter {
            conjunction,
            clauses,
        },
        fields,
    ))
}

/// A comparison or again a filter. When it is neither, the faults of both readings are reported.
fn clause(node: Node<'_, '_>, depth: usize, faults: &mut Faults) -> Checked<(Clause, usize)> {
    if let Ok(comparison) = comparison(node, &mut Faults::none_wanted()) {
        if let Ok((filter, fields)) = filter_at(node, depth + 1, &mut Faults::none_wanted())
            && fields > COMPARISON_FIELDS
        {
            return Ok((Clause::Filter(filter), fields));
        }
        return Ok((Clause::Comparison(comparison), COMPARISON_FIELDS));
    }
    let first = faults.len();
    let at = node.at.name("Filter");
    if let Ok((filter, fields)) = filter_at(node.at(&at), depth + 1, faults) {
        return Ok((Clause::Filter(filter), fields));
    }
    let middle = faults.len();
    let at = node.at.name("FilterClause");
    let refused = comparison(node.at(&at), faults).err().unwrap_or(Refused);
    faults.swap_tail(first, middle);
    Err(refused)
}

fn comparison(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Comparison> {
    let model = node.model(faults)?;
    let property = property(model, faults);
    let operator = model.required("operator", faults, |node, faults| {
        one_of(node, &OPERATORS, Operator::as_str, faults)
    });
    let operand = model.required("value", faults, operand);
    Ok(Comparison {
        property: property?,
        operator: operator?,
        operand: operand?,
    })
}

fn property(model: Model<'_, '_>, faults: &mut Faults) -> Checked<Property> {
    model.required("property", faults, |node, faults| {
        nested_text(node, Length::ANY, faults).map(Property::parse)
    })
}

/// Text, else a whole number, else a boolean; the first member that takes the value in its own kind counts.
fn operand(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Operand> {
    if let Value::Bool(value) = node.value {
        return Ok(Operand::Bool(*value));
    }
    if let Ok(text) = nested_text(node, OPERAND_LENGTH, &mut Faults::none_wanted()) {
        return Ok(Operand::Text(text.into()));
    }
    if let Ok(number) = integer_within(node, OPERAND_BOUNDS, &mut Faults::none_wanted()) {
        return i32::try_from(number)
            .map(Operand::Integer)
            .map_err(|_| Refused);
    }
    if let Ok(value) = boolean(node, &mut Faults::none_wanted()) {
        return Ok(Operand::Bool(value));
    }
    let (as_text, as_integer, as_boolean) = (
        node.at.name("constrained-str"),
        node.at.name("constrained-int"),
        node.at.name("bool"),
    );
    let _text = nested_text(node.at(&as_text), OPERAND_LENGTH, faults);
    let _integer = integer_within(node.at(&as_integer), OPERAND_BOUNDS, faults);
    let _boolean = boolean(node.at(&as_boolean), faults);
    Err(Refused)
}

/// An aggregation. `func` must be there and tells which; its faults are reported under its name.
pub(super) fn aggregation(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Aggregation> {
    let model = node.model(faults)?;
    let Some(tag) = model.get("func") else {
        return Err(node.refuse(Rule::TagMissing(FUNCTION_KEY), faults));
    };
    let function = match tag {
        Value::String(name) => Function::from_name(name),
        _ => None,
    };
    let Some(function) = function else {
        let (tag, names) = (tag_text(tag), FUNCTIONS.map(Function::as_str));
        return Err(node.refuse(Rule::TagUnknown(FUNCTION_KEY, &tag, &names), faults));
    };
    if function == Function::Count {
        return Ok(Aggregation::Count);
    }
    let at = node.at.name(function.as_str());
    let property = property(Model::of(model.object(), node.at(&at)), faults)?;
    refuse_nul(node, faults)?;
    let aggregation = Aggregation::new(function, Some(property));
    Ok(aggregation.expect("every function but count takes a property"))
}

/// A tag as the reference's language prints it.
pub(super) fn tag_text(tag: &Value<'_>) -> String {
    match tag {
        Value::String(text) => crate::validate::shortened(text).to_owned(),
        Value::Number(literal) => crate::validate::shortened(literal).to_owned(),
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) => "{}".to_owned(),
    }
}
