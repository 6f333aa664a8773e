use domain::{OrganizationId, Scope, Scopes};
use service::{Change, Error, Fault, NewToken, OrganizationChanges, Page, Principal, TokenChanges};

use crate::harness::Harness;

const FIRST: Page = Page {
    page: 1,
    limit: 100,
};

fn new_token(organization: OrganizationId, lifetime_micros: Option<i64>) -> NewToken {
    let scopes = Scopes::from_iter([Scope::MetersRead]);
    NewToken {
        organization,
        comment: "test".to_owned(),
        scopes,
        lifetime_micros,
    }
}

#[test]
fn the_admin_token_is_made_once_and_a_given_one_wins() {
    let harness = Harness::new();
    let (service, made) = harness.open(None);
    let made = made.expect("made at the first start");
    assert!(made.starts_with("sextant_adm_"));
    assert_eq!(service.authenticate(&made), Some(Principal::Admin));
    drop(service);
    let (service, again) = harness.open(None);
    assert_eq!(again, None);
    assert_eq!(service.authenticate(&made), Some(Principal::Admin));
    drop(service);
    let (service, again) = harness.open(Some("given"));
    assert_eq!(again, None);
    assert_eq!(service.authenticate("given"), Some(Principal::Admin));
    assert_eq!(service.authenticate(&made), None);
}

#[test]
fn a_token_works_until_it_is_deleted_also_after_a_restart() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let (token, secret) = service
        .create_token(new_token(organization, None))
        .expect("made");
    let scopes_of = |service: &service::Service| match service.authenticate(&secret) {
        Some(Principal::Organization(access)) => Some(access.scopes),
        _ => None,
    };
    assert!(
        scopes_of(&service)
            .expect("works")
            .contains(Scope::MetersRead)
    );
    assert!(
        !scopes_of(&service)
            .expect("works")
            .contains(Scope::MetersWrite)
    );
    assert_eq!(service.authenticate(&secret[..secret.len() - 1]), None);
    let scopes = Scopes::from_iter([Scope::MetersWrite]);
    service
        .update_token(
            token.id,
            &TokenChanges {
                comment: None,
                scopes: Some(scopes),
            },
        )
        .expect("changed");
    assert_eq!(scopes_of(&service), Some(scopes));
    drop(service);
    let (service, _) = harness.open(None);
    assert_eq!(scopes_of(&service), Some(scopes));
    service.delete_token(token.id).expect("deleted");
    assert_eq!(scopes_of(&service), None);
    assert!(matches!(
        service.delete_token(token.id),
        Err(Error::NotFound)
    ));
    drop(service);
    let (service, _) = harness.open(None);
    assert_eq!(scopes_of(&service), None);
}

#[test]
fn a_token_expires() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let (_, dead) = service
        .create_token(new_token(organization, Some(0)))
        .expect("made");
    assert_eq!(service.authenticate(&dead), None);
    let (_, short) = service
        .create_token(new_token(organization, Some(1_000_000)))
        .expect("made");
    assert!(service.authenticate(&short).is_some());
    harness.clock.advance(1_000_000);
    assert_eq!(service.authenticate(&short), None);
    let (token, long) = service
        .create_token(new_token(organization, Some(i64::MAX)))
        .expect("made");
    assert!(service.authenticate(&long).is_some());
    assert!(token.expires_at.is_some());
}

#[test]
fn the_last_use_of_a_token_is_kept() {
    let harness = Harness::new();
    let (service, organization) = harness.with_organization();
    let (_, secret) = service
        .create_token(new_token(organization, None))
        .expect("made");
    let used_at = |service: &service::Service| {
        service.save_token_uses().expect("saved");
        service
            .tokens(&[organization], FIRST)
            .expect("listed")
            .items[0]
            .last_used_at
    };
    assert_eq!(used_at(&service), None);
    assert!(service.authenticate(&secret).is_some());
    let first = used_at(&service).expect("noted");
    assert!(service.authenticate(&secret).is_some());
    assert_eq!(used_at(&service), Some(first), "noted once a minute");
    harness.clock.advance(60_000_000);
    assert!(service.authenticate(&secret).is_some());
    assert!(used_at(&service) > Some(first));
}

#[test]
fn slugs_are_unique_and_tokens_need_an_organization() {
    let harness = Harness::new();
    let (service, _) = harness.with_organization();
    let again = service.create_organization("Other", "acme");
    assert!(matches!(again, Err(Error::Invalid(faults)) if faults == [Fault::SlugTaken]));
    let nobody = OrganizationId::from_random([9; 16]);
    let token = service.create_token(new_token(nobody, None));
    assert!(matches!(token, Err(Error::Invalid(faults)) if faults == [Fault::OrganizationUnknown]));
}

#[test]
fn an_organization_changes_by_what_it_is_and_not_at_all_by_nothing() {
    let harness = Harness::new();
    let (service, id) = harness.with_organization();
    let made = service.organization(id).expect("is there");
    let nothing = |_: &_| Ok(OrganizationChanges::default());
    assert_eq!(service.update_organization(id, nothing).ok(), Some(made));
    let changed = service.update_organization(id, |before| {
        assert_eq!(before.settings, None);
        Ok(OrganizationChanges {
            name: Some(format!("{} 2", before.name)),
            settings: Change::Set(Some("{}".into())),
        })
    });
    let changed = changed.expect("changed");
    assert_eq!(
        (&*changed.name, changed.settings.as_deref()),
        ("Acme 2", Some("{}"))
    );
    assert!(changed.modified_at.is_some());
    assert_eq!(service.organization(id).expect("is there"), changed);
    let refused = service.update_organization(id, |_| Err(Error::NoSpace));
    assert!(matches!(refused, Err(Error::NoSpace)));
    let nobody = OrganizationId::from_random([9; 16]);
    let missing = service.update_organization(nobody, nothing);
    assert!(matches!(missing, Err(Error::NotFound)));
}
