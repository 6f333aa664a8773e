//! A server in this process, for `serve` and `demo`.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use server::{PublicUrl, Settings};
use service::{OpenOptions, RealDisk, RecoveryReport, Service, StoreOptions};
use tokio::net::TcpListener;

use crate::environment::{SystemClock, SystemRandom};
use crate::open_files;

/// Holds the administrator's token, when it is not to be made by the server.
const ADMIN_TOKEN_VARIABLE: &str = "SEXTANT_ADMIN_TOKEN";

/// How long threads may take to end once what they work for has. A long scan is cut: it only reads.
const END_TIMEOUT: Duration = Duration::from_secs(2);

/// Comes to what `work` comes to, on threads of its own. Work of theirs that nobody waits for any more is left to the end
/// of the process after at most [`END_TIMEOUT`].
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the threads")?;
    let output = runtime.block_on(work);
    runtime.shutdown_timeout(END_TIMEOUT);
    Ok(output)
}

/// A server that is ready to take requests: its address is bound, its data folder is open.
#[derive(Debug)]
pub(crate) struct Running {
    listener: TcpListener,
    service: Arc<Service>,
    settings: Settings,
    /// Where it listens. The port is a real one also when 0 was asked for.
    pub(crate) address: SocketAddr,
    /// The administrator's token when the server made it now.
    pub(crate) new_admin_token: Option<String>,
}

/// What whoever starts it may choose, and what is good for most.
#[derive(Debug, Default)]
pub(crate) struct Choices {
    /// When events leave memory, and the like.
    pub(crate) store: StoreOptions,
    /// Where browsers find the server; `None`: where it listens.
    pub(crate) public_url: Option<PublicUrl>,
    /// Whether webhooks may go to hosts that are not public, and over plain HTTP.
    pub(crate) webhooks_allow_private: bool,
}

impl Running {
    /// Opens the data folder and recovers what was acknowledged, which may take seconds. The address is bound
    /// before, so that a server in the way is found first.
    ///
    /// `admin_token`: the administrator's; `None` lets the server make one at its first start.
    pub(crate) async fn open(
        listener: TcpListener,
        folder: &Path,
        admin_token: Option<String>,
        choices: Choices,
    ) -> anyhow::Result<Self> {
        let address = listener
            .local_addr()
            .context("ask for the address that was bound")?;
        open_files::raise_limit();
        let options = OpenOptions {
            folder: folder.to_owned(),
            admin_token,
            disk: Arc::new(RealDisk),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            store: choices.store,
            webhook_payloads: Arc::new(server::Payloads),
            webhooks_allow_private: choices.webhooks_allow_private,
        };
        let opened = tokio::task::spawn_blocking(move || Service::open(options));
        let opened = opened.await.context("open the data folder")??;
        log_recovery(&opened.recovery);
        if let Some(error) = &opened.unsettled {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "what was begun with grants before was not done to its end; it is tried again"
            );
        }
        Ok(Self {
            listener,
            service: Arc::new(opened.service),
            settings: Settings {
                public_url: (choices.public_url).unwrap_or_else(|| PublicUrl::of_listener(address)),
            },
            address,
            new_admin_token: opened.admin_token,
        })
    }

    /// Takes requests until `shutdown` is done, finishes those in flight, and closes the data folder.
    pub(crate) async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let served = server::serve(
            self.listener,
            Arc::clone(&self.service),
            self.settings,
            shutdown,
        )
        .await;
        let closed = tokio::task::spawn_blocking(move || self.service.close()).await;
        served.context("serve requests")?;
        closed.context("close the data folder")
    }
}

fn log_recovery(recovery: &RecoveryReport) {
    tracing::info!(
        events = recovery.events,
        events.sealed = recovery.events_sealed,
        segments = recovery.segments,
        organizations = recovery.organizations,
        journal.files = recovery.journal_files,
        journal.bytes = recovery.journal_bytes,
        "recovered"
    );
    if let Some(torn) = &recovery.torn {
        tracing::warn!(
            path = %torn.path.display(),
            offset = torn.offset,
            bytes = torn.bytes,
            kept_in = %torn.kept_in.display(),
            "cut an unfinished write off the end of the journal and kept its bytes"
        );
    }
}

/// Binds an address. Port 0 means any free one.
pub(crate) async fn bind(address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "cannot listen on {address}: another program listens there; choose another port with --listen"
        ),
        _ => anyhow!(error).context(format!("cannot listen on {address}")),
    })
}

/// Checks the form of an address, `HOST:PORT`.
pub(crate) fn parse_address(text: &str) -> Result<String, String> {
    let form = "an address has the form HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080";
    let (host, port) = text.rsplit_once(':').ok_or(form)?;
    let bare_colons = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
    if host.is_empty() || bare_colons {
        return Err(form.to_owned());
    }
    port.parse::<u16>()
        .map_err(|_| format!("`{port}` is no port number; {form}"))?;
    Ok(text.to_owned())
}

/// The administrator's token of the environment. An empty one counts as none.
pub(crate) fn given_admin_token() -> anyhow::Result<Option<String>> {
    let Some(token) = std::env::var_os(ADMIN_TOKEN_VARIABLE) else {
        return Ok(None);
    };
    match token.to_str() {
        Some("") => Ok(None),
        // Anything else can stand in no Authorization header.
        Some(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(Some(token.to_owned()))
        }
        _ => bail!("{ADMIN_TOKEN_VARIABLE} may hold visible ASCII characters only, and no space"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_thread_that_does_not_end_does_not_hold_up_the_end() {
        let (release, wait) = mpsc::channel::<()>();
        let started = Instant::now();
        let output = block_on(async move {
            drop(tokio::task::spawn_blocking(move || wait.recv().is_ok()));
            1
        });
        assert_eq!(output.expect("the threads start"), 1);
        assert!(started.elapsed() < END_TIMEOUT * 5);
        release.send(()).expect("the thread still waits");
    }

    #[test]
    fn an_address_names_host_and_port() {
        for good in ["127.0.0.1:8080", "0.0.0.0:0", "[::1]:80", "localhost:8080"] {
            assert_eq!(parse_address(good).as_deref(), Ok(good));
        }
        for bad in [
            "8080",
            ":8080",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:99999",
            "::1:80",
        ] {
            assert!(parse_address(bad).is_err(), "{bad}");
        }
    }
}
