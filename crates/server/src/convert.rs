//! From domain types to wire types, by hand: what is answered is decided here.

mod metadata;
mod meter;
mod organization;

use std::fmt::Write as _;

use api::Decimal;
use domain::{Address, Customer, Number, Timestamp, Token};
use service::{Listed, Page};
use sha2::{Digest, Sha256};

pub(crate) use meter::{meter_to_api, quantities_to_api};
pub(crate) use organization::organization_to_api;

use metadata::metadata_to_api;

/// A page of a list. `max_page` follows from the limit that was used, not from the one that was asked for (SEMANTICS 4.2).
pub(crate) fn page_to_api<T, U>(
    listed: &Listed<T>,
    page: Page,
    item: impl Fn(&T) -> U,
) -> api::ListResource<U> {
    api::ListResource {
        items: listed.items.iter().map(item).collect(),
        pagination: api::Pagination::new(listed.total, page.limit),
    }
}

/// A token, without its secret.
pub(crate) fn token_to_api(token: &Token) -> api::OrganizationAccessToken {
    api::OrganizationAccessToken {
        created_at: token.created_at.to_iso(),
        modified_at: token.modified_at.map(Timestamp::to_iso),
        id: token.id.to_string(),
        scopes: token
            .scopes
            .iter()
            .map(|scope| scope.as_str().to_owned())
            .collect(),
        expires_at: token.expires_at.map(Timestamp::to_iso),
        comment: token.comment.clone(),
        last_used_at: token.last_used_at.map(Timestamp::to_iso),
        organization_id: token.organization.to_string(),
    }
}

/// A customer (SEMANTICS 11.5, 11.6).
pub(crate) fn customer_to_api(customer: &Customer) -> api::Customer {
    api::Customer {
        id: customer.id.to_string(),
        created_at: customer.created_at.to_iso(),
        modified_at: customer.modified_at.map(Timestamp::to_iso),
        metadata: metadata_to_api(customer.metadata.as_ref()),
        external_id: customer
            .external_id
            .as_ref()
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
        // Not known yet, also for customers with events.
        first_user_event_at: None,
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

/// A field of schema type `number`: with a point, all digits (SEMANTICS 4.9).
fn number_to_api(number: &Number) -> Decimal {
    let mut digits = String::new();
    number.write_json_float(&mut digits);
    Decimal::from_digits(digits).expect("a number is written as JSON")
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

    #[test]
    fn numbers_have_a_point_and_all_digits() {
        let wire = |text: &str| {
            number_to_api(&Number::parse(text).expect("a number").value)
                .as_str()
                .to_owned()
        };
        assert_eq!(wire("10"), "10.0");
        assert_eq!(wire("0.5"), "0.5");
        assert_eq!(wire("-3e2"), "-300.0");
        assert_eq!(
            wire("12345678901234567890123456789012345678901"),
            "12345678901234567890123456789012345678901.0"
        );
    }

    #[test]
    fn the_last_page_follows_from_the_limit_that_was_used() {
        let listed = Listed {
            items: vec![1, 2],
            total: 201,
        };
        let page = page_to_api(
            &listed,
            Page {
                page: 1,
                limit: 100,
            },
            |item| item * 10,
        );
        assert_eq!(page.items, [10, 20]);
        assert_eq!(
            page.pagination,
            api::Pagination {
                total_count: 201,
                max_page: 3
            }
        );
    }
}
