//! Small events, requests and a store on a disk in memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::metadata::MetadataBuilder;
use domain::{Event, EventBatch, Identity, OrganizationId, Source, Timestamp};
use store::testing::MemoryDisk;
use store::{
    AppendRequest, Appended, CommitError, Folder, KeyHasher, Options, Prepared, Reader,
    RecoveryReport, Sealer, StoreError, Writer, open,
};

pub(crate) const PATH: &str = "/data";
/// So small that a few groups fill a file.
pub(crate) const OPTIONS: Options = Options {
    journal_file_bytes_max: 700,
    seal_rows: 20,
    seal_bytes: 1 << 20,
    cache_bytes_max: 1 << 20,
};

/// An event as the tests know it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sample {
    pub(crate) customer: String,
    pub(crate) key: Option<String>,
    pub(crate) value: String,
}

pub(crate) fn sample(customer: u32, key: Option<&str>, value: &str) -> Sample {
    let customer = format!("customer-{customer}");
    Sample {
        customer,
        key: key.map(str::to_owned),
        value: value.to_owned(),
    }
}

/// A request as the tests know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) organization: u8,
    pub(crate) events: Vec<Sample>,
}

pub(crate) fn organization(number: u8) -> OrganizationId {
    OrganizationId::from_random([number; 16])
}

pub(crate) fn micros(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).expect("in range")
}

pub(crate) fn batch_of(
    hasher: KeyHasher,
    organization: OrganizationId,
    events: &[Sample],
) -> (EventBatch, Vec<Option<u128>>) {
    let mut batch = EventBatch::default();
    for event in events {
        let mut metadata = MetadataBuilder::new();
        metadata.text("value", &event.value);
        batch.push(&Event {
            source: Source::User,
            name: "event",
            identity: Identity::External(&event.customer),
            member: None,
            timestamp: micros(5),
            external_id: event.key.as_deref(),
            parent: None,
            metadata: metadata.as_ref(),
        });
    }
    let hash = |event: &Sample| {
        let key = event.key.as_ref()?;
        Some(hasher.hash(organization, Source::User, key))
    };
    (batch, events.iter().map(hash).collect())
}

/// An open store.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) writer: Writer,
    pub(crate) sealer: Sealer,
    pub(crate) reader: Reader,
    pub(crate) report: RecoveryReport,
    pub(crate) _folder: Folder,
}

pub(crate) fn open_on(disk: &MemoryDisk) -> Result<Open, StoreError> {
    let folder = Folder::open(Arc::new(disk.clone()), Path::new(PATH), [42; 32])?;
    let (mut writer, reader, report) = open(&folder, OPTIONS)?;
    let sealer = writer.take_sealer().expect("nobody took it");
    Ok(Open {
        writer,
        sealer,
        reader,
        report,
        _folder: folder,
    })
}

impl Open {
    pub(crate) fn commit(
        &mut self,
        at: i64,
        group: &[Request],
    ) -> Result<Vec<Appended>, CommitError> {
        let hasher = self.reader.key_hasher();
        let batches: Vec<_> = group
            .iter()
            .map(|request| batch_of(hasher, organization(request.organization), &request.events))
            .collect();
        let requests: Vec<_> = group
            .iter()
            .zip(&batches)
            .map(|(request, (batch, hashes))| AppendRequest {
                organization: organization(request.organization),
                batch,
                hashes,
            })
            .collect();
        self.writer.commit(micros(at), &requests)
    }

    /// The requests of a group, prepared as the store is now.
    pub(crate) fn prepare(&self, group: &[Request]) -> Result<Vec<Prepared>, StoreError> {
        let hasher = self.reader.key_hasher();
        let prepare = |request: &Request| {
            let id = organization(request.organization);
            let (batch, _) = batch_of(hasher, id, &request.events);
            self.reader.prepare(id, batch)
        };
        group.iter().map(prepare).collect()
    }

    /// All events of an organization, in order.
    pub(crate) fn events(&self, number: u8) -> Vec<Sample> {
        let snapshot = self.reader.snapshot(organization(number));
        let mut samples = Vec::new();
        for handle in snapshot.blocks_from(0) {
            let block = handle.load().expect("a healthy disk");
            let rows = handle.rows_from(0);
            samples.extend(rows.map(|row| sample_of(&block.row(row).event())));
        }
        assert_eq!(samples.len(), snapshot.rows() as usize);
        samples
    }
}

pub(crate) fn sample_of(event: &Event<'_>) -> Sample {
    let Identity::External(customer) = event.identity else {
        panic!("an external identity")
    };
    let value = event
        .metadata
        .get("value")
        .expect("every sample has a value");
    Sample {
        customer: customer.to_owned(),
        key: event.external_id.map(str::to_owned),
        value: value.text().expect("a text").into_owned(),
    }
}

/// The journal files of a disk.
pub(crate) fn journal_files(disk: &MemoryDisk) -> Vec<PathBuf> {
    let mut paths = disk.paths();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    paths
}
