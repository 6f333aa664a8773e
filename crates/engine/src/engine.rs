//! The engine: the one object that is asked to take events in and to answer quantities.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use domain::interval::Buckets;
use domain::{
    CustomerId, Definition, EventBatch, Function, KeyedHash, MetadataFilter, MeterId,
    OrganizationId,
};
use parking_lot::Mutex;
use query::{Answer, Customers, Grouping, Plan, Question, ScanMeans};
use store::disk::Disk;
use store::{Folder, KeyHasher, Reader, RecoveryReport, StoreError};

use crate::environment::{Clock, Random};
use crate::events::EventIndexes;
use crate::ingest::{self, IngestError, Ingested, Pending, Queue};
use crate::limits::CLOSE_KEEPS_MICROS;
use crate::meters::{Events, LiveMeters};
use crate::sealing::Sealing;
use crate::upkeep::Upkeep;

/// What an engine is opened with.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The data folder; made when it does not exist.
    pub folder: PathBuf,
    /// The disk that it is on.
    pub disk: Arc<dyn Disk>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for the secret of a new folder.
    pub random: Arc<dyn Random>,
    /// When events leave memory, and the like.
    pub store: store::Options,
}

/// See the crate.
#[derive(Debug)]
pub struct Engine {
    pub(crate) reader: Reader,
    pub(crate) hasher: KeyHasher,
    folder: Folder,
    report: RecoveryReport,
    pub(crate) queue: Arc<Queue>,
    upkeep: Arc<Upkeep>,
    pub(crate) meters: Arc<LiveMeters>,
    pub(crate) events: Arc<EventIndexes>,
    sealing: Arc<Sealing>,
    scans: ScanMeans,
    clock: Arc<dyn Clock>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What is asked of a meter.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// The buckets that are shown.
    pub buckets: &'a Buckets,
    /// Whose events.
    pub customers: Customers<'a>,
    /// Which values their metadata must hold.
    pub metadata: &'a MetadataFilter,
    /// When results are made per customer first, the function over them.
    pub customer_function: Option<Function>,
    /// Who has an external id now.
    pub customer_of: &'a dyn Fn(&str) -> Option<CustomerId>,
}

