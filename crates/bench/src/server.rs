//! A server of one's own to measure: started on a folder, watched, killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

/// The administrator's token of servers under test.
pub(crate) const ADMIN_TOKEN: &str = "bench-administrator";

/// Linux counts processor time in hundredths of a second.
const TICK_MICROS: u64 = 10_000;

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    url: String,
    /// From the start of the program to the line that says it is ready.
    pub(crate) ready_after: Duration,
}

/// What a server has used.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Processor time, all threads.
    pub(crate) cpu_micros: u64,
    /// The most memory it ever held.
    pub(crate) memory_bytes_max: u64,
}

impl Server {
    /// Starts `program` on `folder` and waits until it is ready.
    pub(crate) fn start(program: &Path, folder: &Path) -> anyhow::Result<Self> {
        Self::start_by(Command::new(program), folder)
    }

    /// The same for a command that the server's arguments are added to.
    pub(crate) fn start_by(mut command: Command, folder: &Path) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let program = command.get_program().to_owned();
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .env("SEXTANT_ADMIN_TOKEN", ADMIN_TOKEN)
            .env("SEXTANT_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start `{}`", program.to_string_lossy()))?;
        let out = child
            .stdout
            .take()
            .context("the output of the server is piped")?;
        let mut line = String::new();
        BufReader::new(out)
            .read_line(&mut line)
            .context("read the server's address")?;
        let ready_after = begun.elapsed();
        let url = line.trim().strip_prefix("listening on ").map(str::to_owned);
        let server = Self {
            child,
            url: url.unwrap_or_default(),
            ready_after,
        };
        ensure!(
            !server.url.is_empty(),
            "the server did not start: `{}`",
            line.trim()
        );
        Ok(server)
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let told = Command::new("kill").arg(self.id().to_string()).status();
        ensure!(
            told.context("start kill")?.success(),
            "the server cannot be told to stop"
        );
        self.child.wait().context("wait for the server")?;
        Ok(())
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        let read = |file: &str| {
            let path = format!("/proc/{}/{file}", self.child.id());
            std::fs::read_to_string(&path).with_context(|| format!("read `{path}`"))
        };
        Ok(Usage {
            cpu_micros: cpu_micros(&read("stat")?)?,
            memory_bytes_max: peak(&read("status")?)?,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// User and system time of `/proc/PID/stat`.
fn cpu_micros(stat: &str) -> anyhow::Result<u64> {
    // The name stands in parentheses and may hold spaces.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut ticks = fields
        .split_ascii_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>);
    let mut next = || {
        ticks
            .next()
            .context("`stat` is too short")?
            .context("read `stat`")
    };
    Ok((next()? + next()?) * TICK_MICROS)
}

/// `VmHWM` of `/proc/PID/status`.
fn peak(status: &str) -> anyhow::Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .context("no `VmHWM`")?;
    Ok(kibibytes.trim().parse::<u64>().context("read `VmHWM`")? * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_from_the_process_table() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 9";
        assert_eq!(cpu_micros(stat).expect("times"), 3_000_000);
        let status = "Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t  1000 kB\n";
        assert_eq!(peak(status).expect("a peak"), 1_024_000);
        assert!(peak("Name:\tx\n").is_err());
    }
}
