//! Customers.

use std::fmt::Write as _;

use domain::{Address, TaxId, Timestamp};
use service::Profile;
use sha2::{Digest, Sha256};

use super::metadata_to_api;

mod csv;

pub(crate) use csv::{customer_csv_header, customers_to_csv};

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
        tax_id: customer.tax_id.as_ref().map(tax_id_to_api),
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

fn tax_id_to_api(tax_id: &TaxId) -> (String, String) {
    (tax_id.value.clone(), tax_id.format.as_str().to_owned())
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
    use domain::{Customer, CustomerId, CustomerKind, Metadata, OrganizationId};

    use super::*;

    pub(super) fn profile() -> Profile {
        let customer = Customer {
            id: CustomerId::from_random([1; 16]),
            organization: OrganizationId::from_random([2; 16]),
            kind: CustomerKind::Team,
            external_id: Some("ada".to_owned()),
            former_external_id: None,
            email: None,
            name: Some("Ada".to_owned()),
            billing_address: None,
            tax_id: None,
            locale: None,
            metadata: Metadata::default(),
            created_at: Timestamp::EPOCH,
            modified_at: None,
            deleted_at: None,
        };
        Profile {
            customer,
            first_user_event_at: None,
        }
    }

    #[test]
    fn the_avatar_is_that_of_the_lower_case_address() {
        let expected = "https://www.gravatar.com/avatar/\
                        08168cd80dfd534ab0f10af10f1303fe00af2d43ab5c1432360d137f8197e17a?d=404";
        assert_eq!(avatar_url("a@example.com"), expected);
        assert_eq!(avatar_url("A@Example.COM"), expected);
    }

    #[test]
    fn a_customer_without_an_address_or_events_has_neither_picture_nor_first_event() {
        let wire = customer_to_api(&profile());
        assert_eq!((wire.avatar_url, wire.first_user_event_at), (None, None));
        assert_eq!(wire.billing_name.as_deref(), Some("Ada"));
    }

    #[test]
    fn the_first_event_may_come_before_the_customer() {
        let mut profile = profile();
        profile.first_user_event_at = Timestamp::from_micros(-500_000);
        let wire = customer_to_api(&profile);
        let expected = Some("1969-12-31T23:59:59.500000Z");
        assert_eq!(wire.first_user_event_at.as_deref(), expected);
        assert_eq!(wire.created_at, "1970-01-01T00:00:00Z");
    }

    #[test]
    fn a_deleted_customer_is_shown_with_the_external_id_that_it_had() {
        let mut profile = profile();
        profile.customer.former_external_id = profile.customer.external_id.take();
        profile.customer.deleted_at = Some(Timestamp::EPOCH);
        let wire = customer_to_api(&profile);
        assert_eq!(wire.external_id.as_deref(), Some("ada"));
        assert_eq!(wire.deleted_at.as_deref(), Some("1970-01-01T00:00:00Z"));
    }
}
