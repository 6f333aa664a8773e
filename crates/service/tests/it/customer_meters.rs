//! Customer meters, credits and resets. SEMANTICS 12, 18.6, 19.3, 19.4; EXTENSIONS "Credits and resets of a customer meter".

mod activation;

use domain::{
    Aggregation, Clause, Comparison, Conjunction, Customer, CustomerId, Definition, Filter,
    Function, Identity, MeterId, Number, Operand, Operator, OrganizationId, Property, Timestamp,
};
use service::{
    Clock as _, CustomerKey, CustomerMeter, CustomerMeterOrder, CustomerMeterSearch, Direction,
    Error, Fault, MeterChanges, NewCredit, NewReset, Page, Service, Written,
};

use crate::customers::new_customer;
use crate::harness::{Harness, ingest, new_meter, sum_of};

const PAGE: Page = Page {
    page: 1,
    limit: 100,
};

struct Scene {
    harness: Harness,
    service: Service,
    organization: OrganizationId,
    customer: Customer,
    meter: MeterId,
}

/// One customer with an external id, and a meter that sums amounts.
fn scene() -> Scene {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let customer = service
        .create_customer(organization, new_customer("ada@example.com", Some("ada")))
        .expect("made");
    let meter = service
        .create_meter(organization, new_meter(sum_of("amount")))
        .expect("made")
        .id;
    Scene {
        harness,
        service,
        organization,
        customer,
        meter,
    }
}

