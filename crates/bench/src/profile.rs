//! Where the time goes: a flame graph of the server under load by `perf`, or counts of instructions by `callgrind`.
//!
//! Both are made of the program that is shipped, not of a build of its own.

mod flame;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};

use crate::events::Shape;
use crate::http::Connection;
use crate::ingest::{self, Batches};
use crate::numbers::grouped;
use crate::server::{ADMIN_TOKEN, Server};
use crate::sextant::{ask, load};
use crate::workload::Workload;
use crate::workload::files::{Folder, QuestionFile};
use crate::{Target, block_on, setup};

/// Samples a second and processor.
const FREQUENCY: &str = "299";

/// Lines of counts that are shown.
const LINES_MAX: usize = 50;

/// What to look at.
#[derive(Debug, Args)]
pub(crate) struct Profile {
    /// Of which path
    #[arg(value_enum, default_value = "ingest")]
    way: Way,

    /// With what; perf where it is installed
    #[arg(long)]
    tool: Option<Tool>,

    /// How long perf looks
    #[arg(long, default_value_t = 10)]
    seconds: u64,

    /// Events that are there before questions are asked, and that are counted by callgrind
    #[arg(long)]
    events: Option<u64>,

    /// Only questions of this kind: plain, year, hour, customer, metadata, `per_customer`, unique
    #[arg(long)]
    kind: Option<String>,

    /// The server's program
    #[arg(long, value_name = "FILE", default_value = "target/release/sextant")]
    server: PathBuf,

    /// Where the profile is written
    #[arg(long, value_name = "DIR", default_value = "target/bench/profile")]
    out: PathBuf,
}

/// A path through the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    /// Batches of 1,000 events
    Ingest,
    /// The questions of the workload
    Query,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tool {
    /// Samples of stacks
    Perf,
    /// Every instruction, fifty times slower
    Callgrind,
}

