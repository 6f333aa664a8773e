//! A service on a folder of its own, with a clock that the test moves.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{
    Aggregation, Definition, Event, EventBatch, Filter, Function, Identity, Interval, Metadata,
    MetadataBuilder, MetadataFilter, MeterId, Number, OrganizationId, Property, Source, Spelling,
    Timestamp, Unit, WebhookFormat, Zone,
};
use service::{
    Announcement, Clock, Error, Ingested, NewMeter, OpenError, OpenOptions, Quantities,
    QuantitiesRequest, Random, RealDisk, Service, StoreOptions, WebhookPayloads,
};

/// 2026-03-01T00:00Z.
pub(crate) const NOW: i64 = 1_772_323_200_000_000;

#[derive(Debug)]
pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(1, Ordering::Relaxed)).expect("in range")
    }
}

impl TestClock {
    pub(crate) fn advance(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::Relaxed);
    }
}

/// A generator whose numbers repeat from run to run (`SplitMix64`).
#[derive(Debug)]
struct TestRandom(AtomicU64);

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Tells no more than of what and of whom, and blanks.
#[derive(Debug, Default)]
struct Names {
    /// Told when something is written, and then waited for.
    pauses: Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>>,
    blanks: AtomicUsize,
}

impl WebhookPayloads for Names {
    fn render(
        &self,
        announcement: &Announcement<'_>,
        _at: Timestamp,
        _format: WebhookFormat,
    ) -> String {
        let pause = self.pauses.lock().expect("nobody panicked").take();
        if let Some((reached, go_on)) = pause {
            reached.send(()).expect("the test waits");
            go_on
                .recv_timeout(Duration::from_secs(20))
                .expect("the test goes on in the meantime");
        }
        let kind = announcement.kind().as_str();
        let told = match announcement {
            Announcement::Customer(_, profile) => format!("{kind} {}", profile.customer.id),
            Announcement::CustomerState(state) => format!("{kind} {}", state.profile.customer.id),
            Announcement::Benefit(_, benefit) => format!("{kind} {}", benefit.id),
            Announcement::Grant(_, grant) => format!("{kind} {}", grant.grant.id),
        };
        told + &" ".repeat(self.blanks.load(Ordering::Relaxed))
    }
}

#[derive(Debug)]
pub(crate) struct Harness {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<TestClock>,
    random: Arc<TestRandom>,
    names: Arc<Names>,
}

