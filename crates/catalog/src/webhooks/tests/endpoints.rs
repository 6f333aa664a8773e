//! Endpoints: what is kept of them, and what a deleted one leaves.

use super::*;
use crate::CatalogError;

#[test]
fn endpoints_are_kept_changed_and_deleted_under_their_organization() {
    let catalog = catalog();
    let mut changed = endpoint(1, 1);
    let other = organization(2).id;
    assert_eq!(
        catalog.webhook_endpoint(other, changed.id).expect("reads"),
        None
    );
    changed.url = "https://example.org/".to_owned();
    changed.events.clear();
    changed.enabled = false;
    changed.modified_at = Some(at(50));
    catalog
        .update_webhook_endpoint(&changed, None)
        .expect("changes");
    let listed = catalog
        .webhook_endpoints(organization(1).id, FIRST_PAGE)
        .expect("lists");
    assert_eq!(listed.items, [endpoint(2, 1), changed.clone()]);
    assert_eq!(
        catalog.all_webhook_endpoints().expect("reads"),
        [changed.clone(), endpoint(2, 1)]
    );
    let mut foreign = changed.clone();
    foreign.organization = other;
    assert!(matches!(
        catalog.update_webhook_endpoint(&foreign, None),
        Err(CatalogError::NotFound)
    ));
    let delete = |organization| catalog.delete_webhook_endpoint(organization, changed.id, at(60));
    assert!(matches!(delete(other), Err(CatalogError::NotFound)));
    delete(changed.organization).expect("deletes");
    assert!(matches!(
        delete(changed.organization),
        Err(CatalogError::NotFound)
    ));
    assert_eq!(
        catalog.all_webhook_endpoints().expect("reads"),
        [endpoint(2, 1)]
    );
}

#[test]
fn a_deleted_endpoint_leaves_no_secret_and_goes_with_what_was_sent_to_it() {
    let catalog = catalog();
    write(&catalog, &[event(1, 1)]);
    for n in [1, 2] {
        catalog
            .delete_webhook_endpoint(organization(1).id, endpoint(n, 1).id, at(5_000))
            .expect("deletes");
    }
    // The second has no events.
    assert_eq!(count(&catalog, "webhook_endpoints"), 1);
    let secrets: String = catalog
        .read(|connection| {
            let sql = "SELECT group_concat(secret) FROM webhook_endpoints";
            Ok(connection.query_row(sql, [], |row| row.get(0))?)
        })
        .expect("reads");
    assert_eq!(secrets, "");
    // Nothing is written for it any more.
    write(&catalog, &[event(2, 1), event(3, 2)]);
    assert_eq!(count(&catalog, "webhook_events"), 1);
    while catalog.trim_webhooks(10, at(5_000), 10).expect("trims") {}
    assert_eq!(count(&catalog, "webhook_endpoints"), 1);
    while catalog.trim_webhooks(10, at(5_001), 10).expect("trims") {}
    assert_eq!(count(&catalog, "webhook_endpoints"), 0);
    assert_eq!(count(&catalog, "webhook_events"), 0);
}
