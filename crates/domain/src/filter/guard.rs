//! What a filter says about the name of the events that pass it, so that most events need not be looked at by most meters.

use super::{Clause, Comparison, Conjunction, Filter, Operand, Operator};
use crate::property::Field;

impl Filter {
    /// The names of which an event must have one to pass; `None` when an event of any name may pass.
    ///
    /// Necessary, not sufficient: what [`Self::matches`] says holds. A name may be there twice. Cost: a look at each clause.
    pub fn names(&self) -> Option<Vec<&str>> {
        if self.clauses.is_empty() {
            return None;
        }
        let mut named = self.clauses.iter().map(Clause::names);
        match self.conjunction {
            // Each clause must pass, so the shortest list that one of them gives is enough.
            Conjunction::And => named.flatten().min_by_key(Vec::len),
            Conjunction::Or => named.try_fold(Vec::new(), |mut all, names| {
                all.extend(names?);
                Some(all)
            }),
        }
    }
}

impl Clause {
    fn names(&self) -> Option<Vec<&str>> {
        match self {
            Clause::Comparison(comparison) => comparison.names(),
            Clause::Filter(filter) => filter.names(),
        }
    }
}

impl Comparison {
    fn names(&self) -> Option<Vec<&str>> {
        if self.property.field() != Some(Field::Name) || self.operator != Operator::Eq {
            return None;
        }
        Some(match &self.operand {
            Operand::Text(text) => vec![text],
            // A name equals no integer and no boolean.
            Operand::Integer(_) | Operand::Bool(_) => Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{Event, Identity, Source};
    use crate::metadata::MetadataRef;
    use crate::property::Property;
    use crate::time::Timestamp;

    fn comparison(property: &str, operator: Operator, operand: Operand) -> Clause {
        Clause::Comparison(Comparison {
            property: Property::parse(property),
            operator,
            operand,
        })
    }

    fn named(name: &str) -> Clause {
        comparison("name", Operator::Eq, Operand::Text(name.into()))
    }

    fn filter(conjunction: Conjunction, clauses: Vec<Clause>) -> Filter {
        Filter {
            conjunction,
            clauses,
        }
    }

    #[test]
    fn a_name_in_an_and_or_in_all_of_an_or_bounds_the_names() {
        use Conjunction::{And, Or};
        let other = || comparison("metadata.a", Operator::Eq, Operand::Integer(1));
        let a_or_b = || Clause::Filter(filter(Or, vec![named("a"), named("b")]));
        let check = |conjunction, clauses, expected: Option<&[&str]>| {
            let filter = filter(conjunction, clauses);
            assert_eq!(filter.names().as_deref(), expected, "{filter:?}");
        };
        check(And, vec![], None);
        check(Or, vec![], None);
        check(And, vec![other(), named("a")], Some(&["a"]));
        check(And, vec![other(), a_or_b()], Some(&["a", "b"]));
        check(And, vec![a_or_b(), named("b")], Some(&["b"]));
        check(Or, vec![named("a"), a_or_b()], Some(&["a", "a", "b"]));
        check(Or, vec![named("a"), other()], None);
        let integer = comparison("name", Operator::Eq, Operand::Integer(1));
        check(And, vec![integer], Some(&[]));
        let not = comparison("name", Operator::Ne, Operand::Text("a".into()));
        check(And, vec![not], None);
        let in_metadata = comparison(
            "metadata.metadata.name",
            Operator::Eq,
            Operand::Text("a".into()),
        );
        check(And, vec![in_metadata], None);
    }

    fn clause() -> impl Strategy<Value = Clause> {
        let operators = prop_oneof![
            4 => Just(Operator::Eq),
            1 => Just(Operator::Ne),
            1 => Just(Operator::Gt),
            1 => Just(Operator::Like),
        ];
        let operands = prop_oneof![
            4 => "[ab]{0,2}".prop_map(|text| Operand::Text(text.into())),
            1 => Just(Operand::Integer(1)),
        ];
        let properties = prop_oneof![4 => Just("name"), 1 => Just("source"), 1 => Just("x")];
        let leaf = (properties, operators, operands)
            .prop_map(|(property, operator, operand)| comparison(property, operator, operand));
        leaf.prop_recursive(3, 20, 4, |inner| {
            let conjunction = prop_oneof![Just(Conjunction::And), Just(Conjunction::Or)];
            (conjunction, prop::collection::vec(inner, 0..4))
                .prop_map(|(conjunction, clauses)| Clause::Filter(filter(conjunction, clauses)))
        })
    }

    proptest! {
        #[test]
        fn no_event_of_another_name_passes(clause in clause(), name in "[ab]{0,2}") {
            let filter = filter(Conjunction::And, vec![clause]);
            let event = Event {
                source: Source::User,
                name: &name,
                identity: Identity::External("someone"),
                member: None,
                timestamp: Timestamp::MIN,
                external_id: None,
                parent: None,
                metadata: MetadataRef::EMPTY,
            };
            if filter.matches(&event) {
                let names = filter.names();
                prop_assert!(names.is_none_or(|names| names.contains(&name.as_str())));
            }
        }
    }
}
