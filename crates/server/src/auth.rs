//! Who asks, and whether they may (SEMANTICS 2).

use domain::{CustomerId, OrganizationId, Scope};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use service::{Principal, Service};

use crate::error::Failure;

/// Whom a route serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everyone; a token is not even looked at.
    Open,
    /// An organization whose token has one of these scopes.
    Organization(&'static [Scope]),
    /// The administrator.
    Admin,
    /// The administrator, or an organization whose token has one of these scopes.
    AdminOrOrganization(&'static [Scope]),
    /// A customer with a session.
    Customer,
}

/// Whom a request is served for. What a route's [`Access`] lets through, and who takes a share of what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Caller {
    /// Anyone.
    Anyone,
    /// The administrator.
    Admin,
    /// An organization.
    Organization(OrganizationId),
    /// A customer of an organization.
    Customer(OrganizationId, CustomerId),
}

impl Caller {
    /// Who sent a token, or none.
    pub(crate) fn of(principal: Option<Principal>) -> Self {
        match principal {
            None => Caller::Anyone,
            Some(Principal::Admin) => Caller::Admin,
            Some(Principal::Organization(token)) => Caller::Organization(token.organization),
            Some(Principal::Customer(access)) => {
                Caller::Customer(access.organization, access.customer)
            }
        }
    }

    /// Whose share of what there is a caller takes: customers that of their organization, so that many of them do not take what other
    /// organizations need.
    pub(crate) fn payer(self) -> Self {
        match self {
            Caller::Customer(organization, _) => Caller::Organization(organization),
            Caller::Anyone | Caller::Admin | Caller::Organization(_) => self,
        }
    }
}

/// Who sent this token; `None` without a token, which only some routes mind.
///
/// # Errors
/// [`Failure::InvalidToken`] for a token that nobody has.
pub(crate) fn identify(
    service: &Service,
    headers: &HeaderMap,
) -> Result<Option<Principal>, Failure> {
    match bearer(headers) {
        None => Ok(None),
        Some(secret) => service
            .authenticate(secret)
            .map(Some)
            .ok_or(Failure::InvalidToken),
    }
}

/// Whether who asks may use a route. A token of the wrong kind is like none (SEMANTICS 2.3).
///
/// # Errors
/// [`Failure::Unauthorized`], [`Failure::InsufficientScope`].
pub(crate) fn authorize(access: Access, principal: Option<Principal>) -> Result<Caller, Failure> {
    match (access, principal) {
        (Access::Open, _) => Ok(Caller::Anyone),
        (Access::Admin | Access::AdminOrOrganization(_), Some(Principal::Admin)) => {
            Ok(Caller::Admin)
        }
        (
            Access::Organization(scopes) | Access::AdminOrOrganization(scopes),
            Some(Principal::Organization(token)),
        ) => {
            if scopes.iter().any(|scope| token.scopes.contains(*scope)) {
                Ok(Caller::Organization(token.organization))
            } else {
                Err(Failure::InsufficientScope(scopes))
            }
        }
        (Access::Customer, Some(Principal::Customer(access))) => {
            Ok(Caller::Customer(access.organization, access.customer))
        }
        (Access::Organization(_), Some(Principal::Admin | Principal::Customer(_)))
        | (Access::Admin, Some(Principal::Organization(_) | Principal::Customer(_)))
        | (Access::AdminOrOrganization(_), Some(Principal::Customer(_)))
        | (Access::Customer, Some(Principal::Admin | Principal::Organization(_)))
        | (_, None) => Err(Failure::Unauthorized),
    }
}

