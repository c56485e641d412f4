//! The requests of a connection, on their way to the router and back.

use super::Peer;
use super::watched::Watched;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

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
            let response = router.call(request).await?;
            Ok(response.map(|body| ResponseBody { body, _under_way: under_way }))
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
    _under_way: UnderWay,
}

impl hyper::body::Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
