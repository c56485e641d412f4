//! A change goes on when its caller leaves. Hyper drops what it serves when the connection ends, wherever that waits: between the commit of
//! a change and what follows from it, too. So a change runs in a task of its own, and the connection waits for it.

use crate::error;
use crate::request_id::RequestId;
use crate::under_way::UnderWay;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use hookmill_admin::use_cases;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Which methods of an address change something, and what counts them while they do.
#[derive(Debug, Clone)]
pub(crate) struct Changes {
    methods: Arc<[Method]>,
    under_way: UnderWay,
}

impl Changes {
    /// Those of a path item of the description; none when nothing there changes anything. What leaves a line in the audit log is a change.
    pub(crate) fn of(item: &Map<String, Value>, under_way: &UnderWay) -> Option<Self> {
        let changes = item.iter().filter(|(_, operation)| {
            let declared = operation["operationId"].as_str().and_then(use_cases::declaration);
            declared.is_some_and(|declared| !declared.actions.is_empty())
        });
        let methods: Vec<Method> = changes.filter_map(|(name, _)| name.to_ascii_uppercase().parse().ok()).collect();
        (!methods.is_empty()).then(|| Self { methods: methods.into(), under_way: under_way.clone() })
    }
}

/// Runs a change to its end, whether or not its caller waits for it; all else as it is.
pub(crate) async fn go_on(State(changes): State<Changes>, request: Request, next: Next) -> Response {
    if !changes.methods.contains(request.method()) {
        return next.run(request).await;
    }
    let id = request.extensions().get::<RequestId>().cloned();
    let part = changes.under_way.begin();
    let change = async move {
        let response = next.run(request).await;
        drop(part);
        response
    };
    run_to_end(change, id.as_ref().map_or("", RequestId::as_str)).await
}

/// Runs a request in a task of its own, which ends only when it does; a panic is a response.
pub(crate) async fn run_to_end(request: impl Future<Output = Response> + Send + 'static, request_id: &str) -> Response {
    tokio::spawn(request).await.unwrap_or_else(|error| {
        tracing::error!(request_id, error = %error, "a request panicked");
        error::internal(request_id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::middleware::from_fn_with_state;
    use serde_json::json;
    use std::time::Duration;
    use tokio::sync::Notify;

    fn methods(item: &Value) -> Vec<String> {
        let of = Changes::of(item.as_object().unwrap(), &UnderWay::new());
        of.iter().flat_map(|changes| changes.methods.iter().map(ToString::to_string)).collect()
    }

    #[test]
    fn what_leaves_a_line_in_the_audit_log_is_a_change() {
        let campaigns =
            json!({ "get": { "operationId": "listCampaigns" }, "post": { "operationId": "createCampaign" } });
        assert_eq!(methods(&campaigns), ["POST"]);
        assert_eq!(methods(&json!({ "post": { "operationId": "revealSourceKey" } })), ["POST"]);
        for operation in
            ["dryRun", "replaySubmission", "compareVersions", "draftDocument", "listFields", "pushLeads", "postLeads"]
        {
            assert!(methods(&json!({ "post": { "operationId": operation } })).is_empty(), "{operation}");
        }
    }

    fn router(under_way: &UnderWay, handler: axum::routing::MethodRouter) -> Router {
        let changes = Changes { methods: [Method::DELETE].into(), under_way: under_way.clone() };
        Router::new().fallback_service(handler.layer(from_fn_with_state(changes, go_on)))
    }

    async fn ask(router: Router, method: Method) -> Response {
        let request = Request::builder().method(method).body(Body::empty()).unwrap();
        hyper::service::Service::call(&hyper_util::service::TowerToHyperService::new(router), request).await.unwrap()
    }

    #[tokio::test]
    async fn a_change_goes_on_when_its_caller_leaves_and_is_waited_for() {
        let under_way = UnderWay::new();
        let (begun, go, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let handler = {
            let (begun, go, done) = (begun.clone(), go.clone(), done.clone());
            move || async move {
                begun.notify_one();
                go.notified().await;
                done.notify_one();
            }
        };
        for (method, goes_on) in [(Method::DELETE, true), (Method::GET, false)] {
            let router = router(&under_way, axum::routing::any(handler.clone()));
            let caller = tokio::spawn(ask(router, method));
            begun.notified().await;
            caller.abort();
            assert!(caller.await.unwrap_err().is_cancelled());
            let waited = tokio::time::timeout(Duration::from_millis(50), under_way.ended()).await;
            assert_eq!(waited.is_err(), goes_on, "what goes on is waited for");
            go.notify_one();
            under_way.ended().await;
            let ended = tokio::time::timeout(Duration::from_millis(50), done.notified()).await;
            assert_eq!(ended.is_ok(), goes_on);
        }
    }

    #[tokio::test]
    async fn a_panic_is_a_response() {
        async fn panics() {
            panic!("a bug")
        }
        let under_way = UnderWay::new();
        let response = ask(router(&under_way, axum::routing::any(panics)), Method::DELETE).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        under_way.ended().await;
    }
}
