//! The pipeline: what all its steps share, built in one place.

use super::backlog::Backlogs;
use super::budgets::{Budgets, PeoplePlace};
use super::cache::Cache;
use super::costs::Costs;
use super::duplicates::WideRule;
use super::finish::CampaignContext;
use super::flow::Flow;
use super::health::Health;
use super::large::LargeValues;
use super::later::Later;
use super::lookups::{LookupCache, Lookups};
use super::programs::Ready;
use super::receivers::EarlierReceivers;
use super::warm_ups::WarmUps;
use super::webhook_health::FailingWebhooks;
use hookmill_domain::budget::Holding;
use hookmill_domain::clock::{BootTime, SharedClock, Timestamp};
use hookmill_domain::config::HostSettings;
use hookmill_domain::ids::SharedIdGenerator;
use hookmill_engine::contract::Context;
use hookmill_engine::{Engine, Program};
use hookmill_outbound::Sender;
use hookmill_stages::{Run, Tables};
use hookmill_store::campaigns::Campaign;
use hookmill_store::inbound_webhooks::InboundWebhook;
use hookmill_store::ingest::Ingest;
use hookmill_store::keys::SourceKey;
use hookmill_store::organizations::Organization;
use hookmill_store::{Store, StoreError};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Notify;

/// The dependencies of a pipeline.
pub struct PipelineDeps {
    /// The operator's settings.
    pub settings: HostSettings,
    /// The store.
    pub store: Store,
    /// The sandbox.
    pub engine: Engine,
    /// The sender of outbound requests.
    pub sender: Sender,
    /// The clock.
    pub clock: SharedClock,
    /// Ids and random bytes.
    pub ids: SharedIdGenerator,
    /// The data directory, on whose disk the host needs room.
    pub data: PathBuf,
}

/// The pipeline. A handle: clones share everything.
#[derive(Clone)]
pub struct Pipeline {
    inner: Arc<Inner>,
    /// For production, or for people.
    engine: Engine,
    /// The same of large values: the host's own, or people's.
    large: LargeValues,
}

/// The programs that every host has: the default plugin on documents of its own.
#[derive(Debug)]
pub struct OwnPrograms {
    /// On the standard document.
    pub standard: Program,
    /// On what scoped webhooks are sent.
    pub scoped_payload: Program,
    /// SHA-256 of the default plugin, in hexadecimal.
    pub digest: String,
}

/// What all clones share.
pub struct Inner {
    pub(crate) settings: HostSettings,
    pub(crate) store: Store,
    /// The same store for what people ask.
    pub(crate) people: Store,
    pub(crate) sender: Sender,
    pub(crate) clock: SharedClock,
    pub(crate) ids: SharedIdGenerator,
    pub(crate) ingest: Ingest,
    pub(crate) flow: Flow,
    pub(crate) costs: Costs,
    pub(crate) health: Health,
    pub(crate) data: PathBuf,
    /// The default plugin on its standard document: it serves every stage that a campaign's own component lacks.
    pub(crate) standard: Program,
    pub(crate) standard_digest: String,
    /// The default plugin on what scoped webhooks are sent.
    pub(crate) scoped_payload: Program,
    pub(crate) source_keys: Cache<[u8; 32], SourceKey>,
    pub(crate) campaigns: Cache<(String, String), Campaign>,
    /// Inbound webhooks, by the hash of their token.
    pub(crate) inbound_webhooks: Cache<[u8; 32], InboundWebhook>,
    pub(crate) contexts: Cache<String, CampaignContext>,
    pub(crate) wide_rules: Cache<String, Vec<WideRule>>,
    pub(crate) earlier_receivers: EarlierReceivers,
    /// How many bytes of raw requests an organization has, as it was a moment ago.
    pub(crate) request_bytes: Cache<String, i64>,
    pub(crate) backlogs: Backlogs,
    pub(crate) ready: Ready,
    pub(crate) warm_ups: WarmUps,
    pub(crate) later: Later,
    pub(crate) failing_webhooks: FailingWebhooks,
    /// There is a bulk job to look for.
    pub(crate) bulk_wake: Notify,
    pub(crate) lookup_cache: LookupCache,
    budgets: Budgets,
    pub(crate) large_of_sources: LargeValues,
    large_of_people: LargeValues,
}

