//! What has to be there before usage can be counted: an organization, a token, customers, meters.

use api::{
    Customer, CustomerCreate, Meter, Organization, OrganizationAccessTokenCreate,
    OrganizationAccessTokenCreated, OrganizationCreate,
};

use super::cast::CUSTOMERS;
use super::measures::Measure;
use crate::client::Client;
use crate::commands::token::SCOPES_DEFAULT;

/// Makes the organization and a token, and gives the token's secret.
pub(super) fn organization(admin: &Client) -> anyhow::Result<String> {
    let body = OrganizationCreate {
        name: "Sextant Demo".to_owned(),
        slug: "demo".to_owned(),
    };
    let organization: Organization = admin.post("/v1/organizations/", &body)?;
    let body = OrganizationAccessTokenCreate {
        organization_id: organization.id,
        comment: "made by sextant demo".to_owned(),
        scopes: SCOPES_DEFAULT.map(str::to_owned).to_vec(),
        expires_in: None,
    };
    let made: OrganizationAccessTokenCreated =
        admin.post("/v1/organization-access-tokens/", &body)?;
    Ok(made.token)
}

/// Makes the customers.
pub(super) fn customers(client: &Client) -> anyhow::Result<()> {
    for customer in &CUSTOMERS {
        let body = CustomerCreate {
            name: Some(customer.name.to_owned()),
            external_id: Some(customer.external_id.to_owned()),
            email: Some(format!("billing@{}.example", customer.external_id)),
            ..CustomerCreate::default()
        };
        let _: Customer = client.post("/v1/customers/", &body)?;
    }
    Ok(())
}

/// Makes a meter and gives its id.
pub(super) fn meter(client: &Client, measure: Measure) -> anyhow::Result<String> {
    let meter: Meter = client.post("/v1/meters/", &measure.meter())?;
    Ok(meter.id)
}
