//! The requests of a connection, on their way to the router and back.

use super::Peer;
use super::watched::Watched;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use bytes::Bytes;
use hookmill_domain::budget::Holding;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// How many bytes of a response are handed over at once: more would be out of sight while its client reads slowly.
const PIECE_BYTES: usize = 64 << 10;

/// What serves the requests of one connection.
pub(super) fn serve(
    router: Router,
    peer: Peer,
    watched: Arc<Watched>,
) -> impl Service<Request<Incoming>, Response = Response<ResponseBody>, Error = Infallible, Future: Send> + Send {
    let router = TowerToHyperService::new(router);
    service_fn(move |request: Request<Incoming>| {
        let under_way = UnderWay::begin(&watched);
        let router = router.clone();
        async move {
            under_way.0.until_writable().await;
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let mut response = router.call(request).await?;
            let holding = response.extensions_mut().remove::<Holding>();
            Ok(response.map(|body| ResponseBody { body, rest: Bytes::new(), _holding: holding, _under_way: under_way }))
        }
    })
}

/// A request, from its head to the end of its response.
struct UnderWay(Arc<Watched>);

impl UnderWay {
    fn begin(watched: &Arc<Watched>) -> Self {
        watched.request_begins();
        Self(Arc::clone(watched))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.request_ends();
    }
}

/// The body of a response, which ends its request when it is dropped.
pub(super) struct ResponseBody {
    body: Body,
    /// What is left of a large piece.
    rest: Bytes,
    /// What is held for the request until its response has been handed over.
    _holding: Option<Holding>,
    _under_way: UnderWay,
}

impl hyper::body::Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                other => return other,
            }
        }
        let bytes = self.rest.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (u64::try_from(self.rest.len()).unwrap_or(u64::MAX), self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower().saturating_add(rest));
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}
