//! What is done of an append beside the writer: each event is decoded, hashed and looked up by whoever has the request.
//!
//! - Sealed keys are asked for here: runs never change. The writer asks those that came since.
//! - The number of an identity is taken over only when it is published. One that was given out to rows that wait may be taken back.

use std::sync::Arc;

use domain::{Event, EventBatch, OrganizationId, Timestamp};

use crate::error::StoreError;
use crate::key_runs::KeyRuns;
use crate::limits::ROWS_PER_LOCK;
use crate::reader::Reader;

/// The place of a number that is not known yet.
pub(crate) const UNNUMBERED: u32 = u32::MAX;

/// The events of one request, ready to be taken in.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) organization: OrganizationId,
    /// The rows, one after the other, and where each ends.
    pub(crate) bytes: Vec<u8>,
    pub(crate) ends: Vec<u32>,
    pub(crate) timestamps: Vec<Timestamp>,
    /// The hash of each row's key.
    pub(crate) keys: Vec<Option<u128>>,
    /// Whether each row's key is in one of the runs that were asked.
    pub(crate) are_sealed: Vec<bool>,
    pub(crate) asked: Arc<KeyRuns>,
    /// The hash of each row's identity, and its number or [`UNNUMBERED`].
    pub(crate) identity_hashes: Vec<u64>,
    pub(crate) identities: Vec<u32>,
}

impl Reader {
    /// Prepares the events of one request to be appended: decodes them, hashes their keys, and looks up what is known of
    /// them. A tenth to half a microsecond an event, more with many files of keys.
    ///
    /// # Errors
    /// `Damaged`, `Io`, `Missing`: the sealed keys cannot be read.
    pub fn prepare(
        &self,
        organization: OrganizationId,
        batch: EventBatch,
    ) -> Result<Prepared, StoreError> {
        let hasher = self.key_hasher();
        Prepared::new(self, organization, batch, |_, event| {
            let external_id = event.external_id?;
            Some(hasher.hash(organization, event.source, external_id))
        })
    }
}

impl Prepared {
    /// `key_hash` gives the hash of the key of each event, by its index.
    pub(crate) fn new(
        reader: &Reader,
        organization: OrganizationId,
        batch: EventBatch,
        key_hash: impl Fn(usize, &Event<'_>) -> Option<u128>,
    ) -> Result<Self, StoreError> {
        let rows = batch.len();
        let mut timestamps = Vec::with_capacity(rows);
        let mut keys = Vec::with_capacity(rows);
        let mut identity_hashes = Vec::with_capacity(rows);
        let mut numbers = Vec::with_capacity(rows);
        let tail = reader.tail(organization);
        let published = tail.as_ref().map_or(0, |tail| tail.published_identities());
        let hasher = reader.identity_hasher();

        let mut events = batch.iter().enumerate();
        let mut identities = Vec::with_capacity(rows.min(ROWS_PER_LOCK));
        while events.len() > 0 {
            identities.clear();
            for (index, event) in events.by_ref().take(ROWS_PER_LOCK) {
                timestamps.push(event.timestamp);
                keys.push(key_hash(index, &event));
                identities.push((hasher.hash(event.identity), event.identity));
            }
            identity_hashes.extend(identities.iter().map(|(hash, _)| *hash));
            match &tail {
                None => numbers.resize(identity_hashes.len(), UNNUMBERED),
                Some(tail) => {
                    let known = tail.identities.read();
                    let found = known.find_all(&identities);
                    let published = found.map(|number| number.filter(|number| *number < published));
                    numbers.extend(published.map(|number| number.unwrap_or(UNNUMBERED)));
                }
            }
        }
        drop(events);
        let asked = reader.shared().key_runs();
        let are_sealed = asked.contain(&keys)?;
        let (mut bytes, mut ends) = batch.into_rows();
        // They are kept in memory as they are until they are sealed.
        bytes.shrink_to_fit();
        ends.shrink_to_fit();
        Ok(Self {
            organization,
            bytes,
            ends,
            timestamps,
            keys,
            are_sealed,
            asked,
            identity_hashes,
            identities: numbers,
        })
    }

    /// Bytes of the rows.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// How many events.
    pub fn events(&self) -> usize {
        self.ends.len()
    }

    /// The row at an index.
    pub(crate) fn row(&self, index: usize) -> &[u8] {
        let end = |index: usize| self.ends.get(index).map_or(0, |end| *end as usize);
        let place = index.checked_sub(1).map_or(0, end)..end(index);
        self.bytes.get(place).unwrap_or_default()
    }

    /// The same, decoded.
    pub(crate) fn event(&self, index: usize) -> Event<'_> {
        Event::decode(self.row(index)).expect("a batch holds what was encoded")
    }
}
