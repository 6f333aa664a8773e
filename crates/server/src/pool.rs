//! Where work that blocks or takes long is done: threads beside those that serve connections, a bounded number for each
//! kind of work, so that slow queries hold up neither ingest nor each other beyond their share.

mod share;

use std::any::Any;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use domain::OrganizationId;
use tokio::sync::Semaphore;

use crate::error::Failure;
use crate::limits::{CATALOG_CALLS_MAX, DECODES_PER_CORE, QUERIES_MIN, QUERIES_PER_CORE};

use share::Shares;

/// The pools.
#[derive(Debug)]
pub(crate) struct Pools {
    /// Quantities and lists of events. Of this one, no organization has all slots.
    pub(crate) queries: SharedPool,
    /// Calls that read or write the catalogue.
    pub(crate) catalog: Pool,
    /// Decoding of large bodies.
    pub(crate) decode: Pool,
}

/// A bounded number of threads for one kind of work. What finds no free one waits in order.
#[derive(Debug)]
pub(crate) struct Pool {
    slots: Arc<Semaphore>,
}

/// A pool of which no organization has more than its share, so that a busy one does not keep others waiting.
#[derive(Debug)]
pub(crate) struct SharedPool {
    pool: Pool,
    shares: Arc<Shares>,
}

impl Pools {
    /// As many slots as the cores of the machine say.
    pub(crate) fn new() -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Self {
            queries: SharedPool::new((cores * QUERIES_PER_CORE).max(QUERIES_MIN)),
            catalog: Pool::new(CATALOG_CALLS_MAX),
            decode: Pool::new(cores * DECODES_PER_CORE),
        }
    }
}

impl SharedPool {
    /// With so many slots for each organization and one more.
    fn new(slots_of_one: usize) -> Self {
        Self {
            pool: Pool::new(slots_of_one + 1),
            shares: Arc::new(Shares::new(slots_of_one)),
        }
    }

    /// As [`Pool::run`], within the share of an organization.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        organization: OrganizationId,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        // The share first: who waits for it must not hold a slot that others could use.
        let share = self.shares.take(organization).await;
        let work = move || {
            let result = work();
            drop(share);
            result
        };
        self.pool.run(work).await
    }
}

impl Pool {
    fn new(slots: usize) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(slots)),
        }
    }

    /// Does `work` on a thread of the pool. Once begun it is done to its end, also when nobody waits for it any more, and
    /// keeps its slot until then.
    ///
    /// # Errors
    /// [`Failure::Panicked`] when `work` panics.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let task = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(slot);
            result
        });
        task.await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => Failure::Panicked(panic_text(panic.as_ref())),
            Err(error) => Failure::Panicked(error.to_string()),
        })
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_more_work_runs_at_once_than_there_are_slots() {
        let pool = Arc::new(Pool::new(1));
        let (release, wait) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(move || wait.recv().is_ok()).await }
        });
        while pool.slots.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let second = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(|| 2).await }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        release.send(()).expect("the first work waits");
        assert!(first.await.expect("joins").expect("works"));
        assert_eq!(second.await.expect("joins").expect("works"), 2);
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_and_frees_its_slot() {
        let pool = Pool::new(1);
        let failed: Result<(), _> = pool.run(|| panic!("broken")).await;
        assert!(matches!(failed, Err(Failure::Panicked(text)) if text == "broken"));
        assert_eq!(pool.run(|| 1).await.expect("works"), 1);
    }
}
