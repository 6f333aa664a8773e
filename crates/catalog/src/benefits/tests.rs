//! Benefits.

use domain::GrantChange;

use super::*;
use crate::samples::{at, catalog_with_organizations, customer, metadata, meter, organization};

const ALL: Page = Page {
    page: 1,
    limit: 100,
};

/// A catalogue with the meters 1 and 2.
fn catalog_with_meters() -> Catalog {
    let catalog = catalog_with_organizations();
    for n in 1..=2 {
        catalog.insert_meter(&meter(n)).expect("inserts");
    }
    catalog
}

/// A benefit of organization 1 that credits meter 1. The order of the ids is not that of the numbers.
fn benefit(n: u8) -> Benefit {
    Benefit {
        id: BenefitId::from_random([n.wrapping_mul(151); 16]),
        organization: organization(1).id,
        description: format!("benefit {n}"),
        visibility: Visibility::Public,
        credit: MeterCredit {
            meter: meter(1).id,
            units: 10,
            rollover: false,
        },
        metadata: domain::Metadata::default(),
        created_at: at(400 + i64::from(n)),
        modified_at: None,
        deleted_at: None,
    }
}

fn insert(catalog: &Catalog, benefits: &[Benefit]) {
    for benefit in benefits {
        catalog
            .insert_benefit(benefit, &Outbox::default())
            .expect("inserts");
    }
}

fn deleted(benefit: Benefit) -> Benefit {
    Benefit {
        modified_at: Some(at(900)),
        deleted_at: Some(at(900)),
        ..benefit
    }
}

fn descriptions(catalog: &Catalog, search: &BenefitSearch) -> Vec<String> {
    let listed = catalog
        .benefits(organization(1).id, search, ALL)
        .expect("lists");
    assert_eq!(listed.total, listed.items.len() as u64);
    let items = listed.items.into_iter();
    items.map(|benefit| benefit.description).collect()
}

#[test]
fn a_benefit_comes_back_as_it_went_in() {
    let catalog = catalog_with_meters();
    let full = Benefit {
        visibility: Visibility::Draft,
        credit: MeterCredit {
            meter: meter(2).id,
            units: i64::from(i32::MAX),
            rollover: true,
        },
        metadata: metadata(&[("a", "b"), ("n", "1.50"), ("flag", "false")]),
        modified_at: Some(at(-5)),
        ..benefit(1)
    };
    let all = [full, benefit(2)];
    insert(&catalog, &all);
    for one in all {
        let found = catalog.benefit(one.organization, one.id).expect("reads");
        assert_eq!(found, Some(one));
    }
}

#[test]
fn a_benefit_of_another_organization_is_not_there() {
    let catalog = catalog_with_meters();
    insert(&catalog, &[benefit(1)]);
    let other = organization(2).id;
    let found = catalog.benefit_including_deleted(other, benefit(1).id);
    assert_eq!(found.expect("reads"), None);
    let listed = catalog.benefits(other, &BenefitSearch::default(), ALL);
    assert_eq!(listed.expect("lists").total, 0);
    assert!(
        !catalog
            .is_meter_credited(other, meter(1).id)
            .expect("reads")
    );
    let moved = Benefit {
        organization: other,
        ..benefit(1)
    };
    assert!(matches!(
        catalog.update_benefit(&moved, &Outbox::default()),
        Err(CatalogError::NotFound)
    ));
}

#[test]
fn a_benefit_needs_its_organization_and_its_meter() {
    let catalog = catalog_with_meters();
    let orphan = Benefit {
        organization: organization(9).id,
        ..benefit(1)
    };
    let mut of_nothing = benefit(2);
    of_nothing.credit.meter = meter(9).id;
    for benefit in [orphan, of_nothing] {
        assert!(matches!(
            catalog.insert_benefit(&benefit, &Outbox::default()),
            Err(CatalogError::OrganizationUnknown)
        ));
    }
}

