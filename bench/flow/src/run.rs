//! One run: a fresh host is set up and warmed up, leads are posted, and everything is measured until they have ended.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use hookmill_bench_flow::now_us;

use crate::account::Snapshot;
use crate::api::EVENTS;
use crate::latency::{self, Percentiles};
use crate::leads::campaign_id;
use crate::load::{Accepted, Amount, Posted, Poster};
use crate::options::{DatabaseKind, Options};
use crate::receiver_process::Responds;
use crate::report::flow::FlowRow;
use crate::stored::Stored;
use crate::wait::{self, Goal, Progress};
use crate::world::{Organization, Setup, World};
use crate::{process, sample};

/// Leads that go before the measurement, at least.
const WARM_UP_LEADS: u64 = 200;
/// As many when clients are slow.
const SLOW_WARM_UP_LEADS: u64 = 20;
const WARM_UP_LIMIT: Duration = Duration::from_secs(60);

/// PostgreSQL's sessions report rows about once a second, so what the warm-up wrote is counted by then.
const REPORT_PAUSE: Duration = Duration::from_secs(2);

/// When requests are sent.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// As quickly as they are acknowledged.
    Saturating,
    /// At fixed times.
    LeadsPerSecond(f64),
}

/// What a run is about.
pub struct Plan {
    /// The group of runs it belongs to.
    pub scenario: &'static str,
    /// What is special about it.
    pub variant: String,
    /// How the host is set up.
    pub setup: Setup,
    /// Leads to post.
    pub leads: u64,
    /// When they are sent.
    pub pace: Pace,
}

/// When a lead was acknowledged, and when what was waited for came, in microseconds since 1970.
type Times = (u64, Option<u64>);

/// What is known of a run once its leads have ended.
struct Ended {
    posted: Posted,
    warm: Progress,
    progress: Progress,
    receipts: HashMap<Box<str>, u64>,
    /// For a sample: when it was acknowledged, and when it became delivered.
    delivered_us: Vec<Times>,
    /// When the last lead became delivered.
    last_delivered_us: Option<u64>,
}

/// Measures one run.
pub async fn measure(options: &Options, plan: &Plan) -> Result<FlowRow> {
    let setup = &plan.setup;
    let mut world = World::start(options, setup.database, setup.campaigns).await?;
    let organization = world.organization(setup).await?;
    if 0 < setup.stored_leads {
        store_leads(&mut world, &organization, setup.stored_leads).await?;
    }
    let warm = warm_up(options, &mut world, &organization, setup).await?;
    if setup.database == DatabaseKind::Postgres {
        tokio::time::sleep(REPORT_PAUSE).await;
    }
    let mut poster = Poster::new(organization.shape(&world, options.batch.into()), options.connections.into());
    let until = Instant::now() + options.limit();
    let before = Snapshot::before(&mut world).await?;
    let posted = post(plan, &mut poster, until).await?;
    let goal = goal(setup, &posted, &warm.1);
    let progress = wait::until_ended(&mut world, &organization, &goal, until).await?;
    let mut after = Snapshot::after(&mut world).await?;
    let receipts = world.receiver.receipts().await?;
    let (delivered_us, last_delivered_us) = delivered(&world, &organization, setup, &posted, &receipts).await?;
    let ended = Ended { posted, warm: warm.0, progress, receipts, delivered_us, last_delivered_us };
    let peak_memory_bytes = process::peak_memory_bytes(world.host.pid()?)?;
    let warnings = world.host.warnings();
    after.complete(&mut world).await?;
    let mut row = ended.row(options, plan)?;
    row.costs = Some(after.since(&before, row.delivered));
    row.peak_memory_mb = peak_memory_bytes as f64 / 1e6;
    if 0 < warnings {
        row.notes.push(format!("{warnings} warnings in the host's log"));
    }
    world.end().await?;
    Ok(row)
}

