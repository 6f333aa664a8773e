//! Quantities of events that were sent before their meter was made, after it, and that have been moved to files. SEMANTICS 8, 18.2;
//! DIFFERENCES D1, D3.

use std::sync::mpsc;

use domain::{
    Aggregation, Clause, Comparison, Conjunction, CustomerId, Definition, Event, EventBatch,
    Filter, Function, Identity, Interval, MetadataBuilder, MetadataFilter, Number, Operand,
    Operator, OrganizationId, Property, Source, Timestamp, Zone,
};
use service::{Quantities, QuantitiesRequest, Service};

use crate::customers::new_customer;
use crate::harness::{Harness, NOW, new_meter};

const DAY: i64 = 86_400_000_000;
const YESTERDAY: i64 = -1;
const TODAY: i64 = 0;
const TOMORROW: i64 = 1;

const FIVE: [Function; 5] = [
    Function::Count,
    Function::Sum,
    Function::Max,
    Function::Min,
    Function::Avg,
];

/// Two customers, one with an external id, and one who is known by an external id alone.
#[derive(Debug, Clone, Copy)]
enum Who {
    Ada,
    AdaByExternalId,
    Bob,
    Ghost,
}

impl Who {
    const fn external_id(self) -> &'static str {
        match self {
            Who::Ghost => "ghost",
            Who::Ada | Who::AdaByExternalId | Who::Bob => "ada",
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Stored {
    Number(&'static str),
    Text(&'static str),
    Bool(bool),
}

#[derive(Debug, Clone)]
struct Sent {
    name: &'static str,
    day: i64,
    who: Who,
    metadata: Vec<(&'static str, Stored)>,
}

/// An event of a day with that many tokens.
fn tokens(day: i64, tokens: &'static str) -> Sent {
    with(day, "tokens", Stored::Number(tokens))
}

fn with(day: i64, key: &'static str, value: Stored) -> Sent {
    Sent {
        name: "call",
        day,
        who: Who::Ghost,
        metadata: vec![(key, value)],
    }
}

/// Events of 20, 10, 10 and 0 tokens of the model `lite`, and one of 100 of the model `pro`.
fn lite_and_pro() -> Vec<Sent> {
    let of = |model, mut event: Sent| {
        event.metadata.push(("model", Stored::Text(model)));
        event
    };
    let mut events: Vec<Sent> = ["20", "10", "10", "0"]
        .into_iter()
        .map(|amount| of("lite", tokens(TODAY, amount)))
        .collect();
    events.push(of("pro", tokens(TODAY, "100")));
    events
}

fn where_(property: &str, operator: Operator, operand: Operand) -> Filter {
    Filter {
        conjunction: Conjunction::And,
        clauses: vec![Clause::Comparison(Comparison {
            property: Property::parse(property),
            operator,
            operand,
        })],
    }
}

fn text(text: &str) -> Operand {
    Operand::Text(text.into())
}

fn lite() -> Filter {
    where_("model", Operator::Eq, text("lite"))
}

/// A meter over the property, which count does not look at.
fn over(function: Function, property: &str, filter: Filter) -> Definition {
    let property = (function != Function::Count).then(|| Property::parse(property));
    Definition {
        filter,
        aggregation: Aggregation::new(function, property).expect("they go together"),
    }
}

fn at(day: i64) -> Timestamp {
    Timestamp::from_micros(NOW + day * DAY).expect("in range")
}

/// What is asked of a meter, and what it answers.
#[derive(Debug, Clone)]
struct Case {
    meter: Definition,
    days: [i64; 2],
    by_id: Vec<Who>,
    by_external_id: Vec<Who>,
    metadata: MetadataFilter,
    over_customers: Option<Function>,
    quantities: Vec<String>,
    total: String,
}

/// The days from yesterday to tomorrow.
fn three_days(meter: Definition, quantities: [&str; 3], total: &str) -> Case {
    Case {
        days: [YESTERDAY, TOMORROW],
        quantities: quantities.map(str::to_owned).to_vec(),
        ..today(meter, total)
    }
}

/// Today alone, whose quantity is the total.
fn today(meter: Definition, total: &str) -> Case {
    Case {
        meter,
        days: [TODAY, TODAY],
        by_id: Vec::new(),
        by_external_id: Vec::new(),
        metadata: MetadataFilter::default(),
        over_customers: None,
        quantities: vec![total.to_owned()],
        total: total.to_owned(),
    }
}

/// A service with the customers.
struct Scene {
    service: Service,
    organization: OrganizationId,
    ada: CustomerId,
    bob: CustomerId,
}

impl Scene {
    fn new(service: Service, organization: OrganizationId) -> Self {
        let customer = |email, external_id| {
            service
                .create_customer(organization, new_customer(email, external_id))
                .expect("made")
                .id
        };
        let ada = customer("ada@example.com", Some("ada"));
        let bob = customer("bob@example.com", None);
        Self {
            service,
            organization,
            ada,
            bob,
        }
    }

    fn identity(&self, who: Who) -> Identity<'static> {
        match who {
            Who::Ada => Identity::Customer(self.ada),
            Who::Bob => Identity::Customer(self.bob),
            Who::AdaByExternalId | Who::Ghost => Identity::External(who.external_id()),
        }
    }

    fn id(&self, who: Who) -> CustomerId {
        match self.identity(who) {
            Identity::Customer(id) => id,
            Identity::External(_) => panic!("{who:?} is named without an id"),
        }
    }

    fn send(&self, events: &[Sent]) {
        let mut batch = EventBatch::default();
        for event in events {
            let mut metadata = MetadataBuilder::new();
            for (key, value) in &event.metadata {
                match value {
                    Stored::Number(text) => {
                        let literal = Number::parse(text).expect("a number");
                        metadata.number(key, &literal.value, literal.spelling);
                    }
                    Stored::Text(text) => metadata.text(key, text),
                    Stored::Bool(value) => metadata.bool(key, *value),
                }
            }
            batch.push(&Event {
                source: Source::User,
                name: event.name,
                identity: self.identity(event.who),
                member: None,
                timestamp: at(event.day),
                external_id: None,
                parent: None,
                metadata: metadata.as_ref(),
            });
        }
        let (sender, receiver) = mpsc::channel();
        let told = move |result| sender.send(result).expect("somebody waits");
        self.service.ingest(self.organization, batch, told);
        receiver.recv().expect("told once").expect("taken");
    }

    /// Makes the meters of the cases.
    fn meters(&self, cases: &[Case]) -> Vec<domain::MeterId> {
        cases
            .iter()
            .map(|case| {
                let new = new_meter(case.meter.clone());
                let made = self.service.create_meter(self.organization, new);
                made.expect("made").id
            })
            .collect()
    }

    #[track_caller]
    fn check(&self, when: &str, meters: &[domain::MeterId], cases: &[Case]) {
        for (meter, case) in meters.iter().zip(cases) {
            let request = QuantitiesRequest {
                start: at(case.days[0]),
                end: at(case.days[1]),
                interval: Interval::Day,
                zone: Zone::utc(),
                customers: case.by_id.iter().map(|who| self.id(*who)).collect(),
                external_customers: (case.by_external_id.iter())
                    .map(|who| who.external_id().to_owned())
                    .collect(),
                metadata: case.metadata.clone(),
                customer_function: case.over_customers,
            };
            let answer = self.service.quantities(self.organization, *meter, &request);
            let Quantities { points, total } = answer.expect("answered");
            let days: Vec<Timestamp> = (case.days[0]..=case.days[1]).map(at).collect();
            let times: Vec<Timestamp> = points.iter().map(|(time, _)| *time).collect();
            assert_eq!(times, days, "{when}: {case:?}");
            let quantities: Vec<String> = points
                .iter()
                .map(|(_, quantity)| quantity.to_string())
                .collect();
            assert_eq!(
                (quantities, total.to_string()),
                (case.quantities.clone(), case.total.clone()),
                "{when}: {case:?}"
            );
        }
    }
}

/// Asks all the cases after the events were sent.
#[track_caller]
fn check(events: &[Sent], cases: &[Case]) {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let scene = Scene::new(service, organization);
    let before = scene.meters(cases);
    scene.send(events);
    scene.check("a meter of before", &before, cases);
    let after = scene.meters(cases);
    scene.check("a meter of afterwards", &after, cases);
    scene.service.close();
    drop(scene.service);

    let service = harness.open_sealing();
    let scene = Scene { service, ..scene };
    if !events.is_empty() {
        harness.wait_for_a_seal();
    }
    for meters in [&before, &after, &scene.meters(cases)] {
        scene.check("sealed", meters, cases);
    }
    scene.service.close();
}

#[test]
fn where_nothing_is_every_quantity_is_0() {
    let mut cases: Vec<Case> = FIVE
        .into_iter()
        .map(|function| today(over(function, "tokens", Filter::all()), "0"))
        .collect();
    cases.push(today(over(Function::Unique, "tokens", Filter::all()), "0"));
    check(&[], &cases);
}

#[test]
fn what_passes_the_filter_is_counted_summed_and_compared() {
    let cases: Vec<Case> = FIVE
        .into_iter()
        .zip(["4", "40", "20", "0", "10"])
        .map(|(function, total)| today(over(function, "tokens", lite()), total))
        .collect();
    check(&lite_and_pro(), &cases);
}

#[test]
fn each_day_shows_its_own_events_and_a_day_without_any_0() {
    let mut events = vec![tokens(YESTERDAY, "10"); 10];
    events.extend(vec![tokens(TOMORROW, "50"); 10]);
    let sum = over(Function::Sum, "tokens", Filter::all());
    check(&events, &[three_days(sum, ["100", "0", "500"], "600")]);
}

#[test]
fn a_total_adds_days_for_sums_and_compares_them_for_extremes_and_a_day_without_events_is_no_0() {
    let events = [
        tokens(YESTERDAY, "10"),
        tokens(YESTERDAY, "20"),
        tokens(TOMORROW, "15"),
        tokens(TOMORROW, "5"),
    ];
    let of = |function| over(function, "tokens", Filter::all());
    check(
        &events,
        &[
            three_days(of(Function::Max), ["20", "0", "15"], "20"),
            three_days(of(Function::Min), ["10", "0", "5"], "5"),
            three_days(of(Function::Sum), ["30", "0", "20"], "50"),
            three_days(of(Function::Count), ["2", "0", "2"], "4"),
            three_days(of(Function::Avg), ["15", "0", "10"], "12.5"),
        ],
    );
}

#[test]
fn the_total_of_an_average_weighs_every_event_alike() {
    let mut events = vec![tokens(YESTERDAY, "10"); 3];
    events.push(tokens(TOMORROW, "50"));
    let avg = over(Function::Avg, "tokens", Filter::all());
    check(&events, &[three_days(avg, ["10", "0", "50"], "20")]);
}

#[test]
fn the_total_of_distinct_values_counts_a_value_of_two_days_once() {
    let user = |day, user| with(day, "user_id", Stored::Text(user));
    let mut events: Vec<Sent> = ["a", "b", "c"].map(|id| user(YESTERDAY, id)).to_vec();
    events.extend(["b", "c", "d"].map(|id| user(TOMORROW, id)));
    let unique = over(Function::Unique, "user_id", Filter::all());
    check(&events, &[three_days(unique, ["3", "0", "3"], "4")]);
}

#[test]
fn averages_and_distinct_values_of_days_that_are_not_shown_are_not_in_the_total() {
    let events = [
        tokens(YESTERDAY - 1, "1000"),
        tokens(YESTERDAY, "10"),
        tokens(TOMORROW, "20"),
        tokens(TOMORROW + 1, "2000"),
    ];
    let of = |function| over(function, "tokens", Filter::all());
    check(
        &events,
        &[
            three_days(of(Function::Avg), ["10", "0", "20"], "15"),
            three_days(of(Function::Unique), ["1", "0", "1"], "2"),
        ],
    );
}

#[test]
fn a_property_that_is_text_or_missing_sums_to_0() {
    let events = [
        with(TODAY, "tokens", Stored::Text("20")),
        with(TODAY, "tokens", Stored::Text("many")),
    ];
    check(
        &events,
        &[
            today(over(Function::Sum, "tokens", Filter::all()), "0"),
            today(over(Function::Sum, "absent", Filter::all()), "0"),
        ],
    );
}

#[test]
fn a_filter_whose_operand_is_of_another_kind_admits_nothing() {
    let filters = [
        where_("model", Operator::Eq, Operand::Integer(100)),
        where_("tokens", Operator::Like, text("lite")),
        where_("name", Operator::Eq, Operand::Integer(100)),
    ];
    let cases: Vec<Case> = (filters.into_iter())
        .map(|filter| today(over(Function::Sum, "tokens", filter), "0"))
        .collect();
    check(&lite_and_pro(), &cases);
}

#[test]
fn metadata_that_is_asked_for_narrows_what_the_filter_admits() {
    let named = where_("name", Operator::Eq, text("call"));
    let mut other = with(TODAY, "model", Stored::Text("lite"));
    other.name = "other";
    let mut events = lite_and_pro();
    events.push(other);
    let metadata = MetadataFilter::new(vec![("model".to_owned(), vec!["lite".to_owned()])]);
    let all = today(over(Function::Count, "", named), "5");
    let lite = Case {
        metadata,
        quantities: vec!["4".to_owned()],
        total: "4".to_owned(),
        ..all.clone()
    };
    check(&events, &[all, lite]);
}

/// Of two customers: 20 and 10, the one of which came under either identifier, and 10 and 0; 100 do not pass the filter.
fn of_two_customers() -> Vec<Sent> {
    let mut events = lite_and_pro();
    let whose = [Who::Ada, Who::AdaByExternalId, Who::Bob, Who::Bob, Who::Ada];
    for (event, who) in events.iter_mut().zip(whose) {
        event.who = who;
    }
    events
}

#[test]
fn a_function_over_customers_takes_the_result_of_each_who_is_one_under_both_identifiers() {
    let max = over(Function::Max, "tokens", lite());
    let cases: Vec<Case> = (FIVE.into_iter().chain([Function::Unique]))
        .zip(["2", "30", "20", "10", "15", "2"])
        .map(|(function, total)| Case {
            over_customers: Some(function),
            ..today(max.clone(), total)
        })
        .collect();
    check(&of_two_customers(), &cases);
}

#[test]
fn events_of_an_external_id_without_a_customer_are_found_by_it() {
    let mut events = vec![tokens(TODAY, "1"); 3];
    let mut of_ada = tokens(TODAY, "1");
    of_ada.who = Who::Ada;
    events.push(of_ada);
    let ghosts = Case {
        by_external_id: vec![Who::Ghost],
        ..today(over(Function::Count, "", Filter::all()), "3")
    };
    check(&events, &[ghosts]);
}

#[test]
fn either_identifier_of_a_customer_finds_the_events_of_both() {
    let mut events = vec![tokens(TODAY, "1"); 4];
    let whose = [Who::Ada, Who::AdaByExternalId, Who::Bob, Who::Ghost];
    for (event, who) in events.iter_mut().zip(whose) {
        event.who = who;
    }
    let count = today(over(Function::Count, "", Filter::all()), "2");
    let by_id = Case {
        by_id: vec![Who::Ada],
        ..count.clone()
    };
    let by_external_id = Case {
        by_external_id: vec![Who::Ada],
        ..count
    };
    let by_both = Case {
        by_id: vec![Who::Ada],
        ..by_external_id.clone()
    };
    check(&events, &[by_id, by_external_id, by_both]);
}

#[test]
fn a_sum_passes_over_what_is_no_number() {
    let events = [
        tokens(TODAY, "20"),
        with(TODAY, "tokens", Stored::Bool(true)),
        with(TODAY, "tokens", Stored::Text("invalid")),
        tokens(TODAY, "10"),
    ];
    let sum = over(Function::Sum, "tokens", Filter::all());
    check(&events, &[today(sum, "30")]);
}