#[test]
fn an_update_replaces_the_row_but_when_it_was_created() {
    let catalog = catalog_with_meters();
    insert(&catalog, &[benefit(1)]);
    let changed = Benefit {
        description: "another".into(),
        visibility: Visibility::Private,
        credit: MeterCredit {
            meter: meter(2).id,
            units: 3,
            rollover: true,
        },
        metadata: metadata(&[("k", "v")]),
        created_at: at(1),
        modified_at: Some(at(500)),
        ..benefit(1)
    };
    catalog
        .update_benefit(&changed, &Outbox::default())
        .expect("updates");
    let expected = Benefit {
        created_at: benefit(1).created_at,
        ..changed
    };
    let found = catalog.benefit(expected.organization, expected.id);
    assert_eq!(found.expect("reads"), Some(expected));
    assert!(matches!(
        catalog.update_benefit(&benefit(2), &Outbox::default()),
        Err(CatalogError::NotFound)
    ));
}

#[test]
fn a_deleted_benefit_is_found_only_by_who_asks_for_deleted_ones() {
    let catalog = catalog_with_meters();
    insert(&catalog, &[benefit(1), benefit(2)]);
    let gone = deleted(benefit(1));
    catalog
        .delete_benefit(&gone, &[], &Outbox::default())
        .expect("deletes");
    let of = organization(1).id;
    assert_eq!(catalog.benefit(of, gone.id).expect("reads"), None);
    assert_eq!(
        catalog
            .benefit_including_deleted(of, gone.id)
            .expect("reads"),
        Some(gone.clone())
    );
    assert_eq!(
        descriptions(&catalog, &BenefitSearch::default()),
        ["benefit 2"]
    );
    for outcome in [
        catalog.delete_benefit(&gone, &[], &Outbox::default()),
        catalog.update_benefit(&benefit(1), &Outbox::default()),
    ] {
        assert!(matches!(outcome, Err(CatalogError::NotFound)));
    }
}

#[test]
fn what_happens_to_grants_is_noted_with_the_deletion_or_not_at_all() {
    let catalog = catalog_with_meters();
    insert(&catalog, &[benefit(1)]);
    catalog
        .insert_customer(&customer(1), &Outbox::default())
        .expect("inserts");
    let of = organization(1).id;
    let step = GrantStep {
        key: "revoke".into(),
        organization: of,
        grant: domain::GrantId::from_random([70; 16]),
        benefit: benefit(1).id,
        customer: customer(1).id,
        change: GrantChange::Revoked,
        credit: Some(benefit(1).credit),
        resets: false,
        at: at(900),
    };
    let steps = std::slice::from_ref(&step);
    let gone = deleted(benefit(1));
    catalog
        .delete_benefit(&gone, steps, &Outbox::default())
        .expect("deletes");
    assert_eq!(catalog.grant_steps(of, 10).expect("reads"), steps);
    let again = GrantStep {
        key: "again".into(),
        ..step.clone()
    };
    catalog
        .delete_benefit(&gone, &[again], &Outbox::default())
        .expect_err("it is deleted already");
    assert_eq!(catalog.grant_steps(of, 10).expect("reads"), steps);
}

#[test]
fn a_meter_is_credited_as_long_as_a_benefit_credits_it() {
    let catalog = catalog_with_meters();
    insert(&catalog, &[benefit(1), benefit(2)]);
    let is_credited = |n: u8| {
        catalog
            .is_meter_credited(organization(1).id, meter(n).id)
            .expect("reads")
    };
    assert!(is_credited(1) && !is_credited(2));
    let mut moved = benefit(1);
    moved.credit.meter = meter(2).id;
    catalog
        .update_benefit(&moved, &Outbox::default())
        .expect("updates");
    assert!(is_credited(1) && is_credited(2));
    for gone in [deleted(moved), deleted(benefit(2))] {
        catalog
            .delete_benefit(&gone, &[], &Outbox::default())
            .expect("deletes");
    }
    assert!(!is_credited(1) && !is_credited(2));
}

