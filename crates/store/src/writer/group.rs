//! Committing one group: take in, write, then publish or undo.

use domain::Timestamp;

use super::{AppendRequest, Appended, CommitError, Writer};
use crate::error::StoreError;
use crate::limits::{GROUP_BYTES_MAX, ROWS_PER_LOCK};

/// The answer to a request, if the group becomes durable.
struct Prepared {
    appended: Appended,
    /// Whether it holds also if the group does not.
    is_durable: bool,
}

impl Writer {
    pub(super) fn commit_group(
        &mut self,
        received_at: Timestamp,
        requests: &[AppendRequest<'_>],
    ) -> Result<Vec<Appended>, CommitError> {
        self.frame.clear();
        let mut prepared = Vec::with_capacity(requests.len());
        let mut failure = None;
        for request in requests {
            match self.take_in(received_at, request) {
                Ok(answer) => prepared.push(Some(answer)),
                Err(error) => {
                    failure.get_or_insert(error);
                    prepared.push(None);
                }
            }
        }
        let written = match failure {
            Some(error) => Err(error),
            None => self.write(received_at),
        };
        match written {
            Ok(()) => {
                self.sequence_next += u64::from(self.frame.rows());
                self.received_at = received_at;
                self.organizations.publish();
                self.shared.set_published_end(self.sequence_next);
                Ok(prepared
                    .into_iter()
                    .flatten()
                    .map(|answer| answer.appended)
                    .collect())
            }
            Err(cause) => {
                self.organizations.undo();
                let holds = |answer: Prepared| answer.is_durable.then_some(answer.appended);
                let answered = prepared
                    .into_iter()
                    .map(|answer| answer.and_then(holds))
                    .collect();
                Err(CommitError { cause, answered })
            }
        }
    }

    /// Takes in the rows of a request and adds them to the frame.
    fn take_in(
        &mut self,
        received_at: Timestamp,
        request: &AppendRequest<'_>,
    ) -> Result<Prepared, StoreError> {
        let AppendRequest {
            organization: id,
            batch,
            hashes,
        } = *request;
        assert_eq!(batch.len(), hashes.len(), "one hash for each event");
        let frame_bytes = self.frame.bytes() + batch.bytes().len() + 4 * batch.len();
        if frame_bytes > GROUP_BYTES_MAX {
            return Err(StoreError::GroupTooLarge { bytes: frame_bytes });
        }
        let organization = self.organizations.touch(id);
        organization.reserve(batch.len(), batch.bytes().len())?;
        let waiting_before = organization.waiting_rows();
        let sequence_first = self.sequence_next + u64::from(self.frame.rows());
        let mut sequence = sequence_first;
        let mut is_durable = true;

        let mut rows = batch.iter().enumerate().zip(hashes);
        let mut candidates = Vec::with_capacity(batch.len().min(ROWS_PER_LOCK));
        for _ in 0..batch.len().div_ceil(ROWS_PER_LOCK) {
            candidates.clear();
            candidates.extend(
                rows.by_ref()
                    .take(ROWS_PER_LOCK)
                    .map(|((index, event), hash)| {
                        debug_assert_eq!(hash.is_some(), event.external_id.is_some());
                        organization.candidate(batch.row(index), event, *hash)
                    }),
            );
            let absorbed = organization.absorb(&candidates, sequence, received_at)?;
            sequence += absorbed.inserted as u64;
            is_durable &= absorbed.repeats_durable;
        }

        let (start, ends, bytes) = organization.waiting_from(waiting_before);
        let inserted = u32::try_from(ends.len()).expect("a batch is far below 2^32 events");
        if inserted > 0 {
            self.frame.push_part(id, start, ends, bytes);
            is_durable = false;
        }
        let events = u32::try_from(batch.len()).expect("a batch is far below 2^32 events");
        let duplicates = events - inserted;
        let sequences = sequence_first..sequence;
        Ok(Prepared {
            appended: Appended {
                inserted,
                duplicates,
                sequences,
            },
            is_durable,
        })
    }

    fn write(&mut self, received_at: Timestamp) -> Result<(), StoreError> {
        if self.frame.rows() == 0 {
            return Ok(());
        }
        if self.shared.take_rotation() {
            self.journal.rotate(self.sequence_next)?;
        }
        let written = self
            .journal
            .append(&mut self.frame, self.sequence_next, received_at);
        self.shared.set_journal_begins_at(self.journal.begins_at());
        written
    }
}
