//! `docs/benchmarks.md`: the sizes one after the other, what each engine was given, and how to measure again.

use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;

use super::Report;
use super::figures::{self, name};
use crate::numbers::grouped;

/// What is written by hand about what was not reached, and put into the page.
const NOTES: &str = "notes.md";

const HEAD: &str = "\
# Benchmarks

One workload, made from a seed, in the ugly shape of reality; Sextant and three other engines on it one after the other, on the same
machine; every answer compared with an exact one. This page is written by `cargo xtask bench`; the raw figures are in
[`benchmarks/`](benchmarks/).

- **The workload.** 30 meters with all six aggregations and filters of all eight operators; 100,000 customers, the second of whom sends half as
  much as the first and so on; 365 days; 12 metadata keys of mixed kinds, spelled as clients in JavaScript, Python and Go spell them; 5 % retries,
  half of them with another timestamp or none, some with other content; 2 % late by up to 40 days; decimals of nine places; events at and beside
  midnights and changes of daylight saving in ten time zones. About a hundred questions: thirty days, weeks by hour, the year, one customer, a
  metadata filter, a function over the customers, distinct values.
- **Exact answers** come from an oracle that reads the events as they are made, counts in whole billionths, and shares no code with Sextant. The
  absolute error of an answer is the greatest of its quantities and its total.
- **Sextant** is asked over HTTP: its times hold parsing, authentication and JSON. Every acknowledged event is on disk (synced), each key counts
  once, and the load generator takes its part of the same two cores. The others are libraries in the client's process, or a server on a socket
  (PostgreSQL), are given each key once, and do not sync every insert unless said.
- **Times** are medians of one client's requests, one after the other, caches warm; a row's figure is the median over its questions, and the
  ratio the geometric mean over them, with that of the worst question in parentheses. Where another engine is faster, the cell says *lost*.

";

const TAIL: &str = "\
## Measuring again

```sh
cargo xtask bench                                       # a million events, all engines; needs Python and, for PostgreSQL, its programs
cargo xtask bench --events 10000000
cargo xtask bench --events 100000000 --engines sextant  # made as they are sent
cargo xtask bench --engines sextant --rate-seconds 0    # ours alone, without the set rates
cargo xtask bench profile ingest                        # where the time goes: a flame graph
cargo run --release -p bench -- ingest --help           # load on a server that runs already
```

Compare runs only when the load of the minute before was low; on a shared machine the same commit differs by a quarter either way.
";

/// The page about all reports.
pub(super) fn page(reports: &[Report], folder: &Path) -> anyhow::Result<String> {
    let mut page = HEAD.to_owned();
    for report in reports.iter().rev() {
        section(&mut page, report);
    }
    let sizes = figures::sizes(reports);
    if !sizes.is_empty() {
        page.push_str("## Sextant from size to size\n\n");
        page.push_str(&sizes.to_markdown());
        page.push('\n');
    }
    if let Some(report) = reports.iter().rev().find(|report| report.engines.len() > 1) {
        page.push_str("## How each engine keeps the events, and why\n\n");
        for engine in &report.engines {
            writeln!(
                page,
                "### {}\n\n```sql\n{}\n```\n",
                name(engine),
                engine.schema.trim()
            )
            .expect("writing to a string cannot fail");
        }
    }
    let notes = folder.join(NOTES);
    match fs::read_to_string(&notes) {
        Ok(notes) => {
            page.push_str(notes.trim_end());
            page.push_str("\n\n");
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => {
            return Err(error).with_context(|| format!("read `{}`", notes.display()));
        }
    }
    page.push_str(TAIL);
    Ok(page)
}

fn section(page: &mut String, report: &Report) {
    let circumstances = &report.circumstances;
    let events = grouped(report.workload.lines);
    write!(
        page,
        "## {events} events\n\n![Median time of each kind of question](benchmarks/{}.svg)\n\n\
         - machine: {}; load average of the minute before: {}\n\
         - commit {}, {}\n\
         - command: `{}`\n\
         - {} lines were sent, {} of them retries\n\n",
        report.name(),
        circumstances.machine,
        circumstances.load_average,
        circumstances.commit,
        circumstances.date,
        circumstances.command,
        events,
        grouped(report.workload.lines - report.workload.events),
    )
    .expect("writing to a string cannot fail");
    for (title, table) in report.tables() {
        write!(page, "### {title}\n\n{}\n", table.to_markdown())
            .expect("writing to a string cannot fail");
    }
}
