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

use service::{Service, Step};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

pub use payload::Payloads;

use crate::limits::{STATES_TOLD_EVERY, WEBHOOKS_TIDIED_EVERY};
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
            Ok(followed.or(told))
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
    step: fn(&Service) -> Result<Step, service::Error>,
) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = told_to_stop(&mut stopping) => return,
        }
        let more = Some(Step::More);
        while !*stopping.borrow()
            && in_background(&service, "webhooks were not kept up", step).await == more
        {}
    }
}

/// Asks the service on a thread that may block. What goes wrong is logged, with these words, and `None`.
async fn in_background<T: Send + 'static>(
    service: &Arc<Service>,
    otherwise: &'static str,
    ask: impl FnOnce(&Service) -> Result<T, service::Error> + Send + 'static,
) -> Option<T> {
    let service = Arc::clone(service);
    match tokio::task::spawn_blocking(move || ask(&service)).await {
        Ok(Ok(value)) => Some(value),
        Ok(Err(error)) => {
            let causes = telemetry::causes(&error);
            tracing::warn!(error = causes, "{otherwise}");
            None
        }
        Err(error) => {
            tracing::error!(error = %error, "{otherwise}: our code panicked");
            None
        }
    }
}