/// Has the first campaign look back on so many leads.
async fn store_leads(world: &mut World, organization: &Organization, count: u64) -> Result<()> {
    let (campaign, began) = (campaign_id(0), Instant::now());
    world.stop_host().await?;
    let stored = Stored { organization: &organization.id, campaign: &campaign, count, now_ms: now_us() / 1_000 };
    stored.fill(&world.sql()).await?;
    world.start_host_again().await?;
    eprintln!("    {count} leads were stored before, in {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// A few leads through every campaign, so that nothing is done for the first time in the measurement. Returns how far
/// they came, and how many each campaign got.
pub async fn warm_up(
    options: &Options,
    world: &mut World,
    organization: &Organization,
    setup: &Setup,
) -> Result<(Progress, Vec<u64>)> {
    let is_slow = matches!(setup.client, Some(Responds::AfterMs(ms)) if 100 < ms);
    let least = if is_slow { SLOW_WARM_UP_LEADS } else { WARM_UP_LEADS };
    let leads = least.max(2 * organization.campaigns as u64);
    let batch = leads.min(options.batch.into());
    let shape = organization.shape(world, usize::try_from(batch)?);
    let mut poster = Poster::new(shape, 1);
    let until = Instant::now() + WARM_UP_LIMIT;
    let posted = poster.post_all(Amount { requests: leads.div_ceil(batch), until, keeps_ids: true }).await?;
    let goal = goal(setup, &posted, &[]);
    let progress = wait::until_ended(world, organization, &goal, until).await?;
    Ok((progress, by_campaign(setup.campaigns, &posted)))
}

async fn post(plan: &Plan, poster: &mut Poster, until: Instant) -> Result<Posted> {
    let amount = Amount { requests: plan.leads.div_ceil(poster.batch()), until, keeps_ids: true };
    match plan.pace {
        Pace::Saturating => poster.post_all(amount).await,
        Pace::LeadsPerSecond(rate) => {
            let interval = Duration::from_secs_f64(poster.batch() as f64 / rate.max(0.01));
            poster.post_scheduled(amount, interval).await
        }
    }
}

/// All leads of the measured campaigns, those before included.
fn goal(setup: &Setup, posted: &Posted, earlier: &[u64]) -> Goal {
    let mut leads = by_campaign(setup.campaigns, posted);
    leads.iter_mut().zip(earlier).for_each(|(count, earlier)| *count += earlier);
    let events = if setup.webhook { EVENTS.len() as u64 * leads.iter().sum::<u64>() } else { 0 };
    leads.truncate(setup.measured_campaigns());
    Goal { leads, has_client: setup.client.is_some(), events }
}

fn by_campaign(campaigns: usize, posted: &Posted) -> Vec<u64> {
    let mut counts = vec![0; campaigns];
    for lead in &posted.accepted {
        if let Some(count) = counts.get_mut(lead.campaign) {
            *count += 1;
        }
    }
    counts
}

/// Asks when leads became delivered: a sample over all, and those that were received last, whose delivery ends the run.
async fn delivered(
    world: &World,
    organization: &Organization,
    setup: &Setup,
    posted: &Posted,
    receipts: &HashMap<Box<str>, u64>,
) -> Result<(Vec<Times>, Option<u64>)> {
    let mut leads: Vec<&Accepted> = measured(setup, posted).collect();
    let sampled: Vec<&Accepted> = sample::places(leads.len()).map(|place| leads[place]).collect();
    leads.sort_unstable_by_key(|lead| std::cmp::Reverse(receipts.get(&lead.id).copied().unwrap_or(lead.at_us)));
    leads.truncate(LAST_RECEIVED);
    let ask = |leads: &[&Accepted]| {
        let ids = leads.iter().map(|lead| lead.id.clone()).collect();
        sample::delivered_at_us(&world.api, &organization.id, ids)
    };
    let (of_sample, of_last) = (ask(&sampled).await?, ask(&leads).await?);
    let last_us = of_sample.iter().chain(&of_last).flatten().max().copied();
    Ok((sampled.iter().map(|lead| lead.at_us).zip(of_sample).collect(), last_us))
}

/// Of the leads that were received last so many are asked for, since the API's time of the last one ends the run.
const LAST_RECEIVED: usize = 50;

fn measured<'a>(setup: &Setup, posted: &'a Posted) -> impl Iterator<Item = &'a Accepted> {
    let campaigns = setup.measured_campaigns();
    posted.accepted.iter().filter(move |lead| lead.campaign < campaigns)
}

