//! `sextant demo`: the main job in one command.
//!
//! Starts a server on a fresh folder and does what a client would do, over HTTP: makes an organization, customers and
//! meters, sends ninety days of usage, and shows the quantities. Each is compared with a sum that was kept, in other
//! arithmetic, while the usage was made up.

mod calendar;
mod cast;
mod chart;
mod check;
mod folder;
mod measures;
mod next_steps;
mod report;
mod sample;
mod script;
mod send;
mod setup;
mod tally;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::logging;
use crate::running::{self, Choices, Running};
use crate::signals::Signals;
use folder::Folder;

/// Where the demo listens when it can, so that the addresses in the documentation fit.
const LISTEN_PREFERRED: &str = "127.0.0.1:8080";

/// Where it listens when that is taken.
const LISTEN_ANY: &str = "127.0.0.1:0";

/// Show the server at work on ninety days of made-up LLM usage
///
/// Starts a server on a fresh folder, sends it more than 100,000 events over HTTP, some of them
/// twice, and shows daily quantities of six meters. Every number is compared with a sum kept apart
/// while the usage was made up; the exit status is 1 if one differs. Then the server stays up, to be
/// tried with the commands that are printed, until Ctrl-C.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// End after the report instead of waiting for Ctrl-C
    #[arg(long)]
    exit: bool,

    /// Keep the data in this folder, which must be empty or not exist; without it, a temporary
    /// folder is used and removed at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Where to listen; without it, 127.0.0.1:8080 or, when that is taken, a free port
    #[arg(long, value_name = "ADDR:PORT", value_parser = running::parse_address)]
    listen: Option<String>,
}

impl Demo {
    /// Plays the demo. The exit status says whether every number was right.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        logging::start("warn")?;
        let folder = match &self.data {
            Some(path) => Folder::given(path)?,
            None => Folder::temporary()?,
        };
        let outcome = running::block_on(self.play(&folder))?;
        folder.remove_if_temporary()?;
        outcome
    }

    async fn play(&self, folder: &Folder) -> anyhow::Result<ExitCode> {
        let given_token = running::given_admin_token()?;
        let mut signals = Signals::register()?;
        let listener = self.bind().await?;
        let mut running = Running::open(
            listener,
            folder.path(),
            given_token.clone(),
            Choices::default(),
        )
        .await?;
        let admin_token = given_token.clone().or(running.new_admin_token.take());
        let stage = script::Stage {
            address: running.address,
            admin_token: admin_token.context("the server made no administrator's token")?,
            shows_admin_token: given_token.is_none(),
            folder: folder.path().to_owned(),
            is_temporary: folder.is_temporary(),
            stays_up: !self.exit,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(running.serve(async move {
            // An error means that the sender is gone, which is as good as a word.
            drop(stopped.await);
        }));
        let mut playing = tokio::task::spawn_blocking(move || script::play(&stage));
        let code = tokio::select! {
            played = &mut playing => match played.context("play the demo")? {
                Ok(all_right) => {
                    if !self.exit {
                        signals.wait().await;
                    }
                    Ok(if all_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
                }
                Err(error) => Err(error),
            },
            _ = signals.wait() => Ok(ExitCode::from(130)),
        };
        drop(stop);
        serving.await.context("stop the server")??;
        code
    }

    async fn bind(&self) -> anyhow::Result<TcpListener> {
        if let Some(address) = &self.listen {
            return running::bind(address).await;
        }
        match running::bind(LISTEN_PREFERRED).await {
            Ok(listener) => Ok(listener),
            Err(_) => running::bind(LISTEN_ANY).await,
        }
    }
}