impl Scene {
    fn send(&self, events: &[(Identity<'_>, &str, i64)]) {
        ingest(&self.service, self.organization, events).expect("taken");
    }

    fn use_up(&self, amount: i64) {
        self.send(&[(Identity::Customer(self.customer.id), "call", amount)]);
    }

    fn new_credit(&self, units: i64) -> NewCredit {
        NewCredit {
            customer: CustomerKey::Id(self.customer.id),
            meter: self.meter,
            units,
            rollover: false,
            timestamp: None,
            external_id: None,
        }
    }

    fn credit(&self, units: i64, rollover: bool) -> Written {
        let new = NewCredit {
            rollover,
            ..self.new_credit(units)
        };
        self.service
            .credit(self.organization, new)
            .expect("written")
    }

    fn new_reset(&self) -> NewReset {
        NewReset {
            customer: CustomerKey::Id(self.customer.id),
            meter: self.meter,
            carry_over: false,
            timestamp: None,
            external_id: None,
        }
    }

    fn reset(&self, carry_over: bool) -> Written {
        let new = NewReset {
            carry_over,
            ..self.new_reset()
        };
        self.service.reset(self.organization, new).expect("written")
    }

    fn rows(&self, search: &CustomerMeterSearch) -> Vec<CustomerMeter> {
        let listed = self
            .service
            .customer_meters(self.organization, search, PAGE)
            .expect("listed");
        assert_eq!(listed.total, listed.items.len() as u64);
        listed.items
    }

    /// Consumed, credited and balance of the only row.
    fn figures(&self) -> [String; 3] {
        let rows = self.rows(&CustomerMeterSearch::default());
        assert_eq!(rows.len(), 1);
        figures(&rows[0])
    }

    fn restart(self) -> Self {
        self.service.close();
        drop(self.service);
        let (service, _) = self.harness.open(None);
        Self { service, ..self }
    }
}

fn figures(row: &CustomerMeter) -> [String; 3] {
    [&row.consumed, &row.credited, &row.balance].map(Number::to_string)
}

#[test]
fn a_customer_has_rows_from_its_first_event_or_credit_on_one_for_each_meter() {
    let scene = scene();
    assert!(scene.rows(&CustomerMeterSearch::default()).is_empty());
    // Another's event, and one of nobody.
    scene.send(&[(Identity::External("somebody"), "call", 3)]);
    assert!(scene.rows(&CustomerMeterSearch::default()).is_empty());
    let written = scene.credit(5, false);
    assert!(written.is_new);
    assert_eq!(figures(&written.customer_meter), ["0", "5", "5"]);
    scene
        .service
        .create_meter(scene.organization, new_meter(sum_of("absent")))
        .expect("made");
    let rows = scene.rows(&CustomerMeterSearch::default());
    assert_eq!(rows.len(), 2);
    // What was never modified comes first.
    assert_eq!(rows[0].modified_at, None);
    assert_eq!(figures(&rows[0]), ["0", "0", "0"]);
    assert_eq!(figures(&rows[1]), ["0", "5", "5"]);
    for row in rows {
        let read = scene.service.customer_meter(scene.organization, row.id);
        assert_eq!(read.expect("there"), row);
    }
}

#[test]
fn usage_comes_under_both_identifiers_and_also_before_the_customer() {
    let scene = scene();
    let late = [(Identity::External("bob"), "call", 40)];
    scene.send(&late);
    scene.send(&[
        (Identity::Customer(scene.customer.id), "call", 15),
        (Identity::External("ada"), "call", 25),
    ]);
    scene.credit(50, false);
    assert_eq!(scene.figures(), ["40", "50", "10"]);
    let bob = scene
        .service
        .create_customer(
            scene.organization,
            new_customer("bob@example.com", Some("bob")),
        )
        .expect("made");
    let of_bob = CustomerMeterSearch {
        customers: vec![bob.id],
        ..CustomerMeterSearch::default()
    };
    let rows = scene.rows(&of_bob);
    assert_eq!(figures(&rows[0]), ["40", "0", "-40"]);
    let by_name = CustomerMeterSearch {
        external_customers: vec!["bob".to_owned()],
        ..CustomerMeterSearch::default()
    };
    assert_eq!(scene.rows(&by_name), rows);
    let scene = scene.restart();
    assert_eq!(scene.rows(&of_bob), rows);
}

#[test]
fn a_bare_reset_empties_the_window_and_a_backdated_one_begins_at_its_time_by_receipt() {
    let scene = scene();
    scene.send(&[(Identity::External("ada"), "call", 20)]);
    scene.credit(7, false);
    let row = scene.reset(false).customer_meter;
    assert_eq!(figures(&row), ["0", "0", "0"]);
    assert!(row.modified_at.is_some());
    scene.use_up(10);
    let between = scene.harness.clock.now();
    scene.send(&[(Identity::External("ada"), "call", 1)]);
    assert_eq!(scene.figures(), ["11", "0", "-11"]);
    let backdated = NewReset {
        timestamp: Some(between),
        ..scene.new_reset()
    };
    let written = scene
        .service
        .reset(scene.organization, backdated)
        .expect("written");
    assert_eq!(figures(&written.customer_meter), ["1", "0", "-1"]);
    // The latest by time holds, not the last that came.
    let older = NewReset {
        timestamp: Timestamp::from_micros(between.micros() - 1_000_000),
        ..scene.new_reset()
    };
    let written = scene
        .service
        .reset(scene.organization, older)
        .expect("written");
    assert_eq!(figures(&written.customer_meter), ["1", "0", "-1"]);
    let scene = scene.restart();
    assert_eq!(scene.figures(), ["1", "0", "-1"]);
}

#[test]
fn credits_never_pass_below_zero_in_the_order_of_their_time() {
    let scene = scene();
    for units in [100, -150, 50] {
        scene.credit(units, false);
    }
    assert_eq!(scene.figures(), ["0", "50", "50"]);
    // Before all the others: there was more to take back from.
    let early = NewCredit {
        timestamp: Timestamp::from_micros(crate::harness::NOW - 1),
        ..scene.new_credit(30)
    };
    let written = scene
        .service
        .credit(scene.organization, early)
        .expect("written");
    assert_eq!(figures(&written.customer_meter), ["0", "50", "50"]);
    scene.use_up(20);
    assert_eq!(scene.figures(), ["20", "50", "30"]);
}

#[test]
fn what_rolls_over_is_credited_again_in_the_step_of_the_reset() {
    let scene = scene();
    scene.credit(80, false);
    scene.credit(60, true);
    scene.use_up(100);
    let row = scene.reset(true).customer_meter;
    assert_eq!(figures(&row), ["0", "40", "40"]);
    // What is not used up of it rolls over once more; usage in between is not lost.
    scene.use_up(15);
    let row = scene.reset(true).customer_meter;
    assert_eq!(figures(&row), ["0", "25", "25"]);
    scene.use_up(26);
    assert_eq!(figures(&scene.reset(true).customer_meter), ["0", "0", "0"]);
}

#[test]
fn a_key_of_a_credit_or_reset_counts_once_and_is_apart_from_the_keys_of_events() {
    let scene = scene();
    let keyed = NewCredit {
        external_id: Some("k".to_owned()),
        ..scene.new_credit(5)
    };
    let credit = |new: NewCredit| scene.service.credit(scene.organization, new);
    assert!(credit(keyed.clone()).expect("written").is_new);
    let repeat = credit(keyed.clone()).expect("a repeat");
    assert!(!repeat.is_new);
    assert_eq!(figures(&repeat.customer_meter), ["0", "5", "5"]);
    let taken = |result: Result<Written, Error>| matches!(result, Err(Error::Invalid(faults)) if faults == [Fault::CreditKeyTaken]);
    let others = [
        NewCredit {
            units: 6,
            ..keyed.clone()
        },
        NewCredit {
            rollover: true,
            ..keyed.clone()
        },
        NewCredit {
            timestamp: Timestamp::from_micros(crate::harness::NOW),
            ..keyed
        },
    ];
    for other in others {
        assert!(taken(credit(other)));
    }
    let reset = |carry_over, key: &str| {
        let new = NewReset {
            carry_over,
            external_id: Some(key.to_owned()),
            ..scene.new_reset()
        };
        scene.service.reset(scene.organization, new)
    };
    assert!(taken(reset(false, "k")));
    assert!(reset(true, "r").expect("written").is_new);
    assert!(!reset(true, "r").expect("a repeat").is_new);
    assert!(taken(reset(false, "r")));
    // What was written once is told again, whatever became of the meter and the customer.
    archive(&scene, true);
    assert!(!reset(true, "r").expect("a repeat").is_new);
    assert!(matches!(
        reset(true, "another"),
        Err(Error::Invalid(faults)) if faults == [Fault::CreditMeterArchived]
    ));
    scene
        .service
        .delete_customer(scene.organization, scene.customer.id)
        .expect("deleted");
    assert!(!reset(true, "r").expect("a repeat").is_new);
}

#[test]
fn a_credit_needs_a_customer_and_a_meter_that_is_not_archived() {
    let scene = scene();
    let faults = |new: NewCredit| match scene.service.credit(scene.organization, new) {
        Err(Error::Invalid(faults)) => faults,
        other => panic!("{other:?}"),
    };
    let nobody = CustomerKey::External("nobody".to_owned());
    let of_nobody = NewCredit {
        customer: nobody,
        meter: MeterId::from_random([9; 16]),
        ..scene.new_credit(1)
    };
    let both = [
        Fault::CreditCustomerUnknown {
            by_external_id: true,
        },
        Fault::CreditMeterUnknown,
    ];
    assert_eq!(faults(of_nobody), both);
    archive(&scene, true);
    assert_eq!(faults(scene.new_credit(1)), [Fault::CreditMeterArchived]);
    assert!(scene.rows(&CustomerMeterSearch::default()).is_empty());
}

fn archive(scene: &Scene, is_archived: bool) {
    let changes = MeterChanges {
        is_archived: Some(is_archived),
        ..MeterChanges::default()
    };
    scene
        .service
        .update_meter(scene.organization, scene.meter, changes)
        .expect("changed");
}

#[test]
fn an_archived_meter_stands_still_until_it_is_brought_back() {
    let scene = scene();
    scene.use_up(10);
    archive(&scene, true);
    scene.use_up(5);
    scene.send(&[(Identity::External("ada"), "call", 2)]);
    assert!(scene.rows(&CustomerMeterSearch::default()).is_empty());
    let by_meter = CustomerMeterSearch {
        meters: vec![scene.meter],
        ..CustomerMeterSearch::default()
    };
    let rows = scene.rows(&by_meter);
    assert_eq!(figures(&rows[0]), ["10", "0", "-10"]);
    let customer = scene.customer.clone();
    let state = scene
        .service
        .customer_state(scene.organization, customer)
        .expect("there");
    assert_eq!(state.meters, rows);
    let scene = scene.restart();
    assert_eq!(scene.rows(&by_meter), rows);
    // Once more: it stands as of the first time.
    archive(&scene, true);
    let again = scene.rows(&by_meter);
    assert_eq!(figures(&again[0]), ["10", "0", "-10"]);
    archive(&scene, false);
    assert_eq!(scene.figures(), ["17", "0", "-17"]);
}

#[test]
fn a_meter_that_is_brought_back_changes_the_rows_of_those_who_used_it_meanwhile_and_no_others() {
    let scene = scene();
    let customer = |name: &str| {
        let new = new_customer(&format!("{name}@example.com"), Some(name));
        let made = scene.service.create_customer(scene.organization, new);
        made.expect("made").id
    };
    let (bob, eve) = (customer("bob"), customer("eve"));
    let other = Definition {
        filter: Filter {
            conjunction: Conjunction::And,
            clauses: vec![Clause::Comparison(Comparison {
                property: Property::parse("name"),
                operator: Operator::Eq,
                operand: Operand::Text("call".into()),
            })],
        },
        ..sum_of("amount")
    };
    let made = (scene.service).create_meter(scene.organization, new_meter(other));
    let meter = made.expect("made").id;
    let row = |customer| {
        let search = CustomerMeterSearch {
            customers: vec![customer],
            meters: vec![meter],
            ..CustomerMeterSearch::default()
        };
        scene.rows(&search).remove(0)
    };
    let set_archived = |is_archived| {
        let changes = MeterChanges {
            is_archived: Some(is_archived),
            ..MeterChanges::default()
        };
        let meter = (scene.service).update_meter(scene.organization, meter, changes);
        meter.expect("changed");
    };
    scene.send(&[
        (Identity::External("ada"), "call", 1),
        (Identity::Customer(bob), "another", 5),
        (Identity::Customer(eve), "call", 2),
    ]);
    set_archived(true);
    scene.send(&[
        (Identity::External("ada"), "call", 10),
        (Identity::Customer(bob), "another", 20),
        (Identity::Customer(eve), "another", 40),
    ]);
    let ada = scene.customer.id;
    let before = [ada, bob, eve].map(row);
    assert_eq!(figures(&before[0]), ["1", "0", "-1"]);
    // Another meter goes on meanwhile.
    let of_all = CustomerMeterSearch {
        customers: vec![ada],
        meters: vec![scene.meter],
        ..CustomerMeterSearch::default()
    };
    assert_eq!(figures(&scene.rows(&of_all)[0]), ["11", "0", "-11"]);
    set_archived(false);
    let after = [ada, bob, eve].map(row);
    assert_eq!(figures(&after[0]), ["11", "0", "-11"]);
    assert!(after[0].modified_at > before[0].modified_at);
    for (after, before) in after.iter().zip(&before).skip(1) {
        assert_eq!(
            (figures(after), after.modified_at),
            (figures(before), before.modified_at)
        );
    }
    assert_eq!(after[1].modified_at, None);
}

#[test]
fn an_external_id_passes_to_another_customer_with_its_events() {
    let scene = scene();
    scene.use_up(1);
    scene.send(&[(Identity::External("ada"), "call", 10)]);
    scene.reset(false);
    scene.send(&[(Identity::External("ada"), "call", 100)]);
    assert_eq!(scene.figures(), ["100", "0", "-100"]);
    let before = scene.customer.id;
    scene
        .service
        .delete_customer(scene.organization, before)
        .expect("deleted");
    let after = scene
        .service
        .create_customer(
            scene.organization,
            new_customer("ada@example.com", Some("ada")),
        )
        .expect("made");
    let of = |id: CustomerId| CustomerMeterSearch {
        customers: vec![id],
        ..CustomerMeterSearch::default()
    };
    // The new one has no reset; the deleted one keeps what came under its own id.
    assert_eq!(figures(&scene.rows(&of(after.id))[0]), ["110", "0", "-110"]);
    let deleted = scene.rows(&of(before));
    assert_eq!(figures(&deleted[0]), ["0", "0", "0"]);
    assert!(deleted[0].customer.customer.deleted_at.is_some());
    let id = deleted[0].id;
    assert_eq!(scene.rows(&CustomerMeterSearch::default()).len(), 2);
    let scene = scene.restart();
    let read = scene.service.customer_meter(scene.organization, id);
    assert_eq!(read.expect("there"), deleted[0]);
}

#[test]
fn all_six_functions_are_merged_over_both_identifiers() {
    let scene = scene();
    let functions = [
        Function::Count,
        Function::Sum,
        Function::Max,
        Function::Min,
        Function::Avg,
        Function::Unique,
    ];
    for function in functions {
        let property = (function != Function::Count).then(|| Property::parse("amount"));
        let definition = Definition {
            filter: Filter::all(),
            aggregation: Aggregation::new(function, property).expect("they go together"),
        };
        scene
            .service
            .create_meter(scene.organization, new_meter(definition))
            .expect("made");
    }
    scene.send(&[
        (Identity::Customer(scene.customer.id), "call", 30),
        (Identity::Customer(scene.customer.id), "call", 10),
        (Identity::External("ada"), "call", 10),
        (Identity::External("ada"), "call", -4),
        (Identity::External("eve"), "call", 1_000),
    ]);
    let by_meter = CustomerMeterSearch {
        sorting: vec![(CustomerMeterOrder::CreatedAt, Direction::Ascending)],
        ..CustomerMeterSearch::default()
    };
    let mut consumed: Vec<String> = scene
        .rows(&by_meter)
        .iter()
        .map(|row| {
            format!(
                "{:?} {}",
                row.meter.definition.aggregation.function(),
                row.consumed
            )
        })
        .collect();
    consumed.sort();
    assert_eq!(
        consumed,
        [
            "Avg 11.5", "Count 4", "Max 30", "Min -4", "Sum 46", "Sum 46", "Unique 3"
        ]
    );
}

#[test]
fn credits_and_resets_do_not_freeze_their_meter_but_another() {
    let scene = scene();
    let all = Definition {
        filter: Filter::all(),
        aggregation: Aggregation::new(Function::Count, None).expect("they go together"),
    };
    let of = |meter| NewCredit {
        meter,
        ..scene.new_credit(1)
    };
    let one = scene
        .service
        .create_meter(scene.organization, new_meter(all.clone()))
        .expect("made");
    let credit = |new| scene.service.credit(scene.organization, new);
    credit(of(one.id)).expect("written");
    let change = MeterChanges {
        filter: service::Change::Set(Some(Filter::all())),
        ..MeterChanges::default()
    };
    let update = |change: &MeterChanges| {
        scene
            .service
            .update_meter(scene.organization, one.id, change.clone())
    };
    update(&change).expect("not frozen");
    credit(of(scene.meter)).expect("written");
    assert!(matches!(update(&change), Err(Error::Invalid(_))));
}

#[test]
fn what_is_kept_of_the_fold_may_be_deleted_damaged_or_of_another_time() {
    let scene = scene();
    scene.use_up(7);
    scene.credit(9, true);
    let scene = scene.restart();
    let derived = scene.harness.folder.path().join("data/derived");
    let files = || -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(&derived).expect("the folder is there");
        entries
            .map(|entry| entry.expect("an entry").path())
            .collect()
    };
    let old: Vec<_> = files()
        .into_iter()
        .map(|path| {
            let bytes = std::fs::read(&path).expect("a file");
            (path, bytes)
        })
        .collect();
    assert!(!old.is_empty(), "something is kept");
    scene.use_up(1);
    assert_eq!(scene.figures(), ["8", "9", "1"]);
    // Of an earlier time: what came after is folded.
    scene.service.close();
    for (path, bytes) in &old {
        std::fs::write(path, bytes).expect("written");
    }
    let scene = scene.restart();
    assert_eq!(scene.figures(), ["8", "9", "1"]);
    // Damaged.
    scene.service.close();
    for (path, bytes) in &old {
        let mut bytes = bytes.clone();
        *bytes.last_mut().expect("not empty") ^= 1;
        std::fs::write(path, bytes).expect("written");
    }
    let scene = scene.restart();
    assert_eq!(scene.figures(), ["8", "9", "1"]);
    scene.service.close();
    std::fs::remove_dir_all(&derived).expect("removed");
    let scene = scene.restart();
    assert_eq!(scene.figures(), ["8", "9", "1"]);
}
