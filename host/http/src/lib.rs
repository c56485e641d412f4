//! The HTTP layer: every URL, grouped by who may call it. A handler extracts its arguments, calls one use case of `admin` (or, for sources,
//! one operation of the pipeline), and shows what it returns.

mod addresses;
mod api;
mod auth;
mod body;
mod changes;
mod dialects;
mod error;
mod extract;
mod jobs;
mod observe;
mod openapi;
mod posting_guide;
pub mod receiver;
mod reply;
mod request_id;
mod serve;
mod sources;
mod under_way;
mod views;

use addresses::Addresses;
use axum::Router;
use hookmill_pipeline::Pipeline;
use jobs::Jobs;
use openapi::{Access, Description, Routes};
use std::sync::Arc;
use under_way::UnderWay;
use utoipa_axum::routes;

pub use serve::{Bound, bind};

/// Every address with its handlers, each of which names its method and describes itself.
fn table(jobs: &Jobs) -> Routes {
    let of = |tag, access| Routes::of(tag, access, jobs);

    let sources = of("Sources", Access::Source)
        .at("/v1/leads", routes!(sources::push_batch::handle))
        .at("/v1/campaigns/{campaign}/leads", routes!(sources::post_leads::handle))
        .at("/v1/events", routes!(sources::report_events::handle));

    let reading =
        of("Sources", Access::SourceOrOrgUser).at("/v1/requests/{request}", routes!(sources::get_request::handle));

    let organizations = of("Provisioning", Access::User)
        .at("/v1/organizations", routes!(api::organizations::create, api::organizations::list))
        .at("/v1/organizations/{organization}", routes!(api::organizations::get))
        .at("/v1/me", routes!(api::users::me));

    let provisioning = of("Provisioning", Access::OrgUser)
        .at("/v1/users", routes!(api::users::create, api::users::list))
        .at("/v1/api-keys", routes!(api::api_keys::create, api::api_keys::list))
        .at("/v1/api-keys/{key}", routes!(api::api_keys::revoke))
        .at("/v1/source-keys", routes!(api::source_keys::create, api::source_keys::list))
        .at("/v1/source-keys/{key}", routes!(api::source_keys::revoke))
        .at("/v1/source-keys/{key}/charset", routes!(api::source_keys::set_charset))
        .at("/v1/source-keys/{key}/regenerate", routes!(api::source_keys::regenerate))
        .at("/v1/source-keys/{key}/reveal", routes!(api::source_keys::reveal))
        .at("/v1/audit", routes!(api::audit::list));

    let clients = of("Clients", Access::OrgUser)
        .at("/v1/clients", routes!(api::clients::create, api::clients::list))
        .at("/v1/clients/{client}", routes!(api::clients::get, api::clients::change, api::clients::remove));

    let campaigns = of("Campaigns", Access::OrgUser)
        .at("/v1/campaigns", routes!(api::campaigns::create, api::campaigns::list))
        .at("/v1/campaigns/{campaign}", routes!(api::campaigns::get, api::campaigns::change))
        .at("/v1/campaigns/{campaign}/state", routes!(api::campaigns::set_state))
        .at("/v1/campaigns/{campaign}/endpoint", routes!(api::endpoint::set, api::endpoint::get, api::endpoint::remove))
        .at(
            "/v1/campaigns/{campaign}/first-submission-action",
            routes!(
                api::first_submission_action::set,
                api::first_submission_action::get,
                api::first_submission_action::remove
            ),
        )
        .at("/v1/campaigns/{campaign}/lifecycle", routes!(api::lifecycle::set, api::lifecycle::get))
        .at(
            "/v1/campaigns/{campaign}/document",
            routes!(api::campaign_versions::save, api::campaign_versions::document),
        )
        .at("/v1/campaigns/{campaign}/versions", routes!(api::campaign_versions::list))
        .at("/v1/campaigns/{campaign}/versions/{version}/activate", routes!(api::campaign_versions::activate))
        .at("/v1/campaigns/{campaign}/versions/{version}/comparison", routes!(api::rerun::compare))
        .at("/v1/campaigns/{campaign}/dry-run", routes!(api::dry_run::handle))
        .at("/v1/campaigns/{campaign}/fields", routes!(api::fields::table))
        .at("/v1/campaigns/{campaign}/fields/draft", routes!(api::fields::draft))
        .at("/v1/campaigns/{campaign}/posting-guide", routes!(api::posting_guide::get))
        .at("/v1/campaigns/{campaign}/preview", routes!(api::preview::preview))
        .at("/v1/campaigns/{campaign}/warnings", routes!(api::warnings::table))
        .at("/v1/campaigns/{campaign}/submissions", routes!(api::submissions::list_of_campaign))
        .at(
            "/v1/campaigns/{campaign}/webhook-settings",
            routes!(api::settings::set_of_campaign, api::settings::get_of_campaign, api::settings::remove_of_campaign),
        )
        .at("/v1/campaigns/{campaign}/webhooks/effective", routes!(api::webhooks::effective))
        .at(
            "/v1/campaigns/{campaign}/inbound-webhooks",
            routes!(api::inbound_webhooks::create, api::inbound_webhooks::list),
        )
        .at("/v1/sender-documents", routes!(api::sender_documents::list))
        .at("/v1/sender-documents/{sender}", routes!(api::sender_documents::get))
        .at(
            "/v1/inbound-webhooks/{inbound}",
            routes!(api::inbound_webhooks::get, api::inbound_webhooks::set, api::inbound_webhooks::remove),
        );

    let leads = of("Leads", Access::OrgUser)
        .at("/v1/leads", routes!(api::leads::list))
        .at("/v1/leads/{lead}", routes!(api::leads::get));

    let submissions = of("Submissions", Access::OrgUser)
        .at("/v1/submissions", routes!(api::submissions::list))
        .at("/v1/submissions/{submission}", routes!(api::submissions::get))
        .at("/v1/submissions/{submission}/review", routes!(api::reviews::review))
        .at("/v1/reviews", routes!(api::reviews::list))
        .at("/v1/submissions/{submission}/generate", routes!(api::preview::generate))
        .at("/v1/submissions/{submission}/replay", routes!(api::rerun::replay))
        .at("/v1/submissions/{submission}/reprocess", routes!(api::submissions::reprocess))
        .at("/v1/submissions/{submission}/repost", routes!(api::submissions::repost))
        .at("/v1/submissions/{submission}/withdraw", routes!(api::submissions::withdraw))
        .at("/v1/bulk-jobs", routes!(api::bulk_jobs::create, api::bulk_jobs::list))
        .at("/v1/bulk-jobs/{bulk_job}", routes!(api::bulk_jobs::get, api::bulk_jobs::cancel))
        .at("/v1/requests", routes!(api::requests::list))
        .at("/v1/rejected-requests", routes!(api::rejected_requests::list))
        .at("/v1/rejected-requests/{rejected}", routes!(api::rejected_requests::get, api::rejected_requests::remove))
        .at("/v1/rejected-requests/{rejected}/body", routes!(api::rejected_requests::body))
        .at("/v1/rejected-requests/{rejected}/repost", routes!(api::rejected_requests::repost));

    let persons = of("Persons", Access::OrgUser)
        .at("/v1/persons/export", routes!(api::persons::export))
        .at("/v1/erasures", routes!(api::persons::erase, api::persons::list))
        .at("/v1/erasures/{erasure}", routes!(api::persons::receipt));

    let deliveries = of("Deliveries", Access::OrgUser)
        .at("/v1/deliveries", routes!(api::deliveries::list))
        .at("/v1/deliveries/resend", routes!(api::deliveries::resend_many))
        .at("/v1/deliveries/{delivery}", routes!(api::deliveries::get))
        .at("/v1/deliveries/{delivery}/resend", routes!(api::deliveries::resend))
        .at("/v1/webhook-settings", routes!(api::settings::set, api::settings::get))
        .at("/v1/subscriptions", routes!(api::subscriptions::create, api::subscriptions::list))
        .at(
            "/v1/subscriptions/{subscription}",
            routes!(api::subscriptions::get, api::subscriptions::set, api::subscriptions::remove),
        )
        .at("/v1/scoped-webhooks", routes!(api::webhooks::list_scoped))
        .at("/v1/scoped-webhooks/{webhook}", routes!(api::webhooks::get_scoped, api::webhooks::remove_scoped));

    let dialects = of("Deliveries", Access::UserByQuery)
        .at("/api/v1/webhook/create", routes!(dialects::scoped_webhooks::create))
        .and(
            of("Campaigns", Access::UserByQuery)
                .at("/v2/{campaign}/inbound-webhook", routes!(dialects::inbound_webhooks::create)),
        );

    let inbound = of("Sources", Access::Capability)
        .at("/in/{token}", routes!(sources::inbound::post, sources::inbound::get, sources::inbound::preflight));

    let plugins = of("Plugins", Access::OrgUser)
        .at("/v1/plugins", routes!(api::plugins::list))
        .at("/v1/plugins/{plugin}", routes!(api::plugins::upload, api::plugins::versions));

    let value_sets = of("Value sets", Access::OrgUser)
        .at("/v1/value-sets", routes!(api::value_sets::list))
        .at("/v1/value-sets/{set}", routes!(api::value_sets::put, api::value_sets::get, api::value_sets::remove))
        .at("/v1/value-sets/{set}/entries", routes!(api::value_sets::entries))
        .at("/v1/value-sets/{set}/lookup", routes!(api::value_sets::look_up))
        .at("/v1/value-sets/{set}/versions", routes!(api::value_sets::versions))
        .at("/v1/value-sets/{set}/versions/{version}/restore", routes!(api::value_sets::restore));

    let long_calls = of("Jobs", Access::OrgUser)
        .at("/v1/jobs", routes!(api::jobs::list))
        .at("/v1/jobs/{job}", routes!(api::jobs::get));

    let system = of("System", Access::Public)
        .at("/openapi.json", routes!(openapi::serve::description))
        .at("/docs", routes!(openapi::serve::page))
        .at("/docs/style.css", routes!(openapi::serve::style));

    sources
        .and(reading)
        .and(organizations)
        .and(provisioning)
        .and(clients)
        .and(campaigns)
        .and(value_sets)
        .and(plugins)
        .and(leads)
        .and(submissions)
        .and(persons)
        .and(deliveries)
        .and(dialects)
        .and(inbound)
        .and(long_calls)
        .and(state_of_host(jobs))
        .and(system)
}

