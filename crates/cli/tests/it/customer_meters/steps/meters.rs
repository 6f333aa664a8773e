//! Meters are made, given other definitions, archived and brought back.

use api::MeterUpdate;
use serde_json::json;

use super::mostly_first;
use crate::customer_meters::model::Counted;
use crate::customer_meters::samples::{aggregation, filter};
use crate::customer_meters::world::{World, read, to_json};
use crate::random::Random;

const METERS_MAX: usize = 10;

impl World {
    pub(super) fn create_meter(&mut self, random: &mut Random) {
        if self.meters.len() >= METERS_MAX {
            return self.ingest(random);
        }
        let (filter, aggregation) = (filter(random, 1), aggregation(random));
        self.note(format!(
            "create meter {} {}",
            to_json(&filter),
            to_json(&aggregation)
        ));
        self.add_meter(&filter, &aggregation);
    }

    pub(super) fn add_meter(&mut self, filter: &api::Filter, aggregation: &api::Aggregation) {
        let name = self.fresh("meter");
        let body = json!({"name": name, "filter": filter, "aggregation": aggregation});
        let answer = self.call("POST", "/v1/meters/", Some(&body.to_string()), 201);
        self.meters.push(read::<api::Meter>(&answer).id);
    }

    /// Gives a meter another definition, which works until an event has matched.
    pub(super) fn redefine_meter(&mut self, random: &mut Random) {
        let Some(id) = self.active_meters().last().cloned() else {
            return;
        };
        let events = self.events();
        let meters = self.listed_meters();
        let meter = meters.iter().find(|meter| meter.id == id);
        let meter = meter.expect("a meter that is listed");
        let counted = Counted::new(meter, &self.receipts, &events, usize::MAX);
        let status = if counted.has_match() { 422 } else { 200 };
        let update = to_json(&MeterUpdate {
            filter: Some(filter(random, 1)),
            aggregation: Some(aggregation(random)),
            ..MeterUpdate::default()
        });
        self.note(format!("redefine {id} {update}: {status}"));
        self.call("PATCH", &format!("/v1/meters/{id}"), Some(&update), status);
    }

    pub(super) fn archive_or_bring_back(&mut self, random: &mut Random) {
        let meter = self.meters[mostly_first(random, self.meters.len())].clone();
        // At times one that is archived is archived again.
        let archives = !self.archived.contains_key(&meter) || random.happens(1, 3);
        let what = if archives { "archive" } else { "bring back" };
        self.note(format!("{what} {meter}"));
        let update = MeterUpdate {
            is_archived: Some(archives),
            ..MeterUpdate::default()
        };
        let target = format!("/v1/meters/{meter}");
        self.call("PATCH", &target, Some(&to_json(&update)), 200);
        if archives {
            // What it stands at does not move when it is archived once more.
            let next_order = self.next_order;
            self.archived.entry(meter.clone()).or_insert(next_order);
            self.refuse_entries(random, &meter);
        } else {
            self.archived.remove(&meter);
        }
    }
}
