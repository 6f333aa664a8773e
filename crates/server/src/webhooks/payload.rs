//! What endpoints are told, in the three formats: JSON with the same objects as the API's answers, or a message for people.

use api::{WebhookBenefitGrant, WebhookPayload};
use domain::{Timestamp, WebhookFormat};
use serde::Serialize;
use service::{Announcement, BenefitChange, CustomerChange, Profile, WebhookPayloads};

use crate::convert::{
    WEBHOOK_API_VERSION, benefit_to_api, customer_state_to_api, customer_to_api, grant_to_api,
};

/// Characters of a message. Discord takes 2,000.
const MESSAGE_CHARS_MAX: usize = 1_500;

/// Writes the bodies of webhooks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Payloads;

impl WebhookPayloads for Payloads {
    fn render(
        &self,
        announcement: &Announcement<'_>,
        at: Timestamp,
        format: WebhookFormat,
    ) -> String {
        match format {
            WebhookFormat::Raw => raw(announcement, at),
            WebhookFormat::Discord => json(&DiscordMessage {
                content: message(announcement),
                allowed_mentions: NoMentions { parse: [] },
            }),
            WebhookFormat::Slack => json(&SlackMessage {
                text: slack_escaped(&message(announcement)),
            }),
        }
    }
}

#[derive(Serialize)]
struct DiscordMessage {
    content: String,
    allowed_mentions: NoMentions,
}

/// Nobody is called by a name that happens to stand in the message.
#[derive(Serialize)]
struct NoMentions {
    parse: [&'static str; 0],
}

#[derive(Serialize)]
struct SlackMessage {
    text: String,
}

fn raw(announcement: &Announcement<'_>, at: Timestamp) -> String {
    match announcement {
        Announcement::Customer(_, profile) => told(announcement, at, customer_to_api(profile)),
        Announcement::CustomerState(state) => told(announcement, at, customer_state_to_api(state)),
        Announcement::Benefit(_, benefit) => told(announcement, at, benefit_to_api(benefit)),
        Announcement::Grant(_, grant) => {
            let grant = WebhookBenefitGrant {
                grant: grant_to_api(grant),
                previous_properties: None,
            };
            told(announcement, at, grant)
        }
    }
}

fn told(announcement: &Announcement<'_>, at: Timestamp, data: impl Serialize) -> String {
    json(&WebhookPayload {
        kind: announcement.kind().as_str().to_owned(),
        timestamp: at.to_iso(),
        api_version: WEBHOOK_API_VERSION.to_owned(),
        data,
    })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("wire types always serialise")
}

/// A sentence for people.
fn message(announcement: &Announcement<'_>) -> String {
    let text = match announcement {
        Announcement::Customer(change, profile) => {
            let change = match change {
                CustomerChange::Created => "was created",
                CustomerChange::Updated => "was changed",
                CustomerChange::Deleted => "was deleted",
            };
            format!("Customer {} {change}.", called(profile))
        }
        Announcement::CustomerState(state) => {
            format!("The state of customer {} changed.", called(&state.profile))
        }
        Announcement::Benefit(change, benefit) => {
            let change = match change {
                BenefitChange::Created => "was created",
                BenefitChange::Updated if benefit.deleted_at.is_some() => "was deleted",
                BenefitChange::Updated => "was changed",
            };
            format!("Benefit {} ({}) {change}.", benefit.description, benefit.id)
        }
        Announcement::Grant(change, grant) => {
            let change = match change {
                domain::GrantChange::Granted => "was granted to",
                domain::GrantChange::Cycled => "began a new period for",
                domain::GrantChange::Revoked => "was revoked from",
            };
            let customer = called(&grant.customer);
            format!(
                "Benefit {} {change} customer {customer}.",
                grant.benefit.description
            )
        }
    };
    text.chars().take(MESSAGE_CHARS_MAX).collect()
}

/// What a person knows a customer by, and its id.
fn called(profile: &Profile) -> String {
    let customer = &profile.customer;
    let known_by = [&customer.name, &customer.email, &customer.external_id];
    match known_by.into_iter().flatten().next() {
        Some(known_by) => format!("{known_by} ({})", customer.id),
        None => customer.id.to_string(),
    }
}

/// The three characters that Slack reads as the beginning of something else.
fn slack_escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use domain::{Customer, CustomerId, CustomerKind, Metadata, OrganizationId};
    use serde_json::{Value, json};

    use super::*;

    fn profile() -> Profile {
        Profile {
            customer: Customer {
                id: CustomerId::from_random([1; 16]),
                organization: OrganizationId::from_random([2; 16]),
                kind: CustomerKind::Individual,
                external_id: None,
                former_external_id: None,
                email: None,
                name: Some("<Ada> & @everyone".to_owned()),
                billing_address: None,
                tax_id: None,
                locale: None,
                metadata: Metadata::default(),
                created_at: Timestamp::EPOCH,
                modified_at: None,
                deleted_at: None,
            },
            first_user_event_at: None,
        }
    }

    fn rendered(format: WebhookFormat) -> Value {
        let profile = profile();
        let announcement = Announcement::Customer(CustomerChange::Created, &profile);
        let text = Payloads.render(&announcement, Timestamp::EPOCH, format);
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn raw_is_compact_and_has_the_object_of_the_api() {
        let profile = profile();
        let announcement = Announcement::Customer(CustomerChange::Deleted, &profile);
        let text = Payloads.render(&announcement, Timestamp::EPOCH, WebhookFormat::Raw);
        let expected = format!(
            r#"{{"type":"customer.deleted","timestamp":"1970-01-01T00:00:00Z","api_version":"2026-04","data":{}}}"#,
            serde_json::to_string(&customer_to_api(&profile)).expect("serialises"),
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn messages_call_nobody_and_are_read_as_they_stand() {
        assert_eq!(
            rendered(WebhookFormat::Discord),
            json!({
                "content": "Customer <Ada> & @everyone (01010101-0101-4101-8101-010101010101) was created.",
                "allowed_mentions": {"parse": []},
            })
        );
        assert_eq!(
            rendered(WebhookFormat::Slack),
            json!({
                "text": "Customer &lt;Ada&gt; &amp; @everyone (01010101-0101-4101-8101-010101010101) was created.",
            })
        );
    }
}
