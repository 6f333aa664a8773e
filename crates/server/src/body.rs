//! Reading a request's body within bounds: its size, the time it may take, and the room for all bodies at once.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::error::Failure;
use crate::limits::{
    BODY_BYTES_AHEAD_MAX, BODY_BYTES_IN_MEMORY_MAX, BODY_BYTES_MAX, BODY_DURATION_MAX,
    BODY_STALL_MAX, ROOM_WAIT_MAX, STRANGERS_BODY_BYTES_IN_MEMORY_MAX,
};

/// A body that has come whole.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    /// At most [`BODY_BYTES_MAX`].
    pub(crate) bytes: Bytes,
    /// What it takes of the room for bodies. Kept until what the body asks for is done.
    pub(crate) room: Room,
}

/// A share of the room for bodies, given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Room {
    permit: Option<OwnedSemaphorePermit>,
}

/// The room for the bodies of all requests. Whoever has no valid token has a small room apart, so that strangers take none
/// from those who have one.
#[derive(Debug)]
pub(crate) struct Bodies {
    // One permit is one byte.
    free: Arc<Semaphore>,
    free_for_strangers: Arc<Semaphore>,
}

impl Bodies {
    /// With all of the room free.
    pub(crate) fn new() -> Self {
        Self {
            free: Arc::new(Semaphore::new(BODY_BYTES_IN_MEMORY_MAX)),
            free_for_strangers: Arc::new(Semaphore::new(STRANGERS_BODY_BYTES_IN_MEMORY_MAX)),
        }
    }

    /// Reads a body. For `trusted` callers, whose token is valid, the room of a declared length is taken at once and waited for
    /// when there is none, so that a burst of large requests queues; for others it is taken as the bytes come, so that
    /// promises of large bodies take nothing.
    ///
    /// # Errors
    /// [`Failure::BodyTooLarge`], [`Failure::BodyTooSlow`], [`Failure::NoRoom`], [`Failure::BodyCut`].
    pub(crate) async fn read<B>(&self, body: B, trusted: bool) -> Result<Payload, Failure>
    where
        B: Body<Data = Bytes>,
    {
        let declared = match body.size_hint().exact() {
            Some(bytes) => Some(usize::try_from(bytes).map_err(|_| Failure::BodyTooLarge)?),
            None => None,
        };
        if declared.is_some_and(|bytes| bytes > BODY_BYTES_MAX) {
            return Err(Failure::BodyTooLarge);
        }
        let free = if trusted {
            &self.free
        } else {
            &self.free_for_strangers
        };
        let mut reserved = declared.filter(|_| trusted).unwrap_or(0);
        let mut room = Room::take(free, reserved).await?;
        let latest = Instant::now() + BODY_DURATION_MAX;
        let mut body = pin!(body);
        // A small body comes in one piece, which is kept as it is.
        let mut first = Bytes::new();
        let mut all = Vec::new();
        while let Some(piece) = next_piece(body.as_mut(), latest).await? {
            let len = first.len() + all.len() + piece.len();
            if len > BODY_BYTES_MAX {
                return Err(Failure::BodyTooLarge);
            }
            if len > reserved {
                room.extend(free, len - reserved)?;
                reserved = len;
            }
            if first.is_empty() && all.is_empty() {
                first = piece;
                continue;
            }
            if all.is_empty() {
                all.reserve(
                    declared
                        .unwrap_or(len * 2)
                        .min(BODY_BYTES_AHEAD_MAX)
                        .max(len),
                );
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&piece);
        }
        let bytes = if all.is_empty() {
            first
        } else {
            Bytes::from(all)
        };
        Ok(Payload { bytes, room })
    }
}

impl Room {
    /// Takes room; waits for it, not for ever.
    async fn take(free: &Arc<Semaphore>, bytes: usize) -> Result<Self, Failure> {
        if bytes == 0 {
            return Ok(Self::default());
        }
        let acquired = Arc::clone(free).acquire_many_owned(permits(bytes));
        match timeout(ROOM_WAIT_MAX, acquired).await {
            Ok(permit) => Ok(Self {
                permit: Some(permit.expect("the semaphore is never closed")),
            }),
            Err(_) => Err(Failure::NoRoom),
        }
    }