impl std::ops::Deref for Pipeline {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl Pipeline {
    /// Builds a pipeline. Must be called inside the runtime: the committers start here.
    pub fn new(deps: PipelineDeps, own: OwnPrograms) -> Self {
        let OwnPrograms { standard, scoped_payload, digest: standard_digest } = own;
        let limits = &deps.settings.limits;
        let ttl_ms = limits.lookup_ttl_ms;
        let host = deps.ids.new_id("host", deps.clock.now());
        let large = || LargeValues::new(limits.large_values_max, limits.inline_bytes_max);
        let own = large();
        let inner = Arc::new(Inner {
            ingest: Ingest::start(&deps.store),
            costs: Costs::new(limits),
            health: Health::new(),
            data: deps.data,
            flow: Flow::new(limits, deps.store.is_shared(), host),
            source_keys: Cache::new(ttl_ms, limits.programs_cached_max),
            campaigns: Cache::new(ttl_ms, limits.programs_cached_max),
            inbound_webhooks: Cache::new(ttl_ms, limits.programs_cached_max),
            contexts: Cache::new(ttl_ms, limits.programs_cached_max),
            wide_rules: Cache::new(ttl_ms, limits.programs_cached_max),
            earlier_receivers: Cache::new(ttl_ms, limits.programs_cached_max),
            request_bytes: Cache::new(ttl_ms, limits.programs_cached_max),
            backlogs: Backlogs::new(limits),
            budgets: Budgets::new(limits),
            large_of_sources: large(),
            large_of_people: large(),
            ready: Ready::new(limits.programs_cached_max),
            warm_ups: WarmUps::new(limits),
            later: Later::new(limits),
            failing_webhooks: FailingWebhooks::new(limits),
            bulk_wake: Notify::new(),
            lookup_cache: LookupCache::new(limits),
            standard,
            standard_digest,
            scoped_payload,
            settings: deps.settings,
            people: deps.store.for_people(),
            store: deps.store,
            sender: deps.sender,
            clock: deps.clock,
            ids: deps.ids,
        });
        Self { inner, engine: deps.engine, large: own }
    }

    /// The same for what people ask for and wait for: what it runs yields to production.
    pub fn for_people(&self) -> Self {
        let (inner, large) = (Arc::clone(&self.inner), self.large_of_people.clone());
        Self { inner, engine: self.engine.for_people(), large }
    }

    /// Waits for a place to run something that people of an organization ask for.
    pub(crate) async fn people_place(&self, organization_id: &str) -> PeoplePlace<'_> {
        self.budgets.people_place(organization_id).await
    }

    /// What all requests under way share.
    pub fn budgets(&self) -> &Budgets {
        &self.inner.budgets
    }

    /// What is held for a request of an organization: nothing yet.
    pub fn holding(&self, organization_id: &str) -> Holding {
        Holding::new(self.budgets.bytes.open(organization_id))
    }

    /// Where large values are worked on.
    pub fn large(&self) -> &LargeValues {
        &self.large
    }

    /// The store, for what is only read.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The store for what people ask: it never holds up the way of a lead.
    pub fn people_store(&self) -> &Store {
        &self.inner.people
    }

    /// The id of this host, which is another one after each start.
    pub fn host_id(&self) -> &str {
        self.flow.host()
    }

    /// The sandbox.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The sender of outbound requests.
    pub fn sender(&self) -> &Sender {
        &self.inner.sender
    }

    /// The operator's settings.
    pub fn settings(&self) -> &HostSettings {
        &self.inner.settings
    }

    /// The clock.
    pub fn clock(&self) -> &SharedClock {
        &self.inner.clock
    }

    /// A moment to come, by the clock that work falls due by.
    pub(crate) fn due_at(&self, at: BootTime) -> Timestamp {
        self.clock.now().plus_ms(at.0.saturating_sub(self.clock.boot_time().0))
    }

    /// Ids and random bytes.
    pub fn ids(&self) -> &SharedIdGenerator {
        &self.inner.ids
    }

    /// Forgets what was looked up of campaigns, keys and value sets: something was changed on this host.
    pub fn forget_lookups(&self) {
        self.source_keys.clear();
        self.campaigns.clear();
        self.inbound_webhooks.clear();
        self.contexts.clear();
        self.wide_rules.clear();
        self.earlier_receivers.clear();
        self.lookup_cache.forget_names();
    }

    /// A run of a campaign's program.
    pub(crate) fn run(&self, program: &Program, context: Arc<Context>, lookups: &Lookups) -> Run {
        let tables = Tables { own: lookups.for_own(), standard: lookups.for_standard() };
        Run::new(&self.engine, program, &self.standard, context, tables)
    }

    /// A campaign and its organization, which due work names.
    pub(crate) async fn find_campaign(&self, campaign_key: &str) -> Result<(Organization, Campaign), StoreError> {
        let gone = |table, id: &str| StoreError::corrupt(table, id, "due work refers to it, but it is missing");
        let campaign = self.store.campaign(campaign_key).await?.ok_or_else(|| gone("campaigns", campaign_key))?;
        let organization = self.store.organization(&campaign.organization_id).await?;
        let organization = organization.ok_or_else(|| gone("organizations", &campaign.organization_id))?;
        Ok((organization, campaign))
    }
}
