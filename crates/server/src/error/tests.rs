//! The table of errors: what a client is told, word by word.

use std::fmt::Write as _;

use super::*;
use http_body_util::BodyExt;

/// Status, headers but the content type, and body of a failure's answer.
async fn told(failure: Failure) -> String {
    let (parts, body) = failure.into_response().into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    let mut text = parts.status.as_str().to_owned();
    for (name, value) in &parts.headers {
        if name != http::header::CONTENT_TYPE {
            let value = value.to_str().expect("ASCII");
            write!(text, " [{name}: {value}]").expect("writing to a string");
        }
    }
    text.push(' ');
    text.push_str(std::str::from_utf8(&body).expect("UTF-8"));
    text
}

#[tokio::test]
async fn every_failure_has_its_status_and_text() {
    const SCOPES: &[Scope] = &[Scope::MetersRead, Scope::MetersWrite];
    let internal = || Box::new(std::io::Error::other("a secret path"));
    let table = [
        (Failure::UnknownPath, r#"404 {"detail":"Not Found"}"#),
        (
            Failure::MethodNotAllowed("GET, POST".to_owned()),
            r#"405 [allow: GET, POST] {"detail":"Method Not Allowed"}"#,
        ),
        (
            Failure::BodyTooLarge(10_485_760),
            r#"413 [connection: close] {"error":"RequestBodyTooLarge","detail":"Request body exceeded the maximum allowed size of 10485760 bytes."}"#,
        ),
        (
            Failure::BodyTooSlow,
            r#"408 [connection: close] {"error":"RequestTimeout","detail":"The request body did not arrive in time."}"#,
        ),
        (
            Failure::BodyCut,
            r#"400 [connection: close] {"error":"BadRequest","detail":"The request body ended before its end."}"#,
        ),
        (
            Failure::BodyUnreadable,
            r#"400 {"detail":"There was an error parsing the body"}"#,
        ),
        (
            Failure::NoRoom,
            r#"503 [retry-after: 1] [connection: close] {"error":"ServiceUnavailable","detail":"Too many large requests at once."}"#,
        ),
        (
            Failure::Busy,
            r#"503 [retry-after: 1] {"error":"ServiceUnavailable","detail":"Too many requests wait to be answered."}"#,
        ),
        (
            Failure::InvalidToken,
            r#"401 [cache-control: no-store] [pragma: no-cache] [www-authenticate: Bearer realm="polar", error="invalid_token", error_description="The access token provided is expired, revoked, malformed, or invalid for other reasons."] {"error":"invalid_token","error_description":"The access token provided is expired, revoked, malformed, or invalid for other reasons."}"#,
        ),
        (
            Failure::Unauthorized,
            r#"401 [www-authenticate: Bearer realm="polar"] {"error":"Unauthorized","detail":"Unauthorized"}"#,
        ),
        (
            Failure::InsufficientScope(SCOPES),
            r#"403 [cache-control: no-store] [pragma: no-cache] [www-authenticate: Bearer realm="polar", scope="meters:read meters:write", error="insufficient_scope", error_description="The request requires higher privileges than provided by the access token."] {"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token."}"#,
        ),
        (
            Failure::from(service::Error::NotFound),
            r#"404 {"error":"ResourceNotFound","detail":"Not found"}"#,
        ),
        (
            Failure::from(service::Error::NoSpace),
            r#"503 [retry-after: 30] {"error":"ServiceUnavailable","detail":"There is no space left for new data. Reads go on."}"#,
        ),
        (
            Failure::from(service::Error::Overloaded),
            r#"503 [retry-after: 1] {"error":"ServiceUnavailable","detail":"Too much waits to be written."}"#,
        ),
        (
            Failure::from(service::Error::OrganizationFull),
            r#"503 {"error":"ServiceUnavailable","detail":"The organization has as many events as it can have. Reads go on."}"#,
        ),
        (
            Failure::from(service::Error::WritesStopped),
            r#"503 {"error":"ServiceUnavailable","detail":"Writes are stopped until the server is started again. Reads go on."}"#,
        ),
        (
            Failure::from(service::Error::Internal(internal())),
            "500 Internal Server Error",
        ),
        (
            Failure::Panicked("a secret".to_owned()),
            "500 Internal Server Error",
        ),
    ];
    for (failure, expected) in table {
        assert_eq!(told(failure).await, expected);
    }
}

#[tokio::test]
async fn every_fault_has_its_place_type_and_text() {
    let body = br#"{"slug":"acme","organization_id":"o","email":"a@b.c","external_id":"x","filter":{"clauses":[ ]},
        "billing_address":null,"tax_id":"1","type":"individual","events":[{},{"customer_id":"c","member_id":null}]}"#;
    let table = [
        (
            Fault::SlugTaken,
            r#"{"type":"value_error","loc":["body","slug"],"msg":"An organization with this slug already exists.","input":"acme"}"#,
        ),
        (
            Fault::OrganizationUnknown,
            r#"{"type":"value_error","loc":["body","organization_id"],"msg":"Organization not found.","input":"o"}"#,
        ),
        (
            Fault::TooManyWebhookEndpoints,
            r#"{"type":"value_error","loc":["body"],"msg":"The organization has as many webhook endpoints as it may have."}"#,
        ),
        (
            Fault::EmailTaken,
            r#"{"type":"value_error","loc":["body","email"],"msg":"A customer with this email address already exists.","input":"a@b.c"}"#,
        ),
        (
            Fault::ExternalIdTaken,
            r#"{"type":"value_error","loc":["body","external_id"],"msg":"A customer with this external ID already exists.","input":"x"}"#,
        ),
        (
            Fault::ExternalIdFixed,
            r#"{"type":"value_error","loc":["body","external_id"],"msg":"Customer external ID cannot be updated.","input":"x"}"#,
        ),
        (
            Fault::BillingAddressRemoved,
            r#"{"type":"value_error","loc":["body","billing_address"],"msg":"Customer billing address cannot be reset to null once set.","input":null}"#,
        ),
        (
            Fault::TaxIdWithoutCountry,
            r#"{"type":"missing","loc":["body","billing_address"],"msg":"Country is required to validate tax ID.","input":null}"#,
        ),
        (
            Fault::TaxIdInvalid,
            r#"{"type":"invalid","loc":["body","tax_id"],"msg":"Invalid tax ID.","input":"1"}"#,
        ),
        (
            Fault::TeamToIndividual,
            r#"{"type":"value_error","loc":["body","type"],"msg":"Customer type cannot be downgraded from 'team' to 'individual'.","input":"individual"}"#,
        ),
        (
            Fault::CustomerUnknown { event: 1 },
            r#"{"type":"customer_id","loc":["body","events",1,"customer_id"],"msg":"Customer not found.","input":"c"}"#,
        ),
        (
            Fault::MemberUnknown { event: 1 },
            r#"{"type":"member_id","loc":["body","events",1,"member_id"],"msg":"Member not found.","input":null}"#,
        ),
        (
            Fault::MeterUnknown,
            r#"{"type":"meter_id","loc":["query","meter_id"],"msg":"Meter not found."}"#,
        ),
        (
            Fault::PageTooLarge,
            r#"{"type":"value_error","loc":["query","limit"],"msg":"The events of this page are too large for one answer, ask for fewer."}"#,
        ),
        (
            Fault::CreditCustomerUnknown {
                by_external_id: false,
            },
            r#"{"type":"value_error","loc":["body","customer_id"],"msg":"Customer does not exist."}"#,
        ),
        (
            Fault::CreditCustomerUnknown {
                by_external_id: true,
            },
            r#"{"type":"value_error","loc":["body","external_customer_id"],"msg":"Customer does not exist."}"#,
        ),
        (
            Fault::CreditMeterUnknown,
            r#"{"type":"value_error","loc":["body","meter_id"],"msg":"Meter does not exist."}"#,
        ),
        (
            Fault::CreditMeterArchived,
            r#"{"type":"value_error","loc":["body","meter_id"],"msg":"Meter is archived."}"#,
        ),
        (
            Fault::CreditKeyTaken,
            r#"{"type":"value_error","loc":["body","external_id"],"msg":"This external ID was used for another credit, reset, grant or cycle.","input":"x"}"#,
        ),
        (
            Fault::FilterFrozen,
            r#"{"type":"forbidden","loc":["body","filter"],"msg":"This field can't be updated because the meter is already aggregating events.","input":{"clauses":[ ]}}"#,
        ),
        (
            Fault::AggregationFrozen,
            r#"{"type":"forbidden","loc":["body","aggregation"],"msg":"This field can't be updated because the meter is already aggregating events."}"#,
        ),
    ];
    for (fault, item) in table {
        check_fault(fault, body, item).await;
    }
}

