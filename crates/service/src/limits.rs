//! Every bound of the service, with its name.

/// Customer sessions of one customer at once. With one more, the one that ends first ends at once.
pub(crate) const SESSIONS_PER_CUSTOMER_MAX: usize = 100;

/// Customer sessions of one organization at once. With one more, the one that ends first ends at once. A session takes some 300
/// bytes of memory.
pub(crate) const SESSIONS_PER_ORGANIZATION_MAX: usize = 100_000;

/// How many sessions that have ended are forgotten with each new one: more than one, so that they do not gather.
pub(crate) const SESSIONS_FORGOTTEN_AT_ONCE_MAX: usize = 1_000;
