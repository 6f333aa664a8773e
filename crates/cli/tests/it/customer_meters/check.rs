//! Holds every customer meter that the API shows against the fold over the events that it lists.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use api::{CustomerMeter, CustomerState, Meter};

use super::decimal::Decimal;
use super::model::{Figures, all_figures};
use super::world::World;
use crate::random::Random;

/// By customer and meter.
pub(super) type All = BTreeMap<(String, String), Figures>;

impl World {
    /// Looks at everything: the lists, single rows, the states of customers. The server must be as the last step left it.
    #[track_caller]
    pub(super) fn check(&mut self, random: &mut Random) {
        let events = self.events();
        let meters = self.listed_meters();
        let customers = self.listed_customers();
        let expected = all_figures(
            &self.customers,
            &meters,
            &events,
            &self.receipts,
            &self.archived,
        );
        self.check_list(&expected, &meters, &customers);
        self.check_archived(&expected);
        self.check_states(&expected);
        self.check_single_rows(&expected, random);
    }

    /// All meters, the oldest first.
    #[track_caller]
    pub(super) fn listed_meters(&mut self) -> Vec<Meter> {
        let meters: Vec<Meter> = self.list("/v1/meters/?sorting=created_at");
        let ids: Vec<&String> = meters.iter().map(|meter| &meter.id).collect();
        assert_eq!(ids, self.meters.iter().collect::<Vec<_>>());
        for meter in &meters {
            let is_archived = self.archived.contains_key(&meter.id);
            assert_eq!(meter.archived_at.is_some(), is_archived, "{meter:?}");
        }
        meters
    }

    /// The customers that are not deleted, by id.
    #[track_caller]
    fn listed_customers(&mut self) -> BTreeMap<String, api::Customer> {
        let listed: Vec<api::Customer> = self.list("/v1/customers/");
        let listed: BTreeMap<String, api::Customer> = listed
            .into_iter()
            .map(|customer| (customer.id.clone(), customer))
            .collect();
        let shown = listed
            .iter()
            .map(|(id, customer)| (id.clone(), customer.external_id.clone()));
        let living = self.living().into_iter();
        let living = living.map(|customer| (customer.id, customer.external_id));
        assert_eq!(
            shown.collect::<BTreeMap<_, _>>(),
            living.collect::<BTreeMap<_, _>>()
        );
        listed
    }

    /// The list without conditions: every customer, deleted ones too, and every meter that is not archived.
    #[track_caller]
    fn check_list(
        &mut self,
        expected: &All,
        meters: &[Meter],
        customers: &BTreeMap<String, api::Customer>,
    ) {
        let rows: Vec<CustomerMeter> = self.list("/v1/customer-meters/");
        let last_modified_first = |pair: &[CustomerMeter]| {
            let place = |row: &CustomerMeter| match &row.modified_at {
                None => i64::MAX,
                Some(time) => super::instant::parse(time),
            };
            place(&pair[0]) >= place(&pair[1])
        };
        assert!(rows.windows(2).all(last_modified_first), "{rows:?}");
        for row in &rows {
            assert_eq!(
                Some(&row.meter),
                meters.iter().find(|meter| meter.id == row.meter_id)
            );
            match customers.get(&row.customer_id) {
                Some(customer) => assert_eq!(row.customer, *customer),
                None => assert!(row.customer.deleted_at.is_some(), "{row:?}"),
            }
        }
        let expected = expected.iter();
        let expected = expected.filter(|((_, meter), _)| !self.archived.contains_key(meter));
        let expected = expected.map(|(key, figures)| (key.clone(), *figures));
        let expected = expected.collect();
        self.check_rows("all", &rows, &expected);
    }

    /// Archived meters are listed when they are named.
    #[track_caller]
    fn check_archived(&mut self, expected: &All) {
        for meter in self.archived.keys().cloned().collect::<Vec<_>>() {
            let target = format!("/v1/customer-meters/?meter_id={meter}");
            let rows: Vec<CustomerMeter> = self.list(&target);
            let of_meter = expected.iter().filter(|((_, of), _)| *of == meter);
            let of_meter = of_meter.map(|(key, figures)| (key.clone(), *figures));
            self.check_rows(&target, &rows, &of_meter.collect());
        }
    }

