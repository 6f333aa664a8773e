//! Bodies of answers.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::error::Failure;
use crate::telemetry;

/// The body of an answer: whole, or in parts, each of which is made when the one before has been taken. So an answer in parts
/// may be longer than memory; what it holds is a part.
pub struct Body {
    /// What has been made and not been taken, if anything.
    made: Bytes,
    rest: Option<NextPart>,
}

/// A part of a body, and what makes those after it.
pub(crate) struct Part {
    /// Never so much that it matters; see `limits`.
    pub(crate) bytes: Bytes,
    /// `None`: that was the last.
    pub(crate) rest: Option<NextPart>,
}

/// Makes the next part of a body. Does nothing until then.
pub(crate) type NextPart = Pin<Box<dyn Future<Output = Result<Part, Failure>> + Send>>;

/// The rest of an answer cannot be made. Its beginning has been sent, so that all that can be done is to end the connection
/// before the answer's end, which the client sees.
#[derive(Debug, thiserror::Error)]
#[error("the rest of an answer could not be made")]
pub struct CutShort;

impl Body {
    /// All of these bytes.
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self {
            made: bytes.into(),
            rest: None,
        }
    }

    /// This part and those after it.
    pub(crate) fn in_parts(first: Part) -> Self {
        Self {
            made: first.bytes,
            rest: first.rest,
        }
    }

    /// What has been made, and what makes the rest.
    pub(crate) fn into_first_part(self) -> Part {
        Part {
            bytes: self.made,
            rest: self.rest,
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::whole(Bytes::new())
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { made, rest } = self;
        formatter
            .debug_struct("Body")
            .field("made_bytes", &made.len())
            .field("is_whole", &rest.is_none())
            .finish()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        while self.made.is_empty() {
            let Some(next) = &mut self.rest else {
                return Poll::Ready(None);
            };
            let part = ready!(next.as_mut().poll(context));
            self.rest = None;
            match part {
                Ok(Part { bytes, rest }) => {
                    self.made = bytes;
                    self.rest = rest;
                }
                Err(failure) => {
                    telemetry::cut_short(&failure);
                    return Poll::Ready(Some(Err(CutShort)));
                }
            }
        }
        let made = std::mem::take(&mut self.made);
        Poll::Ready(Some(Ok(Frame::data(made))))
    }

    fn is_end_stream(&self) -> bool {
        self.made.is_empty() && self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let made = self.made.len() as u64;
        if self.rest.is_none() {
            return SizeHint::with_exact(made);
        }
        let mut hint = SizeHint::new();
        hint.set_lower(made);
        hint
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;
    use http_body_util::BodyExt;

    use super::*;

    /// As many parts as there are texts, and then what `end` says.
    fn parts(texts: &'static [&'static str], end: Option<Failure>) -> NextPart {
        Box::pin(async move {
            let Some((first, rest)) = texts.split_first() else {
                return Err(end.expect("an end"));
            };
            let is_last = rest.is_empty() && end.is_none();
            Ok(Part {
                bytes: Bytes::from_static(first.as_bytes()),
                rest: (!is_last).then(|| parts(rest, end)),
            })
        })
    }

    #[tokio::test]
    async fn parts_follow_each_other_and_empty_ones_do_not_end_the_body() {
        let first = parts(&["a", "", "bc", ""], None).await.expect("made");
        let body = Body::in_parts(first);
        assert_eq!(body.size_hint().exact(), None);
        assert!(!body.is_end_stream());
        let all = body.collect().await.expect("no failure").to_bytes();
        assert_eq!(all, "abc");
    }

    #[tokio::test]
    async fn a_part_that_fails_cuts_the_body_short() {
        let first = parts(&["a", "b"], Some(Failure::Busy)).await.expect("made");
        let mut body = Body::in_parts(first);
        for expected in ["a", "b"] {
            let frame = body.frame().await.expect("a frame").expect("made");
            assert_eq!(frame.into_data().expect("data"), expected);
        }
        assert!(matches!(body.frame().await, Some(Err(CutShort))));
        assert!(body.frame().await.is_none() && body.is_end_stream());
    }

    #[tokio::test]
    async fn a_whole_body_tells_its_size() {
        let body = Body::whole("abc");
        assert_eq!(body.size_hint().exact(), Some(3));
        assert_eq!(body.collect().await.expect("whole").to_bytes(), "abc");
        assert!(Body::default().is_end_stream());
    }
}
