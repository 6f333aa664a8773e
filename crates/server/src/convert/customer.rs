//! Customers.

use std::fmt::Write as _;

use domain::{Address, Timestamp};
use service::Profile;
use sha2::{Digest, Sha256};

use super::metadata_to_api;

/// A customer, with what its events tell of it (SEMANTICS 11.5, 11.6). A deleted one keeps the external id that it had.
pub(crate) fn customer_to_api(profile: &Profile) -> api::Customer {
    let Profile {
        customer,
        first_user_event_at,
    } = profile;
    let external_id = customer.external_id.as_ref();
    api::Customer {
        id: customer.id.to_string(),
        created_at: customer.created_at.to_iso(),
        modified_at: customer.modified_at.map(Timestamp::to_iso),
        metadata: metadata_to_api(customer.metadata.as_ref()),
        external_id: external_id
            .or(customer.former_external_id.as_ref())
            .cloned(),
        email: customer.email.clone(),
        email_verified: false,
        kind: customer.kind.as_str().to_owned(),
        name: customer.name.clone(),
        billing_name: customer.name.clone(),
        billing_address: customer.billing_address.as_ref().map(address_to_api),
        tax_id: None,
        locale: customer.locale.clone(),
        organization_id: customer.organization.to_string(),
        default_payment_method_id: None,
        deleted_at: customer.deleted_at.map(Timestamp::to_iso),
        first_user_event_at: first_user_event_at.map(Timestamp::to_iso),
        avatar_url: customer.email.as_deref().map(avatar_url),
    }
}

fn address_to_api(address: &Address) -> api::Address {
    api::Address {
        line1: address.line1.clone(),
        line2: address.line2.clone(),
        postal_code: address.postal_code.clone(),
        city: address.city.clone(),
        state: address.state.clone(),
        country: address.country.clone(),
    }
}

fn avatar_url(email: &str) -> String {
    let mut url = String::from("https://www.gravatar.com/avatar/");
    for byte in Sha256::digest(email.to_lowercase().as_bytes()) {
        write!(url, "{byte:02x}").expect("writing to a string");
    }
    url.push_str("?d=404");
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_avatar_is_that_of_the_lower_case_address() {
        let expected = "https://www.gravatar.com/avatar/\
                        08168cd80dfd534ab0f10af10f1303fe00af2d43ab5c1432360d137f8197e17a?d=404";
        assert_eq!(avatar_url("a@example.com"), expected);
        assert_eq!(avatar_url("A@Example.COM"), expected);
    }
}
