//! Benefits and grants.

use api::{
    Benefit, BenefitCreate, BenefitGrant, BenefitGrantCreate, BenefitGrantCycle, BenefitUpdate,
    ListResource,
};
use http::StatusCode;
use serde_json::json;

use super::components::{Components, reference};
use super::customer_meters::METER;
use super::operation::{Operation, under};
use super::parameter::{
    Parameter, boolean, customers, ids, metadata, one_or_many, organizations, page, sorting, text,
};

pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let mut benefits = vec![list(components)];
    benefits.extend(rows(components));
    benefits.extend(grants_of_one(components));
    let mut operations = under("benefits", benefits);
    operations.extend(under("benefit-grants", grants(components)));
    operations
}

fn list(components: &mut Components) -> Operation {
    let orders = components.names(
        "BenefitSortProperty",
        &[
            "created_at",
            "-created_at",
            "description",
            "-description",
            "type",
            "-type",
            "user_order",
            "-user_order",
        ],
    );
    let by_metadata = components.metadata_filter();
    Operation::get("/v1/benefits/", "benefits:list", "List benefits")
        .query([
            organizations(),
            one_or_many(
                "type",
                "Only those of this kind.",
                &reference("BenefitType"),
            ),
            ids("id", "Only this one."),
            ids("exclude_id", "All but this one."),
            text("query", "Only those with this in their description."),
        ])
        .query(page())
        .query([sorting(&orders, "-created_at"), metadata(by_metadata)])
        .ok(components.reference::<ListResource<Benefit>>())
}

fn rows(components: &mut Components) -> Vec<Operation> {
    let benefit = components.reference::<Benefit>();
    // The body is a union of one member in the contract.
    let _member = components.reference::<BenefitCreate>();
    let path = "/v1/benefits/{id}";
    vec![
        Operation::post("/v1/benefits/", "benefits:create", "Make a benefit")
            .body(reference("BenefitCreate"))
            .example(json!({
                "type": "meter_credit",
                "description": "A thousand tokens",
                "properties": {"meter_id": METER, "units": 1000, "rollover": false},
            }))
            .created(benefit.clone()),
        Operation::get(path, "benefits:get", "Get a benefit").ok(benefit.clone()),
        Operation::patch(path, "benefits:update", "Change a benefit")
            .about("What was credited before stays as it is.")
            .body(components.reference::<BenefitUpdate>())
            .example(json!({"type": "meter_credit", "description": "A thousand more tokens"}))
            .ok(benefit),
        Operation::delete(path, "benefits:delete", "Delete a benefit")
            .about("Revokes its grants.")
            .no_content(),
    ]
}

fn grants_of_one(components: &mut Components) -> Vec<Operation> {
    let path = "/v1/benefits/{id}/grants";
    let grant = components.reference::<BenefitGrant>();
    let list = Operation::get(path, "benefits:grants", "List grants of a benefit")
        .query([
            is_granted(),
            ids("customer_id", "Only those of this customer."),
            ids(
                "member_id",
                "Only those of this member. Grants go to customers.",
            ),
        ])
        .query(page())
        .ok(components.reference::<ListResource<BenefitGrant>>());
    let create = Operation::post(path, "benefits:grant", "Grant a benefit to a customer")
        .about("Credits its units at once.")
        .tagged("extensions")
        .body(components.reference::<BenefitGrantCreate>())
        .example(json!({"external_customer_id": "ada"}))
        .created(grant.clone())
        .answers(
            StatusCode::OK,
            "The customer has it already. Nothing was written.",
            "application/json",
            Some(grant),
        );
    vec![list, create]
}

fn grants(components: &mut Components) -> Vec<Operation> {
    let orders = components.names(
        "BenefitGrantSortProperty",
        &[
            "created_at",
            "-created_at",
            "granted_at",
            "-granted_at",
            "revoked_at",
            "-revoked_at",
        ],
    );
    let grant = components.reference::<BenefitGrant>();
    let list = Operation::get("/v1/benefit-grants/", "benefit-grants:list", "List grants")
        .query([organizations()])
        .query(customers())
        .query([is_granted()])
        .query(page())
        .query([sorting(&orders, "-created_at")])
        .ok(components.reference::<ListResource<BenefitGrant>>());
    let cycle = Operation::post(
        "/v1/benefit-grants/{id}/cycle",
        "benefit-grants:cycle",
        "Begin a new period of a grant",
    )
    .about("The customer meter begins anew, what may roll over is kept, and the units are credited again.")
    .tagged("extensions")
    .optional_body(&components.reference::<BenefitGrantCycle>())
    .example(json!({"external_id": "april"}))
    .ok(grant.clone());
    let revoke = Operation::delete(
        "/v1/benefit-grants/{id}",
        "benefit-grants:revoke",
        "Revoke a grant",
    )
    .about("What was credited is taken back. Again: the same answer, and nothing is written.")
    .tagged("extensions")
    .ok(grant);
    vec![list, cycle, revoke]
}

fn is_granted() -> Parameter {
    boolean(
        "is_granted",
        "Only those that customers have, or only revoked ones.",
    )
}
