//! All customers of an organization as a file.
//!
//! The file is made part by part, as fast as the client takes it: however many customers there are, some are in memory. It
//! is of no one moment: a customer that is made, changed or deleted meanwhile is in it as it was or as it is.

use std::sync::Arc;

use domain::OrganizationId;
use service::CustomerPlace;

use crate::auth::Caller;
use crate::call::{Call, Shared};
use crate::convert::{customer_csv_header, customers_to_csv};
use crate::error::Failure;
use crate::limits::EXPORT_PART_BYTES;
use crate::reply::{self, NextPart, Part};
use crate::request;
use crate::route::Answer;
use crate::routes::asks_for;

const AS_FILE: &str = "attachment; filename=\"polar-customers.csv\"";

/// Whose customers are exported, and who asks.
#[derive(Clone)]
struct Export {
    shared: Arc<Shared>,
    caller: Caller,
    organization: OrganizationId,
}

/// `GET /v1/customers/export`
pub(super) async fn export(call: Call) -> Answer {
    let organization = call.organization();
    let organizations = request::customer_export(&call.query())?;
    let header = customer_csv_header();
    let export = Export {
        shared: Arc::clone(&call.shared),
        caller: call.caller,
        organization,
    };
    // What fails at once is an answer of its own, so that the first part is made before it is said that there is a file.
    let first = if asks_for(organization, &organizations) {
        export.part(header, None).await?
    } else {
        Part {
            bytes: header.into(),
            rest: None,
        }
    };
    Ok(reply::csv(AS_FILE, first))
}

impl Export {
    /// Makes the lines of some customers after a place, or of the first, behind what is written already.
    fn part(self, mut written: Vec<u8>, after: Option<CustomerPlace>) -> NextPart {
        Box::pin(async move {
            let service = Arc::clone(&self.shared.service);
            let organization = self.organization;
            let read = move || {
                let customers =
                    service.customers_oldest_first(organization, after, EXPORT_PART_BYTES)?;
                written.extend(customers_to_csv(&customers));
                Ok((written, customers.last().map(CustomerPlace::of)))
            };
            let read = self.shared.pools.catalog.run(self.caller, read).await?;
            let (written, last) = read.map_err(|error: service::Error| Failure::from(error))?;
            Ok(Part {
                bytes: written.into(),
                rest: last.map(|last| self.part(Vec::new(), Some(last))),
            })
        })
    }
}
