//! The room for large answers, from when they are made until the client has taken them: a client that asks for the longest
//! lists and reads none of them must not fill the memory.
//!
//! Of an answer in parts, each part is counted by itself: no more than one is in memory.

use std::sync::Arc;

use bytes::Bytes;

use crate::auth::Caller;
use crate::error::Failure;
use crate::limits::{ANSWER_BYTES_IN_MEMORY_MAX, ANSWER_BYTES_UNCOUNTED_MAX};
use crate::reply::{Body, NextPart, Part, Response};
use crate::supply::{Share, Supply};

/// The room, shared between callers. Clones share it too.
#[derive(Debug, Clone)]
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

    /// The same answer, counted until it has been sent. One in parts ends early when there is no room for a later part.
    ///
    /// # Errors
    /// [`Failure::NoRoom`].
    pub(crate) fn count(&self, caller: Caller, response: Response) -> Result<Response, Failure> {
        let (parts, body) = response.into_parts();
        let counted = self.count_part(caller, body.into_first_part())?;
        Ok(Response::from_parts(parts, Body::in_parts(counted)))
    }

    fn count_part(&self, caller: Caller, part: Part) -> Result<Part, Failure> {
        let bytes = self.count_bytes(caller, part.bytes)?;
        let rest = part.rest.map(|rest| self.count_rest(caller, rest));
        Ok(Part { bytes, rest })
    }

    fn count_rest(&self, caller: Caller, next: NextPart) -> NextPart {
        let answers = self.clone();
        Box::pin(async move { answers.count_part(caller, next.await?) })
    }

    fn count_bytes(&self, caller: Caller, bytes: Bytes) -> Result<Bytes, Failure> {
        if bytes.len() as u64 <= ANSWER_BYTES_UNCOUNTED_MAX {
            return Ok(bytes);
        }
        let share = self.room.take_now(caller, bytes.len());
        Ok(Bytes::from_owner(Counted {
            _share: share.ok_or(Failure::NoRoom)?,
            bytes,
        }))
    }
}

#[cfg(test)]
mod tests {
    use domain::OrganizationId;
    use http_body_util::BodyExt;

    use super::*;

    fn caller(byte: u8) -> Caller {
        Caller::Organization(OrganizationId::from_random([byte; 16]))
    }

    fn bytes(count: usize) -> Bytes {
        Bytes::from(vec![b' '; count])
    }

    fn answer(count: usize) -> Response {
        Response::new(Body::whole(bytes(count)))
    }

    /// Parts of this size without end.
    fn endless(count: usize) -> Part {
        let bytes = bytes(count);
        Part {
            bytes,
            rest: Some(Box::pin(async move { Ok(endless(count)) })),
        }
    }

    #[tokio::test]
    async fn large_answers_of_one_organization_leave_room_for_those_of_others() {
        let answers = Answers::new();
        let large = ANSWER_BYTES_IN_MEMORY_MAX / 8;
        let mut unread = Vec::new();
        for _ in 0..4 {
            let counted = answers.count(caller(1), answer(large));
            unread.push(counted.expect("there is room"));
        }
        let fifth = answers.count(caller(1), answer(large));
        assert!(matches!(fifth, Err(Failure::NoRoom)));
        let small = answers.count(caller(1), answer(1_000));
        assert!(small.is_ok());
        let other = answers.count(caller(2), answer(large));
        assert!(other.is_ok());
        unread.pop();
        drop(other);
        let after = answers.count(caller(1), answer(large));
        let body = after.expect("there is room").into_body();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        assert_eq!(bytes.len(), large);
        drop((unread, bytes));
        assert_eq!(answers.room.free(), ANSWER_BYTES_IN_MEMORY_MAX);
    }

    #[tokio::test]
    async fn of_an_answer_in_parts_one_part_takes_room() {
        let answers = Answers::new();
        let large = ANSWER_BYTES_IN_MEMORY_MAX / 8;
        let streamed = Response::new(Body::in_parts(endless(large)));
        let streamed = answers.count(caller(1), streamed).expect("there is room");
        let mut body = streamed.into_body();
        for _ in 0..20 {
            let frame = body
                .frame()
                .await
                .expect("without end")
                .expect("there is room");
            assert_eq!(answers.room.free(), ANSWER_BYTES_IN_MEMORY_MAX - large);
            drop(frame);
        }
        let mut unread = Vec::new();
        while let Ok(counted) = answers.count(caller(1), answer(large)) {
            unread.push(counted);
        }
        assert!(matches!(body.frame().await, Some(Err(_))));
        drop((unread, body));
        assert_eq!(answers.room.free(), ANSWER_BYTES_IN_MEMORY_MAX);
    }
}
