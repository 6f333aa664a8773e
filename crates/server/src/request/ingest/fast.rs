//! Placeholder.
use domain::{EventBatch, Timestamp};
pub(super) fn read(_bytes: &[u8], _now: Timestamp) -> Option<EventBatch> {
    None
}
