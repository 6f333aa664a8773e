//! Credits and resets, their repeats, and those that are refused.

use serde_json::json;

use super::{MARCH, days, mostly_first};
use crate::customer_meters::instant;
use crate::customer_meters::model::{Counted, Event, Identity, Said};
use crate::customer_meters::world::{Entry, Keyed, World, read};
use crate::random::Random;

/// A customer, and the one of its names under which it is asked for.
#[derive(Debug)]
struct Named {
    customer: String,
    customer_id: Option<String>,
    external_customer_id: Option<String>,
}

impl World {
    pub(super) fn credit(&mut self, random: &mut Random) {
        let Some(named) = self.someone(random) else {
            return;
        };
        let Some(meter) = self.some_meter(random) else {
            return;
        };
        let units = match random.below(12) {
            0 => i64::MAX,
            1 => i64::MIN,
            2..6 => -i64::try_from(1 + random.below(300)).expect("a few"),
            _ => i64::try_from(1 + random.below(300)).expect("a few"),
        };
        let credit = api::CustomerMeterCredit {
            customer_id: named.customer_id,
            external_customer_id: named.external_customer_id,
            meter_id: meter.clone(),
            units,
            rollover: random.happens(2, 3).then(|| random.happens(1, 2)),
            timestamp: self.some_moment(random).map(instant::format),
            external_id: self.some_key(random),
        };
        let said = Said::Credited {
            meter: meter.clone(),
            units: units.into(),
            rollover: credit.rollover.unwrap_or(false),
        };
        let is_keyed = credit.external_id.is_some();
        let entry = Entry::Credit(credit);
        self.note(format!("credit {}", entry.body()));
        self.enter(&entry, &[said]);
        if is_keyed {
            self.keyed_entries.push(Keyed {
                customer: named.customer,
                entry,
            });
        }
    }

    pub(super) fn reset(&mut self, random: &mut Random) {
        let Some(named) = self.someone(random) else {
            return;
        };
        let Some(meter) = self.some_meter(random) else {
            return;
        };
        let time = self.some_moment(random);
        let reset = api::CustomerMeterReset {
            customer_id: named.customer_id,
            external_customer_id: named.external_customer_id,
            meter_id: meter.clone(),
            carry_over: random.happens(2, 3).then(|| random.happens(2, 3)),
            timestamp: time.map(instant::format),
            external_id: self.some_key(random),
        };
        let mut said = vec![Said::Reset {
            meter: meter.clone(),
        }];
        if reset.carry_over == Some(true) {
            let units = self.rolls_over(&named.customer, &meter, time);
            // More than one credit can say is said in several.
            let mut left = units;
            while left > 0 {
                let some = left.min(i64::MAX.into());
                said.push(Said::Credited {
                    meter: meter.clone(),
                    units: some,
                    rollover: true,
                });
                left -= some;
            }
        }
        let is_keyed = reset.external_id.is_some();
        let entry = Entry::Reset(reset);
        self.note(format!("reset {}", entry.body()));
        if time.is_none() {
            self.receipts.bare_resets.insert(self.next_order);
        }
        self.enter(&entry, &said);
        if is_keyed {
            self.keyed_entries.push(Keyed {
                customer: named.customer,
                entry,
            });
        }
    }

    /// The units that will roll over, worked out from what the API lists now.
    fn rolls_over(&mut self, customer: &str, meter: &str, time: Option<i64>) -> i128 {
        let events = self.events();
        let meters = self.listed_meters();
        let meter = meters.iter().find(|listed| listed.id == meter);
        let mut customers = self.customers.iter();
        let customer = customers.find(|known| known.id == customer);
        let counted = Counted::new(
            meter.expect("a meter that is listed"),
            &self.receipts,
            &events,
            usize::MAX,
        );
        counted.rolls_over(customer.expect("a customer that was made"), time)
    }

