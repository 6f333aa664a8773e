//! `sextant serve`: the server.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use server::PublicUrl;
use service::StoreOptions;

use crate::logging;
use crate::running::{self, Choices, Running};
use crate::signals::Signals;

/// The usual exit status of a program that was ended by an interrupt.
const EXIT_INTERRUPTED: i32 = 130;

/// Run the server
///
/// Prints `listening on http://ADDR:PORT` on standard output when it is ready; the log goes to
/// standard error. SIGTERM or Ctrl-C ends it: requests in flight are finished, then the exit status
/// is 0. What was acknowledged is on disk at every moment, also when the server is killed.
#[derive(Debug, Args)]
#[command(after_long_help = ENVIRONMENT)]
pub(crate) struct Serve {
    /// The data folder; made when it does not exist
    #[arg(
        long,
        env = "SEXTANT_DATA",
        value_name = "DIR",
        default_value = "./sextant-data"
    )]
    data: PathBuf,

    /// Where to listen; port 0 takes a free one
    #[arg(
        long,
        env = "SEXTANT_LISTEN",
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:8080",
        value_parser = running::parse_address
    )]
    listen: String,

    /// Where browsers find this server, such as <https://usage.example.com>
    ///
    /// Links to the customer portal are made with it. Needed behind a proxy, and when it listens on all
    /// addresses. Without it: where it listens.
    #[arg(
        long,
        env = "SEXTANT_PUBLIC_URL",
        value_name = "URL",
        value_parser = PublicUrl::parse
    )]
    public_url: Option<PublicUrl>,

    /// After how many events in memory they are moved to files in the data folder's segments
    ///
    /// Fewer take less memory and make shorter starts, and more files. An event in memory takes a few
    /// hundred bytes.
    #[arg(
        long,
        env = "SEXTANT_SEAL_EVENTS",
        value_name = "COUNT",
        default_value_t = StoreOptions::default().seal_rows,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    seal_events: u64,

    /// Let webhooks go to any host, and over plain HTTP
    ///
    /// Without it they go to public hosts over TLS alone: not to localhost, not to private addresses. With
    /// it whoever may make webhook endpoints can make the server call hosts of its own network.
    #[arg(
        long,
        env = "SEXTANT_WEBHOOKS_ALLOW_PRIVATE",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    webhooks_allow_private: bool,
}

const ENVIRONMENT: &str = "\
Environment:
  SEXTANT_ADMIN_TOKEN  The administrator's token. Without it the server makes one at its first
                       start and shows it once, on standard error
  SEXTANT_LOG          What is logged: error, warn, info (the default), debug, or a filter such as
                       info,server=debug
  NO_COLOR             When set: no colour";

impl Serve {
    /// Serves until a signal ends it.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        logging::start("info")?;
        running::block_on(self.serve())??;
        Ok(ExitCode::SUCCESS)
    }

    async fn serve(self) -> anyhow::Result<()> {
        let admin_token = running::given_admin_token()?;
        let mut signals = Signals::register()?;
        let listener = running::bind(&self.listen).await?;
        let choices = Choices {
            store: StoreOptions {
                seal_rows: self.seal_events,
                ..StoreOptions::default()
            },
            public_url: self.public_url,
            webhooks_allow_private: self.webhooks_allow_private,
        };
        let running = Running::open(listener, &self.data, admin_token, choices).await?;
        if let Some(token) = &running.new_admin_token {
            show_admin_token(token)?;
        }
        let address = running.address;
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            data = %self.data.display(),
            %address,
            "ready"
        );
        let mut out = std::io::stdout();
        writeln!(out, "listening on http://{address}")
            .and_then(|()| out.flush())
            .context("write to standard output")?;
        running
            .serve(async move {
                let name = signals.wait().await;
                tracing::info!(signal = name, "ending: finishing the requests in flight");
                // Whoever asks twice is in a hurry. What was acknowledged is on disk.
                tokio::spawn(async move {
                    let name = signals.wait().await;
                    tracing::warn!(signal = name, "ending at once");
                    std::process::exit(EXIT_INTERRUPTED);
                });
            })
            .await?;
        tracing::info!("ended");
        Ok(())
    }
}

/// Tells the administrator the token that was made. Not part of the log: logs are kept.
fn show_admin_token(token: &str) -> anyhow::Result<()> {
    let text = format!(
        "The administrator's token, made now and shown this once (SEXTANT_ADMIN_TOKEN sets another):\n{token}\n"
    );
    std::io::stderr()
        .write_all(text.as_bytes())
        .context("write to standard error")
}