/// That a fault of a body is told by this item.
async fn check_fault(fault: Fault, body: &[u8], item: &str) {
    let failure = Failure::from(service::Error::Invalid(vec![fault])).with_inputs(body);
    let expected = format!(r#"422 {{"error":"PolarRequestValidationError","detail":[{item}]}}"#);
    assert_eq!(told(failure).await, expected);
}

#[tokio::test]
async fn faults_of_sessions_have_the_place_of_the_key() {
    let table = [
        (
            Fault::SessionCustomerUnknown {
                by_external_id: false,
            },
            r#"{"type":"value_error","loc":["body","customer_id"],"msg":"Customer does not exist."}"#,
        ),
        (
            Fault::SessionCustomerUnknown {
                by_external_id: true,
            },
            r#"{"type":"value_error","loc":["body","external_customer_id"],"msg":"Customer does not exist."}"#,
        ),
        (
            Fault::SessionMemberUnknown {
                by_external_id: false,
            },
            r#"{"type":"value_error","loc":["body","member_id"],"msg":"Member does not exist."}"#,
        ),
        (
            Fault::SessionMemberUnknown {
                by_external_id: true,
            },
            r#"{"type":"value_error","loc":["body","external_member_id"],"msg":"Member does not exist."}"#,
        ),
    ];
    for (fault, item) in table {
        check_fault(fault, b"{}", item).await;
    }
}

#[tokio::test]
async fn faults_of_a_request_are_told_together() {
    let faults = vec![Fault::EmailTaken, Fault::ExternalIdTaken];
    let told = told(Failure::from(service::Error::Invalid(faults))).await;
    assert!(
        told.contains("[\"body\",\"email\"]") && told.contains("[\"body\",\"external_id\"]"),
        "{told}"
    );
}
