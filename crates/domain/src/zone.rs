//! Time zones by IANA name. (Bodies follow.)
#![expect(unused, reason = "signatures first")]
use crate::time::Timestamp;
/// A time zone of the bundled IANA data; cheap to clone.
#[derive(Debug, Clone)]
pub struct Zone {
    name: &'static str,
}
impl Zone {
    /// UTC.
    pub fn utc() -> Self {
        unimplemented!()
    }
    /// By exact IANA name.
    pub fn from_name(name: &str) -> Option<Self> {
        unimplemented!()
    }
    /// All names, sorted.
    pub fn names() -> impl Iterator<Item = &'static str> {
        core::iter::empty()
    }
    /// The IANA name.
    pub fn name(&self) -> &'static str {
        self.name
    }
    /// Seconds east of UTC at that instant.
    pub fn offset_seconds(&self, at: Timestamp) -> i32 {
        unimplemented!()
    }
}
