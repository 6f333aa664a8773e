//! Whether a row is one of those that are asked for.

use std::collections::BTreeSet;

use domain::{
    Clause, Comparison, Conjunction, Event, Filter, Operand, Operator, OwnedIdentity, Property,
    Source, Value,
};
use roaring::RoaringBitmap;
use store::{RowRef, Snapshot, StoreError};

use super::question::EventQuestion;
use crate::columns::{self, GroupRows};

/// The conditions of a question on a row itself: all but the time, its identity when rows are found by it, and what depends on other
/// events.
#[derive(Debug)]
pub(super) struct Conditions<'a> {
    question: EventQuestion<'a>,
    names: BTreeSet<&'a str>,
    /// That a row has one of the names and one of the sources.
    kinds: Filter,
    /// The numbers of the identities asked for.
    identities: Option<RoaringBitmap>,
    /// The numbers of the identities of the customers in which the text occurs.
    text_identities: RoaringBitmap,
}

impl<'a> Conditions<'a> {
    pub(super) fn new(question: &EventQuestion<'a>, snapshot: &Snapshot) -> Self {
        let text = question.text.map_or(&[][..], |text| text.identities);
        Self {
            question: *question,
            names: question.names.iter().map(String::as_str).collect(),
            kinds: kinds(question),
            identities: question.identities.map(|some| numbers_of(snapshot, some)),
            text_identities: numbers_of(snapshot, text),
        }
    }

    /// The numbers of the identities asked for; `None` when any will do.
    pub(super) fn identities(&self) -> Option<&RoaringBitmap> {
        self.identities.as_ref()
    }

    /// What is asked.
    pub(super) fn question(&self) -> &EventQuestion<'a> {
        &self.question
    }

    /// Takes those of the rows, ascending, out that do not satisfy them, as far as columns tell. Cost: the columns that are asked about.
    pub(super) fn select(
        &self,
        group: &mut GroupRows,
        rows: &mut Vec<u32>,
    ) -> Result<(), StoreError> {
        columns::select(group, &self.kinds, rows)?;
        if let Some(identities) = self.identities.as_ref().filter(|_| !rows.is_empty()) {
            let numbers = group.identities(rows)?;
            rows.retain(|row| identities.contains(columns::identity(numbers[*row as usize])));
        }
        columns::select_metadata(group, self.question.metadata, rows)?;
        let of_definition = self
            .question
            .definition
            .map(|definition| &definition.filter);
        for filter in self.question.filter.into_iter().chain(of_definition) {
            columns::select(group, filter, rows)?;
        }
        Ok(())
    }

    /// Whether rows that [`Self::select`] leaves satisfy all of them.
    pub(super) fn is_all_in_columns(&self) -> bool {
        self.question.text.is_none() && self.question.definition.is_none()
    }

    /// Cheap conditions come first; most rows fail those.
    pub(super) fn hold(&self, row: &RowRef<'_>) -> bool {
        let question = &self.question;
        if let Some(identities) = &self.identities
            && !identities.contains(row.identity)
        {
            return false;
        }
        let event = row.event();
        (self.names.is_empty() || self.names.contains(event.name))
            && (question.sources.is_empty() || question.sources.contains(&event.source))
            && question.metadata.matches(event.metadata)
            && (question.filter).is_none_or(|filter| filter.matches(&event))
            && (question.definition)
                .is_none_or(|definition| definition.contribution(&event).is_some())
            && (question.text).is_none_or(|text| {
                self.text_identities.contains(row.identity) || occurs(text.occurs_in, &event)
            })
    }
}

/// The names and sources asked for, as a filter.
fn kinds(question: &EventQuestion<'_>) -> Filter {
    let any_of = |property: &str, texts: Vec<&str>| {
        let clauses = texts.into_iter().map(|text| {
            Clause::Comparison(Comparison {
                property: Property::parse(property),
                operator: Operator::Eq,
                operand: Operand::Text(text.into()),
            })
        });
        Clause::Filter(Filter {
            conjunction: Conjunction::Or,
            clauses: clauses.collect(),
        })
    };
    let names = question.names.iter().map(String::as_str).collect();
    let sources = question.sources.iter().map(|source| source.as_str());
    let mut clauses = Vec::new();
    if !question.names.is_empty() {
        clauses.push(any_of("name", names));
    }
    if !question.sources.is_empty() {
        clauses.push(any_of("source", sources.collect()));
    }
    Filter {
        conjunction: Conjunction::And,
        clauses,
    }
}

/// Whether a text occurs in the event itself. Metadata is read as the JSON of an object.
fn occurs(occurs_in: &dyn Fn(&str) -> bool, event: &Event<'_>) -> bool {
    occurs_in(event.name)
        || occurs_in(event.source.as_str())
        || Value::Object(event.metadata)
            .text()
            .is_some_and(|text| occurs_in(&text))
}

/// The numbers of those identities that have events.
pub(super) fn numbers_of(snapshot: &Snapshot, identities: &[OwnedIdentity]) -> RoaringBitmap {
    identities
        .iter()
        .filter_map(|identity| snapshot.identity_index(identity.as_ref()))
        .collect()
}

/// Whether one of these sources, or of any when there are none, is meant.
pub(super) fn is_source_asked(sources: &[Source], source: Source) -> bool {
    sources.is_empty() || sources.contains(&source)
}
