//! When a row is modified for the first time, and when again. SEMANTICS 12.4, 18.4.15, 18.6.2, 18.6.4, 18.6.9; DIFFERENCES D5.

use domain::{Clause, Comparison, Conjunction, Customer, Filter, Operand, Operator};

use super::*;
use crate::events::{Scene as Events, Sent, scene as events, sent};

/// One customer with an external id, and a meter that sums the tokens of calls.
struct Calls {
    events: Events,
    customer: Customer,
    meter: MeterId,
}

impl Calls {
    fn new() -> Self {
        let events = events();
        let customer = events.customer("ada@example.com", Some("ada"));
        let named = Comparison {
            property: Property::parse("name"),
            operator: Operator::Eq,
            operand: Operand::Text("call".into()),
        };
        let definition = Definition {
            filter: Filter {
                conjunction: Conjunction::And,
                clauses: vec![Clause::Comparison(named)],
            },
            ..sum_of("tokens")
        };
        let made = (events.service).create_meter(events.organization, new_meter(definition));
        Self {
            meter: made.expect("made").id,
            events,
            customer,
        }
    }

    fn send(&self, name: &str, identity: Identity<'_>, tokens: i64, key: Option<&str>) -> u64 {
        let event = Sent {
            identity,
            tokens: Some(tokens),
            key,
            ..sent(name)
        };
        self.events.send(&[event]).inserted
    }

    /// The figures of the only row, and when it was modified.
    fn row(&self) -> ([String; 3], Option<Timestamp>) {
        let search = CustomerMeterSearch::default();
        let listed = (self.events.service)
            .customer_meters(self.events.organization, &search, PAGE)
            .expect("listed");
        let [row] = &listed.items[..] else {
            panic!("one row: {:?}", listed.items)
        };
        (figures(row), row.modified_at)
    }

    fn credit(&self, units: i64) {
        let new = NewCredit {
            customer: CustomerKey::Id(self.customer.id),
            meter: self.meter,
            units,
            rollover: false,
            timestamp: None,
            external_id: None,
        };
        let credited = (self.events.service).credit(self.events.organization, new);
        assert!(credited.expect("written").is_new);
    }
}

fn shown(figures: [&str; 3]) -> [String; 3] {
    figures.map(str::to_owned)
}

#[test]
fn a_row_is_activated_by_what_matches_under_either_identifier_and_by_nothing_else() {
    for by_external_id in [false, true] {
        let calls = Calls::new();
        let identity = if by_external_id {
            Identity::External("ada")
        } else {
            Identity::Customer(calls.customer.id)
        };
        calls.send("other", identity, 9, None);
        // Others' events match, but are not the customer's.
        calls.send("call", Identity::External("eve"), 9, None);
        assert_eq!(calls.row(), (shown(["0", "0", "0"]), None));
        calls.send("call", identity, 2, None);
        let (figures, modified_at) = calls.row();
        assert_eq!(figures, shown(["2", "0", "-2"]));
        assert!(modified_at.is_some(), "by external id: {by_external_id}");
    }
}

#[test]
fn a_row_is_modified_by_each_new_event_that_matches_and_not_by_repeats_or_others() {
    let calls = Calls::new();
    let ada = Identity::External("ada");
    assert_eq!(calls.send("call", ada, 2, Some("k")), 1);
    let first = calls.row();
    assert_eq!(first.0, shown(["2", "0", "-2"]));
    assert_eq!(calls.send("call", ada, 2, Some("k")), 0);
    assert_eq!(calls.row(), first, "a repeat");
    calls.send("other", ada, 9, None);
    assert_eq!(calls.row(), first, "what does not match");
    calls.send("call", ada, 3, Some("l"));
    let second = calls.row();
    assert_eq!(second.0, shown(["5", "0", "-5"]));
    assert!(second.1 > first.1);
    calls.credit(10);
    let credited = calls.row();
    assert_eq!(credited.0, shown(["5", "10", "5"]));
    assert!(credited.1 > second.1);
    calls.send("other", ada, 9, None);
    assert_eq!(calls.row(), credited, "the credit is the last that counted");
}

#[test]
fn an_event_of_0_counts_as_one() {
    let calls = Calls::new();
    calls.send("call", Identity::External("ada"), 0, None);
    let (figures, modified_at) = calls.row();
    assert_eq!(figures, shown(["0", "0", "0"]));
    assert!(modified_at.is_some());
    calls.credit(10);
    calls.send("call", Identity::Customer(calls.customer.id), 0, None);
    let (figures, again) = calls.row();
    assert_eq!(figures, shown(["0", "10", "10"]));
    assert!(again > modified_at);
}