    /// The state of every customer has a row for each meter, the oldest meter first.
    #[track_caller]
    fn check_states(&mut self, expected: &All) {
        for customer in self.living() {
            let state: CustomerState = self.get(&format!("/v1/customers/{}/state", customer.id));
            let meters = self.meters.iter();
            let keys = meters.map(|meter| (customer.id.clone(), meter.clone()));
            let of_customer: Vec<_> = keys
                .filter_map(|key| Some((key.clone(), expected.get(&key)?)))
                .collect();
            let shown = state.active_meters.iter().map(|row| &row.meter_id);
            let meters = of_customer.iter().map(|((_, meter), _)| meter);
            assert_eq!(
                shown.collect::<Vec<_>>(),
                meters.collect::<Vec<_>>(),
                "meters in the state of {customer:?}"
            );
            for (row, (key, figures)) in state.active_meters.iter().zip(of_customer) {
                assert_eq!(row.id, self.row_id(&key, &row.id), "{key:?}");
                let shown = figures_of(
                    &row.consumed_units,
                    &row.credited_units,
                    &row.balance,
                    row.modified_at.is_some(),
                );
                assert_eq!(shown, *figures, "in the state of {customer:?}, {key:?}");
            }
        }
    }

    /// Some rows by their ids, archived meters and deleted customers among them, and the rows of one customer.
    #[track_caller]
    fn check_single_rows(&mut self, expected: &All, random: &mut Random) {
        if expected.is_empty() {
            return;
        }
        for _ in 0..3 {
            let (key, figures) = expected
                .iter()
                .nth(random.index(expected.len()))
                .expect("an index of it");
            let id = self.row_ids[key].clone();
            let row: CustomerMeter = self.get(&format!("/v1/customer-meters/{id}"));
            let one = BTreeMap::from([(key.clone(), *figures)]);
            self.check_rows("by its id", &[row], &one);
        }
        let customer = self.customers[random.index(self.customers.len())].clone();
        let mut targets = vec![format!("customer_id={}", customer.id)];
        if let Some(external_id) = &customer.external_id {
            targets.push(format!("external_customer_id={}", encoded(external_id)));
        }
        for condition in targets {
            let rows: Vec<CustomerMeter> = self.list(&format!("/v1/customer-meters/?{condition}"));
            let of_customer = expected.iter().filter(|((of, meter), _)| {
                *of == customer.id && !self.archived.contains_key(meter)
            });
            let of_customer = of_customer.map(|(key, figures)| (key.clone(), *figures));
            let of_customer = of_customer.collect();
            self.check_rows(&condition, &rows, &of_customer);
        }
    }

    #[track_caller]
    fn check_rows(&mut self, what: &str, rows: &[CustomerMeter], expected: &All) {
        let shown = figures_of_rows(rows);
        for row in rows {
            let key = (row.customer_id.clone(), row.meter_id.clone());
            assert_eq!(row.id, self.row_id(&key, &row.id), "{key:?}");
        }
        for (key, figures) in expected {
            assert_eq!(
                shown.get(key),
                Some(figures),
                "shown and expected, {what}, customer and meter {key:?}"
            );
        }
        for key in shown.keys() {
            assert!(expected.contains_key(key), "{what}: {key:?} is too much");
        }
    }

    /// The id of a customer meter, which never changes; when it was not seen before, it is the one that is seen now.
    fn row_id(&mut self, key: &(String, String), seen: &str) -> String {
        let known = self.row_ids.entry(key.clone());
        known.or_insert_with(|| seen.to_owned()).clone()
    }
}

/// The figures of rows, of which none may be there twice.
#[track_caller]
pub(super) fn figures_of_rows(rows: &[CustomerMeter]) -> All {
    let mut all = BTreeMap::new();
    for row in rows {
        assert_eq!(row.customer.id, row.customer_id);
        assert_eq!(row.meter.id, row.meter_id);
        let figures = figures_of(
            &row.consumed_units,
            &row.credited_units,
            &row.balance,
            row.modified_at.is_some(),
        );
        let key = (row.customer_id.clone(), row.meter_id.clone());
        assert!(all.insert(key, figures).is_none(), "{row:?} twice");
    }
    all
}

/// A value in a query, each byte written as `%XX`.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        write!(encoded, "%{byte:02X}").expect("text grows");
    }
    encoded
}

#[track_caller]
fn figures_of(
    consumed: &api::Decimal,
    credited: &api::Decimal,
    balance: &api::Decimal,
    is_modified: bool,
) -> Figures {
    Figures {
        consumed: Decimal::parse(consumed.as_str()),
        credited: credited.as_str().parse().expect("an integer"),
        balance: Decimal::parse(balance.as_str()),
        is_modified,
    }
}