    /// Takes more of the same room, without waiting: who waits while holding some could wait for another who does.
    fn extend(&mut self, free: &Arc<Semaphore>, bytes: usize) -> Result<(), Failure> {
        let more = Arc::clone(free)
            .try_acquire_many_owned(permits(bytes))
            .map_err(|_| Failure::NoRoom)?;
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            None => self.permit = Some(more),
        }
        Ok(())
    }
}

fn permits(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a body is below 4 GiB")
}

/// The next bytes of a body; `None` at its end. Trailers are passed over.
async fn next_piece<B>(
    mut body: std::pin::Pin<&mut B>,
    latest: Instant,
) -> Result<Option<Bytes>, Failure>
where
    B: Body<Data = Bytes>,
{
    loop {
        let until = latest.min(Instant::now() + BODY_STALL_MAX);
        match timeout_at(until, body.frame()).await {
            Err(_) => return Err(Failure::BodyTooSlow),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => return Err(Failure::BodyCut),
            Ok(Some(Ok(frame))) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::task::Poll;

    use http_body::Frame;
    use http_body_util::Full;

    use super::*;

    /// A body that says nothing of its length.
    struct Pieces(std::vec::IntoIter<Vec<u8>>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
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

    #[tokio::test]
    async fn pieces_come_together_in_order() {
        let bodies = Bodies::new();
        let read = |pieces| bodies.read(chunks(pieces), true);
        assert_eq!(read(vec![]).await.expect("reads").bytes, Bytes::new());
        assert_eq!(read(vec![b"ab".to_vec()]).await.expect("reads").bytes, "ab");
        let payload = read(vec![b"ab".to_vec(), b"c".to_vec(), b"de".to_vec()])
            .await
            .expect("reads");
        assert_eq!(payload.bytes, "abcde");
        assert_eq!(
            bodies.free.available_permits(),
            BODY_BYTES_IN_MEMORY_MAX - 5
        );
        drop(payload);
        assert_eq!(bodies.free.available_permits(), BODY_BYTES_IN_MEMORY_MAX);
    }

    #[tokio::test]
    async fn a_body_above_the_limit_is_refused_declared_or_not() {
        let bodies = Bodies::new();
        let declared = Full::new(Bytes::from(vec![b' '; BODY_BYTES_MAX + 1]));
        assert!(matches!(
            bodies.read(declared, true).await,
            Err(Failure::BodyTooLarge)
        ));
        let undeclared = chunks(vec![vec![b' '; BODY_BYTES_MAX], vec![b' ']]);
        assert!(matches!(
            bodies.read(undeclared, true).await,
            Err(Failure::BodyTooLarge)
        ));
        let just_fits = chunks(vec![vec![b' '; BODY_BYTES_MAX - 1], vec![b' ']]);
        assert_eq!(
            bodies
                .read(just_fits, true)
                .await
                .expect("reads")
                .bytes
                .len(),
            BODY_BYTES_MAX
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_is_cut() {
        struct Never;
        impl Body for Never {
            type Data = Bytes;
            type Error = Infallible;
            fn poll_frame(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
                Poll::Pending
            }
        }
        assert!(matches!(
            Bodies::new().read(Never, true).await,
            Err(Failure::BodyTooSlow)
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn without_room_a_known_caller_waits_and_strangers_take_none_of_it() {
        let bodies = Bodies::new();
        let small = || Full::new(Bytes::from_static(b"{}"));
        let strangers = Room::take(
            &bodies.free_for_strangers,
            STRANGERS_BODY_BYTES_IN_MEMORY_MAX,
        );
        let strangers = strangers.await.expect("there is room");
        let started = Instant::now();
        assert!(matches!(
            bodies.read(small(), false).await,
            Err(Failure::NoRoom)
        ));
        assert!(bodies.read(small(), true).await.is_ok());
        assert_eq!(started.elapsed(), std::time::Duration::ZERO);
        drop(strangers);
        assert!(bodies.read(small(), false).await.is_ok());

        let all = Room::take(&bodies.free, BODY_BYTES_IN_MEMORY_MAX)
            .await
            .expect("there is room");
        assert!(matches!(
            bodies.read(small(), true).await,
            Err(Failure::NoRoom)
        ));
        assert!(started.elapsed() >= ROOM_WAIT_MAX);
        drop(all);
        assert!(bodies.read(small(), true).await.is_ok());
    }
}
