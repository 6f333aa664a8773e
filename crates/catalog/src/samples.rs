//! Rows for tests. Each is the same every time, so that it is also what is expected back.

use domain::{
    Aggregation, Conjunction, Customer, CustomerId, CustomerKind, CustomerSession, Definition,
    Filter, MemberId, Metadata, MetadataBuilder, Meter, MeterId, Number, Organization,
    OrganizationId, Scope, SessionId, TeamMember, Timestamp, Token, TokenId, Unit,
};

use crate::{Catalog, CatalogError, Outbox};

/// A catalogue in memory.
pub(crate) fn catalog() -> Catalog {
    Catalog::in_memory().expect("opens")
}

/// The same with the organizations 1 to 3.
pub(crate) fn catalog_with_organizations() -> Catalog {
    let catalog = catalog();
    for n in 1..=3 {
        catalog
            .insert_organization(&organization(n))
            .expect("inserts");
    }
    catalog
}

pub(crate) fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).expect("in range")
}

fn id_bytes(kind: u8, n: u8) -> [u8; 16] {
    // The order of the ids is not that of the numbers.
    [
        n.wrapping_mul(151),
        kind,
        0,
        0,
        0,
        0,
        0x40,
        0,
        0x80,
        0,
        0,
        0,
        0,
        0,
        0,
        n,
    ]
}

pub(crate) fn organization(n: u8) -> Organization {
    Organization {
        id: OrganizationId::from_bytes(id_bytes(1, n)),
        name: format!("Organization {n}"),
        slug: format!("organization-{n}"),
        settings: None,
        created_at: at(i64::from(n)),
        modified_at: None,
    }
}

pub(crate) fn token(n: u8, of: u8) -> Token {
    Token {
        id: TokenId::from_bytes(id_bytes(2, n)),
        organization: organization(of).id,
        comment: format!("token {n}"),
        scopes: [Scope::MetersRead, Scope::EventsWrite]
            .into_iter()
            .collect(),
        expires_at: None,
        last_used_at: None,
        created_at: at(100 + i64::from(n)),
        modified_at: None,
    }
}

/// A customer of organization 1, with an address and an external id.
pub(crate) fn customer(n: u8) -> Customer {
    Customer {
        id: CustomerId::from_bytes(id_bytes(3, n)),
        organization: organization(1).id,
        kind: CustomerKind::Individual,
        external_id: Some(format!("external-{n}")),
        former_external_id: None,
        email: Some(format!("customer{n}@example.com")),
        name: None,
        billing_address: None,
        tax_id: None,
        locale: None,
        metadata: Metadata::default(),
        created_at: at(200 + i64::from(n)),
        modified_at: None,
        deleted_at: None,
    }
}

/// A member of a customer of organization 1.
pub(crate) fn member(n: u8, of: u8) -> TeamMember {
    TeamMember {
        id: MemberId::from_bytes(id_bytes(20, n)),
        organization: organization(1).id,
        customer: customer(of).id,
        email: format!("member{n}@example.com"),
        name: None,
        external_id: None,
        created_at: at(400 + i64::from(n)),
        modified_at: None,
    }
}

/// A session of a customer of organization 1.
pub(crate) fn session(n: u8, of: u8) -> CustomerSession {
    CustomerSession {
        id: SessionId::from_bytes(id_bytes(21, n)),
        organization: organization(1).id,
        customer: customer(of).id,
        return_url: None,
        expires_at: at(1500 + i64::from(n)),
        created_at: at(500 + i64::from(n)),
    }
}

/// Deletes a customer.
pub(crate) fn delete(
    catalog: &Catalog,
    organization: OrganizationId,
    id: CustomerId,
    at: Timestamp,
) -> Result<Customer, CatalogError> {
    let customer = catalog.customer(organization, id)?;
    let deleted = customer.ok_or(CatalogError::NotFound)?.deleted(at);
    catalog.delete_customer(&deleted, &[], &Outbox::default())?;
    Ok(deleted)
}

/// A meter of organization 1 that counts everything.
pub(crate) fn meter(n: u8) -> Meter {
    Meter {
        id: MeterId::from_bytes(id_bytes(4, n)),
        organization: organization(1).id,
        name: format!("meter {n}"),
        unit: Unit::Scalar,
        custom_label: None,
        custom_multiplier: None,
        definition: Definition {
            filter: Filter {
                conjunction: Conjunction::And,
                clauses: Vec::new(),
            },
            aggregation: Aggregation::Count,
        },
        metadata: Metadata::default(),
        created_at: at(300 + i64::from(n)),
        modified_at: at(300 + i64::from(n)),
        archived_at: None,
        stands_since: None,
    }
}

/// Metadata of keys and values; values that read as a number or a boolean are one.
pub(crate) fn metadata(entries: &[(&str, &str)]) -> Metadata {
    let mut builder = MetadataBuilder::new();
    for (key, text) in entries {
        match (*text, Number::parse(text)) {
            ("true", _) => builder.bool(key, true),
            ("false", _) => builder.bool(key, false),
            (_, Ok(literal)) => builder.number(key, &literal.value, literal.spelling),
            (_, Err(_)) => builder.text(key, text),
        }
    }
    builder.finish()
}