    /// Sends a credit or reset, which must write those system events and answer with the customer meter as GET gives it.
    #[track_caller]
    fn enter(&mut self, entry: &Entry, said: &[Said]) {
        let answer = self.call("POST", entry.path(), Some(&entry.body()), 201);
        let row: api::CustomerMeter = read(&answer);
        let again: api::CustomerMeter = self.get(&format!("/v1/customer-meters/{}", row.id));
        assert_eq!(row, again);
        let written = self.place_system_events();
        let written_said: Vec<_> = written.iter().filter_map(Event::said).collect();
        // Credits of one step that differ in their units alone are in no order that a list tells.
        let by_units = |said: &[Said]| {
            let mut said: Vec<String> = said.iter().map(|said| format!("{said:?}")).collect();
            said.sort();
            said
        };
        assert_eq!(by_units(&written_said), by_units(said), "what was written");
        for event in written {
            assert_eq!(event.identity, Identity::Customer(row.customer_id.clone()));
        }
    }

    /// Sends a credit or reset once more, which changes nothing, and another one with its key, which is refused.
    pub(super) fn repeat_entry(&mut self, random: &mut Random) {
        if self.keyed_entries.is_empty() {
            return self.credit(random);
        }
        let Keyed { customer, entry } =
            self.keyed_entries[random.index(self.keyed_entries.len())].clone();
        self.note(format!("repeat {}", entry.body()));
        let living = self.living();
        let mut other = entry.clone();
        match &mut other {
            Entry::Credit(credit) => credit.units ^= 2,
            Entry::Reset(reset) => reset.carry_over = Some(!reset.carry_over.unwrap_or(false)),
        }
        // It is told again whatever became of customer and meter. But an external id may be nobody's meanwhile, or have passed to
        // another customer, whose credit this is not.
        let by_external_id = match &entry {
            Entry::Credit(credit) => credit.external_customer_id.clone(),
            Entry::Reset(reset) => reset.external_customer_id.clone(),
        };
        let is_same = by_external_id.is_none_or(|external_id| {
            living.iter().any(|living| {
                living.id == customer && living.external_id == Some(external_id.clone())
            })
        });
        let status = if is_same { 200 } else { 422 };
        self.call("POST", entry.path(), Some(&entry.body()), status);
        self.call("POST", other.path(), Some(&other.body()), 422);
        assert!(self.place_system_events().is_empty(), "nothing is written");
    }

    /// An archived meter takes neither credits nor resets.
    pub(super) fn refuse_entries(&mut self, random: &mut Random, meter: &str) {
        let Some(named) = self.someone(random) else {
            return;
        };
        let mut body = json!({"customer_id": named.customer, "meter_id": meter});
        let target = "/v1/customer-meters/resets";
        self.call("POST", target, Some(&body.to_string()), 422);
        body["units"] = json!(5);
        let target = "/v1/customer-meters/credits";
        self.call("POST", target, Some(&body.to_string()), 422);
    }

    /// A customer that is not deleted, under one of its names.
    fn someone(&mut self, random: &mut Random) -> Option<Named> {
        let living = self.living();
        if living.is_empty() {
            return None;
        }
        let customer = living[mostly_first(random, living.len())].clone();
        let external_id = customer.external_id.filter(|_| random.happens(1, 2));
        Some(Named {
            customer_id: external_id.is_none().then(|| customer.id.clone()),
            external_customer_id: external_id,
            customer: customer.id,
        })
    }

    fn some_meter(&mut self, random: &mut Random) -> Option<String> {
        let active = self.active_meters();
        (!active.is_empty()).then(|| active[mostly_first(random, active.len())].clone())
    }

    /// A time that was noted, one before everything, or none.
    fn some_moment(&mut self, random: &mut Random) -> Option<i64> {
        match random.below(8) {
            0..4 => {
                let moments = &self.receipts.moments;
                Some(moments[random.index(moments.len())].0)
            }
            4 => Some(MARCH + days(random)),
            _ => None,
        }
    }

    fn some_key(&mut self, random: &mut Random) -> Option<String> {
        random.happens(1, 3).then(|| self.fresh("entry"))
    }
}
