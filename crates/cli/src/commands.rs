//! Commands for the administrator of a running server. They speak HTTP like any other client.

pub(crate) mod organization;
mod table;
pub(crate) mod token;

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use api::{ListResource, Pagination};
use clap::Args;
use serde::Serialize;

use crate::client::{Client, URL_DEFAULT};

/// Where the administrator's token is looked for when no file is named.
const ADMIN_TOKEN_VARIABLE: &str = "SEXTANT_ADMIN_TOKEN";

/// More than a header of a request may have, so no token is longer.
const TOKEN_BYTES_MAX: u64 = 64 * 1024;

/// How to reach the server, and how to print.
#[derive(Debug, Args)]
pub(crate) struct Connection {
    /// The server's address
    #[arg(long, global = true, env = "SEXTANT_URL", value_name = "URL", default_value = URL_DEFAULT)]
    url: String,

    /// A file that holds the administrator's token; without it, the token is read from
    /// `SEXTANT_ADMIN_TOKEN`
    #[arg(long, global = true, value_name = "FILE")]
    admin_token_file: Option<PathBuf>,

    /// Print the answer as JSON
    #[arg(long, global = true)]
    json: bool,
}

impl Connection {
    fn open(&self) -> anyhow::Result<Client> {
        let token = match &self.admin_token_file {
            Some(path) => read_token(path).with_context(|| {
                format!("read the administrator's token from `{}`", path.display())
            })?,
            None => std::env::var(ADMIN_TOKEN_VARIABLE).unwrap_or_default(),
        };
        let token = token.trim();
        if token.is_empty() {
            bail!(
                "no administrator's token: set {ADMIN_TOKEN_VARIABLE}, or name a file with --admin-token-file"
            );
        }
        Client::new(&self.url, token)
    }
}

/// Reads a token from a file, and no more of the file than a token may have.
fn read_token(path: &Path) -> io::Result<String> {
    let mut token = String::new();
    File::open(path)?
        .take(TOKEN_BYTES_MAX)
        .read_to_string(&mut token)?;
    Ok(token)
}

/// Prints one line on standard output.
fn print_line(text: &str) -> anyhow::Result<()> {
    print_text(&format!("{text}\n"))
}

/// Prints on standard output as it is.
fn print_text(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("write to standard output")
}

/// Prints an answer as JSON, indented.
fn print_json(answer: &impl Serialize) -> anyhow::Result<()> {
    print_line(&serde_json::to_string_pretty(answer).context("write JSON")?)
}

/// Prints a list in the form of the API, all pages as one.
fn print_json_list(items: Vec<impl Serialize>) -> anyhow::Result<()> {
    let total_count = items.len() as u64;
    let max_page = u64::from(total_count > 0);
    print_json(&ListResource {
        items,
        pagination: Pagination {
            total_count,
            max_page,
        },
    })
}

/// A point in time of an answer to the second, `2026-08-24 07:05:09`; `-` for none.
fn time(timestamp: Option<&str>) -> String {
    let Some(timestamp) = timestamp else {
        return "-".to_owned();
    };
    timestamp
        .get(..19)
        .map_or_else(|| timestamp.to_owned(), |seconds| seconds.replace('T', " "))
}
