//! What is left of a person when a customer is anonymized (SEMANTICS 11.6).
//!
//! The address, and the name of somebody without a tax id, become hashes; a business keeps its name beside its tax id, which
//! invoices need. The hashes are of the time of creation too: the hash of the address alone is what public pictures are
//! found by, and the same for every organization that knows the person.

use std::fmt::Write as _;

use domain::{Customer, Metadata, MetadataBuilder, Timestamp};
use sha2::{Digest, Sha256};

/// Where anonymous addresses are, in the contract's words.
const DOMAIN: &str = "anonymized.polar.sh";
/// Under which key the metadata says when.
const ANONYMIZED_AT: &str = "__anonymized_at";

/// The customer without what tells who it was.
pub(crate) fn anonymized(mut customer: Customer, at: Timestamp) -> Customer {
    let created_at = customer.created_at;
    customer.email = customer
        .email
        .map(|email| format!("{}@{DOMAIN}", hashed(&email, created_at)));
    if customer.tax_id.is_none() {
        customer.name = customer.name.map(|name| hashed(&name, created_at));
    }
    customer.billing_address = None;
    customer.metadata = with_note(&customer.metadata, at);
    customer
}

fn hashed(text: &str, created_at: Timestamp) -> String {
    let hash = Sha256::new()
        .chain_update(created_at.to_iso())
        .chain_update(text)
        .finalize();
    hash.iter().fold(String::new(), |mut hex, byte| {
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
