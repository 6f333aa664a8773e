//! Reading a request's body within bounds: its size, the time it may take, and the room for all bodies at once.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout, timeout_at};

use crate::auth::Caller;
use crate::error::Failure;
use crate::limits::{
    BODY_BYTES_AHEAD_MAX, BODY_BYTES_IN_MEMORY_MAX, BODY_DURATION_MAX, BODY_STALL_MAX,
    ROOM_WAIT_MAX, ROOM_WAITING_MAX, STRANGERS_BODY_BYTES_IN_MEMORY_MAX,
};
use crate::supply::{Share, Supply, TooManyWait};

/// A body that has come whole.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    /// As many as the route takes, at most.
    pub(crate) bytes: Bytes,
    /// What it takes of the room for bodies. Kept until what the body asks for is done.
    pub(crate) room: Room,
}

/// A share of the room for bodies, given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Room {
    share: Option<Share>,
}

/// The room for the bodies of all requests, shared between callers. Whoever has no valid token has a small room apart, so that
/// strangers take none from those who have one.
#[derive(Debug)]
pub(crate) struct Bodies {
    // A unit is a byte.
    room: Arc<Supply>,
    room_for_strangers: Arc<Supply>,
}

impl Bodies {
    /// With all of the room free.
    pub(crate) fn new() -> Self {
        let room = |bytes| Arc::new(Supply::new(bytes, ROOM_WAITING_MAX));
        Self {
            room: room(BODY_BYTES_IN_MEMORY_MAX),
            room_for_strangers: room(STRANGERS_BODY_BYTES_IN_MEMORY_MAX),
        }
    }

    /// Reads a body of at most `bytes_max`. For callers whose token is valid, the room of a declared length is taken at once and
    /// waited for when there is none, so that a burst of large requests queues; for strangers it is taken as the bytes come, so
    /// that promises of large bodies take nothing.
    ///
    /// # Errors
    /// [`Failure::BodyTooLarge`], [`Failure::BodyTooSlow`], [`Failure::NoRoom`], [`Failure::BodyCut`].
    pub(crate) async fn read<B>(
        &self,
        body: B,
        caller: Caller,
        bytes_max: usize,
    ) -> Result<Payload, Failure>
    where
        B: Body<Data = Bytes>,
    {
        let too_large = Failure::BodyTooLarge(bytes_max);
        let declared = body.size_hint().exact().map(usize::try_from);
        let declared = match declared {
            Some(Ok(bytes)) if bytes <= bytes_max => Some(bytes),
            Some(_) => return Err(too_large),
            None => None,
        };
        let mut room = Room::default();
        let mut reserved = 0;
        if let Some(bytes) = declared
            && caller != Caller::Anyone
        {
            room.grow(self.of(caller), caller, bytes).await?;
            reserved = bytes;
        }
        let latest = Instant::now() + BODY_DURATION_MAX;
        let mut body = pin!(body);
        // A small body comes in one piece, which is kept as it is.
        let mut first = Bytes::new();
        let mut all = Vec::new();
        while let Some(piece) = next_piece(body.as_mut(), latest).await? {
            let len = first.len() + all.len() + piece.len();
            if len > bytes_max {
                return Err(too_large);
            }
            if len > reserved {
                room.grow(self.of(caller), caller, len - reserved).await?;
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

    /// The room that a caller's bodies are in.
    fn of(&self, caller: Caller) -> &Arc<Supply> {
        match caller {
            Caller::Anyone => &self.room_for_strangers,
            Caller::Admin | Caller::Organization(_) | Caller::Customer(..) => &self.room,
        }
    }
}

impl Room {
    /// Takes room. Waits for the first of it, not for ever; not for more: who waits while holding some could wait for another
    /// who does.
    async fn grow(
        &mut self,
        room: &Arc<Supply>,
        caller: Caller,
        bytes: usize,
    ) -> Result<(), Failure> {
        if bytes == 0 {
            return Ok(());
        }
        if let Some(share) = &mut self.share {
            return share.extend(bytes).then_some(()).ok_or(Failure::NoRoom);
        }
        match timeout(ROOM_WAIT_MAX, room.take(caller, bytes)).await {
            Ok(Ok(share)) => self.share = Some(share),
            Ok(Err(TooManyWait)) | Err(_) => return Err(Failure::NoRoom),
        }
        Ok(())
    }
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
mod tests;
