//! `hookmill serve`.

use super::data::DataArgs;
use super::log::Log;
use crate::app::{self, Demo, Options, Running};
use crate::bounds::Bounds;
use crate::output::{hand_over, say, warn};
use clap::Args;
use hookmill_domain::config::{HostSettings, IpNet, parse_network};
use hookmill_domain::net_policy::AllowedRange;
use hookmill_engine::Compiler;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// The default directory of the demonstration's data, a new one for each run.
const DEMO_LISTEN: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 0));

#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    place: DataArgs,
    /// The directory for compiled plugins, which hosts of one machine may share [default: in the data directory].
    #[arg(long, env = "HOOKMILL_CACHE")]
    cache: Option<PathBuf>,
    /// The address to listen on [default: 127.0.0.1:8080; a free port with --demo].
    #[arg(long, env = "HOOKMILL_LISTEN")]
    listen: Option<SocketAddr>,
    /// The URL at which sources reach this host, for examples [default: the address it listens on].
    #[arg(long, env = "HOOKMILL_PUBLIC_URL")]
    public_url: Option<String>,
    /// The proxies in front of this host, as addresses or networks (10.0.0.0/8): their X-Forwarded-For says where a source is, and the bound
    /// of connections for each address is not for them. Several in a row, or separated by commas.
    #[arg(long = "trusted-proxy", env = "HOOKMILL_TRUSTED_PROXIES", value_name = "NETWORK", value_delimiter = ',', value_parser = parse_network)]
    trusted_proxies: Vec<IpNet>,
    /// A private range in which receivers may be, such as 10.1.0.0/16, besides those of `host.allowed_private_ranges` in the file of bounds.
    /// Several in a row, or separated by commas.
    #[arg(
        long = "allowed-private-range",
        env = "HOOKMILL_ALLOWED_PRIVATE_RANGES",
        value_name = "NETWORK",
        value_delimiter = ','
    )]
    allowed_private_ranges: Vec<AllowedRange>,
    /// A TOML file of bounds: the tables `host`, `sandbox` and `outbound` with `name = number`. docs/settings.md lists them.
    #[arg(long, env = "HOOKMILL_CONFIG")]
    config: Option<PathBuf>,
    /// One bound, such as host.body_bytes_max=1000000; it wins over the file. Several in a row, or separated by commas.
    #[arg(long = "bound", env = "HOOKMILL_BOUNDS", value_name = "PART.NAME=NUMBER", value_delimiter = ',')]
    bounds: Vec<String>,
    /// The contact for source keys, shown by a campaign without one.
    #[arg(long, default_value = "CSM", env = "HOOKMILL_KEY_CONTACT")]
    key_contact: String,
    /// Allow http and loopback receivers, for development; never use it in production.
    #[arg(long)]
    development: bool,
    /// Start a demonstration: an organization, two campaigns, a receiver and a batch of leads.
    /// It keeps its data in a temporary directory.
    #[arg(long, conflicts_with_all = ["data", "database_url", "key"])]
    demo: bool,
    /// Write log lines as JSON.
    #[arg(long, env = "HOOKMILL_LOG_JSON")]
    log_json: bool,
}

impl Serve {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        let log = Log::start(if self.demo { "warn" } else { "info" }, self.log_json);
        let demo = self.demo;
        let scratch = if demo { Some(Demo::directory().map_err(|error| error.to_string())?) } else { None };
        let compiler =
            Compiler::own_child().map_err(|error| format!("this program's own path is not known: {error}"))?;
        let bounds = Bounds::read(self.config.as_deref(), &self.bounds)?;
        let options = self.options(scratch.as_ref(), compiler, bounds);
        let running = app::start(options).await.map_err(|error| error.to_string())?;
        if let Err(why) = announce(&running) {
            return Err(give_up(running, &why).await);
        }
        if demo {
            Demo::show(&running).await.map_err(|error| error.to_string())?;
        }
        let code = tokio::select! {
            () = stop_asked() => ExitCode::SUCCESS,
            // The log says why. Whoever watches the process starts it again.
            () = running.pipeline.failed() => ExitCode::FAILURE,
            () = log.report_lost() => ExitCode::FAILURE,
        };
        // From here on standard error is the log's alone: it may be full, and whoever writes to it waits.
        tracing::info!("stopping: new work is rejected, work under way is finished");
        running.stop().await.map_err(|error| error.to_string())?;
        Ok(code)
    }

    fn options(self, scratch: Option<&app::ScratchDirectory>, compiler: Compiler, bounds: Bounds) -> Options {
        let (clock, ids) = app::production();
        let listen =
            self.listen.unwrap_or(if self.demo { DEMO_LISTEN } else { SocketAddr::from(([127, 0, 0, 1], 8080)) });
        Options {
            data: scratch.map_or(self.place.data, |scratch| scratch.path().to_owned()),
            cache: self.cache,
            database_url: self.place.database_url,
            key: self.place.key,
            settings: HostSettings {
                limits: bounds.host,
                key_contact: self.key_contact,
                public_url: self.public_url.unwrap_or_default(),
                development: self.development || self.demo,
                trusted_proxies: self.trusted_proxies,
                allowed_private_ranges: [bounds.allowed_private_ranges, self.allowed_private_ranges].concat(),
                events: bounds.events,
            },
            engine_limits: bounds.sandbox,
            outbound_limits: bounds.outbound,
            compiler,
            listen,
            clock,
            ids,
        }
    }
}

fn announce(running: &Running) -> Result<(), String> {
    let listening = format!("listening on http://{}\n", running.address);
    let Some(fresh) = &running.operator_key else { return say(&(listening + "ready\n")) };
    hand_over(&format!("{listening}operator key: {}\nready\n", fresh.key))?;
    warn("store this key now, it is shown only once; it provisions organizations, users and source keys");
    Ok(())
}

/// Stops a host that could not say that it is there. The key that nobody got must not count.
async fn give_up(running: Running, why: &str) -> String {
    let has_key = running.operator_key.is_some();
    let withdrawn = running.withdraw_operator_key().await.map_err(|error| error.to_string());
    let stopped = running.stop().await.map_err(|error| error.to_string());
    match withdrawn.and(stopped) {
        Ok(()) if has_key => {
            format!("{why}; the operator key is revoked, create another with `hookmill operator-keys create`")
        }
        Ok(()) => why.to_owned(),
        Err(error) => format!("{why}; then {error}"),
    }
}

/// Ctrl-C, or the signal a service manager sends.
async fn stop_asked() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