impl Profile {
    /// Profiles and says where the result is.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        fs::create_dir_all(&self.out).with_context(|| format!("make `{}`", self.out.display()))?;
        let tool = match self.tool {
            Some(tool) => tool,
            None if is_there("perf") => Tool::Perf,
            None => Tool::Callgrind,
        };
        let data = self.out.join("data");
        drop(fs::remove_dir_all(&data));
        let result = match tool {
            Tool::Perf => self.perf(&data),
            Tool::Callgrind => self.callgrind(&data),
        };
        drop(fs::remove_dir_all(&data));
        result
    }

    fn name(&self) -> &'static str {
        match self.way {
            Way::Ingest => "ingest",
            Way::Query => "query",
        }
    }

    fn perf(&self, data: &Path) -> anyhow::Result<()> {
        let server = Server::start(&self.server, data)?;
        let target = block_on(setup::organization(server.url(), ADMIN_TOKEN))?;
        let prepared = self.prepare(&target, 1_000_000)?;
        let samples = self.out.join("perf.data");
        let time = Duration::from_secs(self.seconds);
        // Stacks are found by the tables for unwinding, as the shipped program keeps no frame pointers.
        let perf = Command::new("perf")
            .args([
                "record",
                "--quiet",
                "-F",
                FREQUENCY,
                "--call-graph",
                "dwarf,8192",
                "-p",
            ])
            .arg(server.id().to_string())
            .arg("-o")
            .arg(&samples)
            .args(["--", "sleep", &self.seconds.to_string()])
            .stdin(Stdio::null())
            .spawn()
            .context("start perf")?;
        let done = self.work(&target, &prepared, Limit::Time(time))?;
        wait(perf, "perf record")?;
        drop(server);
        let script = Command::new("perf")
            .args(["script", "--no-inline", "-F", "comm,ip,sym", "-i"])
            .arg(&samples)
            .stderr(Stdio::null())
            .output()
            .context("start perf")?;
        ensure!(script.status.success(), "perf script: {}", script.status);
        let stacks = flame::fold(&String::from_utf8_lossy(&script.stdout));
        let svg = self.out.join(format!("{}.svg", self.name()));
        let title = format!("{}: {done}", self.name());
        fs::write(&svg, flame::graph(&stacks, &title))
            .with_context(|| format!("write `{}`", svg.display()))?;
        fs::remove_file(&samples).context("remove the samples")?;
        println!("{title}; {} samples", grouped(stacks.samples()));
        for (share, function) in stacks.heaviest(25) {
            println!("{share:>6} %  {function}");
        }
        println!("flame graph: {}", svg.display());
        Ok(())
    }

    /// Counts the work, and start and stop alone, so that what is left is the work's.
    fn callgrind(&self, data: &Path) -> anyhow::Result<()> {
        let events = self.events.unwrap_or(20_000);
        let idle = self.counted(data, None)?.total;
        drop(fs::remove_dir_all(data));
        let counted = self.counted(data, Some(events.div_ceil(1_000)))?;
        println!("{}: {}", self.name(), counted.done);
        println!(
            "{} instructions, {} of them to start, prepare and stop",
            grouped(counted.total),
            grouped(idle)
        );
        if self.way == Way::Ingest {
            let events = events.div_ceil(1_000) * 1_000;
            let each = counted.total.saturating_sub(idle) / events.max(1);
            println!("{} instructions an event", grouped(each));
        }
        for line in counted.functions.lines().take(LINES_MAX) {
            println!("{line}");
        }
        Ok(())
    }

    /// One run of a server under callgrind, with so many requests or, of questions, with all of them once.
    fn counted(&self, data: &Path, requests: Option<u64>) -> anyhow::Result<Counted> {
        let counts = self.out.join(format!("{}.callgrind", self.name()));
        let mut valgrind = Command::new("valgrind");
        valgrind
            .args(["--quiet", "--tool=callgrind", "--cache-sim=no"])
            .arg(format!("--callgrind-out-file={}", counts.display()))
            .arg(&self.server);
        let server = Server::start_by(valgrind, data)?;
        let target = block_on(setup::organization(server.url(), ADMIN_TOKEN))?;
        let prepared = self.prepare(&target, 20_000)?;
        let done = match requests {
            Some(requests) => self.work(&target, &prepared, Limit::Requests(requests))?,
            None => "nothing".to_owned(),
        };
        server.stop()?;
        let annotated = Command::new("callgrind_annotate")
            .arg(&counts)
            .stderr(Stdio::null())
            .output()
            .context("start callgrind_annotate")?;
        let text = String::from_utf8_lossy(&annotated.stdout);
        let total = text
            .lines()
            .find(|line| line.contains("PROGRAM TOTALS"))
            .and_then(|line| line.split_whitespace().next())
            .and_then(|total| total.replace(',', "").parse().ok())
            .context("callgrind counted nothing")?;
        // What counts stands below the names of the columns.
        let functions = text
            .split_once("file:function")
            .map_or("", |(_, functions)| functions);
        let functions = functions.lines().filter(|line| line.contains('%'));
        Ok(Counted {
            done,
            total,
            functions: functions.collect::<Vec<_>>().join("\n"),
        })
    }

    /// For questions: a workload that was loaded.
    fn prepare(&self, target: &Target, events: u64) -> anyhow::Result<Vec<(QuestionFile, String)>> {
        if self.way == Way::Ingest {
            return Ok(Vec::new());
        }
        let workload = Workload::new(self.events.unwrap_or(events), 1)?;
        let folder = Folder::new(format!("target/bench/{}-1", workload.lines()));
        folder.make(&workload, true)?;
        block_on(async {
            let mut connection = Connection::open(&target.url, &target.token).await?;
            let ids = ask::make_meters(&mut connection, &folder.meters()?).await?;
            load::load(target, &folder, &folder.stamp()?, 4).await?;
            let questions = folder.questions()?.into_iter();
            let chosen = questions
                .filter(|question| self.kind.as_ref().is_none_or(|kind| question.kind == *kind));
            let with_ids = chosen.map(|question| {
                let id = ids.get(&question.meter).context("every meter was made")?;
                Ok((question, id.clone()))
            });
            with_ids.collect()
        })
    }

    /// Batches, or all questions again and again; what was done.
    fn work(
        &self,
        target: &Target,
        questions: &[(QuestionFile, String)],
        limit: Limit,
    ) -> anyhow::Result<String> {
        if self.way == Way::Ingest {
            let progress = std::sync::Arc::<ingest::Progress>::default();
            let options = Batches {
                batch: 1_000,
                connections: 4,
                seconds: match limit {
                    Limit::Time(time) => time.as_secs(),
                    Limit::Requests(_) => 3_600,
                },
                keys: Shape::Twelve,
                days: 1,
            };
            if let Limit::Requests(requests) = limit {
                progress
                    .events_max
                    .store(requests * 1_000, std::sync::atomic::Ordering::SeqCst);
            }
            let load = block_on(ingest::batches_watched(target, &options, &progress))?;
            return Ok(format!(
                "{} events in batches of 1,000",
                grouped(load.events)
            ));
        }
        ensure!(!questions.is_empty(), "there is no such question");
        let asked = block_on(async {
            let mut connection = Connection::open(&target.url, &target.token).await?;
            let (begun, mut asked) = (Instant::now(), 0);
            for (question, id) in questions.iter().cycle() {
                let is_enough = match limit {
                    Limit::Time(time) => begun.elapsed() >= time,
                    Limit::Requests(_) => asked >= questions.len() as u64,
                };
                if is_enough {
                    break;
                }
                let request = connection.head("GET", &ask::target(question, id), 0);
                let answer = connection.exchange(&request).await?;
                ensure!(
                    answer.status == 200,
                    "{}: status {}",
                    question.id,
                    answer.status
                );
                asked += 1;
            }
            Ok(asked)
        })?;
        Ok(format!("{} questions", grouped(asked)))
    }
}

/// What a run under callgrind came to.
#[derive(Debug)]
struct Counted {
    done: String,
    /// Instructions.
    total: u64,
    /// The heaviest functions, one a line.
    functions: String,
}

#[derive(Debug, Clone, Copy)]
enum Limit {
    Time(Duration),
    Requests(u64),
}

/// Whether a program can be started.
fn is_there(program: &str) -> bool {
    let run = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    run.is_ok_and(|status| status.success())
}

fn wait(mut child: Child, name: &str) -> anyhow::Result<()> {
    let status = child.wait().with_context(|| format!("wait for {name}"))?;
    ensure!(status.success(), "{name}: {status}");
    Ok(())
}
