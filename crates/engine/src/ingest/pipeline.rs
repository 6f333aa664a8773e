//! The writer's thread and the journal's: while one group is written and synced, the next is gathered.
//!
//! - Groups are written in order, and one begins when the one before is durable.
//! - Nobody is told of a request before its group is durable and visible.
//! - When a group cannot be written, the one that is gathered is refused with it: it may repeat what is not there.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use domain::{OrganizationId, Timestamp};
use store::{Appended, Group, Log, TakenIn, Writer};

use super::queue::{Able, Next, Queue, Written};
use super::turn::{Step, Turn};
use super::{Done, IngestError, Ingested, Pending, refuse};
use crate::environment::Clock;
use crate::limits::WRITE_BESIDE_BYTES;
use crate::sealing::Sealing;
use crate::upkeep::Upkeep;

/// The writer's loop. Returns when the queue is closed and all that waited is written.
pub(crate) fn run(
    writer: Writer,
    queue: &Queue,
    clock: &Arc<dyn Clock>,
    upkeep: &Upkeep,
    sealing: &Sealing,
) {
    let _close = CloseAtEnd(queue);
    let writer = thread::scope(|scope| {
        let (to_journal, groups) = mpsc::channel();
        let log = writer.log();
        thread::Builder::new()
            .name("journal".into())
            .spawn_scoped(scope, move || write_all(&log, &groups, queue))
            .expect("the system gives a thread at start");
        let mut pipeline = Pipeline {
            log: writer.log(),
            writer,
            queue,
            clock,
            upkeep,
            sealing,
            floor: Timestamp::MIN,
            gathered: Gathered::default(),
            writing: None,
            to_journal,
        };
        pipeline.run();
        pipeline.writer
    });
    if queue.is_abandoned() {
        return;
    }
    if let Err(error) = writer.close() {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the journal's end is not marked"
        );
    }
}

/// The journal's loop: writes groups and gives them back.
fn write_all(log: &Log, groups: &Receiver<Group>, queue: &Queue) {
    let _end = EndJournal(queue);
    for mut group in groups {
        let written = log.write(&mut group);
        queue.push_written((group, written));
    }
}

/// Whatever ends the journal's thread, the writer does not wait for it in vain.
struct EndJournal<'a>(&'a Queue);

impl Drop for EndJournal<'_> {
    fn drop(&mut self) {
        self.0.end_journal();
    }
}

/// Whatever ends the writer, nobody waits for it in vain.
struct CloseAtEnd<'a>(&'a Queue);

impl Drop for CloseAtEnd<'_> {
    fn drop(&mut self) {
        for request in self.0.drain() {
            (request.done)(Err(IngestError::Stopped));
        }
    }
}

struct Pipeline<'a> {
    writer: Writer,
    log: Log,
    queue: &'a Queue,
    clock: &'a Arc<dyn Clock>,
    upkeep: &'a Upkeep,
    sealing: &'a Sealing,
    /// Nothing is received before it.
    floor: Timestamp,
    gathered: Gathered,
    /// Who waits for the group that the journal's thread writes, when it does.
    writing: Option<Vec<Asker>>,
    to_journal: Sender<Group>,
}

/// The group that is gathered.
#[derive(Default)]
struct Gathered {
    askers: Vec<Asker>,
    bytes: usize,
}

/// Who waits for a request that was taken in.
struct Asker {
    organization: OrganizationId,
    done: Done,
    taken: TakenIn,
}

/// What is said to whom.
type Answer = (Done, Result<Appended, IngestError>);

impl Pipeline<'_> {
    fn run(&mut self) {
        while let Some(next) = self.queue.next(self.able()) {
            match next {
                Next::Requests(requests) => {
                    self.sealing.wait_for_room();
                    self.take_in(requests);
                    if self.writing.is_none() {
                        self.write();
                    }
                }
                Next::Written(written) => {
                    let askers = self.writing.take().unwrap_or_default();
                    let answers = self.settle(written, askers);
                    // The next write begins before anybody is told, and if it is done here, after.
                    if self.gathered.bytes >= WRITE_BESIDE_BYTES {
                        self.write();
                        tell(answers);
                    } else {
                        tell(answers);
                        self.write();
                    }
                }
                Next::Step(step) => self.step(step),
            }
        }
    }

    fn able(&self) -> Able {
        Able {
            bytes: self.gathered.bytes,
            requests: self.gathered.askers.len(),
            is_writing: self.writing.is_some(),
        }
    }

    /// As the store will have it: never before what was received last.
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        now.max(self.writer.received_at()).max(self.floor)
    }

    fn step(&mut self, step: Step) {
        let received_at = self.now();
        step(Turn {
            writer: &mut self.writer,
            queue: self.queue,
            upkeep: self.upkeep,
            floor: &mut self.floor,
            received_at,
        });
    }

    fn take_in(&mut self, requests: Vec<Pending>) {
        let received_at = self.now();
        for request in requests {
            let bytes = request.bytes();
            let Pending {
                organization,
                events,
                done,
            } = request;
            match self.writer.take_in(received_at, events) {
                Ok(taken) => {
                    self.gathered.bytes = self.gathered.bytes.saturating_add(bytes);
                    self.gathered.askers.push(Asker {
                        organization,
                        done,
                        taken,
                    });
                }
                Err(cause) => done(Err(refuse(&cause, 1, self.queue))),
            }
        }
    }

    /// Writes what is gathered, if there is any: here when it is little, else on the journal's thread.
    fn write(&mut self) {
        let Gathered { askers, bytes } = std::mem::take(&mut self.gathered);
        if askers.is_empty() {
            return;
        }
        let mut group = self.writer.begin_group();
        if bytes >= WRITE_BESIDE_BYTES {
            self.writing = Some(askers);
            // When that thread has ended, the queue ends this one.
            drop(self.to_journal.send(group));
        } else {
            let written = self.log.write(&mut group);
            tell(self.settle((group, written), askers));
        }
    }

    /// Publishes a group, or undoes it and what was gathered behind it. Returns what is to be said.
    fn settle(&mut self, (group, written): Written, askers: Vec<Asker>) -> Vec<Answer> {
        match written {
            Ok(()) => {
                self.writer.publish(group);
                self.upkeep
                    .notify(askers.iter().map(|asker| asker.organization));
                let answer = |asker: Asker| (asker.done, Ok(asker.taken.appended));
                askers.into_iter().map(answer).collect()
            }
            Err(cause) => {
                self.writer.undo(group);
                let behind = std::mem::take(&mut self.gathered);
                let askers: Vec<_> = askers.into_iter().chain(behind.askers).collect();
                let error = refuse(&cause, askers.len(), self.queue);
                let answer = |asker: Asker| {
                    let holds = asker.taken.is_durable;
                    (
                        asker.done,
                        holds.then_some(asker.taken.appended).ok_or(error),
                    )
                };
                askers.into_iter().map(answer).collect()
            }
        }
    }
}

fn tell(answers: Vec<Answer>) {
    for (done, answer) in answers {
        done(answer.map(Ingested::from));
    }
}
