//! Benefits, and what becomes of their meters and grants.

use domain::{
    Benefit, BenefitId, CustomerId, Identity, Metadata, MeterCredit, MeterId, Number,
    OrganizationId, Visibility,
};
use service::{
    BenefitChanges, BenefitSearch, CustomerKey, CustomerState, Error, Fault, GrantSearch,
    MeterChanges, NewBenefit, NewCustomer, NewGrant, Page, Service,
};

use crate::harness::{Harness, ingest, new_meter, sum_of};

const ALL: Page = Page {
    page: 1,
    limit: 100,
};

/// An organization with a meter.
struct Fixture {
    service: Service,
    organization: OrganizationId,
    meter: MeterId,
    _harness: Harness,
}

impl Fixture {
    fn new() -> Self {
        let harness = Harness::new();
        let (service, organization) = harness.with_organization();
        let meter = service.create_meter(organization, new_meter(sum_of("amount")));
        Self {
            meter: meter.expect("made").id,
            service,
            organization,
            _harness: harness,
        }
    }

    fn credit(&self, units: i64) -> MeterCredit {
        MeterCredit {
            meter: self.meter,
            units,
            rollover: false,
        }
    }

    fn create(&self, credit: MeterCredit) -> Result<Benefit, Error> {
        let new = NewBenefit {
            description: "Ten calls".to_owned(),
            visibility: Visibility::Public,
            credit,
            metadata: Metadata::default(),
        };
        self.service.create_benefit(self.organization, new)
    }

    fn change(&self, id: BenefitId, credit: MeterCredit) -> Result<Benefit, Error> {
        let changes = BenefitChanges {
            credit: Some(credit),
            ..BenefitChanges::default()
        };
        self.service.update_benefit(self.organization, id, changes)
    }

    fn set_archived(&self, is_archived: bool) -> Result<(), Error> {
        let changes = MeterChanges {
            is_archived: Some(is_archived),
            ..MeterChanges::default()
        };
        let updated = self
            .service
            .update_meter(self.organization, self.meter, changes);
        updated.map(|_| ())
    }

    fn customer(&self, name: &str) -> CustomerId {
        let new = NewCustomer {
            email: Some(format!("{name}@example.com")),
            external_id: Some(name.to_owned()),
            ..NewCustomer::default()
        };
        let made = self.service.create_customer(self.organization, new);
        made.expect("made").id
    }

    fn grant(&self, benefit: BenefitId, customer: CustomerId) {
        let new = NewGrant {
            benefit,
            customer: CustomerKey::Id(customer),
            external_id: None,
        };
        let granted = self.service.grant(self.organization, new);
        assert!(granted.expect("granted").is_new);
    }

    fn state(&self, customer: CustomerId) -> CustomerState {
        let customer = self.service.customer(self.organization, customer);
        let state = self
            .service
            .customer_state(self.organization, customer.expect("there"));
        state.expect("answered")
    }

    fn listed(&self) -> Vec<BenefitId> {
        let search = BenefitSearch::default();
        let listed = self.service.benefits(self.organization, &search, ALL);
        let items = listed.expect("lists").items.into_iter();
        items.map(|benefit| benefit.id).collect()
    }
}

fn assert_refused<T: std::fmt::Debug>(outcome: &Result<T, Error>, faults: &[Fault]) {
    assert!(
        matches!(outcome, Err(Error::Invalid(found)) if found == faults),
        "{outcome:?}"
    );
}

#[test]
fn a_benefit_is_made_changed_and_deleted() {
    let fixture = Fixture::new();
    let (service, organization) = (&fixture.service, fixture.organization);
    let made = fixture.create(fixture.credit(10)).expect("made");
    assert_eq!((made.modified_at, made.deleted_at), (None, None));
    let changes = BenefitChanges {
        description: Some("Five calls".to_owned()),
        visibility: Some(Visibility::Draft),
        credit: Some(fixture.credit(5)),
        metadata: None,
    };
    let after = service.update_benefit(organization, made.id, changes);
    let after = after.expect("changed");
    assert!(after.modified_at > Some(made.created_at));
    let expected = Benefit {
        description: "Five calls".to_owned(),
        visibility: Visibility::Draft,
        credit: fixture.credit(5),
        modified_at: after.modified_at,
        ..made
    };
    assert_eq!(after, expected);
    assert_eq!(fixture.listed(), [after.id]);
    service
        .delete_benefit(organization, after.id)
        .expect("deleted");
    assert!(fixture.listed().is_empty());
    for outcome in [
        service.benefit(organization, after.id).map(|_| ()),
        fixture.change(after.id, fixture.credit(1)).map(|_| ()),
        service.delete_benefit(organization, after.id),
    ] {
        assert!(matches!(outcome, Err(Error::NotFound)), "{outcome:?}");
    }
}

#[test]
fn a_change_that_comes_to_nothing_leaves_no_mark() {
    let fixture = Fixture::new();
    let made = fixture.create(fixture.credit(10)).expect("made");
    let same = fixture
        .change(made.id, fixture.credit(10))
        .expect("changed");
    assert_eq!(same, made);
}