/// The token of a request. A header of another scheme, without a value or not in ASCII counts as none (SEMANTICS 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let value = std::str::from_utf8(value)
        .ok()
        .filter(|value| value.is_ascii())?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use domain::{Scopes, SessionId, TokenId};
    use http::HeaderValue;
    use service::{Access as TokenAccess, CustomerAccess};

    use super::*;

    const METERS: &[Scope] = &[Scope::MetersRead, Scope::MetersWrite];

    fn token_in(value: &[u8]) -> Option<String> {
        let value = HeaderValue::from_bytes(value).expect("a header value");
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        bearer(&headers).map(str::to_owned)
    }

    fn organization(scopes: &[Scope]) -> Principal {
        Principal::Organization(TokenAccess {
            token: TokenId::from_random([1; 16]),
            organization: OrganizationId::from_random([2; 16]),
            scopes: scopes.iter().copied().collect::<Scopes>(),
        })
    }

    fn customer() -> Principal {
        Principal::Customer(CustomerAccess {
            session: SessionId::from_random([3; 16]),
            organization: OrganizationId::from_random([2; 16]),
            customer: CustomerId::from_random([4; 16]),
        })
    }

    #[test]
    fn the_scheme_is_read_in_any_case() {
        for value in ["Bearer abc", "bearer abc", "BEARER abc", "Bearer  abc "] {
            assert_eq!(
                token_in(value.as_bytes()).as_deref(),
                Some("abc"),
                "{value}"
            );
        }
    }

    #[test]
    fn other_schemes_empty_and_foreign_values_are_no_token() {
        for value in ["", "Bearer", "Bearer ", "Basic abc", "abc", "Bearerabc"] {
            assert_eq!(token_in(value.as_bytes()), None, "{value}");
        }
        assert_eq!(token_in("Bearer äbc".as_bytes()), None);
        assert_eq!(token_in(b"Bearer \xff"), None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn one_of_the_scopes_is_enough() {
        let access = Access::Organization(METERS);
        let caller = Caller::Organization(OrganizationId::from_random([2; 16]));
        assert_eq!(
            authorize(access, Some(organization(&[Scope::MetersRead]))).ok(),
            Some(caller)
        );
        assert_eq!(
            authorize(access, Some(organization(&[Scope::MetersWrite]))).ok(),
            Some(caller)
        );
        let refused = authorize(
            access,
            Some(organization(&[Scope::EventsRead, Scope::OpenId])),
        );
        assert!(matches!(refused, Err(Failure::InsufficientScope(METERS))));
    }

    #[test]
    fn a_token_of_the_wrong_kind_is_like_none() {
        let refused =
            |access, principal| matches!(authorize(access, principal), Err(Failure::Unauthorized));
        assert!(refused(
            Access::Organization(METERS),
            Some(Principal::Admin)
        ));
        assert!(refused(Access::Organization(METERS), None));
        assert!(refused(Access::Admin, Some(organization(Scope::ALL))));
        assert!(refused(Access::Admin, None));
        assert!(refused(Access::AdminOrOrganization(METERS), None));
        for access in [
            Access::Organization(METERS),
            Access::Admin,
            Access::AdminOrOrganization(METERS),
        ] {
            assert!(refused(access, Some(customer())), "{access:?}");
        }
        for principal in [Some(Principal::Admin), Some(organization(Scope::ALL)), None] {
            assert!(refused(Access::Customer, principal), "{principal:?}");
        }
    }

    #[test]
    fn a_customer_is_served_as_itself_and_takes_of_its_organizations_share() {
        let own = OrganizationId::from_random([2; 16]);
        let caller = authorize(Access::Customer, Some(customer())).expect("is let in");
        let expected = Caller::Customer(own, CustomerId::from_random([4; 16]));
        assert_eq!(
            (caller, caller.payer()),
            (expected, Caller::Organization(own))
        );
        assert_eq!(Caller::of(Some(customer())), expected);
    }

    #[test]
    fn some_routes_serve_both_kinds_and_open_ones_everybody() {
        let both = Access::AdminOrOrganization(METERS);
        assert_eq!(
            authorize(both, Some(Principal::Admin)).ok(),
            Some(Caller::Admin)
        );
        assert!(matches!(
            authorize(both, Some(organization(METERS))),
            Ok(Caller::Organization(_))
        ));
        assert_eq!(authorize(Access::Open, None).ok(), Some(Caller::Anyone));
        assert_eq!(
            authorize(Access::Open, Some(Principal::Admin)).ok(),
            Some(Caller::Anyone)
        );
    }
}
