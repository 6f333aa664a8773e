//! Meters and quantities.

use domain::aggregation::PropertyFunction;
use domain::{Aggregation, Clause, Comparison, Filter, Meter, Operand, Timestamp};
use service::Quantities;

use super::{metadata_to_api, number_to_api};

/// A meter.
pub(crate) fn meter_to_api(meter: &Meter) -> api::Meter {
    api::Meter {
        metadata: metadata_to_api(meter.metadata.as_ref()),
        created_at: meter.created_at.to_iso(),
        modified_at: Some(meter.modified_at.to_iso()),
        id: meter.id.to_string(),
        name: meter.name.clone(),
        unit: meter.unit.as_str().to_owned(),
        custom_label: meter.custom_label.clone(),
        custom_multiplier: meter.custom_multiplier,
        filter: filter_to_api(&meter.definition.filter),
        aggregation: aggregation_to_api(&meter.definition.aggregation),
        organization_id: meter.organization.to_string(),
        archived_at: meter.archived_at.map(Timestamp::to_iso),
    }
}

/// Quantities. Points are in UTC, whatever the zone that was asked for (SEMANTICS 8.9).
pub(crate) fn quantities_to_api(quantities: &Quantities) -> api::MeterQuantities {
    let quantity = |(timestamp, quantity): &(Timestamp, domain::Number)| api::MeterQuantity {
        timestamp: timestamp.to_iso(),
        quantity: number_to_api(quantity),
    };
    api::MeterQuantities {
        quantities: quantities.points.iter().map(quantity).collect(),
        total: number_to_api(&quantities.total),
    }
}

fn filter_to_api(filter: &Filter) -> api::Filter {
    let clauses = filter.clauses.iter().map(|clause| match clause {
        Clause::Comparison(comparison) => api::Clause::Comparison(comparison_to_api(comparison)),
        Clause::Filter(filter) => api::Clause::Filter(filter_to_api(filter)),
    });
    api::Filter {
        conjunction: filter.conjunction.as_str().to_owned(),
        clauses: clauses.collect(),
    }
}

fn comparison_to_api(comparison: &Comparison) -> api::Comparison {
    let value = match &comparison.operand {
        Operand::Text(text) => api::Operand::Text(text.to_string()),
        Operand::Integer(integer) => api::Operand::Integer(*integer),
        Operand::Bool(bool) => api::Operand::Bool(*bool),
    };
    api::Comparison {
        property: comparison.property.as_str().to_owned(),
        operator: comparison.operator.as_str().to_owned(),
        value,
    }
}

fn aggregation_to_api(aggregation: &Aggregation) -> api::Aggregation {
    match aggregation {
        Aggregation::Count => api::Aggregation::Count,
        Aggregation::Over(function, property) => {
            let property = property.as_str().to_owned();
            match function {
                PropertyFunction::Sum => api::Aggregation::Sum { property },
                PropertyFunction::Max => api::Aggregation::Max { property },
                PropertyFunction::Min => api::Aggregation::Min { property },
                PropertyFunction::Avg => api::Aggregation::Avg { property },
                PropertyFunction::Unique => api::Aggregation::Unique { property },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{Conjunction, Number, Operator, Property};

    use super::*;

    #[test]
    fn a_filter_is_given_back_with_the_stored_property() {
        let comparison = Comparison {
            property: Property::parse("metadata._llm.model"),
            operator: Operator::NotLike,
            operand: Operand::Text("gpt".into()),
        };
        let nested = Filter {
            conjunction: Conjunction::Or,
            clauses: Vec::new(),
        };
        let filter = Filter {
            conjunction: Conjunction::And,
            clauses: vec![Clause::Comparison(comparison), Clause::Filter(nested)],
        };
        let json = serde_json::to_string(&filter_to_api(&filter)).expect("serialises");
        assert_eq!(
            json,
            r#"{"conjunction":"and","clauses":[{"property":"_llm.model","operator":"not_like","value":"gpt"},{"conjunction":"or","clauses":[]}]}"#
        );
    }

    #[test]
    fn quantities_are_written_with_a_point() {
        let quantities = Quantities {
            points: vec![(Timestamp::EPOCH, Number::from_i64(10))],
            total: Number::parse("0.1").expect("a number").value,
        };
        let json = serde_json::to_string(&quantities_to_api(&quantities)).expect("serialises");
        assert_eq!(
            json,
            r#"{"quantities":[{"timestamp":"1970-01-01T00:00:00Z","quantity":10.0}],"total":0.1}"#
        );
    }
}
