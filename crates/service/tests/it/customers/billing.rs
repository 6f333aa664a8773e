//! Tax ids of customers, customers that are anonymized, and going through all of them.

use std::borrow::Cow;

use domain::{Address, Customer, CustomerId, MetadataBuilder, OrganizationId, TaxId};
use service::{Change, CustomerChanges, CustomerPlace, Error, Fault, NewCustomer, Service};

use super::{in_france, new_customer, set};
use crate::harness::Harness;

const FRENCH: &str = "FR61954506077";

fn faults<T: std::fmt::Debug>(refused: Result<T, Error>) -> Vec<Fault> {
    match refused {
        Err(Error::Invalid(faults)) => faults,
        other => panic!("{other:?}"),
    }
}

fn in_country(country: &str) -> Change<Option<Address>> {
    Change::Set(Some(Address {
        country: country.to_owned(),
        ..Address::default()
    }))
}

/// A customer in France with a tax id.
fn french(service: &Service, organization: OrganizationId) -> Customer {
    let new = NewCustomer {
        billing_address: Some(in_france()),
        tax_id: Some("fr 61 954 506 077".to_owned()),
        name: Some("Ada".to_owned()),
        ..new_customer("ada@example.com", Some("a"))
    };
    service.create_customer(organization, new).expect("made")
}

#[test]
fn a_tax_id_is_kept_in_one_spelling() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let made = french(&service, organization);
    assert_eq!(made.tax_id, TaxId::parse("FR", FRENCH));
    assert_eq!(
        made.tax_id.as_ref().map(|tax_id| &*tax_id.value),
        Some(FRENCH)
    );
    let read = service.customer(organization, made.id).expect("there");
    assert_eq!(read, made);
}

#[test]
fn a_tax_id_needs_a_country_and_must_be_valid_there() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    french(&service, organization);
    let new = |country: Option<&str>, tax_id: &str| NewCustomer {
        billing_address: country.map(|country| Address {
            country: country.to_owned(),
            ..Address::default()
        }),
        tax_id: Some(tax_id.to_owned()),
        ..new_customer("eve@example.com", None)
    };
    let refused = |new| faults(service.create_customer(organization, new));
    assert_eq!(refused(new(None, FRENCH)), [Fault::TaxIdWithoutCountry]);
    assert_eq!(refused(new(Some("US"), FRENCH)), [Fault::TaxIdInvalid]);
    assert_eq!(
        refused(new(Some("FR"), "FR61954506078")),
        [Fault::TaxIdInvalid]
    );
    let taken = NewCustomer {
        email: Some("ada@example.com".to_owned()),
        external_id: Some("a".to_owned()),
        ..new(None, FRENCH)
    };
    assert_eq!(
        refused(taken),
        [
            Fault::EmailTaken,
            Fault::ExternalIdTaken,
            Fault::TaxIdWithoutCountry
        ]
    );
}

#[test]
fn a_change_is_judged_by_the_address_that_it_leads_to() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let eve = new_customer("eve@example.com", None);
    let eve = service.create_customer(organization, eve).expect("made").id;
    let change = |tax_id, billing_address| {
        let changes = CustomerChanges {
            tax_id,
            billing_address,
            ..CustomerChanges::default()
        };
        service.update_customer(organization, eve, changes)
    };
    let kept = |changed: Result<Customer, Error>| {
        changed.expect("changed").tax_id.map(|tax_id| tax_id.value)
    };
    assert_eq!(
        faults(change(set(FRENCH), Change::Keep)),
        [Fault::TaxIdWithoutCountry]
    );
    assert_eq!(
        kept(change(set(FRENCH), in_country("FR"))).as_deref(),
        Some(FRENCH)
    );
    // It stays with a change of something else, and where it is valid too.
    assert_eq!(
        kept(change(Change::Keep, in_country("DE"))).as_deref(),
        Some(FRENCH)
    );
    assert_eq!(
        faults(change(Change::Keep, in_country("US"))),
        [Fault::TaxIdInvalid]
    );
    assert_eq!(
        faults(change(set("123"), Change::Keep)),
        [Fault::TaxIdInvalid]
    );
    let moved = kept(change(set("52-5222255"), in_country("US")));
    assert_eq!(moved.as_deref(), Some("525222255"));
    assert_eq!(kept(change(Change::Set(None), in_country("FR"))), None);
}