#[test]
fn a_benefit_of_another_organization_is_not_there() {
    let fixture = Fixture::new();
    let made = fixture.create(fixture.credit(10)).expect("made");
    let service = &fixture.service;
    let other = service.create_organization("Other", "other").expect("made");
    for outcome in [
        service.benefit(other.id, made.id).map(|_| ()),
        service
            .update_benefit(other.id, made.id, BenefitChanges::default())
            .map(|_| ()),
        service.delete_benefit(other.id, made.id),
    ] {
        assert!(matches!(outcome, Err(Error::NotFound)), "{outcome:?}");
    }
    assert_eq!(fixture.listed(), [made.id]);
}

#[test]
fn a_benefit_credits_a_meter_of_its_organization() {
    let fixture = Fixture::new();
    let service = &fixture.service;
    let other = service.create_organization("Other", "other").expect("made");
    let foreign = service.create_meter(other.id, new_meter(sum_of("amount")));
    let foreign = MeterCredit {
        meter: foreign.expect("made").id,
        ..fixture.credit(10)
    };
    assert_refused(&fixture.create(foreign), &[Fault::BenefitMeterUnknown]);
    // Also an archived one: what the reference asks for is that there is such a meter.
    fixture.set_archived(true).expect("archived");
    let made = fixture.create(fixture.credit(10)).expect("made");
    fixture.set_archived(false).expect("brought back");
    let refused = fixture.change(made.id, foreign);
    assert_refused(&refused, &[Fault::BenefitMeterUnknown]);
    assert_eq!(
        service
            .benefit(fixture.organization, made.id)
            .expect("there"),
        made
    );
}

#[test]
fn a_meter_is_archived_only_when_no_benefit_credits_it() {
    let fixture = Fixture::new();
    let (service, organization) = (&fixture.service, fixture.organization);
    let made = fixture.create(fixture.credit(10)).expect("made");
    assert_refused(&fixture.set_archived(true), &[Fault::MeterCredited]);
    // Nothing of such a change is done.
    let renaming = MeterChanges {
        name: Some("Other".to_owned()),
        is_archived: Some(true),
        ..MeterChanges::default()
    };
    let refused = service.update_meter(organization, fixture.meter, renaming);
    assert_refused(&refused, &[Fault::MeterCredited]);
    let meter = service.meter(organization, fixture.meter).expect("there");
    assert_eq!((&*meter.name, meter.archived_at), ("Amounts", None));
    fixture.set_archived(false).expect("nothing to do");
    service
        .delete_benefit(organization, made.id)
        .expect("deleted");
    fixture.set_archived(true).expect("archived");
}

#[test]
fn what_is_frozen_and_what_is_credited_is_told_together() {
    let fixture = Fixture::new();
    fixture.create(fixture.credit(10)).expect("made");
    let call = [(Identity::External("ada"), "call", 7)];
    ingest(&fixture.service, fixture.organization, &call).expect("taken");
    let changes = MeterChanges {
        filter: service::Change::Set(None),
        is_archived: Some(true),
        ..MeterChanges::default()
    };
    let refused = fixture
        .service
        .update_meter(fixture.organization, fixture.meter, changes);
    assert_refused(&refused, &[Fault::FilterFrozen, Fault::MeterCredited]);
}

#[test]
fn a_change_leaves_what_was_credited_before_as_it_is() {
    let fixture = Fixture::new();
    let benefit = fixture.create(fixture.credit(10)).expect("made").id;
    let (ada, bob) = (fixture.customer("ada"), fixture.customer("bob"));
    fixture.grant(benefit, ada);
    fixture.change(benefit, fixture.credit(3)).expect("changed");
    fixture.grant(benefit, bob);
    for (customer, units) in [(ada, 10), (bob, 3)] {
        let state = fixture.state(customer);
        assert_eq!(state.meters[0].credited, Number::from_i64(units));
        let credit = state.grants[0].grant.last_credit.expect("credited");
        assert_eq!(credit.units, units);
        assert_eq!(state.grants[0].benefit.credit.units, 3);
    }
}

#[test]
fn deleting_a_benefit_takes_its_grants_back_with_their_units() {
    let fixture = Fixture::new();
    let (service, organization) = (&fixture.service, fixture.organization);
    let benefit = fixture.create(fixture.credit(10)).expect("made").id;
    let kept = fixture.create(fixture.credit(4)).expect("made").id;
    let customers = [fixture.customer("ada"), fixture.customer("bob")];
    for customer in customers {
        fixture.grant(benefit, customer);
        fixture.grant(kept, customer);
    }
    service
        .delete_benefit(organization, benefit)
        .expect("deleted");
    for customer in customers {
        let state = fixture.state(customer);
        assert_eq!(state.meters[0].credited, Number::from_i64(4));
        let held: Vec<_> = state.grants.iter().map(|view| view.benefit.id).collect();
        assert_eq!(held, [kept]);
    }
    let revoked = GrantSearch {
        is_granted: Some(false),
        ..GrantSearch::default()
    };
    let listed = service.grants(organization, &revoked, ALL).expect("lists");
    assert_eq!(listed.total, 2);
    for view in listed.items {
        assert!(view.grant.is_revoked() && view.benefit.deleted_at.is_some());
    }
    let of_deleted = GrantSearch {
        benefit: Some(benefit),
        ..GrantSearch::default()
    };
    let outcome = service.grants(organization, &of_deleted, ALL);
    assert!(matches!(outcome, Err(Error::NotFound)), "{outcome:?}");
}