#[test]
fn benefits_are_listed_newest_first_unless_asked_otherwise() {
    let catalog = catalog_with_meters();
    let described = |n: u8, description: &str| Benefit {
        description: description.to_owned(),
        ..benefit(n)
    };
    insert(
        &catalog,
        &[
            described(1, "b"),
            described(2, "a"),
            described(3, "C"),
            described(4, "b"),
        ],
    );
    let sorted = |sorting: &[(BenefitOrder, Direction)]| {
        let search = BenefitSearch {
            sorting: sorting.to_vec(),
            ..BenefitSearch::default()
        };
        descriptions(&catalog, &search).concat()
    };
    let (up, down) = (Direction::Ascending, Direction::Descending);
    assert_eq!(sorted(&[]), "bCab");
    for order in [BenefitOrder::CreatedAt, BenefitOrder::UserOrder] {
        assert_eq!(sorted(&[(order, up)]), "baCb");
        assert_eq!(sorted(&[(order, down)]), "bCab");
    }
    assert_eq!(sorted(&[(BenefitOrder::Description, up)]), "Cabb");
    assert_eq!(sorted(&[(BenefitOrder::Description, down)]), "bbaC");
    // All are of one type, so the next criterion decides.
    let by_type = [(BenefitOrder::Type, down), (BenefitOrder::CreatedAt, up)];
    assert_eq!(sorted(&by_type), "baCb");
    assert_eq!(sorted(&[(BenefitOrder::Type, up)]).len(), 4);
}

#[test]
fn all_conditions_of_a_search_must_hold() {
    let catalog = catalog_with_meters();
    let rows = [
        (1, "100% more", "dev"),
        (2, "Ève's calls", "prod"),
        (3, "calls", "prod"),
    ];
    let benefits = rows.map(|(n, description, env)| Benefit {
        description: description.to_owned(),
        metadata: metadata(&[("env", env)]),
        ..benefit(n)
    });
    insert(&catalog, &benefits);
    let check = |search: BenefitSearch, expected: &[&str]| {
        assert_eq!(descriptions(&catalog, &search), expected, "{search:?}");
    };
    let by_query = |query: &str| BenefitSearch {
        query: Some(query.to_owned()),
        ..BenefitSearch::default()
    };
    check(by_query("ève"), &["Ève's calls"]);
    check(by_query("CALLS"), &["calls", "Ève's calls"]);
    check(by_query("c_lls"), &["calls", "Ève's calls"]);
    check(by_query(r"\%"), &["100% more"]);
    check(by_query(""), &["calls", "Ève's calls", "100% more"]);
    check(by_query("nothing"), &[]);
    let ids = |numbers: &[u8]| numbers.iter().map(|n| benefit(*n).id).collect::<Vec<_>>();
    let by_ids = BenefitSearch {
        ids: ids(&[1, 3, 9]),
        ..BenefitSearch::default()
    };
    check(by_ids.clone(), &["calls", "100% more"]);
    let without = BenefitSearch {
        excluded: ids(&[3, 9]),
        ..by_ids
    };
    check(without, &["100% more"]);
    let in_prod = BenefitSearch {
        metadata: vec![("env".into(), vec!["prod".into()])].into(),
        excluded: ids(&[2]),
        query: Some("call".into()),
        ..BenefitSearch::default()
    };
    check(in_prod, &["calls"]);
}

#[test]
fn a_page_tells_how_many_there_are_on_all_pages() {
    let catalog = catalog_with_meters();
    insert(&catalog, &[benefit(1), benefit(2), benefit(3)]);
    for (page, count) in [(1, 2), (2, 1), (3, 0)] {
        let page = Page { page, limit: 2 };
        let listed = catalog
            .benefits(organization(1).id, &BenefitSearch::default(), page)
            .expect("lists");
        assert_eq!((listed.items.len(), listed.total), (count, 3), "{page:?}");
    }
}
