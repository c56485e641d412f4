//! Runs from end to end, by database, campaigns, clients and webhook.

use anyhow::Result;

use super::announce;
use crate::options::{DatabaseKind, Options};
use crate::receiver_process::Responds;
use crate::report::Report;
use crate::report::flow::{self, FlowRow};
use crate::run::{self, Pace, Plan};
use crate::world::Setup;

const AT_ONCE: Responds = Responds::AfterMs(0);
const MANY_CAMPAIGNS: usize = 100;
const SHARED_BY: usize = 10;

/// Clients that are slow, and the most leads they get: with sixteen requests under way each, in about a minute.
const SLOW_CLIENTS: [(u64, u64); 2] = [(50, 10_000), (1_000, 1_000)];

/// Leads that the campaign with a lifecycle had before.
const STORED_LEADS: [u64; 2] = [20_000, 1_000_000];

/// How long leads are sent at half of the rate, in seconds.
const HALF_LOAD_S: [f64; 2] = [5.0, 20.0];

/// All leads at once.
pub async fn saturation(options: &Options, database: DatabaseKind, report: &mut Report) -> Result<()> {
    for campaigns in [1, MANY_CAMPAIGNS] {
        for setup in setups(database) {
            let setup = Setup { campaigns, ..setup };
            if options.wants(&variant(&setup)) {
                saturated(options, setup, report).await?;
            }
        }
    }
    lifecycle(options, database, report).await
}

/// All leads at once, in a campaign with a duplicate rule, a cap and a schedule, and many leads that it had before. It is compared with the run
/// that has a client and nothing else, which is measured in the same call. The run between the two has as many leads stored and no lifecycle: it
/// tells what is the size's and what is the lifecycle's.
async fn lifecycle(options: &Options, database: DatabaseKind, report: &mut Report) -> Result<()> {
    let [quick, whole] = STORED_LEADS;
    let stored_leads = options.pick(quick, whole);
    let setup = Setup { lifecycle: true, stored_leads, ..Setup::with_client(database, AT_ONCE) };
    if options.wants(&variant(&setup)) {
        with_client(options, database, report).await?;
        saturated(options, Setup { lifecycle: false, ..setup }, report).await?;
        saturated(options, setup, report).await?;
    }
    Ok(())
}

/// Half of what saturation measured, at fixed times.
pub async fn half(options: &Options, database: DatabaseKind, report: &mut Report) -> Result<()> {
    for setup in setups(database) {
        let rate = saturated(options, setup, report).await?.leads_per_s / 2.0;
        measure(options, half_load(options, "half", variant(&setup), setup, rate), report).await?;
    }
    Ok(())
}

/// Clients that take their time.
pub async fn slow(options: &Options, database: DatabaseKind, report: &mut Report) -> Result<()> {
    for (ms, leads_max) in SLOW_CLIENTS {
        let setup = Setup::with_client(database, Responds::AfterMs(ms));
        let leads = options.leads().min(options.pick(leads_max / 4, leads_max));
        let plan = Plan { scenario: "slow", variant: variant(&setup), setup, leads, pace: Pace::Saturating };
        measure(options, plan, report).await?;
    }
    Ok(())
}

/// Ten campaigns; the client of one of them hangs, or is slow. The others are measured: at saturation, and at half of the
/// rate that they reach when all is well.
pub async fn hang(options: &Options, database: DatabaseKind, report: &mut Report) -> Result<()> {
    let well = Setup { campaigns: SHARED_BY, ..Setup::with_client(database, AT_ONCE) };
    let odd = [None, Some(Responds::Never), Some(Responds::AfterMs(1_000))];
    let setups = odd.map(|odd_client| Setup { odd_client, ..well });
    let mut rate = None;
    for setup in setups {
        let variant = format!("{}, all at once", neighbour(&setup));
        let plan = Plan { scenario: "hang", variant, setup, leads: options.leads(), pace: Pace::Saturating };
        let row = measure(options, plan, report).await?;
        rate.get_or_insert(row.leads_per_s / 2.0);
    }
    for setup in setups {
        let rate = rate.unwrap_or_default();
        let variant = format!("{}, half load", neighbour(&setup));
        measure(options, half_load(options, "hang", variant, setup, rate), report).await?;
    }
    Ok(())
}

/// Without a client, with one, with a webhook, too.
fn setups(database: DatabaseKind) -> [Setup; 3] {
    let client = Setup::with_client(database, AT_ONCE);
    [Setup::plain(database), client, Setup { webhook: true, ..client }]
}

/// The run at saturation, measured once in a call.
pub async fn saturated(options: &Options, setup: Setup, report: &mut Report) -> Result<FlowRow> {
    let variant = variant(&setup);
    let is_same =
        |row: &&FlowRow| row.scenario == "saturation" && row.database == setup.database && row.variant == variant;
    if let Some(row) = report.flow.iter().find(is_same) {
        return Ok(row.clone());
    }
    let plan = Plan { scenario: "saturation", variant, setup, leads: options.leads(), pace: Pace::Saturating };
    measure(options, plan, report).await
}

/// A run with one campaign and a client, for comparison.
pub async fn with_client(options: &Options, database: DatabaseKind, report: &mut Report) -> Result<FlowRow> {
    saturated(options, Setup::with_client(database, AT_ONCE), report).await
}

fn half_load(options: &Options, scenario: &'static str, variant: String, setup: Setup, rate: f64) -> Plan {
    let [quick, whole] = HALF_LOAD_S;
    let leads = (rate * options.pick(quick, whole)).ceil() as u64;
    Plan { scenario, variant, setup, leads, pace: Pace::LeadsPerSecond(rate) }
}

async fn measure(options: &Options, plan: Plan, report: &mut Report) -> Result<FlowRow> {
    announce(plan.scenario, plan.setup.database, &plan.variant);
    let row = run::measure(options, &plan).await?;
    eprintln!("    {}", flow::line(&row));
    report.flow.push(row.clone());
    Ok(row)
}

fn variant(setup: &Setup) -> String {
    let client = setup.client.map_or_else(|| "no client".to_owned(), |responds| format!("client {responds}"));
    let webhook = if setup.webhook { " + webhook" } else { "" };
    let campaigns = if setup.campaigns == 1 { String::new() } else { format!(", {} campaigns", setup.campaigns) };
    let lifecycle = if setup.lifecycle { " + lifecycle" } else { "" };
    let stored = if setup.stored_leads == 0 { String::new() } else { format!(", {} stored", setup.stored_leads) };
    format!("{client}{webhook}{lifecycle}{campaigns}{stored}")
}

fn neighbour(setup: &Setup) -> String {
    match setup.odd_client {
        None => format!("{SHARED_BY} campaigns"),
        Some(Responds::Never) => format!("one of {SHARED_BY} hangs"),
        Some(responds) => format!("one of {SHARED_BY} takes {responds}"),
    }
}
