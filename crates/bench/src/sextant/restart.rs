//! A server killed in the middle of its work, and started again on what it left.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::busy::{Progress, Sending, count_fresh};
use super::{Loaded, Sextant, ask};
use crate::http::Connection;
use crate::numbers::{millis, millis_float};
use crate::oracle::decimal::Decimal;
use crate::results::RestartResult;
use crate::server::Server;
use crate::{Target, block_on};

/// Requests that are answered before the kill.
const REQUESTS_BEFORE: u64 = 50;

/// Kills the server while batches are sent, starts it again, asks everything again.
pub(super) fn measure(
    server: Server,
    options: &Sextant,
    data: &Path,
    target: &Target,
    loaded: &Loaded,
    progress: &Arc<Progress>,
) -> anyhow::Result<(Server, RestartResult)> {
    let sending = Sending::start(target, options.pressure, progress);
    sending.wait_for(REQUESTS_BEFORE * options.pressure.pressure_batch as u64)?;
    // Killed, not stopped.
    drop(server);
    // What was on its way fails; what was acknowledged counts.
    drop(sending.stop());
    let begun = Instant::now();
    let server = Server::start(&options.server, data)?;
    let target = Target {
        url: server.url().to_owned(),
        token: target.token.clone(),
    };
    let result = block_on(async {
        let mut connection = Connection::open(&target.url, &target.token).await?;
        let first = loaded.questions.first().context("there is a question")?;
        let once = ask::Repeats {
            runs_min: 1,
            runs_max: 1,
            time_max: Duration::ZERO,
        };
        let mut error = Decimal::new(0, 0);
        let answer = ask::ask(&mut connection, first, loaded.id(first)?, once).await?;
        let first_answer = begun.elapsed();
        error = error.max(answer.error_max()?);
        count_fresh(&mut connection, loaded, progress).await?;
        for question in &loaded.questions {
            let answer = ask::ask(&mut connection, question, loaded.id(question)?, once).await?;
            error = error.max(answer.error_max()?);
        }
        Ok(RestartResult {
            listening_ms: millis_float(micros(server.ready_after)),
            first_answer_ms: millis_float(micros(first_answer)),
            error_max: error.to_string(),
        })
    })?;
    println!(
        "killed and started again: listening after {} ms, first answer after {} ms, greatest error {}",
        millis(micros(server.ready_after)),
        result.first_answer_ms,
        result.error_max
    );
    Ok((server, result))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
