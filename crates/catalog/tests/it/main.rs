//! The catalogue as a file: what comes back after it was closed, and what happens to files that are none of ours.

mod foreign;
mod reopen;

use std::path::{Path, PathBuf};

use catalog::Catalog;
use domain::{
    Aggregation, Conjunction, Customer, CustomerId, CustomerKind, Definition, Filter, Metadata,
    Meter, MeterId, Organization, OrganizationId, Scope, Timestamp, Token, TokenId, Unit,
};
use tempfile::TempDir;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("catalog.sqlite");
    (folder, path)
}

fn open(path: &Path) -> Catalog {
    Catalog::open(path).expect("opens")
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).expect("in range")
}

fn organization() -> Organization {
    Organization {
        id: OrganizationId::from_random([1; 16]),
        name: "Organization".into(),
        slug: "organization".into(),
        settings: None,
        created_at: at(1),
        modified_at: None,
    }
}

fn token() -> Token {
    Token {
        id: TokenId::from_random([2; 16]),
        organization: organization().id,
        comment: "for tests".into(),
        scopes: [Scope::MetersRead].into_iter().collect(),
        expires_at: Some(at(9)),
        last_used_at: None,
        created_at: at(2),
        modified_at: None,
    }
}

fn customer(n: u8) -> Customer {
    Customer {
        id: CustomerId::from_random([n; 16]),
        organization: organization().id,
        kind: CustomerKind::Individual,
        external_id: Some(format!("external-{n}")),
        former_external_id: None,
        email: Some(format!("Customer{n}@example.com")),
        name: Some("Ève".into()),
        billing_address: None,
        tax_id: None,
        locale: None,
        metadata: Metadata::default(),
        created_at: at(i64::from(n)),
        modified_at: None,
        deleted_at: None,
    }
}

fn meter() -> Meter {
    Meter {
        id: MeterId::from_random([4; 16]),
        organization: organization().id,
        name: "Meter".into(),
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
        created_at: at(4),
        modified_at: at(4),
        archived_at: None,
        stands_since: None,
    }
}
