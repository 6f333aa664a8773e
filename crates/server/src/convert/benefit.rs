//! Benefits.

use domain::benefit::BENEFIT_TYPE;
use domain::{Benefit, Timestamp};

use super::metadata_to_api;

/// A benefit, deleted or not.
pub(crate) fn benefit_to_api(benefit: &Benefit) -> api::Benefit {
    api::Benefit {
        id: benefit.id.to_string(),
        created_at: benefit.created_at.to_iso(),
        modified_at: benefit.modified_at.map(Timestamp::to_iso),
        kind: BENEFIT_TYPE.to_owned(),
        description: benefit.description.clone(),
        selectable: true,
        deletable: true,
        is_deleted: benefit.deleted_at.is_some(),
        organization_id: benefit.organization.to_string(),
        metadata: metadata_to_api(benefit.metadata.as_ref()),
        visibility: benefit.visibility.as_str().to_owned(),
        properties: api::BenefitProperties {
            units: benefit.credit.units,
            rollover: benefit.credit.rollover,
            meter_id: benefit.credit.meter.to_string(),
        },
        visibility_configurable: true,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use domain::{BenefitId, Metadata, MeterCredit, MeterId, OrganizationId, Visibility};

    use super::*;

    pub(crate) fn benefit() -> Benefit {
        Benefit {
            id: BenefitId::from_random([1; 16]),
            organization: OrganizationId::from_random([2; 16]),
            description: "Ten calls".to_owned(),
            visibility: Visibility::Private,
            credit: MeterCredit {
                meter: MeterId::from_random([3; 16]),
                units: 10,
                rollover: true,
            },
            metadata: Metadata::default(),
            created_at: Timestamp::EPOCH,
            modified_at: None,
            deleted_at: None,
        }
    }

    #[test]
    fn a_benefit_is_written_with_every_field_of_the_contract() {
        let json = serde_json::to_string(&benefit_to_api(&benefit())).expect("serialises");
        let expected = concat!(
            r#"{"id":"01010101-0101-4101-8101-010101010101","created_at":"1970-01-01T00:00:00Z","modified_at":null,"#,
            r#""type":"meter_credit","description":"Ten calls","selectable":true,"deletable":true,"is_deleted":false,"#,
            r#""organization_id":"02020202-0202-4202-8202-020202020202","metadata":{},"visibility":"private","#,
            r#""properties":{"units":10,"rollover":true,"meter_id":"03030303-0303-4303-8303-030303030303"},"#,
            r#""visibility_configurable":true}"#,
        );
        assert_eq!(json, expected);
    }

    #[test]
    fn a_deleted_benefit_says_so() {
        let deleted = Benefit {
            deleted_at: Some(Timestamp::EPOCH),
            ..benefit()
        };
        assert!(benefit_to_api(&deleted).is_deleted);
    }
}
