//! What the verbs work with, built in one place.

use super::cache::Cache;
use super::finish::CampaignContext;
use super::flow::Flow;
use super::lookups::Library;
use super::programs::Ready;
use hookmill_domain::clock::SharedClock;
use hookmill_domain::config::HostSettings;
use hookmill_domain::ids::SharedIdGenerator;
use hookmill_engine::{Engine, Program};
use hookmill_outbound::Sender;
use hookmill_store::campaigns::Campaign;
use hookmill_store::ingest::Ingest;
use hookmill_store::keys::SourceKey;
use hookmill_store::organizations::Organization;
use hookmill_store::{Store, StoreError};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The parts a pipeline is made of.
pub struct Parts {
    /// What an operator set.
    pub settings: HostSettings,
    /// Everything kept.
    pub store: Store,
    /// The sandbox.
    pub engine: Engine,
    /// Requests to the outside.
    pub sender: Sender,
    /// The time.
    pub clock: SharedClock,
    /// Ids and random bytes.
    pub ids: SharedIdGenerator,
}

/// The verbs' common ground. A handle: clones share everything.
#[derive(Clone)]
pub struct Pipeline(Arc<Shared>);

/// What all clones share.
pub struct Shared {
    pub(crate) settings: HostSettings,
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) sender: Sender,
    pub(crate) clock: SharedClock,
    pub(crate) ids: SharedIdGenerator,
    pub(crate) ingest: Ingest,
    pub(crate) flow: Flow,
    /// The default plugin on its standard document: it serves every stage that a campaign's own component lacks.
    pub(crate) standard: Program,
    pub(crate) standard_digest: String,
    pub(crate) source_keys: Cache<[u8; 32], SourceKey>,
    pub(crate) campaigns: Cache<(String, String), Campaign>,
    pub(crate) contexts: Cache<String, CampaignContext>,
    pub(crate) ready: Ready,
    pub(crate) library: Library,
    body_room: Arc<Semaphore>,
}

impl std::ops::Deref for Pipeline {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Pipeline {
    /// Puts the parts together. Must be called where the runtime runs: the committers start here.
    pub fn new(parts: Parts, standard: Program, standard_digest: String) -> Self {
        let limits = &parts.settings.limits;
        let ttl_ms = limits.lookup_ttl_ms;
        let host = parts.ids.new_id("host", parts.clock.now());
        Self(Arc::new(Shared {
            ingest: Ingest::start(&parts.store),
            flow: Flow::new(limits, parts.store.is_shared(), host),
            source_keys: Cache::new(ttl_ms, limits.programs_cached_max),
            campaigns: Cache::new(ttl_ms, limits.programs_cached_max),
            contexts: Cache::new(ttl_ms, limits.programs_cached_max),
            body_room: Arc::new(Semaphore::new(limits.bodies_bytes_max)),
            ready: Ready::new(limits.programs_cached_max),
            library: Library::new(limits),
            standard,
            standard_digest,
            settings: parts.settings,
            store: parts.store,
            engine: parts.engine,
            sender: parts.sender,
            clock: parts.clock,
            ids: parts.ids,
        }))
    }

    /// The store, for what is only read.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The sandbox.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Requests to the outside.
    pub fn sender(&self) -> &Sender {
        &self.0.sender
    }

    /// What an operator set.
    pub fn settings(&self) -> &HostSettings {
        &self.0.settings
    }

    /// The time.
    pub fn clock(&self) -> &SharedClock {
        &self.0.clock
    }

    /// Ids and random bytes.
    pub fn ids(&self) -> &SharedIdGenerator {
        &self.0.ids
    }

    /// Forgets what was looked up of campaigns, keys and value sets: something was changed on this host.
    pub fn forget_lookups(&self) {
        self.source_keys.clear();
        self.campaigns.clear();
        self.contexts.clear();
        self.library.forget_names();
    }

    /// The memory that bodies of requests under way may take, in bytes.
    pub fn body_room(&self) -> &Arc<Semaphore> {
        &self.0.body_room
    }

    /// A campaign and its organization, which due work names.
    pub(crate) async fn find_campaign(&self, campaign_id: &str) -> Result<(Organization, Campaign), StoreError> {
        let gone = |table, id: &str| StoreError::corrupt(table, id, "due work refers to it, but it is missing");
        let campaign = self.store.campaign(campaign_id).await?.ok_or_else(|| gone("campaigns", campaign_id))?;
        let organization = self.store.organization(&campaign.organization_id).await?;
        let organization = organization.ok_or_else(|| gone("organizations", &campaign.organization_id))?;
        Ok((organization, campaign))
    }
}
