//! What a client is told when a request fails: the one place where errors get a status and a public text.
//!
//! Every match here is exhaustive, so that a new error does not compile until someone decides what the client is told. Text of
//! internal errors goes to the log only.

mod rule;

use std::error::Error;

use api::{ErrorBody, RoutingBody, TokenErrorBody, ValidationBody};
use domain::Scope;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderMap, StatusCode};
use service::Fault;

use crate::limits::{
    RETRY_SECONDS_BUSY, RETRY_SECONDS_NO_ROOM, RETRY_SECONDS_NO_SPACE, RETRY_SECONDS_OVERLOADED,
};
use crate::reply::{self, Response};
use crate::request::{BodyError, IngestError, Invalid};
use crate::validate::FieldError;

const INVALID_TOKEN: &str =
    "The access token provided is expired, revoked, malformed, or invalid for other reasons.";
const INSUFFICIENT_SCOPE: &str =
    "The request requires higher privileges than provided by the access token.";

/// Why a request is not served.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing is served at this path, or not in this version.
    UnknownPath,
    /// The path is served with other methods: the value of `Allow`.
    MethodNotAllowed(String),
    /// The body is larger than so many bytes.
    BodyTooLarge(usize),
    /// The body did not come in time.
    BodyTooSlow,
    /// The body ended before its end.
    BodyCut,
    /// The body is no UTF-8.
    BodyUnreadable,
    /// There is no room for the body now.
    NoRoom,
    /// Too much that this caller asked for waits to be done.
    Busy,
    /// Nobody has this token.
    InvalidToken,
    /// There is no token, or one of the wrong kind.
    Unauthorized,
    /// The token has none of these scopes.
    InsufficientScope(&'static [Scope]),
    /// Fields are not of the form they must have.
    Form(Vec<FieldError>),
    /// Rules of the business are broken.
    Rules(Vec<FieldError>),
    /// Rules of the business are broken, as the service found.
    Faults(Vec<Fault>),
    /// There is no such row.
    NotFound,
    /// The disk is full.
    NoSpace,
    /// Too much waits to be written.
    Overloaded,
    /// The organization has as many events as it can.
    OrganizationFull,
    /// The store takes no more writes.
    WritesStopped,
    /// Something that should not happen.
    Internal(Box<dyn Error + Send + Sync>),
    /// Our code panicked, saying this.
    Panicked(String),
}

impl From<service::Error> for Failure {
    fn from(error: service::Error) -> Self {
        match error {
            service::Error::NotFound => Failure::NotFound,
            service::Error::Invalid(faults) => Failure::Faults(faults),
            service::Error::NoSpace => Failure::NoSpace,
            service::Error::Overloaded => Failure::Overloaded,
            service::Error::OrganizationFull => Failure::OrganizationFull,
            service::Error::WritesStopped => Failure::WritesStopped,
            service::Error::Internal(source) => Failure::Internal(source),
        }
    }
}

impl From<Vec<FieldError>> for Failure {
    fn from(errors: Vec<FieldError>) -> Self {
        Failure::Form(errors)
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        match invalid {
            Invalid::Form(errors) => Failure::Form(errors),
            Invalid::Rules(errors) => Failure::Rules(errors),
        }
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::NotUtf8 => Failure::BodyUnreadable,
            BodyError::Malformed(error) => Failure::Form(vec![error]),
        }
    }
}

impl From<IngestError> for Failure {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Body(error) => Failure::from(error),
            IngestError::Invalid(invalid) => Failure::from(invalid),
        }
    }
}

impl Failure {
    /// The same, faults that the service found with what the body says at their places.
    pub(crate) fn with_inputs(self, body: &[u8]) -> Self {
        match self {
            Failure::Faults(faults) => Failure::Rules(rule::fields_of(&faults, body)),
            other => other,
        }
    }

