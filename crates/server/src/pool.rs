//! Where work that blocks or takes long is done: threads beside those that serve connections, a bounded number for each
//! kind of work, shared fairly between callers, so that slow queries hold up neither ingest nor the queries of others.

use std::any::Any;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use crate::auth::Caller;
use crate::error::Failure;
use crate::limits::{
    CATALOG_CALLS_MAX, DECODES_MIN, DECODES_PER_CORE, POOL_WAITING_MAX, QUERIES_MIN,
    QUERIES_PER_CORE,
};
use crate::supply::{Supply, TooManyWait};

/// The pools.
#[derive(Debug)]
pub(crate) struct Pools {
    /// Quantities.
    pub(crate) queries: Pool,
    /// Calls that read or write the catalogue.
    pub(crate) catalog: Pool,
    /// Decoding of large bodies.
    pub(crate) decode: Pool,
}

/// A bounded number of threads for one kind of work, of which each caller has a share.
#[derive(Debug)]
pub(crate) struct Pool {
    slots: Arc<Supply>,
}

impl Pools {
    /// As many slots as the cores of the machine say.
    pub(crate) fn new() -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Self {
            queries: Pool::new((cores * QUERIES_PER_CORE).max(QUERIES_MIN)),
            catalog: Pool::new(CATALOG_CALLS_MAX),
            decode: Pool::new((cores * DECODES_PER_CORE).max(DECODES_MIN)),
        }
    }
}

impl Pool {
    fn new(slots: usize) -> Self {
        Self {
            slots: Arc::new(Supply::new(slots, POOL_WAITING_MAX)),
        }
    }

    /// Does `work` on a thread of the pool, as soon as the caller may have one. Whoever drops the future before that takes the
    /// work back. Once begun it is done to its end, also when nobody waits for it any more, and keeps its slot until then.
    ///
    /// # Errors
    /// [`Failure::Busy`] when too much of the caller's waits already, [`Failure::Panicked`] when `work` panics.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        caller: Caller,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let slot = self.slots.take(caller, 1).await;
        let slot = slot.map_err(|TooManyWait| Failure::Busy)?;
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

#[cfg(test)]
impl Pool {
    /// What hands out its slots.
    pub(crate) fn slots(&self) -> &Arc<Supply> {
        &self.slots
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
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::Poll;

    use domain::OrganizationId;

    use super::*;

    fn caller(byte: u8) -> Caller {
        Caller::Organization(OrganizationId::from_random([byte; 16]))
    }

    /// Polls a future once.
    async fn is_done<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
        let mut future = Some(future);
        poll_fn(|context| {
            let future = future.take().expect("polled once");
            Poll::Ready(future.poll(context).is_ready())
        })
        .await
    }

    #[tokio::test]
    async fn a_busy_organization_waits_for_itself_alone() {
        let pool = Pool::new(2);
        let (release, wait) = mpsc::channel::<()>();
        let mut first = pin!(pool.run(caller(1), move || wait.recv().is_ok()));
        assert!(!is_done(first.as_mut()).await);
        let mut second = pin!(pool.run(caller(1), || 2));
        assert!(!is_done(second.as_mut()).await);
        assert_eq!(pool.run(caller(2), || 3).await.expect("works"), 3);
        assert!(!is_done(second.as_mut()).await);
        release.send(()).expect("the first work waits");
        assert!(first.await.expect("works"));
        assert_eq!(second.await.expect("works"), 2);
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_does_not_start() {
        let pool = Pool::new(1);
        let (release, wait) = mpsc::channel::<()>();
        let mut first = pin!(pool.run(caller(1), move || wait.recv().is_ok()));
        assert!(!is_done(first.as_mut()).await);
        {
            let never = || panic!("whoever asked for this has gone");
            let mut gone = pin!(pool.run(caller(1), never));
            assert!(!is_done(gone.as_mut()).await);
        }
        let last = pool.run(caller(1), || 3);
        release.send(()).expect("the first work waits");
        assert!(first.await.expect("works"));
        assert_eq!(last.await.expect("works"), 3);
    }

    #[tokio::test]
    async fn beyond_so_many_that_wait_the_next_is_refused() {
        let pool = Pool::new(1);
        let (release, wait) = mpsc::channel::<()>();
        let mut first = pin!(pool.run(caller(1), move || wait.recv().is_ok()));
        assert!(!is_done(first.as_mut()).await);
        let mut waiting = Vec::new();
        for _ in 0..POOL_WAITING_MAX {
            let mut one = Box::pin(pool.run(caller(1), || ()));
            assert!(!is_done(one.as_mut()).await);
            waiting.push(one);
        }
        assert!(matches!(
            pool.run(caller(1), || ()).await,
            Err(Failure::Busy)
        ));
        release.send(()).expect("the first work waits");
        assert!(first.await.expect("works"));
        for one in waiting {
            one.await.expect("works");
        }
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_and_frees_its_slot() {
        let pool = Pool::new(1);
        let failed: Result<(), _> = pool.run(caller(1), || panic!("broken")).await;
        assert!(matches!(failed, Err(Failure::Panicked(text)) if text == "broken"));
        assert_eq!(pool.run(caller(1), || 1).await.expect("works"), 1);
    }
}
