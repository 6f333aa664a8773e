//! `sextant organization`: tenants.

use std::process::ExitCode;

use api::OrganizationCreate;
use clap::{Args, Subcommand};

use super::table::table;
use super::{Connection, print_json, print_json_list, print_line, print_text, time};

/// Make and list organizations of a running server
///
/// An organization is a tenant: its tokens see its own events, meters and customers, and nothing else.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Organization {
    #[command(subcommand)]
    command: Command,

    #[command(flatten, next_help_heading = "Server")]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an organization and print its id
    Create {
        /// What it is called, 3 characters or more
        #[arg(long)]
        name: String,

        /// Its short name, unique on the server: 3 or more of a-z, 0-9 and -
        #[arg(long)]
        slug: String,
    },
    /// List all organizations, oldest first
    List,
}

impl Organization {
    /// Asks the server and prints its answer.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let client = self.connection.open()?;
        match self.command {
            Command::Create { name, slug } => {
                let body = OrganizationCreate { name, slug };
                let answer: api::Organization = client.post("/v1/organizations/", &body)?;
                if self.connection.json {
                    print_json(&answer)?;
                } else {
                    print_line(&answer.id)?;
                }
            }
            Command::List => {
                let items: Vec<api::Organization> =
                    client.list("/v1/organizations/", "sorting=created_at")?;
                if self.connection.json {
                    print_json_list(items)?;
                } else {
                    let rows: Vec<[String; 4]> = items.iter().map(row).collect();
                    print_text(&table(["ID", "SLUG", "NAME", "CREATED (UTC)"], &rows))?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn row(item: &api::Organization) -> [String; 4] {
    let api::Organization {
        id,
        slug,
        name,
        created_at,
        ..
    } = item;
    [
        id.clone(),
        slug.clone(),
        name.clone(),
        time(Some(created_at)),
    ]
}
