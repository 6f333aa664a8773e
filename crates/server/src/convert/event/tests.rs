//! What is answered of an event.

use domain::{CustomerId, EventId, MeterId, Number, Spelling, SystemEvent, Timestamp};

use super::*;

fn view(event: &Event<'_>) -> EventView {
    let mut row = Vec::new();
    event.encode(&mut row);
    EventView {
        id: EventId::from_random([1; 16]),
        row: row.into(),
        parent: None,
        child_count: 0,
        customer: None,
        label: "Label".to_owned(),
    }
}

fn event<'a>(source: Source, name: &'a str, metadata: MetadataRef<'a>) -> Event<'a> {
    Event {
        source,
        name,
        identity: Identity::Customer(CustomerId::from_random([2; 16])),
        member: None,
        timestamp: Timestamp::EPOCH,
        external_id: None,
        parent: None,
        metadata,
    }
}

fn organization() -> OrganizationId {
    OrganizationId::from_random([3; 16])
}

fn shown_metadata(event: &Event<'_>) -> String {
    let api = event_to_api(organization(), &view(event));
    api.metadata.as_str().to_owned()
}

#[test]
fn every_field_is_there_and_what_is_unset_is_null() {
    let mut bare = event(Source::User, "call", MetadataRef::EMPTY);
    bare.identity = Identity::External("ghost");
    bare.external_id = Some("never shown");
    bare.parent = Some("not there yet");
    let json = serde_json::to_string(&event_to_api(organization(), &view(&bare)));
    assert_eq!(
        json.expect("serialises"),
        format!(
            "{{\"id\":\"{}\",\"timestamp\":\"1970-01-01T00:00:00Z\",\"organization_id\":\"{}\",\
             \"customer_id\":null,\"customer\":null,\"external_customer_id\":\"ghost\",\"member_id\":null,\
             \"external_member_id\":null,\"child_count\":0,\"parent_id\":null,\"label\":\"Label\",\
             \"name\":\"call\",\"source\":\"user\",\"metadata\":{{}}}}",
            EventId::from_random([1; 16]),
            organization(),
        )
    );
}

#[test]
fn a_customer_or_member_is_named_as_the_event_named_it() {
    let mut named = event(Source::User, "call", MetadataRef::EMPTY);
    named.member = Some(Member::Id("m"));
    let api = event_to_api(organization(), &view(&named));
    assert_eq!(
        api.customer_id,
        Some(CustomerId::from_random([2; 16]).to_string())
    );
    assert_eq!(api.external_customer_id, None);
    assert_eq!(
        (api.member_id.as_deref(), api.external_member_id),
        (Some("m"), None)
    );
    named.member = Some(Member::External("m"));
    let api = event_to_api(organization(), &view(&named));
    assert_eq!(
        (api.member_id, api.external_member_id.as_deref()),
        (None, Some("m"))
    );
}

#[test]
fn a_parent_and_the_number_of_children_are_those_that_were_found() {
    let mut view = view(&event(Source::User, "call", MetadataRef::EMPTY));
    let parent = EventId::from_random([9; 16]);
    view.parent = Some(parent);
    view.child_count = 3;
    let api = event_to_api(organization(), &view);
    assert_eq!(
        (api.parent_id, api.child_count),
        (Some(parent.to_string()), 3)
    );
}

#[test]
fn the_amount_of_a_cost_is_text_and_nothing_else_changes() {
    let number = |text: &str| Number::parse(text).expect("a number").value;
    let mut cost = MetadataBuilder::new();
    cost.number("amount", &number("12"), Spelling::Decimal);
    cost.text("currency", "usd");
    let mut metadata = MetadataBuilder::new();
    metadata.text("a", "x");
    metadata.object("_cost", cost.as_ref());
    metadata.number("amount", &number("1.5"), Spelling::Decimal);
    assert_eq!(
        shown_metadata(&event(Source::User, "call", metadata.as_ref())),
        r#"{"a":"x","_cost":{"amount":"12.0","currency":"usd"},"amount":1.5}"#
    );
}

#[test]
fn a_system_event_shows_what_is_declared_and_no_notes_of_the_server() {
    let meter = MeterId::from_random([5; 16]);
    let shown = |said: SystemEvent| {
        let mut metadata = MetadataBuilder::new();
        said.write(&mut metadata);
        shown_metadata(&event(Source::System, said.name(), metadata.as_ref()))
    };
    let credited = SystemEvent::MeterCredited {
        meter,
        units: -5,
        rollover: true,
    };
    assert_eq!(
        shown(credited),
        format!(r#"{{"meter_id":"{meter}","units":-5,"rollover":true}}"#)
    );
    for carry_over in [false, true] {
        assert_eq!(
            shown(SystemEvent::MeterReset { meter, carry_over }),
            format!(r#"{{"meter_id":"{meter}"}}"#)
        );
    }
}

#[test]
fn a_users_event_of_a_system_events_name_shows_all_of_its_metadata() {
    let mut metadata = MetadataBuilder::new();
    metadata.bool("carry_over", true);
    assert_eq!(
        shown_metadata(&event(Source::User, METER_RESET, metadata.as_ref())),
        r#"{"carry_over":true}"#
    );
}

#[test]
fn a_list_goes_on_while_there_is_more_than_the_pages_so_far_hold() {
    let goes_on = |page, limit, total| {
        let listed = Listed {
            items: Vec::new(),
            total,
        };
        let page = Page { page, limit };
        event_cursor_page_to_api(organization(), &listed, page)
            .pagination
            .has_next_page
    };
    assert!(goes_on(1, 3, 4));
    assert!(!goes_on(1, 3, 3));
    assert!(goes_on(2, 3, 7));
    assert!(!goes_on(3, 3, 7));
    assert!(!goes_on(u32::MAX, 100, 7));
    assert!(!goes_on(1, 10, 0));
}