impl Ended {
    fn row(&self, options: &Options, plan: &Plan) -> Result<FlowRow> {
        let leads = measured(&plan.setup, &self.posted).count() as u64;
        let delivered = self.progress.in_state("delivered").saturating_sub(self.warm.in_state("delivered"));
        let received = self.receipts_us(&plan.setup);
        let last_received_us = received.iter().filter_map(|(_, at_us)| *at_us).max();
        let end_us = if self.progress.is_complete {
            let ends = [last_received_us, self.last_delivered_us, Some(self.progress.last_event_us)];
            ends.into_iter().flatten().max().unwrap_or(self.progress.at_us)
        } else {
            self.progress.at_us
        };
        let rate =
            |count: u64, end_us: u64| count as f64 * 1e6 / end_us.saturating_sub(self.posted.first_us).max(1) as f64;
        Ok(FlowRow {
            scenario: plan.scenario,
            variant: plan.variant.clone(),
            database: plan.setup.database,
            campaigns: plan.setup.campaigns,
            client: plan.setup.client.map(|responds| responds.to_string()),
            odd_client: plan.setup.odd_client.map(|responds| responds.to_string()),
            webhook: plan.setup.webhook,
            lifecycle: plan.setup.lifecycle,
            stored_leads: plan.setup.stored_leads,
            batch: options.batch,
            connections: options.connections,
            offered_per_s: match plan.pace {
                Pace::Saturating => None,
                Pace::LeadsPerSecond(rate) => Some(rate),
            },
            leads,
            delivered,
            is_complete: self.progress.is_complete,
            seconds: end_us.saturating_sub(self.posted.first_us) as f64 / 1e6,
            acknowledged_per_s: rate(self.posted.count, self.posted.last_us),
            received_per_s: last_received_us
                .map(|last_us| rate(received.iter().filter(|(_, at_us)| at_us.is_some()).count() as u64, last_us)),
            delivered_per_s: rate(
                delivered,
                self.last_delivered_us.filter(|_| self.progress.is_complete).unwrap_or(end_us),
            ),
            leads_per_s: rate(delivered, end_us),
            events: self.progress.events.saturating_sub(self.warm.events),
            costs: None,
            acknowledge_ms: latency::percentiles(&self.posted.latency_us),
            to_client_ms: self
                .percentiles(received.as_slice())
                .map(|found| found.filter(|_| plan.setup.client.is_some()))?,
            to_delivered_ms: self.percentiles(&self.delivered_us)?,
            peak_memory_mb: 0.0,
            notes: self.notes(leads, delivered),
        })
    }

    /// When the measured leads were acknowledged and received.
    fn receipts_us(&self, setup: &Setup) -> Vec<Times> {
        measured(setup, &self.posted).map(|lead| (lead.at_us, self.receipts.get(&lead.id).copied())).collect()
    }

    /// Percentiles of what came. What did not come in time counts with the time it waited, lest a host look quick that
    /// delivers little. A lead may be received before its acknowledgement was read: that counts as zero.
    fn percentiles(&self, times_us: &[Times]) -> Result<Option<Percentiles>> {
        let waited = |&(from_us, to_us): &Times| to_us.unwrap_or(self.progress.at_us).saturating_sub(from_us);
        latency::compute_percentiles(times_us.iter().map(waited))
    }

    fn notes(&self, leads: u64, delivered: u64) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.progress.is_complete {
            notes.push(format!(
                "not done in time: {delivered} of {leads} delivered, {} received",
                self.progress.received
            ));
        }
        let others = self.progress.states.iter().filter(|(state, _)| *state != "delivered");
        notes.extend(others.filter(|(_, count)| 0 < **count).map(|(state, count)| format!("{count} {state}")));
        notes.extend(self.posted.errors.iter().map(|(error, count)| format!("{count} x {error}")));
        if !self.warm.is_complete {
            notes.push("the warm-up was not done in time".to_owned());
        }
        notes
    }
}
