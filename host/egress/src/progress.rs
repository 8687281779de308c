//! Knows whether any byte of a request can have left.
//!
//! The client asks a body "are you at your end?" right before it writes the head of the request into a connection, and
//! never before that connection stands. So a body that was not asked proves that nothing was sent. Where the client asks
//! earlier in some later version, the answer errs on the safe side: "may have been sent".

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Whether sending has begun.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<AtomicBool>);

impl Progress {
    pub(crate) fn begun(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    fn begin(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// A body of `bytes` that reports to this progress. It can't be cloned, so no layer of the client can send it twice.
    pub(crate) fn body(&self, bytes: Bytes) -> impl Body<Data = Bytes, Error = Infallible> + Send + Sync + use<> {
        Watched { bytes, progress: self.clone() }
    }
}

struct Watched {
    bytes: Bytes,
    progress: Progress,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.progress.begin();
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then_some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.progress.begin();
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}
