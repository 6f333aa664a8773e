//! Webhooks: endpoints and deliveries (SEMANTICS 14.1, 14.8).

use domain::{OrganizationId, WebhookEndpointId, WebhookEventType, WebhookFormat};
use service::{DeliverySearch, NewWebhookEndpoint, Page, WebhookEndpointChanges};
use uuid::Uuid;

use super::page::read_page;
use super::{Body, Invalid, Query, organization_id, own_organization, read_body};
use crate::validate::{
    Checked, Faults, FieldError, Hosts, Length, Node, Rule, any_text, boolean, datetime, http_url,
    list, one_of, text,
};

#[cfg(test)]
mod tests;

/// Hundreds of statuses, by name.
const STATUSES: [u16; 4] = [2, 3, 4, 5];

const SECRET_LENGTH: Length = Length::between(32, 256);

const NAME_LENGTH: Length = Length::at_most(256);

/// What a list of endpoints asks for.
#[derive(Debug, Clone)]
pub(crate) struct WebhookEndpointList {
    /// Only those of these organizations; empty: of the token's.
    pub(crate) organizations: Vec<OrganizationId>,
    /// Which page.
    pub(crate) page: Page,
}

/// What a list of deliveries asks for.
#[derive(Debug, Clone)]
pub(crate) struct WebhookDeliveryList {
    /// Which of them.
    pub(crate) search: DeliverySearch,
    /// Which page.
    pub(crate) page: Page,
}

/// `POST /v1/webhooks/endpoints`; to hosts of this kind.
pub(crate) fn webhook_endpoint_create(
    body: &Body<'_>,
    hosts: Hosts,
) -> Result<NewWebhookEndpoint, Invalid> {
    let (endpoint, named) = read_body(body, |node, faults| read_create(node, hosts, faults))?;
    own_organization(named)?;
    Ok(endpoint)
}

fn read_create(
    node: Node<'_, '_>,
    hosts: Hosts,
    faults: &mut Faults,
) -> Checked<(NewWebhookEndpoint, Option<Uuid>)> {
    let model = node.model(faults)?;
    let url = model.required("url", faults, |node, faults| address(node, hosts, faults));
    let name = model.nullable("name", faults, name);
    let secret = model.nullable("secret", faults, secret);
    let format = model.required("format", faults, format);
    let events = model.required("events", faults, events);
    let organization = organization_id(model, faults);
    let endpoint = NewWebhookEndpoint {
        url: url?,
        name: name?,
        format: format?,
        secret: secret?,
        events: events?,
    };
    Ok((endpoint, organization?))
}

/// `PATCH /v1/webhooks/endpoints/{id}`; to hosts of this kind. Nulls are passed over.
pub(crate) fn webhook_endpoint_update(
    body: &Body<'_>,
    hosts: Hosts,
) -> Result<WebhookEndpointChanges, Vec<FieldError>> {
    read_body(body, |node, faults| {
        let model = node.model(faults)?;
        let url = model.nullable("url", faults, |node, faults| address(node, hosts, faults));
        let name = model.nullable("name", faults, name);
        let secret = model.nullable("secret", faults, secret);
        let format = model.nullable("format", faults, format);
        let events = model.nullable("events", faults, events);
        let enabled = model.nullable("enabled", faults, boolean);
        Ok(WebhookEndpointChanges {
            url: url?,
            name: name?,
            format: format?,
            secret: secret?,
            events: events?,
            enabled: enabled?,
        })
    })
}

/// Where webhooks may go.
fn address(node: Node<'_, '_>, hosts: Hosts, faults: &mut Faults) -> Checked<String> {
    let url = http_url(node, faults)?;
    if hosts == Hosts::Public && url.scheme() != "https" {
        return Err(node.refuse(Rule::UrlScheme(&["https"]), faults));
    }
    if !hosts.have_host_of(&url) {
        let rule = Rule::Value("Webhook URLs cannot point to localhost or private IP addresses.");
        return Err(node.refuse(rule, faults));
    }
    Ok(url.into())
}

fn format(node: Node<'_, '_>, faults: &mut Faults) -> Checked<WebhookFormat> {
    one_of(node, &WebhookFormat::ALL, WebhookFormat::as_str, faults)
}

fn events(node: Node<'_, '_>, faults: &mut Faults) -> Checked<Vec<WebhookEventType>> {
    list(node, faults, |node, faults| {
        one_of(
            node,
            WebhookEventType::ALL,
            WebhookEventType::as_str,
            faults,
        )
    })
}

fn secret(node: Node<'_, '_>, faults: &mut Faults) -> Checked<String> {
    text(node, SECRET_LENGTH, faults).map(str::to_owned)
}

fn name(node: Node<'_, '_>, faults: &mut Faults) -> Checked<String> {
    text(node, NAME_LENGTH, faults).map(str::to_owned)
}

/// `GET /v1/webhooks/endpoints`
pub(crate) fn webhook_endpoint_list(
    query: &Query<'_>,
) -> Result<WebhookEndpointList, Vec<FieldError>> {
    let mut faults = Faults::new();
    let page = read_page(query, &mut faults);
    let organizations = query.ids("organization_id", &mut faults);
    let checked = organizations.and_then(|ids| {
        Ok(WebhookEndpointList {
            organizations: ids.into_iter().map(OrganizationId::from_uuid).collect(),
            page: page?,
        })
    });
    faults.finish(checked)
}

/// `GET /v1/webhooks/deliveries`
pub(crate) fn webhook_delivery_list(
    query: &Query<'_>,
) -> Result<WebhookDeliveryList, Vec<FieldError>> {
    let mut faults = Faults::new();
    let checked = read_deliveries(query, &mut faults);
    faults.finish(checked)
}

fn read_deliveries(query: &Query<'_>, faults: &mut Faults) -> Checked<WebhookDeliveryList> {
    let page = read_page(query, faults);
    let endpoints = query.ids("endpoint_id", faults);
    let after = query.optional("start_timestamp", faults, datetime);
    let before = query.optional("end_timestamp", faults, datetime);
    let succeeded = query.optional("succeeded", faults, boolean);
    let part = query.optional("query", faults, any_text);
    let status_hundreds = query.optional("http_code_class", faults, |node, faults| {
        one_of(node, &STATUSES, status_class, faults)
    });
    let kinds = query.one_or_many(
        "event_type",
        WebhookEventType::ALL,
        WebhookEventType::as_str,
        faults,
    );
    let endpoints = endpoints?.into_iter().map(WebhookEndpointId::from_uuid);
    Ok(WebhookDeliveryList {
        search: DeliverySearch {
            endpoints: endpoints.collect(),
            after: after?.map(|instant| instant.at),
            before: before?.map(|instant| instant.at),
            succeeded: succeeded?,
            status_hundreds: status_hundreds?,
            kinds: kinds?,
            query: part?,
        },
        page: page?,
    })
}

const fn status_class(hundreds: u16) -> &'static str {
    match hundreds {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
