//! No space left: writes are refused with 503, reads go on, nothing acknowledged is lost, writes resume.
//!
//! Twice: with a limit on the size of files, which needs no rights and which the system reports for the journal alone, and on a small file
//! system that is really full, where the test may mount one.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::api::{Ingested, Organization, event};
use crate::server::{Server, serve, with_admin_token, without_settings};

/// The largest file that the server may write, in bytes. Far above what the catalogue needs.
const FILE_BYTES_MAX: u64 = 2 << 20;
const BATCH_EVENTS: u64 = 500;
/// So many batches would need ten times the space there is.
const BATCHES_MAX: u64 = 400;

/// What a full disk did to a server: it has taken the batches below `taken` and refused that one.
struct Full {
    server: Server,
    organization: Organization,
    meter: String,
    taken: u64,
}

fn batch(index: u64) -> Vec<Value> {
    (index * BATCH_EVENTS..(index + 1) * BATCH_EVENTS)
        .map(event)
        .collect()
}

impl Full {
    /// Fills the disk through the server, and checks that it refuses as it should.
    fn fill(server: Server) -> Self {
        let mut organization = Organization::create(&server, "no-space");
        let meter = organization.create_meter(&json!({"func": "count"}));
        let taken = (0..BATCHES_MAX)
            .find(|index| {
                let answer = organization.try_ingest(&batch(*index)).expect("an answer");
                let refused = answer.status == 503;
                assert!(
                    refused || answer.status == 200,
                    "{}: {}",
                    answer.status,
                    answer.excerpt()
                );
                refused
            })
            .expect("the space ends");
        assert!(taken > 0, "nothing was taken before the space ended");
        let mut full = Self {
            server,
            organization,
            meter,
            taken,
        };
        full.refuses();
        full.shows_what_it_has_taken();
        full
    }

    /// Writes are refused, and a refused one leaves nothing.
    fn refuses(&mut self) {
        for _ in 0..3 {
            let answer = self
                .organization
                .try_ingest(&batch(self.taken))
                .expect("an answer");
            assert_eq!(answer.status, 503, "{}", answer.excerpt());
        }
    }

    /// Reads go on, with what was acknowledged and nothing else.
    fn shows_what_it_has_taken(&mut self) {
        let count = self.taken * BATCH_EVENTS;
        assert_eq!(self.organization.total(&self.meter), format!("{count}.0"));
        assert_eq!(self.organization.get("/healthz").status, 200);
    }

    /// With space again, the refused batch is taken as new, by the same process.
    fn resumes(&mut self) {
        let whole = Ingested {
            inserted: BATCH_EVENTS,
            duplicates: 0,
        };
        assert_eq!(self.organization.ingest(&batch(self.taken)), whole);
        self.taken += 1;
        self.shows_what_it_has_taken();
    }

    /// Another process on the same folder knows every batch and no more.
    fn restarts_whole(self, folder: &Path) {
        self.server.kill();
        let server = Server::start(folder);
        let mut organization = self.organization.on(&server);
        for index in 0..self.taken {
            let known = Ingested {
                inserted: 0,
                duplicates: BATCH_EVENTS,
            };
            assert_eq!(organization.ingest(&batch(index)), known, "batch {index}");
        }
        let mut full = Self {
            server,
            organization,
            ..self
        };
        full.shows_what_it_has_taken();
    }
}

#[test]
fn a_journal_that_may_not_grow_refuses_writes_until_it_may_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // The limit is a soft one, so that it can be lifted; a write beyond it fails instead of ending the process (SIGXFSZ).
    let script = format!(
        "trap '' XFSZ; ulimit -S -f {}; exec \"$0\" \"$@\"",
        FILE_BYTES_MAX / 512
    );
    let serve = serve(folder.path());
    let mut limited = Command::new("sh");
    limited
        .arg("-c")
        .arg(script)
        .arg(serve.get_program())
        .args(serve.get_args());
    without_settings(&mut limited);
    let server = Server::spawn(with_admin_token(&mut limited)).expect("the server starts");
    let mut full = Full::fill(server);

    let process_id = full.server.process_id().to_string();
    let lifted = Command::new("prlimit")
        .args(["--pid", &process_id, "--fsize=unlimited"])
        .status();
    match lifted {
        Ok(status) if status.success() => full.resumes(),
        other => eprintln!("the limit of a running process cannot be lifted here: {other:?}"),
    }
    full.restarts_whole(folder.path());
}

#[test]
fn a_full_file_system_refuses_writes_until_there_is_space() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mounted = match Mounted::small(folder.path()) {
        Ok(mounted) => mounted,
        Err(reason) => {
            eprintln!("not run: {reason}");
            return;
        }
    };
    let data = mounted.path.join("data");
    let ballast = mounted.path.join("ballast");
    let mut file = fs::File::create(&ballast).expect("a file");
    file.write_all(&vec![1; 13 << 20])
        .expect("most of the space");
    drop(file);

    let mut full = Full::fill(Server::start(&data));
    fs::remove_file(&ballast).expect("the file is there");
    full.resumes();
    full.restarts_whole(&data);
}

/// A file system of 16 MiB in memory.
struct Mounted {
    path: PathBuf,
}

impl Mounted {
    /// Mounts it below the folder, or says why that is not allowed here.
    fn small(folder: &Path) -> Result<Self, String> {
        let path = folder.join("small");
        fs::create_dir(&path).map_err(|error| error.to_string())?;
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"])
            .arg(&path)
            .output()
            .map_err(|error| format!("mount: {error}"))?;
        if mount.status.success() {
            return Ok(Self { path });
        }
        Err(format!(
            "mount: {}",
            String::from_utf8_lossy(&mount.stderr).trim()
        ))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: also when a failed test still has a file open.
        let unmounted = Command::new("umount").arg("-l").arg(&self.path).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} stays mounted", self.path.display());
        }
    }
}