impl std::fmt::Debug for Ask<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ask")
            .field("buckets", &self.buckets.ranges().len())
            .field("customers", &self.customers)
            .field("metadata", &self.metadata)
            .field("customer_function", &self.customer_function)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens a data folder, recovers what was acknowledged and starts the writer and upkeep. Blocks for the time of the
    /// recovery, which grows with what is not sealed.
    pub fn open(options: &OpenOptions) -> Result<Self, StoreError> {
        let mut fresh_secret = [0; 32];
        options.random.fill(&mut fresh_secret);
        let folder = Folder::open(Arc::clone(&options.disk), &options.folder, fresh_secret)?;
        let (mut writer, reader, report) = store::open(&folder, options.store)?;
        let sealer = writer.take_sealer();
        let queue = Arc::new(Queue::default());
        let upkeep = Arc::new(Upkeep::default());
        let meters = Arc::new(LiveMeters::new(KeyedHash::new(
            folder.secret().derive("value hash"),
        )));
        let scans = ScanMeans {
            // No answer depends on it.
            threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            hash: KeyedHash::new(folder.secret().derive("value hash")),
        };
        let hasher = reader.key_hasher();
        let events = Arc::new(EventIndexes::new(&folder, reader.clone()));
        // What is derived of old events is folded while nobody asks yet.
        upkeep.notify(reader.organizations());
        let sealing = Arc::new(Sealing::new(reader.clone(), &options.store));
        let mut threads = vec![
            spawn("writer", {
                let (queue, upkeep) = (Arc::clone(&queue), Arc::clone(&upkeep));
                let clock = Arc::clone(&options.clock);
                let sealing = Arc::clone(&sealing);
                move || ingest::run(writer, &queue, &clock, &upkeep, &sealing)
            }),
            spawn("upkeep", {
                let (upkeep, reader) = (Arc::clone(&upkeep), reader.clone());
                let (meters, events) = (Arc::clone(&meters), Arc::clone(&events));
                move || upkeep.run(&reader, &meters, &events)
            }),
        ];
        threads.extend(sealer.map(|sealer| {
            let (sealing, reader) = (Arc::clone(&sealing), reader.clone());
            let (meters, events) = (Arc::clone(&meters), Arc::clone(&events));
            let keep = move |is_late: &dyn Fn() -> bool| {
                keep_folds(&reader, &meters, &events, is_late);
            };
            spawn("sealer", move || sealing.run(sealer, keep))
        }));
        let threads = Mutex::new(threads);
        Ok(Self {
            reader,
            hasher,
            folder,
            report,
            queue,
            upkeep,
            meters,
            events,
            sealing,
            scans,
            clock: Arc::clone(&options.clock),
            threads,
        })
    }

    /// The data folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// What recovery found.
    pub fn recovery(&self) -> &RecoveryReport {
        &self.report
    }

    /// The organizations that have events, sorted.
    pub fn organizations(&self) -> Vec<OrganizationId> {
        self.reader.organizations()
    }

    /// Closes without a trace, for a start that comes to nothing: the journal stays as it was found.
    pub fn abandon(&self) {
        self.queue.abandon();
        self.end_threads();
    }

    /// Takes the events of one request in, all or none. `done` is called once, on the writer's thread, when they are
    /// on disk and visible, or when they are refused; on this thread when they are refused at once. Looks up what is known of
    /// the events, then returns without waiting.
    pub fn submit(
        &self,
        organization: OrganizationId,
        batch: EventBatch,
        done: impl FnOnce(Result<Ingested, IngestError>) + Send + 'static,
    ) {
        match self.reader.prepare(organization, batch) {
            Ok(events) => self.queue.push(Pending {
                organization,
                events,
                done: Box::new(done),
            }),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "known keys were not looked up"
                );
                done(Err(IngestError::of(&error)));
            }
        }
    }

    /// Starts a meter, or starts it anew when its definition is another one. Old events count too.
    pub fn define_meter(&self, organization: OrganizationId, id: MeterId, definition: Definition) {
        self.meters
            .define(&self.reader, organization, id, definition);
        self.upkeep.notify([organization]);
    }

    /// Whether an event matches the meter: from then on its definition is frozen (SEMANTICS 19.19). `false` for an unknown
    /// meter. Cost: the rows that are not in its cube yet, up to the first match.
    pub fn has_match(&self, organization: OrganizationId, id: MeterId) -> Result<bool, StoreError> {
        let Some(meter) = self.meters.get(organization, id) else {
            return Ok(false);
        };
        meter.has_match(&self.reader.snapshot(organization))
    }

    /// Puts another definition in the place of a meter's, unless an event matches the present one; `commit` makes it
    /// durable in between. Returns whether it did. No question sees both an event that matches the old definition and the new
    /// definition afterwards. Blocks as [`Self::has_match`] and `commit` do, and questions for this meter with it.
    pub fn replace_definition<E: From<StoreError>>(
        &self,
        organization: OrganizationId,
        id: MeterId,
        definition: Definition,
        commit: impl FnOnce() -> Result<(), E>,
    ) -> Result<bool, E> {
        let replaced = self
            .meters
            .replace(&self.reader, organization, id, definition, commit);
        self.upkeep.notify([organization]);
        replaced
    }

    /// The quantities of a meter as of the last acknowledged event; `None` for an unknown meter. Runs on the calling
    /// thread.
    pub fn quantities(
        &self,
        organization: OrganizationId,
        id: MeterId,
        ask: &Ask<'_>,
    ) -> Result<Option<Answer>, StoreError> {
        while let Some(meter) = self.meters.get(organization, id) {
            let question = Question {
                definition: &meter.definition,
                buckets: ask.buckets,
                customers: ask.customers,
                metadata: ask.metadata,
                grouping: ask.customer_function.map(|function| Grouping {
                    function,
                    customer_of: ask.customer_of,
                }),
            };
            let answer = meter.unless_replaced(|| {
                let snapshot = self.reader.snapshot(organization);
                let scan = || query::scan(&snapshot, &question, &self.scans);
                match Plan::of(&question) {
                    Plan::Cube => meter.read(&snapshot, |fold| fold.answer(ask.buckets)),
                    Plan::History => match meter.ask_about_customers(id, &snapshot, &question)? {
                        Some(answer) => Ok(answer),
                        None => scan(),
                    },
                    Plan::Scan => scan(),
                }
            });
            if let Some(answer) = answer {
                return answer.map(Some);
            }
        }
        Ok(None)
    }

    /// Whether events can be taken in: `false` after a failed sync and after [`Self::close`].
    pub fn takes_writes(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Writes what waits, ends the threads, keeps what is folded so that the next start is short. Later submissions are refused. Blocks
    /// until that is done.
    pub fn close(&self) {
        if self.end_threads() {
            // What is not kept is folded again at the next start: an end that takes long is worse.
            let end = self.clock.now().micros().saturating_add(CLOSE_KEEPS_MICROS);
            let is_late = || self.clock.now().micros() >= end;
            keep_folds(&self.reader, &self.meters, &self.events, &is_late);
        }
    }

    /// Returns whether there were any.
    fn end_threads(&self) -> bool {
        self.queue.close();
        self.upkeep.close();
        self.sealing.close();
        let threads = std::mem::take(&mut *self.threads.lock());
        let had_threads = !threads.is_empty();
        for thread in threads {
            // A panic of the thread has been printed; closing goes on.
            drop(thread.join());
        }
        had_threads
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}

/// Keeps what is folded of all organizations' events, where it has grown, as long as there is time for it.
fn keep_folds(
    reader: &Reader,
    meters: &LiveMeters,
    events: &EventIndexes,
    is_late: &dyn Fn() -> bool,
) {
    let organizations = reader.organizations();
    for organization in organizations.into_iter().take_while(|_| !is_late()) {
        meters.save(Events {
            reader,
            organization,
        });
        events.save(organization);
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(run)
        .expect("the system gives a thread at start")
}
