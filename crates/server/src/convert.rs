//! From domain types to wire types, by hand: what is answered is decided here.

mod benefit;
mod customer;
mod customer_meter;
mod customer_portal;
mod customer_session;
mod event;
mod event_type;
mod grant;
mod metadata;
mod meter;
mod organization;
mod webhook;

use api::Decimal;
use domain::{Number, Timestamp, Token};
use service::{Listed, Page};

pub(crate) use benefit::benefit_to_api;
pub(crate) use customer::{customer_csv_header, customer_to_api, customers_to_csv};
pub(crate) use customer_meter::{customer_meter_to_api, customer_state_to_api};
pub(crate) use customer_portal::portal_meter_to_api;
pub(crate) use customer_session::customer_session_to_api;
pub(crate) use event::{event_cursor_page_to_api, event_name_to_api, event_to_api};
pub(crate) use event_type::{event_type_stats_to_api, event_type_to_api};
pub(crate) use grant::grant_to_api;
pub(crate) use meter::{meter_to_api, quantities_to_api};
pub(crate) use organization::{OrganizationSettings, organization_to_api};

pub(crate) use webhook::{WEBHOOK_API_VERSION, webhook_delivery_to_api, webhook_endpoint_to_api};

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

/// A field of schema type `number`: with a point, all digits (SEMANTICS 4.9).
fn number_to_api(number: &Number) -> Decimal {
    let mut digits = String::new();
    number.write_json_float(&mut digits);
    Decimal::from_digits(digits).expect("a number is written as JSON")
}

/// A field of schema type `integer`: the digits of a whole number (SEMANTICS 4.9), of which there may be more than 64 bits hold.
fn integer_to_api(number: &Number) -> Decimal {
    debug_assert!(number.is_integer(), "only a whole number has no point");
    Decimal::from_digits(number.to_string()).expect("a number is written as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn integers_have_no_point_and_all_digits() {
        let wire = |text: &str| {
            integer_to_api(&Number::parse(text).expect("a number").value)
                .as_str()
                .to_owned()
        };
        assert_eq!(wire("0"), "0");
        assert_eq!(wire("-3e2"), "-300");
        assert_eq!(wire("18446744073709551616"), "18446744073709551616");
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