/// The addresses that say how the host is.
fn state_of_host(jobs: &Jobs) -> Routes {
    Routes::of("System", Access::Public, jobs)
        .at("/healthz", routes!(observe::health))
        .at("/readyz", routes!(observe::ready))
}

/// All that a listener serves.
pub struct Site {
    /// Every address.
    router: Router,
    /// Health and readiness alone, for the connections that are reserved for them.
    health: Router,
    /// What a stopping host waits for.
    under_way: UnderWay,
}

/// The site of a pipeline.
pub fn site(pipeline: Pipeline) -> Site {
    let under_way = UnderWay::new();
    let jobs = Jobs::new(&pipeline, &under_way);
    let table = table(&jobs);
    let addresses = Addresses::new(&table.paths);
    let (all, description) = Description::of(table, &pipeline.settings().public_url);
    let router = all
        .fallback(error::unknown_address)
        .method_not_allowed_fallback(error::unknown_method)
        .layer(axum::Extension(Arc::new(description)))
        .layer(axum::Extension(addresses));
    let health = state_of_host(&jobs).router.fallback(error::connections_full);
    let [router, health] = [router, health].map(|router| {
        let each = axum::middleware::from_fn_with_state(pipeline.clone(), observe::request_id);
        router.layer(each).with_state(pipeline.clone())
    });
    Site { router, health, under_way }
}
