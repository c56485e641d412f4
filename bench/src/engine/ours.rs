//! Our engine with the default plugin: mapped, qualified and shaped in one session, as a campaign's batch is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hookmill_engine::contract::{
    Campaign, Channel, Context, Destination, DestinationKind, Entropy, Inbound, Mapped, Organization, Origin, Payload,
    Severities, Subject, Submission, Verdict,
};
use hookmill_engine::{Digest, Engine, Limits, LoadedComponent, Outcomes, Program, Session};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::sample::Sample;
use super::table::Contender;
use super::threads::Threads;

/// Sessions under way at once: the guest thread never waits for the next.
pub const SESSIONS: usize = 32;

/// An engine with one guest thread, the default plugin and a program.
#[derive(Clone)]
pub struct Ours(Arc<Parts>);

struct Parts {
    runtime: Runtime,
    engine: Engine,
    component: Arc<LoadedComponent>,
    program: Program,
    sample: &'static Sample,
    wasm: Vec<u8>,
    directory: PathBuf,
    _temporary: TempDir,
}

impl Ours {
    /// Starts everything and compiles the document.
    /// Compiled code is kept in `cache`, or thrown away.
    pub fn new(sample: &'static Sample, instances_max: usize, cache: Option<&Path>) -> Result<Self> {
        let temporary = tempfile::tempdir()?;
        let directory = cache.unwrap_or(temporary.path()).to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let engine = engine(&directory, instances_max)?;
        let wasm = std::fs::read(default_plugin()?)?;
        let fetch = || async { Ok::<_, std::io::Error>(wasm.clone()) };
        let component = runtime.block_on(engine.load(Digest::of(&wasm), fetch))?;
        let program = runtime.block_on(program(&engine, &component, sample.document))?;
        Ok(Self(Arc::new(Parts {
            runtime,
            engine,
            component,
            program,
            sample,
            wasm,
            directory,
            _temporary: temporary,
        })))
    }

    /// A contender whose sessions hold so many leads.
    pub fn batches(&self, leads: usize) -> Batches {
        Batches { ours: self.clone(), leads }
    }

    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub fn component(&self) -> &Arc<LoadedComponent> {
        &self.0.component
    }

    pub fn wasm(&self) -> &[u8] {
        &self.0.wasm
    }

    /// Where the compiled code lies.
    pub fn directory(&self) -> &Path {
        &self.0.directory
    }

    pub fn program(&self) -> &Program {
        &self.0.program
    }

    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.runtime.block_on(future)
    }
}

/// An engine that keeps compiled code here.
pub fn engine(directory: &Path, instances_max: usize) -> Result<Engine> {
    let limits = Limits { threads: 1, instances_max: u32::try_from(instances_max)?, ..Limits::default() };
    Ok(Engine::new(limits, directory)?)
}

/// A program of the component with this document.
pub async fn program(engine: &Engine, component: &Arc<LoadedComponent>, document: &str) -> Result<Program> {
    let compiled = engine.compile_configuration(component, document).await?;
    Ok(Program { component: Arc::clone(component), plan: Some(compiled.plan) })
}

fn default_plugin() -> Result<PathBuf> {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/plugins/default.wasm");
    built.canonicalize().context("the default plugin is not built: run `cargo xtask plugins`")
}

/// Sessions of so many leads, several under way.
pub struct Batches {
    ours: Ours,
    leads: usize,
}

impl Contender for Batches {
    fn threads(&self) -> Threads {
        Threads::Named("plugin")
    }

    fn name(&self) -> String {
        match self.leads {
            1 => "ours, fresh sandbox for each lead".to_owned(),
            leads => format!("ours, batches of {leads}"),
        }
    }

    fn once(&mut self) -> Result<String> {
        let Ours(parts) = &self.ours;
        let made = parts.runtime.block_on(session(&parts.engine, &parts.program, parts.sample.input, self.leads))?;
        made.into_iter().next().context("no message")
    }

    fn many(&mut self, leads: usize) -> Result<usize> {
        let Ours(parts) = &self.ours;
        without_sleep(async {
            let (mut started, mut under_way) = (0, FuturesUnordered::new());
            while started < leads || !under_way.is_empty() {
                while started < leads && under_way.len() < SESSIONS {
                    under_way.push(session(&parts.engine, &parts.program, parts.sample.input, self.leads));
                    started += self.leads;
                }
                if let Some(made) = under_way.next().await {
                    std::hint::black_box(made?);
                }
            }
            Ok(started)
        })
    }
}

