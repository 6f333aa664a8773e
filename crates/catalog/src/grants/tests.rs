//! Grants and their steps.

use super::*;
use crate::samples::{at, catalog_with_organizations, customer, organization};

const ALL: Page = Page {
    page: 1,
    limit: 100,
};

fn catalog_with_customers() -> Catalog {
    let catalog = catalog_with_organizations();
    for n in 1..=3 {
        catalog
            .insert_customer(&customer(n), &Outbox::default())
            .expect("inserts");
    }
    catalog
}

/// Of benefit `benefit` to customer `to`, made at `n`.
fn grant(n: u8, benefit: u8, to: u8) -> Grant {
    let made = at(i64::from(n));
    Grant {
        id: GrantId::from_random([n; 16]),
        organization: organization(1).id,
        benefit: BenefitId::from_random([benefit; 16]),
        customer: customer(to).id,
        granted_at: Some(made),
        revoked_at: None,
        last_credit: Some(GrantedCredit {
            meter: MeterId::from_random([60; 16]),
            units: 10,
            rollover: true,
            at: made,
        }),
        created_at: made,
        modified_at: None,
    }
}

fn step(of: &Grant, key: &str) -> GrantStep {
    GrantStep {
        key: key.to_owned(),
        organization: of.organization,
        grant: of.id,
        benefit: of.benefit,
        customer: of.customer,
        change: GrantChange::Cycled,
        credit: Some(MeterCredit {
            meter: MeterId::from_random([60; 16]),
            units: -10,
            rollover: false,
        }),
        resets: true,
        at: at(3),
    }
}

fn finish(catalog: &Catalog, steps: &[GrantStep], grants: &[Grant]) {
    catalog
        .finish_grant_steps(steps, grants, &Outbox::default())
        .expect("finishes");
}

#[test]
fn steps_stay_until_they_are_finished_or_dropped() {
    let catalog = catalog_with_customers();
    let organization = organization(1).id;
    let (first, second) = (grant(1, 50, 1), grant(2, 50, 2));
    let mut without_credit = step(&second, "\0b");
    without_credit.credit = None;
    without_credit.resets = false;
    let steps = [step(&first, "\0a"), without_credit, step(&first, "c")];
    catalog.begin_grant_steps(&steps).expect("begins");
    assert_eq!(catalog.grant_steps(organization, 9).expect("reads"), steps);
    let first_two = catalog.grant_steps(organization, 2);
    assert_eq!(first_two.expect("reads"), steps[..2]);
    let of_customer = catalog.grant_steps_of(organization, GrantsOf::Customer(customer(2).id));
    assert_eq!(of_customer.expect("reads"), steps[1..2]);
    assert_eq!(
        catalog.organizations_with_grant_steps().expect("reads"),
        [organization]
    );
    catalog.drop_grant_steps(&steps[2..]).expect("drops");
    finish(&catalog, &steps[..1], std::slice::from_ref(&first));
    assert_eq!(
        catalog.grant_steps(organization, 9).expect("reads"),
        steps[1..2]
    );
    assert_eq!(
        catalog.grant(organization, first.id).expect("reads"),
        Some(first)
    );
    assert_eq!(catalog.grant(organization, second.id).expect("reads"), None);
}

#[test]
fn a_grant_changes_and_a_customer_has_a_benefit_once() {
    let catalog = catalog_with_customers();
    let organization = organization(1).id;
    let mut one = grant(1, 50, 1);
    finish(&catalog, &[], std::slice::from_ref(&one));
    let in_force = catalog.grant_in_force(organization, one.benefit, one.customer);
    assert_eq!(in_force.expect("reads"), Some(one.clone()));
    let twice = catalog.finish_grant_steps(&[], &[grant(2, 50, 1)], &Outbox::default());
    assert!(
        matches!(twice, Err(CatalogError::Statement(_))),
        "{twice:?}"
    );
    one.granted_at = None;
    one.revoked_at = Some(at(9));
    one.modified_at = Some(at(9));
    finish(&catalog, &[], std::slice::from_ref(&one));
    let in_force = catalog.grant_in_force(organization, one.benefit, one.customer);
    assert_eq!(in_force.expect("reads"), None);
    assert_eq!(
        catalog.grant(organization, one.id).expect("reads"),
        Some(one)
    );
    finish(&catalog, &[], &[grant(2, 50, 1)]);
    let other = crate::samples::organization(2).id;
    let foreign = catalog.grant(other, grant(2, 50, 1).id);
    assert_eq!(foreign.expect("reads"), None);
}

#[test]
fn lists_are_of_a_benefit_of_customers_and_of_those_in_force() {
    let catalog = catalog_with_customers();
    let organization = organization(1).id;
    let mut grants = [grant(1, 50, 1), grant(2, 50, 2), grant(3, 51, 1)];
    grants[1].granted_at = None;
    grants[1].revoked_at = Some(at(4));
    finish(&catalog, &[], &grants);
    let listed = |search: GrantSearch| {
        let listed = catalog.grants(organization, &search, ALL).expect("lists");
        assert_eq!(listed.total, listed.items.len() as u64);
        let position = |found: &Grant| grants.iter().position(|grant| grant == found);
        listed
            .items
            .iter()
            .map(|found| position(found).expect("one of them"))
            .collect::<Vec<_>>()
    };
    let all = GrantSearch::default();
    assert_eq!(listed(all.clone()), [2, 1, 0]);
    let of_benefit = GrantSearch {
        benefit: Some(grants[0].benefit),
        ..all.clone()
    };
    assert_eq!(listed(of_benefit), [1, 0]);
    let of_customers = |of: &[u8]| GrantSearch {
        customers: Some(of.iter().map(|n| customer(*n).id).collect()),
        ..GrantSearch::default()
    };
    assert_eq!(listed(of_customers(&[1])), [2, 0]);
    assert_eq!(listed(of_customers(&[1, 2])), [2, 1, 0]);
    assert_eq!(listed(of_customers(&[])), []);
    let in_force = |is_granted| GrantSearch {
        is_granted: Some(is_granted),
        ..GrantSearch::default()
    };
    assert_eq!(listed(in_force(true)), [2, 0]);
    assert_eq!(listed(in_force(false)), [1]);
    let by_revocation = GrantSearch {
        sorting: vec![
            (GrantOrder::RevokedAt, Direction::Descending),
            (GrantOrder::GrantedAt, Direction::Ascending),
        ],
        ..GrantSearch::default()
    };
    assert_eq!(
        listed(by_revocation),
        [0, 2, 1],
        "what is empty comes first"
    );
    let of = |of| {
        let found = catalog.grants_in_force(organization, of).expect("reads");
        found.into_iter().map(|grant| grant.id).collect::<Vec<_>>()
    };
    assert_eq!(of(GrantsOf::Benefit(grants[0].benefit)), [grants[0].id]);
    assert_eq!(
        of(GrantsOf::Customer(grants[0].customer)),
        [grants[0].id, grants[2].id]
    );
}
