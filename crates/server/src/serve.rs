//! Accepting connections, and stopping.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use service::Service;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::connection;
use crate::limits::{
    ACCEPT_PAUSE, CATALOG_KEPT_UP_EVERY, CONNECTIONS_MAX, HEADER_DURATION_CROWDED_MAX,
    HEADER_DURATION_MAX, SHUTDOWN_DURATION_MAX,
};
use crate::router::Router;
use crate::settings::Settings;
use crate::{telemetry, webhooks};

/// Serves requests until `shutdown` is done. Then no more are taken, those in flight are finished (for at most 20 seconds),
/// and it returns. The service stays open: whoever opened it closes it.
///
/// Needs a tokio runtime with several threads, time and I/O enabled.
///
/// # Errors
/// When the listener cannot accept at all. A connection that fails is no error here.
pub async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let router = Router::new(Arc::clone(&service), settings);
    let (stop, stopping) = watch::channel(false);
    let keeper = tokio::spawn(keep_up(Arc::clone(&service), stopping.clone()));
    let webhooks = tokio::spawn(webhooks::run(service, stopping.clone()));
    let mut connections = JoinSet::new();
    let accepted = accept_all(&listener, &router, &stopping, &mut connections, shutdown).await;
    drop(listener);
    stop.send_replace(true);
    finish(connections).await;
    if let Err(error) = keeper.await {
        tracing::error!(error = %error, "the upkeep of the catalogue ended early");
    }
    if let Err(error) = webhooks.await {
        tracing::error!(error = %error, "webhooks ended early");
    }
    accepted
}

async fn accept_all(
    listener: &TcpListener,
    router: &Router,
    stopping: &watch::Receiver<bool>,
    connections: &mut JoinSet<()>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, slot) = tokio::select! {
            () = shutdown.as_mut() => return Ok(()),
            accepted = accept(listener, &slots) => accepted?,
            // Only to forget connections that have ended.
            Some(_) = connections.join_next() => continue,
        };
        let is_crowded = slots.available_permits() < CONNECTIONS_MAX / 2;
        let header_duration_max = if is_crowded {
            HEADER_DURATION_CROWDED_MAX
        } else {
            HEADER_DURATION_MAX
        };
        let served = connection::serve(
            stream,
            router.clone(),
            stopping.clone(),
            header_duration_max,
        );
        connections.spawn(async move {
            served.await;
            drop(slot);
        });
    }
}

/// The next connection, once there is a slot for it. May be dropped at any point without losing one.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    loop {
        let error = match listener.accept().await {
            Ok((stream, _)) => return Ok((stream, slot)),
            Err(error) => error,
        };
        match error.kind() {
            // The client went away between connecting and being accepted.
            io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused => {}
            io::ErrorKind::InvalidInput => return Err(error),
            // Out of files or memory, most likely: connections that end will free some.
            _ => {
                tracing::warn!(error = %error, "a connection was not accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Waits for the connections to end, not for ever.
async fn finish(mut connections: JoinSet<()>) {
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if timeout(SHUTDOWN_DURATION_MAX, all_ended).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "connections were cut at shutdown"
        );
        connections.shutdown().await;
    }
}

/// Comes to an end when the server stops. Also when nobody can tell it to any more, which is a reason to stop too.
pub(crate) async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    drop(stopping.wait_for(|stopping| *stopping).await);
}

/// From time to time, and at the end: writes down when tokens were last used, and does what a full disk or the like left of what was
/// begun with grants.
async fn keep_up(service: Arc<Service>, mut stopping: watch::Receiver<bool>) {
    let mut ticks = interval(CATALOG_KEPT_UP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let last = tokio::select! {
            _ = ticks.tick() => false,
            () = told_to_stop(&mut stopping) => true,
        };
        keep(
            &service,
            Service::save_token_uses,
            "the use of tokens was not saved",
        )
        .await;
        keep(
            &service,
            Service::settle_all_grants,
            "what was begun with grants was not done",
        )
        .await;
        if last {
            return;
        }
    }
}

async fn keep(
    service: &Arc<Service>,
    step: fn(&Service) -> Result<(), service::Error>,
    otherwise: &'static str,
) {
    let service = Arc::clone(service);
    match tokio::task::spawn_blocking(move || step(&service)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            let causes = telemetry::causes(&error);
            tracing::warn!(error = causes, "{otherwise}");
        }
        Err(error) => tracing::error!(error = %error, "{otherwise}: our code panicked"),
    }
}

#[cfg(test)]
mod tests;
