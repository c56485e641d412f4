//! A body that says when it has come: what is left of a call is the host's own work then.

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::sync::oneshot;

/// A body, and whom to tell of its end.
struct Watched {
    body: Body,
    is_over: Option<oneshot::Sender<()>>,
}

/// The same body, and what is told when all of it was read; it ends without a word when the body is dropped before.
pub(super) fn watch(body: Body) -> (Body, oneshot::Receiver<()>) {
    let (is_over, over) = oneshot::channel();
    let mut watched = Watched { body, is_over: Some(is_over) };
    if watched.body.is_end_stream() {
        watched.tell();
    }
    (Body::new(watched), over)
}

impl Watched {
    fn tell(&mut self) {
        if let Some(is_over) = self.is_over.take() {
            // Nobody waits any more: the call has ended.
            let _ = is_over.send(());
        }
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.tell();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_of_a_body_is_told_once_it_is_read() {
        let (empty, over) = watch(Body::empty());
        over.await.unwrap();
        drop(empty);
        let (body, mut over) = watch(Body::from("abc"));
        assert!(over.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Empty));
        assert_eq!(axum::body::to_bytes(body, 9).await.unwrap(), "abc");
        over.await.unwrap();
    }

    #[tokio::test]
    async fn a_body_that_is_given_up_is_not_over() {
        let (body, over) = watch(Body::from("abc"));
        drop(body);
        assert!(over.await.is_err());
    }
}
