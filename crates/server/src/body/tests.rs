//! Sizes, times and the room for bodies.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use domain::OrganizationId;
use http_body::{Frame, SizeHint};
use http_body_util::Full;

use super::*;
use crate::limits::BODY_BYTES_MAX;

/// A body that says nothing of its length.
struct Pieces(std::vec::IntoIter<Vec<u8>>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(
            self.0
                .next()
                .map(|piece| Ok(Frame::data(Bytes::from(piece)))),
        )
    }
}

fn chunks(pieces: Vec<Vec<u8>>) -> Pieces {
    Pieces(pieces.into_iter())
}

/// A body that declares a length and sends nothing of it.
struct Promise(u64);

impl Body for Promise {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

fn small() -> Full<Bytes> {
    Full::new(Bytes::from_static(b"{}"))
}

fn caller(byte: u8) -> Caller {
    Caller::Organization(OrganizationId::from_random([byte; 16]))
}

impl Bodies {
    /// Reads a body of some organization.
    async fn read_one<B: Body<Data = Bytes>>(&self, body: B) -> Result<Payload, Failure> {
        self.read(body, caller(1), BODY_BYTES_MAX).await
    }
}

#[tokio::test]
async fn pieces_come_together_in_order() {
    let bodies = Bodies::new();
    let read = |pieces| bodies.read_one(chunks(pieces));
    assert_eq!(read(vec![]).await.expect("reads").bytes, Bytes::new());
    assert_eq!(read(vec![b"ab".to_vec()]).await.expect("reads").bytes, "ab");
    let payload = read(vec![b"ab".to_vec(), b"c".to_vec(), b"de".to_vec()])
        .await
        .expect("reads");
    assert_eq!(payload.bytes, "abcde");
    assert_eq!(bodies.room.free(), BODY_BYTES_IN_MEMORY_MAX - 5);
    drop(payload);
    assert_eq!(bodies.room.free(), BODY_BYTES_IN_MEMORY_MAX);
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_declared_or_not() {
    let bodies = Bodies::new();
    let refused = |read| matches!(read, Err(Failure::BodyTooLarge(10)));
    let declared = |bytes: usize| Full::new(Bytes::from(vec![b' '; bytes]));
    assert!(refused(bodies.read(declared(11), caller(1), 10).await));
    assert!(bodies.read(declared(10), caller(1), 10).await.is_ok());
    let undeclared = |last: usize| chunks(vec![vec![b' '; 9], vec![b' '; last]]);
    assert!(refused(bodies.read(undeclared(2), caller(1), 10).await));
    let just_fits = bodies.read(undeclared(1), caller(1), 10).await;
    assert_eq!(just_fits.expect("reads").bytes.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stands_still_is_cut() {
    assert!(matches!(
        Bodies::new().read_one(Promise(9)).await,
        Err(Failure::BodyTooSlow)
    ));
}

#[tokio::test(start_paused = true)]
async fn slow_large_bodies_of_one_organization_hold_up_no_other() {
    let bodies = Arc::new(Bodies::new());
    for _ in 0..100 {
        let bodies = Arc::clone(&bodies);
        let promise = Promise(BODY_BYTES_MAX as u64);
        tokio::spawn(async move { bodies.read_one(promise).await.err() });
    }
    tokio::task::yield_now().await;
    assert!(bodies.room.free() >= BODY_BYTES_IN_MEMORY_MAX / 2);
    let started = Instant::now();
    let large = Full::new(Bytes::from(vec![b' '; BODY_BYTES_MAX]));
    assert!(bodies.read(large, caller(2), BODY_BYTES_MAX).await.is_ok());
    // Other organizations do the same; somebody small still finds room.
    for byte in 2..20 {
        for _ in 0..100 {
            let bodies = Arc::clone(&bodies);
            let promise = Promise(BODY_BYTES_MAX as u64);
            let read = async move { bodies.read(promise, caller(byte), BODY_BYTES_MAX).await };
            tokio::spawn(read);
        }
    }
    tokio::task::yield_now().await;
    let read = bodies.read(small(), caller(99), BODY_BYTES_MAX).await;
    assert!(read.is_ok());
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn without_room_a_caller_waits_and_strangers_have_a_room_of_their_own() {
    let bodies = Bodies::new();
    let half = STRANGERS_BODY_BYTES_IN_MEMORY_MAX / 2;
    let taken = bodies.room_for_strangers.take(Caller::Anyone, half);
    let taken = taken.await.expect("there is room");
    let started = Instant::now();
    let stranger = || bodies.read(small(), Caller::Anyone, BODY_BYTES_MAX);
    assert!(matches!(stranger().await, Err(Failure::NoRoom)));
    assert!(started.elapsed() >= ROOM_WAIT_MAX);
    let started = Instant::now();
    assert!(bodies.read_one(small()).await.is_ok());
    assert_eq!(started.elapsed(), Duration::ZERO);
    drop(taken);
    assert!(stranger().await.is_ok());

    let half = bodies.room.take(caller(1), BODY_BYTES_IN_MEMORY_MAX / 2);
    let half = half.await.expect("there is room");
    assert!(matches!(
        bodies.read_one(small()).await,
        Err(Failure::NoRoom)
    ));
    assert!(started.elapsed() >= ROOM_WAIT_MAX);
    drop(half);
    assert!(bodies.read_one(small()).await.is_ok());
}
