//! All that a run needs: a host with fresh data, a receiver, organizations with campaigns, and the operator's connection.

use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::api::Api;
use crate::host::Host;
use crate::leads::{self, Shape};
use crate::options::{DatabaseKind, Options};
use crate::postgres::Database;
use crate::receiver_process::{Receiver, Responds};
use crate::sql::Sql;

/// What a run is set up with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setup {
    /// Where the host keeps its data.
    pub database: DatabaseKind,
    /// Campaigns of the organization.
    pub campaigns: usize,
    /// How their clients respond; `None` when there is no client.
    pub client: Option<Responds>,
    /// How the client of the last campaign responds, where it differs from the others.
    pub odd_client: Option<Responds>,
    /// Whether the organization's webhook takes the events of a delivered lead.
    pub webhook: bool,
    /// Whether its campaigns have a duplicate rule, a cap that is not reached, and a schedule that is always open. Then each lead has a phone
    /// number of its own.
    pub lifecycle: bool,
    /// Leads that its first campaign had before.
    pub stored_leads: u64,
}

/// Everything that runs.
pub struct World {
    /// The host.
    pub host: Host,
    /// The clients and the subscriber.
    pub receiver: Receiver,
    /// The operator.
    pub api: Api,
    /// The host's database, if it is not embedded.
    pub database: Option<Database>,
    clients: usize,
    host_binary: PathBuf,
}

/// An organization with campaigns `B0000`, `B0001` and so on.
pub struct Organization {
    /// Its id.
    pub id: String,
    /// The key that posts.
    pub source_key: String,
    /// How many campaigns it has.
    pub campaigns: usize,
    /// Whether each of its leads has a phone number of its own.
    has_own_phones: bool,
    /// The number of its first campaign's client; the others follow.
    first_client: usize,
}

impl World {
    /// Starts everything, with loopback addresses for so many clients.
    pub async fn start(options: &Options, database: DatabaseKind, clients: usize) -> Result<World> {
        let database = match database {
            DatabaseKind::Sqlite => None,
            DatabaseKind::Postgres => Some(Database::create(options.postgres.as_deref())?),
        };
        let url = database.as_ref().map(|database| database.url.as_str());
        let host = Host::start(&options.host_binary, url).await?;
        let receiver = Receiver::start(clients).await?;
        let api = Api::new(host.address, &host.operator_key);
        Ok(World { host, receiver, api, database, clients: 0, host_binary: options.host_binary.clone() })
    }

    /// Stops the host, so that its database can be written past it.
    pub async fn stop_host(&mut self) -> Result<()> {
        self.host.stop().await
    }

    /// Starts the host again on what it has by now, and waits until it is ready: on SQLite it looks through the whole file first, which costs it
    /// a processor for some seconds.
    pub async fn start_host_again(&mut self) -> Result<()> {
        let url = self.database.as_ref().map(|database| database.url.as_str());
        self.host.start_again(&self.host_binary, url).await?;
        self.api = Api::new(self.host.address, &self.host.operator_key);
        self.api.wait_until_ready().await
    }

    /// The host's database, past the host.
    pub fn sql(&self) -> Sql {
        match &self.database {
            Some(database) => Sql::Postgres(database.url.clone()),
            None => Sql::of_data(&self.host.data()),
        }
    }

    /// Creates an organization by a setup.
    pub async fn organization(&mut self, setup: &Setup) -> Result<Organization> {
        let id = self.api.create_organization("bench").await?;
        let source_key = self.api.create_source_key(&id).await?;
        let first_client = self.clients;
        for number in 0..setup.campaigns {
            let campaign = leads::campaign_id(number);
            let delivery = if setup.client_response(number).is_some() { "client" } else { "store_only" };
            self.api.create_campaign(&id, &campaign, delivery).await?;
            if let Some(responds) = setup.client_response(number) {
                let url = self.receiver.client_url(first_client + number, responds)?;
                self.clients += 1;
                self.api.set_client(&id, &campaign, &url).await?;
            }
            if setup.lifecycle {
                self.api.set_lifecycle(&id, &campaign).await?;
            }
        }
        if setup.webhook {
            self.api.set_webhook(&id, &self.receiver.webhook_url()).await?;
        }
        Ok(Organization {
            id,
            source_key,
            campaigns: setup.campaigns,
            has_own_phones: 0 < setup.stored_leads,
            first_client,
        })
    }

    /// Where the host keeps its data.
    pub fn database_kind(&self) -> DatabaseKind {
        if self.database.is_some() { DatabaseKind::Postgres } else { DatabaseKind::Sqlite }
    }

    /// What the data take on disk, in bytes.
    pub fn disk_bytes(&self) -> Result<u64> {
        let own = directory_bytes(&self.host.data())?;
        let database = self.database.as_ref().map(Database::size_bytes).transpose()?;
        Ok(own + database.unwrap_or_default())
    }

    /// Ends everything and removes the data.
    pub async fn end(mut self) -> Result<()> {
        self.host.kill().await?;
        self.database.map_or(Ok(()), Database::remove)
    }
}

impl Setup {
    /// One campaign without a client.
    pub fn plain(database: DatabaseKind) -> Setup {
        Setup {
            database,
            campaigns: 1,
            client: None,
            odd_client: None,
            webhook: false,
            lifecycle: false,
            stored_leads: 0,
        }
    }

    /// One campaign with a client.
    pub fn with_client(database: DatabaseKind, responds: Responds) -> Setup {
        Setup { client: Some(responds), ..Setup::plain(database) }
    }

    /// How the client of a campaign responds.
    fn client_response(&self, number: usize) -> Option<Responds> {
        let is_last = number + 1 == self.campaigns;
        if is_last { self.odd_client.or(self.client) } else { self.client }
    }

    /// The campaigns whose leads are measured: all, but the one that differs.
    pub fn measured_campaigns(&self) -> usize {
        self.campaigns - usize::from(self.odd_client.is_some())
    }
}

impl Organization {
    /// What the receiver calls a campaign's client.
    pub fn client_name(&self, campaign: usize) -> String {
        (self.first_client + campaign).to_string()
    }

    /// Requests for all its campaigns in turn.
    pub fn shape<'a>(&'a self, world: &World, batch: usize) -> Shape<'a> {
        self.shape_of(world, batch, 0..self.campaigns)
    }

    /// The same for some of its campaigns, by their numbers.
    pub fn shape_of<'a>(&'a self, world: &World, batch: usize, campaigns: Range<usize>) -> Shape<'a> {
        Shape {
            source_key: &self.source_key,
            address: world.host.address,
            batch,
            campaigns: campaigns.len(),
            first_campaign: campaigns.start,
            has_own_phones: self.has_own_phones,
        }
    }
}

fn directory_bytes(directory: &std::path::Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory).with_context(|| format!("can't read {}", directory.display()))? {
        let entry = entry?;
        // Files of a living database may go away meanwhile.
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes += directory_bytes(&entry.path())?,
            Ok(metadata) => bytes += metadata.len(),
            Err(_) => {}
        }
    }
    Ok(bytes)
}
