//! The room for large answers, from when they are made until the client has taken them: a client that asks for the longest
//! lists and reads none of them must not fill the memory.

use std::sync::Arc;

use bytes::Bytes;
use http_body::Body;
use http_body_util::{BodyExt, Full};

use crate::auth::Caller;
use crate::error::Failure;
use crate::limits::{ANSWER_BYTES_IN_MEMORY_MAX, ANSWER_BYTES_UNCOUNTED_MAX};
use crate::reply::Response;
use crate::supply::{Share, Supply};

/// The room, shared between callers.
#[derive(Debug)]
pub(crate) struct Answers {
    // A unit is a byte.
    room: Arc<Supply>,
}

/// The bytes of an answer and their share of the room, which ends with them.
struct Counted {
    bytes: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Answers {
    /// With all of the room free.
    pub(crate) fn new() -> Self {
        Self {
            // Nobody waits: an answer that has been made takes memory while it waits too.
            room: Arc::new(Supply::new(ANSWER_BYTES_IN_MEMORY_MAX, 0)),
        }
    }

    /// The same answer, counted until it has been sent.
    ///
    /// # Errors
    /// [`Failure::NoRoom`].
    pub(crate) async fn count(
        &self,
        caller: Caller,
        response: Response,
    ) -> Result<Response, Failure> {
        let small = response.body().size_hint().upper();
        if small.is_some_and(|bytes| bytes <= ANSWER_BYTES_UNCOUNTED_MAX) {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let Ok(body) = body.collect().await;
        let bytes = body.to_bytes();
        let share = self.room.take_now(caller, bytes.len());
        let counted = Counted {
            _share: share.ok_or(Failure::NoRoom)?,
            bytes,
        };
        let body = Full::new(Bytes::from_owner(counted));
        Ok(Response::from_parts(parts, body))
    }
}

#[cfg(test)]
mod tests {
    use domain::OrganizationId;

    use super::*;

    fn caller(byte: u8) -> Caller {
        Caller::Organization(OrganizationId::from_random([byte; 16]))
    }

    fn answer(bytes: usize) -> Response {
        Response::new(Full::new(Bytes::from(vec![b' '; bytes])))
    }

    #[tokio::test]
    async fn large_answers_of_one_organization_leave_room_for_those_of_others() {
        let answers = Answers::new();
        let large = ANSWER_BYTES_IN_MEMORY_MAX / 8;
        let mut unread = Vec::new();
        for _ in 0..4 {
            let counted = answers.count(caller(1), answer(large)).await;
            unread.push(counted.expect("there is room"));
        }
        let fifth = answers.count(caller(1), answer(large)).await;
        assert!(matches!(fifth, Err(Failure::NoRoom)));
        let small = answers.count(caller(1), answer(1_000)).await;
        assert!(small.is_ok());
        let other = answers.count(caller(2), answer(large)).await;
        assert!(other.is_ok());
        unread.pop();
        drop(other);
        let after = answers.count(caller(1), answer(large)).await;
        let body = after.expect("there is room").into_body();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        assert_eq!(bytes.len(), large);
        drop((unread, bytes));
        assert_eq!(answers.room.free(), ANSWER_BYTES_IN_MEMORY_MAX);
    }
}
