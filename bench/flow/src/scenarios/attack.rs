//! One organization, or somebody without a key, attacks; another organization's single leads and the health check must not notice.

use std::time::{Duration, Instant};

use anyhow::Result;
use hookmill_bench_flow::now_us;

use super::{announce, singles};
use crate::attacker::{Act, Attacker};
use crate::http::{self, Connection};
use crate::leads::{self, campaign_id};
use crate::load::{Amount, Poster};
use crate::options::{DatabaseKind, Options};
use crate::receiver_process::Responds;
use crate::report::Report;
use crate::report::other::AttackRow;
use crate::run::warm_up;
use crate::world::{Organization, Setup, World};
use crate::{latency, process};

/// How long each attack is measured, in seconds.
const ATTACK_S: [u64; 2] = [3, 30];
/// How long an attack goes on before that.
const HEAD_START: Duration = Duration::from_secs(2);
/// How often the health check is asked for, on a new connection each time.
const HEALTH_INTERVAL: Duration = Duration::from_millis(50);
/// The largest body that is accepted by default, but for its frame.
const LARGE_BYTES: usize = 7 << 20;
/// What a small compressed body inflates to.
const INFLATED_BYTES: usize = 15 << 20;
/// Fields of a slow document, each with several functions: about as many as a document may have.
const SLOW_FIELDS: usize = 499;
/// Leads on pages that are read again and again.
const LEADS_TO_READ: u64 = 5_000;

/// What is done.
#[derive(Debug, Clone, Copy)]
enum Attack {
    Nothing,
    HangingClients,
    SlowDocument,
    LargeDryRuns,
    InflatedBodies,
    Pages,
    HalfHeads,
    NoReaders,
}

const ATTACKS: [Attack; 8] = [
    Attack::Nothing,
    Attack::HangingClients,
    Attack::SlowDocument,
    Attack::LargeDryRuns,
    Attack::InflatedBodies,
    Attack::Pages,
    Attack::HalfHeads,
    Attack::NoReaders,
];

/// Each attack on a host of its own, so that the memory is its doing.
pub async fn run(options: &Options, database: DatabaseKind, report: &mut Report) -> Result<()> {
    for attack in ATTACKS.into_iter().filter(|attack| options.wants(attack.name())) {
        announce("attack", database, attack.name());
        match measure(options, database, attack).await {
            Ok(row) => {
                let p99 = |ms: Option<latency::Percentiles>| ms.map(|ms| ms.p99);
                eprintln!("    p99 {:?} ms, health {:?} ms", p99(row.to_client_ms), p99(row.health_ms));
                report.attacks.push(row);
            }
            Err(error) => report.fail(format!("{} on {}: {error:#}", attack.name(), database.name())),
        }
    }
    Ok(())
}

async fn measure(options: &Options, database: DatabaseKind, attack: Attack) -> Result<AttackRow> {
    let victims = Setup::with_client(database, Responds::AfterMs(0));
    let attackers = attack.setup(database);
    let mut world = World::start(options, database, victims.campaigns + attackers.campaigns).await?;
    let victim = world.organization(&victims).await?;
    let attacker = world.organization(&attackers).await?;
    warm_up(options, &mut world, &victim, &victims).await?;
    let act = attack.prepare(&mut world, &attacker).await?;
    let attacker = Attacker::start(world.host.address, act, attack.connections())?;
    tokio::time::sleep(HEAD_START).await;
    let [quick, whole] = ATTACK_S;
    let seconds = options.pick(quick, whole);
    let address = world.host.address;
    let health = tokio::spawn(async move { ask_for_health(address, Duration::from_secs(seconds)).await });
    let posted = singles::post(&mut Poster::new(victim.shape(&world, 1), 16), seconds).await?;
    let (health_ms, health_errors) = health.await??;
    let responses = attacker.stop()?;
    singles::wait(&mut world, &posted).await?;
    let (to_client_ms, not_received) =
        singles::latencies(&posted.accepted, &world.receiver.receipts().await?, now_us())?;
    let row = AttackRow {
        database,
        attack: attack.name(),
        singles: posted.count,
        not_received,
        acknowledge_ms: latency::percentiles(&posted.latency_us),
        to_client_ms,
        health_ms,
        peak_memory_mb: process::peak_memory_bytes(world.host.pid()?)? as f64 / 1e6,
        errors: posted.errors.values().sum::<u64>() + health_errors,
        responses,
    };
    world.end().await?;
    Ok(row)
}

