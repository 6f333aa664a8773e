//! Webhooks: what is written, and the sending of it.
//!
//! Three tasks beside the serving of requests: one sends, one finds the customers whose states are to be told, one drops what is not
//! kept. What they do is decided by the service; here is when it is asked, and the network.

mod client;
mod payload;
mod sender;
mod signature;
#[cfg(test)]
mod tests;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use service::{Round, RoundFailure, Service, Step};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

pub use payload::Payloads;

use crate::limits::{COMPLAINTS_EVERY, STATES_TOLD_EVERY, WEBHOOKS_TIDIED_EVERY};
use crate::serve::told_to_stop;
use crate::telemetry;

/// Does what webhooks need, until the server stops.
pub(crate) async fn run(service: Arc<Service>, stopping: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    tasks.spawn(sender::run(Arc::clone(&service), stopping.clone()));
    tasks.spawn(repeat(
        Arc::clone(&service),
        stopping.clone(),
        STATES_TOLD_EVERY,
        |service| {
            let followed = service.follow_usage()?;
            let told = service.tell_states()?;
            Ok(followed.and(told))
        },
    ));
    tasks.spawn(repeat(
        service,
        stopping,
        WEBHOOKS_TIDIED_EVERY,
        Service::tidy_webhooks,
    ));
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(error = %error, "a task of webhooks ended early");
        }
    }
}

/// Does a step time and again, and at once while there is more.
async fn repeat(
    service: Arc<Service>,
    mut stopping: watch::Receiver<bool>,
    every: Duration,
    step: fn(&Service) -> Result<Round, service::Error>,
) {
    let mut complaints = Complaints::default();
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = told_to_stop(&mut stopping) => return,
        }
        while !*stopping.borrow() {
            let otherwise = "webhooks were not kept up";
            let Some(round) = in_background(&service, &mut complaints, otherwise, step).await
            else {
                break;
            };
            for failure in &round.failures {
                complaints.complain_of(failure);
            }
            if round.step == Step::Done {
                break;
            }
        }
    }
}

/// Says what goes wrong, but not the same time and again: a full disk is full for a while.
#[derive(Debug, Default)]
struct Complaints {
    quiet_until: Option<Instant>,
}

impl Complaints {
    /// Whether to say something now; then, nothing for a while.
    fn are_due(&mut self) -> bool {
        let now = Instant::now();
        let are_due = self.quiet_until.is_none_or(|until| now >= until);
        if are_due {
            self.quiet_until = Some(now + COMPLAINTS_EVERY);
        }
        are_due
    }

    fn complain_of(&mut self, failure: &RoundFailure) {
        if self.are_due() {
            let RoundFailure {
                organization,
                error,
            } = failure;
            let causes = telemetry::causes(error);
            tracing::warn!(%organization, error = causes, "a customer's state was not told");
        }
    }
}

/// Asks the service on a thread that may block. What goes wrong is logged, with these words, and `None`.
async fn in_background<T: Send + 'static>(
    service: &Arc<Service>,
    complaints: &mut Complaints,
    otherwise: &'static str,
    ask: impl FnOnce(&Service) -> Result<T, service::Error> + Send + 'static,
) -> Option<T> {
    let service = Arc::clone(service);
    match tokio::task::spawn_blocking(move || ask(&service)).await {
        Ok(Ok(value)) => Some(value),
        Ok(Err(error)) => {
            if complaints.are_due() {
                let causes = telemetry::causes(&error);
                tracing::warn!(error = causes, "{otherwise}");
            }
            None
        }
        Err(error) => {
            tracing::error!(error = %error, "{otherwise}: our code panicked");
            None
        }
    }
}
