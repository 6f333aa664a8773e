//! The demo from beginning to end, as one client of the server.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::cast::{CUSTOMERS, MODELS};
use super::check::{self, Checked};
use super::measures::Measure;
use super::next_steps::{Facts, next_steps};
use super::sample::{DAYS, Sample};
use super::send::{self, Sent};
use super::{report, setup};
use crate::client::Client;
use crate::environment::now_micros;
use crate::terminal::{Style, grouped};

/// How many of the meters are made before there are events. The others find them already there.
const METERS_BEFORE: usize = 3;

/// Where the demo plays.
#[derive(Debug)]
pub(super) struct Stage {
    /// Where the server listens.
    pub(super) address: SocketAddr,
    /// The administrator's token.
    pub(super) admin_token: String,
    /// Whether it was made now, so that nobody knows it yet.
    pub(super) shows_admin_token: bool,
    /// The data folder.
    pub(super) folder: PathBuf,
    /// Whether it is removed at the end.
    pub(super) is_temporary: bool,
    /// Whether the server stays up afterwards.
    pub(super) stays_up: bool,
}

/// Plays, and tells whether every number was right.
pub(super) fn play(stage: &Stage) -> anyhow::Result<bool> {
    let style = Style::of_stdout();
    let url = format!("http://{}", stage.address);
    // Each event lies before this, and all of the sample's last day up to now is in it.
    let now = now_micros();
    let mut sample = Sample::new(now);
    print(&opening(stage, &url, &sample, style))?;

    let token = setup::organization(&Client::new(&url, &stage.admin_token)?)?;
    let client = Client::new(&url, &token)?;
    setup::customers(&client)?;
    let (early, late) = Measure::ALL.split_at(METERS_BEFORE);
    let mut meters = Vec::with_capacity(Measure::ALL.len());
    for measure in early {
        meters.push(setup::meter(&client, *measure)?);
    }
    let sent = send(&client, &mut sample)?;
    print(&report::sent(&sent, style))?;
    for measure in late {
        meters.push(setup::meter(&client, *measure)?);
    }
    let checked = check::check(&client, &sample, now, meters)?;
    print(&pictures(&checked, &sample, style))?;

    if stage.stays_up {
        let facts = Facts {
            url: &url,
            token: &token,
            sample: &sample,
            checked: &checked,
        };
        print(&next_steps(&facts, style))?;
        print(&closing(stage, style))?;
    }
    Ok(sent.is_right() && checked.is_right())
}

fn opening(stage: &Stage, url: &str, sample: &Sample, style: Style) -> String {
    let kept = if stage.is_temporary {
        " (removed at the end)"
    } else {
        ""
    };
    format!(
        "{}\n\n  server  {url}\n  data    {}{kept}\n  sample  {} to {}: {} customers, {} models, \
         from a fixed seed\n\n",
        style.bold("Sextant: ninety days of LLM usage, sent, metered and checked"),
        stage.folder.display(),
        sample.first_day().short(),
        sample.day(DAYS - 1).with_year(),
        CUSTOMERS.len(),
        MODELS.len(),
    )
}

fn send(client: &Client, sample: &mut Sample) -> anyhow::Result<Sent> {
    let progress = progress()?;
    let sent = send::send(client, sample, &progress);
    progress.finish_and_clear();
    sent
}

/// A bar on standard error; nothing when that is not a terminal.
fn progress() -> anyhow::Result<ProgressBar> {
    let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let millis = state.elapsed().as_millis().max(1);
        let rate = u128::from(state.pos()) * 1_000 / millis;
        let rate = grouped(i128::try_from(rate).unwrap_or(0));
        out.write_str(&rate)
            .expect("the bar is written into a string");
    };
    let style =
        ProgressStyle::with_template("  {bar:32.cyan/dim} {percent:>3}%  {rate} events/s  {msg}")
            .context("read the form of the progress bar")?
            .progress_chars("█▉▊▋▌▍▎▏ ")
            .with_key("rate", rate);
    // About one batch in twenty is sent twice.
    let estimate = Sample::calls_estimate() * 21 / 20;
    let progress = ProgressBar::with_draw_target(Some(estimate), ProgressDrawTarget::stderr());
    progress.set_style(style);
    Ok(progress)
}

fn pictures(checked: &Checked, sample: &Sample, style: Style) -> String {
    let mut text = report::verdict(checked, sample, style);
    text.push_str(&report::chart(checked, sample, style));
    text.push_str(&report::meters(checked, style));
    text.push_str(&report::days(checked, sample, style));
    text.push_str(&report::customers(checked, style));
    text
}

fn closing(stage: &Stage, style: Style) -> String {
    let token = if stage.shows_admin_token {
        style.dim(&format!(
            "\n# The administrator's token: {}\n",
            stage.admin_token
        ))
    } else {
        String::new()
    };
    format!("{token}\nThe server stays up. Ctrl-C ends it.\n")
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("write to standard output")
}
