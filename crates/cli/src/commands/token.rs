//! `sextant token`: access tokens of organizations.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, bail};
use api::{OrganizationAccessToken, OrganizationAccessTokenCreate, OrganizationAccessTokenCreated};
use clap::{Args, Subcommand};

use super::table::table;
use super::{Connection, print_json, print_json_list, print_line, print_text, time};
use crate::client::Client;

const PATH: &str = "/v1/organization-access-tokens/";

/// What a token may do when nobody says what: everything that metering needs.
pub(crate) const SCOPES_DEFAULT: [&str; 16] = [
    "organizations:read",
    "meters:read",
    "meters:write",
    "events:read",
    "events:write",
    "customers:read",
    "customers:write",
    "members:read",
    "members:write",
    "customer_meters:read",
    "customer_meters:write",
    "customer_sessions:write",
    "benefits:read",
    "benefits:write",
    "webhooks:read",
    "webhooks:write",
];

/// Make, list and revoke access tokens of a running server's organizations
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Token {
    #[command(subcommand)]
    command: Command,

    #[command(flatten, next_help_heading = "Server")]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token and print its secret, this once
    ///
    /// The secret alone goes to standard output, the rest to standard error, so that
    /// `TOKEN=$(sextant token create …)` keeps it.
    Create {
        /// The organization, by id or slug
        #[arg(long, value_name = "ID|SLUG")]
        organization: String,

        /// What the token is for
        #[arg(long)]
        comment: String,

        /// What it may do, such as `events:write`; may be repeated. Without it: everything that
        /// metering needs
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,

        /// How long it lives, as an ISO 8601 duration such as `P30D` or `PT12H`. Without it: until
        /// it is revoked
        #[arg(long, value_name = "DURATION")]
        expires_in: Option<String>,
    },
    /// List tokens, newest first
    List {
        /// Only those of this organization, by id or slug
        #[arg(long, value_name = "ID|SLUG")]
        organization: Option<String>,
    },
    /// Revoke a token; it is refused from the next request on
    Revoke {
        /// The token's id (not its secret)
        id: String,
    },
}

impl Token {
    /// Asks the server and prints its answer.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let client = self.connection.open()?;
        match self.command {
            Command::Create {
                organization,
                comment,
                scopes,
                expires_in,
            } => {
                let scopes = if scopes.is_empty() {
                    SCOPES_DEFAULT.map(str::to_owned).to_vec()
                } else {
                    scopes
                };
                let organization_id = organization_id(&client, &organization)?;
                let body = OrganizationAccessTokenCreate {
                    organization_id,
                    comment,
                    scopes,
                    expires_in,
                };
                let answer: OrganizationAccessTokenCreated = client.post(PATH, &body)?;
                if self.connection.json {
                    print_json(&answer)?;
                } else {
                    print_secret(&answer)?;
                }
            }
            Command::List { organization } => {
                let query = match organization {
                    Some(organization) => {
                        format!(
                            "organization_id={}",
                            organization_id(&client, &organization)?
                        )
                    }
                    None => String::new(),
                };
                let items: Vec<OrganizationAccessToken> = client.list(PATH, &query)?;
                if self.connection.json {
                    print_json_list(items)?;
                } else {
                    let rows: Vec<[String; 6]> = items.iter().map(row).collect();
                    let head = [
                        "ID",
                        "ORGANIZATION",
                        "COMMENT",
                        "EXPIRES (UTC)",
                        "LAST USED (UTC)",
                        "SCOPES",
                    ];
                    print_text(&table(head, &rows))?;
                }
            }
            Command::Revoke { id } => {
                if !is_id(&id) {
                    bail!("`{id}` is not a token's id; `sextant token list` shows them");
                }
                client.delete(&format!("{PATH}{id}"))?;
                print_line(&format!("revoked {id}"))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The secret on standard output, what it is on standard error.
fn print_secret(answer: &OrganizationAccessTokenCreated) -> anyhow::Result<()> {
    let token = &answer.organization_access_token;
    let valid = token.expires_at.as_deref().map_or_else(
        || "valid until it is revoked".to_owned(),
        |expires_at| format!("valid until {} UTC", time(Some(expires_at))),
    );
    let about = format!(
        "token {} of organization {}, {valid}; its secret is shown this once\n",
        token.id, token.organization_id,
    );
    std::io::stderr()
        .write_all(about.as_bytes())
        .context("write to standard error")?;
    print_line(&answer.token)
}

/// The id of the organization that has this id or slug.
fn organization_id(client: &Client, id_or_slug: &str) -> anyhow::Result<String> {
    if is_id(id_or_slug) {
        return Ok(id_or_slug.to_owned());
    }
    let slug_like = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !id_or_slug.bytes().all(slug_like) {
        bail!("`{id_or_slug}` is neither an organization's id nor a slug (a-z, 0-9 and -)");
    }
    let found: Vec<api::Organization> =
        client.list("/v1/organizations/", &format!("slug={id_or_slug}"))?;
    match found.first() {
        Some(organization) => Ok(organization.id.clone()),
        None => bail!("no organization has the slug `{id_or_slug}`"),
    }
}

/// Whether this has the form of an id: 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
fn is_id(text: &str) -> bool {
    let mut groups = text.split('-');
    let form = [8, 4, 4, 4, 12].iter().all(|length| {
        groups.next().is_some_and(|group| {
            group.len() == *length && group.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    });
    form && groups.next().is_none()
}

fn row(item: &OrganizationAccessToken) -> [String; 6] {
    [
        item.id.clone(),
        item.organization_id.clone(),
        item.comment.clone(),
        time(item.expires_at.as_deref()),
        time(item.last_used_at.as_deref()),
        scopes(&item.scopes),
    ]
}

/// The scopes, or words for the usual set of them, which would fill the screen.
fn scopes(scopes: &[String]) -> String {
    let is_default = scopes.len() == SCOPES_DEFAULT.len()
        && SCOPES_DEFAULT
            .iter()
            .all(|scope| scopes.iter().any(|given| given == scope));
    if is_default {
        "all of metering".to_owned()
    } else {
        scopes.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_told_from_a_slug() {
        assert!(is_id("0b9f2c6e-5a1d-4c3e-8f7a-1b2c3d4e5f60"));
        assert!(!is_id("acme"));
        assert!(!is_id("0b9f2c6e-5a1d-4c3e-8f7a-1b2c3d4e5f60-"));
        assert!(!is_id("0b9f2c6e-5a1d-4c3e-8f7a"));
    }

    #[test]
    fn the_usual_scopes_have_a_short_name() {
        let mut all: Vec<String> = SCOPES_DEFAULT.map(str::to_owned).to_vec();
        all.reverse();
        assert_eq!(scopes(&all), "all of metering");
        assert_eq!(scopes(&all[..2]), "webhooks:write webhooks:read");
    }
}
