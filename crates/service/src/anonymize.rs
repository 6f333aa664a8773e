//! What is left of a person when a customer is anonymized (SEMANTICS 11.6).
//!
//! The address, and the name of somebody without a tax id, become hashes; a business keeps its name beside its tax id, which
//! invoices need. The hashes are keyed with the folder's secret, and of the customer's id too: who has a copy of the row cannot try
//! addresses until one fits, and no two customers have the same.

use std::fmt::Write as _;

use domain::{Customer, Metadata, MetadataBuilder, Timestamp};

use crate::secrets::SecretHasher;

/// Where anonymous addresses are, in the contract's words.
const DOMAIN: &str = "anonymized.polar.sh";
/// Under which key the metadata says when.
const ANONYMIZED_AT: &str = "__anonymized_at";

/// The customer without what tells who it was.
pub(crate) fn anonymized(mut customer: Customer, at: Timestamp, hasher: &SecretHasher) -> Customer {
    let id = customer.id;
    let unnamed = |text: String| hex(&hasher.hash(&format!("{id}{text}")));
    customer.email = customer
        .email
        .map(|email| format!("{}@{DOMAIN}", unnamed(email)));
    if customer.tax_id.is_none() {
        customer.name = customer.name.map(unnamed);
    }
    customer.billing_address = None;
    customer.metadata = with_note(&customer.metadata, at);
    customer
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a string");
        hex
    })
}

fn with_note(metadata: &Metadata, at: Timestamp) -> Metadata {
    let mut noted = MetadataBuilder::new();
    for (key, value) in metadata.as_ref().iter() {
        if key != ANONYMIZED_AT {
            noted.value(key, &value);
        }
    }
    noted.text(ANONYMIZED_AT, &at.to_iso());
    noted.finish()
}
