//! Grants of benefits.

use domain::benefit::BENEFIT_TYPE;
use domain::{Grant, Timestamp};
use service::GrantView;

use super::{benefit_to_api, customer_to_api, metadata_to_api};

/// A grant, with its customer and its benefit. There are no subscriptions, orders or members that it could have come by, and
/// granting does not fail later.
pub(crate) fn grant_to_api(view: &GrantView) -> api::BenefitGrant {
    let grant = &view.grant;
    api::BenefitGrant {
        created_at: grant.created_at.to_iso(),
        modified_at: grant.modified_at.map(Timestamp::to_iso),
        id: grant.id.to_string(),
        granted_at: grant.granted_at.map(Timestamp::to_iso),
        is_granted: grant.granted_at.is_some(),
        revoked_at: grant.revoked_at.map(Timestamp::to_iso),
        is_revoked: grant.is_revoked(),
        subscription_id: None,
        order_id: None,
        customer_id: grant.customer.to_string(),
        member_id: None,
        benefit_id: grant.benefit.to_string(),
        error: None,
        customer: customer_to_api(&view.customer),
        member: None,
        benefit: benefit_to_api(&view.benefit),
        properties: properties_to_api(grant),
    }
}

/// A grant in the state of its customer (SEMANTICS 11.10).
pub(super) fn state_grant_to_api(view: &GrantView) -> api::CustomerStateBenefitGrant {
    let grant = &view.grant;
    api::CustomerStateBenefitGrant {
        id: grant.id.to_string(),
        created_at: grant.created_at.to_iso(),
        modified_at: grant.modified_at.map(Timestamp::to_iso),
        // A state holds only what is granted, which has the time.
        granted_at: grant.granted_at.unwrap_or(grant.created_at).to_iso(),
        benefit_id: grant.benefit.to_string(),
        benefit_type: BENEFIT_TYPE.to_owned(),
        benefit_metadata: metadata_to_api(view.benefit.metadata.as_ref()),
        properties: properties_to_api(grant),
    }
}

/// What was credited last. It stays when the grant is revoked.
fn properties_to_api(grant: &Grant) -> api::BenefitGrantProperties {
    let credit = grant.last_credit.as_ref();
    api::BenefitGrantProperties {
        last_credited_meter_id: credit.map(|credit| credit.meter.to_string()),
        last_credited_units: credit.map(|credit| credit.units),
        last_credited_at: credit.map(|credit| credit.at.to_iso()),
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        Customer, CustomerId, CustomerKind, GrantId, GrantedCredit, Metadata, OrganizationId,
    };
    use service::Profile;

    use super::*;
    use crate::convert::benefit::tests::benefit;

    fn view() -> GrantView {
        let organization = OrganizationId::from_random([2; 16]);
        let customer = Customer {
            id: CustomerId::from_random([4; 16]),
            organization,
            kind: CustomerKind::Individual,
            external_id: None,
            former_external_id: None,
            email: None,
            name: None,
            billing_address: None,
            tax_id: None,
            locale: None,
            metadata: Metadata::default(),
            created_at: Timestamp::EPOCH,
            modified_at: None,
            deleted_at: None,
        };
        let benefit = benefit();
        GrantView {
            grant: Grant {
                id: GrantId::from_random([5; 16]),
                organization,
                benefit: benefit.id,
                customer: customer.id,
                granted_at: Some(Timestamp::EPOCH),
                revoked_at: None,
                last_credit: Some(GrantedCredit {
                    meter: benefit.credit.meter,
                    units: 7,
                    rollover: true,
                    at: Timestamp::EPOCH,
                }),
                created_at: Timestamp::EPOCH,
                modified_at: None,
            },
            benefit,
            customer: Profile {
                customer,
                first_user_event_at: None,
            },
        }
    }

    #[test]
    fn a_grant_tells_what_it_credited_last_and_not_what_its_benefit_credits_now() {
        let wire = grant_to_api(&view());
        assert_eq!(wire.properties.last_credited_units, Some(7));
        assert_eq!(wire.benefit.properties.units, 10);
        assert!(wire.is_granted && !wire.is_revoked);
    }

    #[test]
    fn a_revoked_grant_is_not_granted_and_keeps_what_it_credited() {
        let mut view = view();
        view.grant.granted_at = None;
        view.grant.revoked_at = Some(Timestamp::EPOCH);
        let wire = grant_to_api(&view);
        assert!(wire.is_revoked && !wire.is_granted);
        assert_eq!(wire.granted_at, None);
        assert_eq!(wire.properties.last_credited_units, Some(7));
    }

    #[test]
    fn fields_that_have_no_use_here_are_written_as_null() {
        let json = serde_json::to_value(grant_to_api(&view())).expect("serialises");
        for name in [
            "subscription_id",
            "order_id",
            "member_id",
            "member",
            "error",
            "revoked_at",
        ] {
            assert_eq!(json.get(name), Some(&serde_json::Value::Null), "{name}");
        }
    }

    #[test]
    fn a_grant_in_a_state_has_the_fields_of_the_contract() {
        let json = serde_json::to_string(&state_grant_to_api(&view())).expect("serialises");
        let expected = concat!(
            r#"{"id":"05050505-0505-4505-8505-050505050505","created_at":"1970-01-01T00:00:00Z","modified_at":null,"#,
            r#""granted_at":"1970-01-01T00:00:00Z","benefit_id":"01010101-0101-4101-8101-010101010101","#,
            r#""benefit_type":"meter_credit","benefit_metadata":{},"properties":{"#,
            r#""last_credited_meter_id":"03030303-0303-4303-8303-030303030303","last_credited_units":7,"#,
            r#""last_credited_at":"1970-01-01T00:00:00Z"}}"#,
        );
        assert_eq!(json, expected);
    }
}