impl Harness {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            clock: Arc::new(TestClock(AtomicI64::new(NOW))),
            random: Arc::new(TestRandom(AtomicU64::new(1))),
            names: Arc::default(),
        }
    }

    /// Opens the folder. The second value is the administrator's token when it was made now.
    pub(crate) fn open(&self, admin_token: Option<&str>) -> (Service, Option<String>) {
        let opened = Service::open(self.options(admin_token)).expect("the folder opens");
        (opened.service, opened.admin_token)
    }

    pub(crate) fn try_open(&self) -> Result<(), OpenError> {
        Service::open(self.options(None)).map(|_| ())
    }

    /// Opens the folder as [`Self::open`] does, with a service that moves every event to a file at once.
    pub(crate) fn open_sealing(&self) -> Service {
        let mut options = self.options(None);
        options.store.seal_rows = 1;
        Service::open(options).expect("the folder opens").service
    }

    /// Waits until a file of sealed events is there.
    #[expect(
        clippy::disallowed_methods,
        reason = "nobody tells of a file when it is there"
    )]
    pub(crate) fn wait_for_a_seal(&self) {
        let segments = self.folder.path().join("data/segments");
        for _ in 0..1_000 {
            let is_there =
                std::fs::read_dir(&segments).is_ok_and(|mut files| files.any(|file| file.is_ok()));
            if is_there {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("nothing was sealed in ten seconds");
    }

    /// From now on, what is told ends in so many blanks.
    pub(crate) fn enlarge_payloads(&self, blanks: usize) {
        self.names.blanks.store(blanks, Ordering::Relaxed);
    }

    /// Does something, and then lets the generator repeat what it gave meanwhile.
    pub(crate) fn before_randomness_repeats(&self, work: impl FnOnce()) {
        let state = self.random.0.load(Ordering::Relaxed);
        work();
        self.random.0.store(state, Ordering::Relaxed);
    }

    /// Does something on another thread, and something else while the first is in the middle of writing what is told.
    pub(crate) fn while_rendering(&self, first: impl FnOnce() + Send, meanwhile: impl FnOnce()) {
        let (reached, is_reached) = mpsc::channel();
        let (go_on, is_to_go_on) = mpsc::channel();
        *self.names.pauses.lock().expect("nobody panicked") = Some((reached, is_to_go_on));
        std::thread::scope(|scope| {
            scope.spawn(first);
            is_reached
                .recv_timeout(Duration::from_secs(20))
                .expect("something is told");
            meanwhile();
            go_on.send(()).expect("it waits");
        });
    }

    fn options(&self, admin_token: Option<&str>) -> OpenOptions {
        OpenOptions {
            store: StoreOptions::default(),
            webhook_payloads: Arc::clone(&self.names) as Arc<dyn WebhookPayloads>,
            webhooks_allow_private: true,
            folder: self.folder.path().join("data"),
            admin_token: admin_token.map(str::to_owned),
            disk: Arc::new(RealDisk),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            random: Arc::clone(&self.random) as Arc<dyn Random>,
        }
    }

    pub(crate) fn with_organization(&self) -> (Service, OrganizationId) {
        let (service, _) = self.open(None);
        let organization = service.create_organization("Acme", "acme").expect("made");
        (service, organization.id)
    }
}

pub(crate) fn ingest(
    service: &Service,
    organization: OrganizationId,
    events: &[(Identity<'_>, &str, i64)],
) -> Result<Ingested, Error> {
    let mut batch = EventBatch::default();
    for (identity, name, amount) in events {
        let mut metadata = MetadataBuilder::new();
        metadata.number("amount", &Number::from_i64(*amount), Spelling::Integer);
        batch.push(&Event {
            source: Source::User,
            name,
            identity: *identity,
            member: None,
            timestamp: Timestamp::from_micros(NOW).expect("in range"),
            external_id: None,
            parent: None,
            metadata: metadata.as_ref(),
        });
    }
    let (sender, receiver) = mpsc::channel();
    service.ingest(organization, batch, move |result| {
        sender.send(result).expect("somebody waits");
    });
    receiver.recv().expect("told once")
}

pub(crate) fn sum_of(property: &str) -> Definition {
    Definition {
        filter: Filter::all(),
        aggregation: Aggregation::new(Function::Sum, Some(Property::parse(property)))
            .expect("they go together"),
    }
}

pub(crate) fn new_meter(definition: Definition) -> NewMeter {
    NewMeter {
        name: "Amounts".to_owned(),
        unit: Unit::Scalar,
        custom_label: None,
        custom_multiplier: None,
        definition,
        metadata: Metadata::default(),
    }
}

/// The day of all the test's events.
pub(crate) fn that_day() -> QuantitiesRequest {
    QuantitiesRequest {
        start: Timestamp::from_micros(NOW).expect("in range"),
        end: Timestamp::from_micros(NOW).expect("in range"),
        interval: Interval::Day,
        zone: Zone::utc(),
        customers: Vec::new(),
        external_customers: Vec::new(),
        metadata: MetadataFilter::default(),
        customer_function: None,
    }
}

pub(crate) fn total(
    service: &Service,
    organization: OrganizationId,
    meter: MeterId,
    request: &QuantitiesRequest,
) -> i64 {
    let Quantities { points, total } = service
        .quantities(organization, meter, request)
        .expect("answered");
    assert_eq!(points.len(), 1);
    assert_eq!(points[0].1, total);
    total.to_i64().expect("a whole number")
}