#[test]
fn naming_the_tax_id_that_is_there_changes_nothing() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let made = french(&service, organization);
    let changes = CustomerChanges {
        tax_id: set(FRENCH),
        ..CustomerChanges::default()
    };
    let same = service.update_customer(organization, made.id, changes);
    assert_eq!(same.expect("nothing to do"), made);
}

/// Deletes a customer for good, and gives what is left of it.
fn anonymized(harness: &Harness, service: Service, made: &Customer) -> Customer {
    let organization = made.organization;
    let gone = service.delete_and_anonymize_customer(organization, made.id);
    gone.expect("deleted");
    let again = service.delete_and_anonymize_customer(organization, made.id);
    assert!(matches!(again, Err(Error::NotFound)));
    service.close();
    drop(service);
    let path = harness.folder.path().join("data/catalog.sqlite");
    let catalog = catalog::Catalog::open(&path).expect("opens");
    let left = catalog.customer_including_deleted(organization, made.id);
    left.expect("reads").expect("the row stays")
}

#[test]
fn of_an_anonymized_person_hashes_are_left() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let mut metadata = MetadataBuilder::new();
    metadata.text("plan", "pro");
    let new = NewCustomer {
        name: Some("Ada Lovelace".to_owned()),
        billing_address: Some(in_france()),
        metadata: metadata.finish(),
        ..new_customer("Ada@example.com", Some("a"))
    };
    let made = service.create_customer(organization, new).expect("made");
    let left = anonymized(&harness, service, &made);

    let email = left.email.expect("an address");
    let (hash, domain) = email.split_once('@').expect("an address");
    assert_eq!((hash.len(), domain), (64, "anonymized.polar.sh"));
    let name = left.name.expect("a name");
    assert_eq!(name.len(), 64);
    assert!(
        name.bytes()
            .chain(hash.bytes())
            .all(|byte| byte.is_ascii_hexdigit())
    );
    assert_ne!(name, hash);
    assert_eq!((left.billing_address, left.external_id), (None, None));
    assert_eq!(left.former_external_id.as_deref(), Some("a"));
    let deleted_at = left.deleted_at.expect("deleted");
    let metadata = left.metadata.as_ref();
    let text = |key| {
        metadata
            .get(key)
            .and_then(|value| value.text().map(Cow::into_owned))
    };
    assert_eq!(text("plan").as_deref(), Some("pro"));
    assert_eq!(text("__anonymized_at"), Some(deleted_at.to_iso()));
}

#[test]
fn an_anonymized_business_keeps_its_name_beside_its_tax_id() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let made = french(&service, organization);
    let left = anonymized(&harness, service, &made);
    assert_eq!((left.name, left.tax_id), (made.name, made.tax_id));
    assert_eq!(left.billing_address, None);
}

#[test]
fn all_customers_are_met_from_the_oldest_on_while_others_go() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let made: Vec<CustomerId> = (0..5)
        .map(|n| {
            let new = new_customer(&format!("{n}@example.com"), None);
            service.create_customer(organization, new).expect("made").id
        })
        .collect();
    let mut met = Vec::new();
    let mut after = None;
    loop {
        let page = service.customers_oldest_first(organization, after, 1);
        let page = page.expect("reads");
        let Some(last) = page.last() else {
            break;
        };
        after = Some(CustomerPlace::of(last));
        met.extend(page.iter().map(|customer| customer.id));
        if met.len() == 2 {
            service
                .delete_customer(organization, met[1])
                .expect("deleted");
            service
                .delete_customer(organization, made[4])
                .unwrap_or_default();
        }
    }
    let mut expected = made;
    expected.retain(|id| met.contains(id));
    met.sort_unstable();
    expected.sort_unstable();
    assert_eq!((met.len(), met), (4, expected));
}