/// Drives a future without ever sleeping. What is measured is the thread that runs guests; it should neither wait for this one
/// nor pay for waking it.
pub fn without_sleep<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
        std::hint::spin_loop();
    }
}

/// From what came in to what is sent, for a batch of one campaign, as `pipeline::process` does it: the store is asked after `map`,
/// the rest stays on one thread.
pub async fn session(engine: &Engine, program: &Program, body: &str, leads: usize) -> Result<Vec<String>> {
    let mut session = engine.session(program, context());
    let mapped = session.map((0..leads).map(|_| inbound(body)).collect()).await?;
    engine.on_guest_thread(qualify_and_shape(session, mapped)).await?
}

/// The calls of production: both severities in one call, and the destination once.
async fn qualify_and_shape(mut session: Session, mapped: Outcomes<Mapped>) -> Result<Vec<String>> {
    let submissions: Vec<Arc<Submission>> = mapped_leads(mapped)?.into_iter().map(submission).collect();
    let verdicts = session.qualify(Severities::HARD | Severities::SOFT, submissions.clone()).await?;
    qualified(verdicts)?;
    let subjects = submissions.into_iter().map(Subject::Submission);
    let payloads = session.shape(destination(), subjects.collect()).await?;
    std::hint::black_box(session.finish());
    bodies(payloads)
}

fn mapped_leads(mapped: Outcomes<Mapped>) -> Result<Vec<String>> {
    let mut leads = Vec::with_capacity(mapped.len());
    for mapped in mapped {
        let mut made = mapped.map_err(|error| anyhow!("{error:?}"))?.leads;
        let lead = made.pop().context("no lead")?.map_err(|failure| anyhow!("{}", failure.message))?;
        leads.push(lead.lead);
    }
    Ok(leads)
}

fn qualified(verdicts: Outcomes<Verdict>) -> Result<()> {
    for verdict in verdicts {
        if !verdict.map_err(|error| anyhow!("{error:?}"))?.qualified {
            bail!("the sample is qualified");
        }
    }
    Ok(())
}

fn bodies(payloads: Outcomes<Payload>) -> Result<Vec<String>> {
    let body = |payload: Payload| String::from_utf8(payload.body.unwrap_or_default()).map_err(Into::into);
    payloads.into_iter().map(|payload| payload.map_err(|error| anyhow!("{error:?}")).and_then(body)).collect()
}

fn context() -> Context {
    Context {
        organization: Organization { id: "org_01".into(), name: "Bright Leads".into(), values: "{}".into() },
        campaign: Campaign {
            id: "SOLAR".into(),
            name: "Solar".into(),
            client: None,
            time_zone: "America/New_York".into(),
            phone_region: "US".into(),
            values: "{}".into(),
        },
        now: 1_774_521_000_000,
        run_id: "run_01jq8x".into(),
        trace: false,
    }
}

fn inbound(body: &str) -> Inbound {
    Inbound {
        submission_id: "sub_01jq8xk2v7m3n4p5q6r7s8t9v0".into(),
        body: body.to_owned(),
        headers: Vec::new(),
        query: Vec::new(),
        origin: Origin {
            channel: Channel::Batch,
            name: "website".into(),
            source_label: None,
            tag: None,
            remote_address: Some("203.0.113.9".into()),
        },
        received_at: 1_774_521_000_000,
        entropy: Entropy { high: 1, low: 2 },
    }
}

fn submission(lead: String) -> Arc<Submission> {
    Arc::new(Submission {
        id: "sub_01jq8xk2v7m3n4p5q6r7s8t9v0".into(),
        lead_id: Some("lead_01jq8xk2v7m3n4p5q6r7s8t9v0".into()),
        lead,
        is_test: false,
        received_at: 1_774_521_000_000,
        responses: Vec::new(),
        bid: None,
        entropy: Entropy { high: 1, low: 2 },
    })
}

fn destination() -> Destination {
    Destination {
        kind: DestinationKind::Client,
        id: "SOLAR".into(),
        name: "Solar".into(),
        method: "POST".into(),
        url: "https://client.example/leads".into(),
        content_type: "application/json".into(),
        settings: None,
    }
}
