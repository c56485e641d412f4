//! Floor 4: every URL, grouped by who calls. A handler extracts, calls one verb or one query, and answers.

mod api;
mod auth;
mod body;
mod extract;
mod observe;
pub mod receiver;
mod refused;
mod serve;
mod sources;
mod views;

use crate::pipeline::Pipeline;
use axum::Router;
use axum::routing::{get, post, put};

pub use serve::{Bound, bind};

/// The whole URL space.
pub fn router(pipeline: Pipeline) -> Router {
    let sources = Router::new()
        .route("/v1/leads", post(sources::push_batch::handle))
        .route("/v1/campaigns/{campaign}/leads", post(sources::post_leads::handle))
        .route("/v1/requests/{request}", get(sources::get_request::handle));

    let provisioning = Router::new()
        .route("/v1/organizations", post(api::organizations::create).get(api::organizations::list))
        .route("/v1/organizations/{organization}", get(api::organizations::get))
        .route("/v1/users", post(api::users::create).get(api::users::list))
        .route("/v1/me", get(api::users::me))
        .route("/v1/api-keys", post(api::api_keys::create).get(api::api_keys::list))
        .route("/v1/api-keys/{key}", axum::routing::delete(api::api_keys::revoke))
        .route("/v1/source-keys", post(api::source_keys::create).get(api::source_keys::list))
        .route("/v1/source-keys/{key}", axum::routing::delete(api::source_keys::revoke))
        .route("/v1/source-keys/{key}/regenerate", post(api::source_keys::regenerate))
        .route("/v1/source-keys/{key}/reveal", post(api::source_keys::reveal))
        .route("/v1/audit", get(api::audit::list));

    let campaigns = Router::new()
        .route("/v1/campaigns", post(api::campaigns::create).get(api::campaigns::list))
        .route("/v1/campaigns/{campaign}", get(api::campaigns::get).patch(api::campaigns::change))
        .route("/v1/campaigns/{campaign}/state", put(api::campaigns::set_state))
        .route(
            "/v1/campaigns/{campaign}/endpoint",
            put(api::endpoint::set).get(api::endpoint::get).delete(api::endpoint::remove),
        )
        .route("/v1/campaigns/{campaign}/document", put(api::programs::save).get(api::programs::document))
        .route("/v1/campaigns/{campaign}/programs", get(api::programs::list))
        .route("/v1/campaigns/{campaign}/programs/{number}/activate", post(api::programs::activate))
        .route("/v1/campaigns/{campaign}/dry-run", post(api::dry_run::handle))
        .route("/v1/campaigns/{campaign}/submissions", get(api::submissions::list))
        .route("/v1/campaigns/{campaign}/reprocess", post(api::submissions::reprocess_all));

    let work = Router::new()
        .route("/v1/submissions/{submission}", get(api::submissions::get))
        .route("/v1/submissions/{submission}/reprocess", post(api::submissions::reprocess))
        .route("/v1/requests", get(api::requests::list))
        .route("/v1/deliveries", get(api::deliveries::list))
        .route("/v1/deliveries/{delivery}", get(api::deliveries::get))
        .route("/v1/deliveries/{delivery}/resend", post(api::deliveries::resend))
        .route("/v1/webhook-settings", put(api::settings::set).get(api::settings::get))
        .route("/v1/plugins", get(api::plugins::list))
        .route("/v1/plugins/{plugin}", put(api::plugins::upload).get(api::plugins::versions));

    let operation = Router::new().route("/healthz", get(observe::health)).route("/readyz", get(observe::ready));

    let all = Router::new().merge(sources).merge(provisioning).merge(campaigns).merge(work).merge(operation);
    all.fallback(refused::unknown_address)
        .method_not_allowed_fallback(refused::unknown_method)
        .layer(axum::middleware::from_fn_with_state(pipeline.clone(), observe::request_id))
        .with_state(pipeline)
}