    /// The answer. Headers that every answer has are added later.
    pub(crate) fn into_response(self) -> Response {
        match self {
            Failure::UnknownPath => routing(StatusCode::NOT_FOUND, "Not Found"),
            Failure::MethodNotAllowed(allow) => {
                let mut response = routing(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
                let allow = HeaderValue::try_from(allow).expect("names of methods are ASCII");
                response.headers_mut().insert(ALLOW, allow);
                response
            }
            Failure::BodyTooLarge(bytes_max) => closing(named(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestBodyTooLarge",
                &format!("Request body exceeded the maximum allowed size of {bytes_max} bytes."),
            )),
            Failure::BodyTooSlow => closing(named(
                StatusCode::REQUEST_TIMEOUT,
                "RequestTimeout",
                "The request body did not arrive in time.",
            )),
            Failure::BodyCut => closing(named(
                StatusCode::BAD_REQUEST,
                "BadRequest",
                "The request body ended before its end.",
            )),
            Failure::BodyUnreadable => routing(
                StatusCode::BAD_REQUEST,
                "There was an error parsing the body",
            ),
            Failure::NoRoom => closing(retry_after(
                unavailable("Too many large requests at once."),
                RETRY_SECONDS_NO_ROOM,
            )),
            Failure::Busy => retry_after(
                unavailable("Too many requests wait to be answered."),
                RETRY_SECONDS_BUSY,
            ),
            Failure::InvalidToken => token_error(
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                INVALID_TOKEN,
                format!(
                    "Bearer realm=\"polar\", error=\"invalid_token\", error_description=\"{INVALID_TOKEN}\""
                ),
            ),
            Failure::Unauthorized => {
                let mut response = named(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized");
                let realm = HeaderValue::from_static("Bearer realm=\"polar\"");
                response.headers_mut().insert(WWW_AUTHENTICATE, realm);
                response
            }
            Failure::InsufficientScope(scopes) => {
                let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
                token_error(
                    StatusCode::FORBIDDEN,
                    "insufficient_scope",
                    INSUFFICIENT_SCOPE,
                    format!(
                        "Bearer realm=\"polar\", scope=\"{}\", error=\"insufficient_scope\", \
                         error_description=\"{INSUFFICIENT_SCOPE}\"",
                        scopes.join(" ")
                    ),
                )
            }
            Failure::Form(errors) => validation("RequestValidationError", errors),
            Failure::Rules(errors) => validation("PolarRequestValidationError", errors),
            Failure::Faults(faults) => validation(
                "PolarRequestValidationError",
                rule::fields_of(&faults, b"{}"),
            ),
            Failure::NotFound => named(StatusCode::NOT_FOUND, "ResourceNotFound", "Not found"),
            Failure::NoSpace => retry_after(
                unavailable("There is no space left for new data. Reads go on."),
                RETRY_SECONDS_NO_SPACE,
            ),
            Failure::Overloaded => retry_after(
                unavailable("Too much waits to be written."),
                RETRY_SECONDS_OVERLOADED,
            ),
            Failure::OrganizationFull => {
                unavailable("The organization has as many events as it can have. Reads go on.")
            }
            Failure::WritesStopped => {
                unavailable("Writes are stopped until the server is started again. Reads go on.")
            }
            Failure::Internal(_) | Failure::Panicked(_) => {
                reply::text(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }
}

fn routing(status: StatusCode, detail: &str) -> Response {
    reply::json(
        status,
        &RoutingBody {
            detail: detail.to_owned(),
        },
    )
}

fn named(status: StatusCode, error: &str, detail: &str) -> Response {
    reply::json(
        status,
        &ErrorBody {
            error: error.to_owned(),
            detail: detail.to_owned(),
        },
    )
}

fn unavailable(detail: &str) -> Response {
    named(
        StatusCode::SERVICE_UNAVAILABLE,
        "ServiceUnavailable",
        detail,
    )
}

fn validation(error: &str, errors: Vec<FieldError>) -> Response {
    let detail = errors.into_iter().map(field_to_api).collect();
    let body = ValidationBody {
        error: error.to_owned(),
        detail,
    };
    reply::json(StatusCode::UNPROCESSABLE_ENTITY, &body)
}

/// Where the reference's validator explains its types of faults.
const EXPLANATIONS: &str = "https://errors.pydantic.dev/2.13/v/";

fn field_to_api(error: FieldError) -> api::ValidationError {
    api::ValidationError {
        url: error
            .in_document
            .then(|| format!("{EXPLANATIONS}{}", error.kind)),
        kind: error.kind.to_owned(),
        loc: error.loc,
        msg: error.msg.into_owned(),
        input: error.input,
        ctx: error.ctx,
    }
}

fn token_error(status: StatusCode, error: &str, description: &str, challenge: String) -> Response {
    let body = TokenErrorBody {
        error: error.to_owned(),
        error_description: description.to_owned(),
    };
    let mut response = reply::json(status, &body);
    let challenge = HeaderValue::try_from(challenge).expect("scopes and texts are ASCII");
    response.headers_mut().extend(HeaderMap::from_iter([
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (PRAGMA, HeaderValue::from_static("no-cache")),
        (WWW_AUTHENTICATE, challenge),
    ]));
    response
}

/// The rest of the request will not be read, so the connection cannot serve another one.
fn closing(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn retry_after(mut response: Response, seconds: u32) -> Response {
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

#[cfg(test)]
mod tests;
