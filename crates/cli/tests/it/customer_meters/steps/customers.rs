//! Customers come and go, and pass their external ids on.

use serde_json::json;

use super::EXTERNAL_IDS;
use crate::customer_meters::model::Customer;
use crate::customer_meters::world::{World, read, to_json};
use crate::random::Random;

const CUSTOMERS_MAX: usize = 6;

impl World {
    pub(super) fn create_customer(&mut self, random: &mut Random) {
        let living = self.living();
        if living.len() >= CUSTOMERS_MAX {
            return self.delete_customer(random);
        }
        let external_id = random
            .happens(3, 4)
            .then(|| random.one_of(&EXTERNAL_IDS).to_owned());
        let email = format!("{}@example.com", self.fresh("customer"));
        let body = to_json(&api::CustomerCreate {
            email: Some(email),
            external_id: external_id.clone(),
            ..api::CustomerCreate::default()
        });
        self.note(format!("create customer {body}"));
        let taken = |id: &String| {
            living
                .iter()
                .any(|living| living.external_id.as_ref() == Some(id))
        };
        if external_id.as_ref().is_some_and(taken) {
            self.call("POST", "/v1/customers/", Some(&body), 422);
            return;
        }
        let made: api::Customer = read(&self.call("POST", "/v1/customers/", Some(&body), 201));
        self.customers.push(Customer {
            id: made.id,
            external_id,
            is_deleted: false,
        });
    }

    pub(super) fn delete_customer(&mut self, random: &mut Random) {
        let living = self.living();
        if living.is_empty() {
            return;
        }
        let id = living[random.index(living.len())].id.clone();
        self.note(format!("delete customer {id}"));
        self.call("DELETE", &format!("/v1/customers/{id}"), None, 204);
        for customer in &mut self.customers {
            if customer.id == id {
                customer.is_deleted = true;
                customer.external_id = None;
            }
        }
        self.call("GET", &format!("/v1/customers/{id}/state"), None, 404);
    }

    pub(super) fn give_external_id(&mut self, random: &mut Random) {
        let living = self.living();
        let without = living
            .iter()
            .find(|customer| customer.external_id.is_none());
        let free = EXTERNAL_IDS.iter().find(|id| {
            let mut names = living.iter().map(|customer| &customer.external_id);
            !names.any(|name| name.as_deref() == Some(id))
        });
        let (Some(customer), Some(external_id)) = (without, free) else {
            return self.ingest(random);
        };
        self.note(format!("customer {} becomes {external_id}", customer.id));
        let body = json!({"external_id": external_id}).to_string();
        let target = format!("/v1/customers/{}", customer.id);
        self.call("PATCH", &target, Some(&body), 200);
        for known in &mut self.customers {
            if known.id == customer.id {
                known.external_id = Some((*external_id).to_owned());
            }
        }
    }
}