/// Health checks, each on a connection of its own, as a load balancer makes them. Returns how many failed, too.
async fn ask_for_health(
    address: std::net::SocketAddr,
    during: Duration,
) -> Result<(Option<latency::Percentiles>, u64)> {
    let request = http::get(address, "/healthz");
    let (mut latency_us, mut errors) = (latency::histogram()?, 0);
    let (began, mut due) = (Instant::now(), Instant::now());
    while began.elapsed() < during {
        tokio::time::sleep_until(due.into()).await;
        let asked = Instant::now();
        let is_well = async { anyhow::Ok(Connection::open(address).await?.exchange(&request).await?.status == 200) };
        errors += u64::from(!matches!(is_well.await, Ok(true)));
        latency::record(&mut latency_us, asked.elapsed());
        due = (due + HEALTH_INTERVAL).max(Instant::now());
    }
    Ok((latency::percentiles(&latency_us), errors))
}

impl Attack {
    fn name(self) -> &'static str {
        match self {
            Attack::Nothing => "none",
            Attack::HangingClients => "8 hanging clients",
            Attack::SlowDocument => "slow document",
            Attack::LargeDryRuns => "40 dry runs of 7 MiB",
            Attack::InflatedBodies => "15 MiB in 15 KiB of gzip",
            Attack::Pages => "16 readers of pages",
            Attack::HalfHeads => "2,000 half heads",
            Attack::NoReaders => "1,100 that never read",
        }
    }

    fn connections(self) -> usize {
        match self {
            Attack::Nothing => 0,
            Attack::HangingClients | Attack::SlowDocument => 4,
            Attack::LargeDryRuns => 40,
            Attack::InflatedBodies | Attack::Pages => 16,
            Attack::HalfHeads => 2_000,
            Attack::NoReaders => 1_100,
        }
    }

    fn setup(self, database: DatabaseKind) -> Setup {
        match self {
            Attack::HangingClients => Setup { campaigns: 8, ..Setup::with_client(database, Responds::Never) },
            _ => Setup::with_client(database, Responds::AfterMs(0)),
        }
    }

    /// What its connections do. Whatever must be there before is made.
    async fn prepare(self, world: &mut World, attacker: &Organization) -> Result<Act> {
        let address = world.host.address;
        let (organization, campaign) = (&attacker.id, campaign_id(0));
        Ok(match self {
            Attack::Nothing | Attack::HalfHeads => Act::HalfHead,
            Attack::HangingClients => Act::Post(leads::requests(attacker.shape(world, 100), 0)),
            Attack::SlowDocument => {
                world.api.save_document(organization, &campaign, &slow_document()).await?;
                Act::Post(leads::requests(attacker.shape(world, 100), 0))
            }
            Attack::LargeDryRuns => {
                let path = format!("/v1/campaigns/{campaign}/dry-run?organization={organization}");
                let sample = format!(r#"{{"body":{}}}"#, large_lead(LARGE_BYTES));
                Act::Exchange(http::request("POST", address, &path, world.api.key(), sample.as_bytes()))
            }
            Attack::InflatedBodies => {
                let path = format!("/v1/campaigns/{campaign}/leads");
                let body = gzip(large_lead(INFLATED_BYTES).as_bytes())?;
                Act::Exchange(http::request_encoded(address, &path, &attacker.source_key, "gzip", &body))
            }
            Attack::Pages => {
                let mut poster = Poster::new(attacker.shape(world, 100), 4);
                let until = Instant::now() + Duration::from_secs(30);
                poster.post_all(Amount { requests: LEADS_TO_READ / 100, until, keeps_ids: false }).await?;
                let path = format!("/v1/campaigns/{campaign}/submissions?organization={organization}&limit=200");
                Act::Exchange(http::request("GET", address, &path, world.api.key(), b""))
            }
            Attack::NoReaders => Act::NeverRead(http::get(address, "/openapi.json")),
        })
    }
}

/// A lead of so many bytes: many small members, since these take the most memory once they are read.
fn large_lead(bytes: usize) -> String {
    let members = (0..bytes / 16).map(|number| format!(r#""k{number:07}":"v""#));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// Reads long texts again and again.
fn slow_document() -> String {
    let functions = "[collapse_space, title, ascii, slug, upper, lower]";
    let field = |number| format!("    slow{number}: {{from: consent.text, then: {functions}}}\n");
    let fields: String = (0..SLOW_FIELDS).map(field).collect();
    format!("version: 1\nmap:\n  fields:\n    email: contact.emails[0].address\n{fields}")
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, bytes)?;
    Ok(encoder.finish()?)
}
