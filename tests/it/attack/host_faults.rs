//! What fails is the plugin's failure, the bounds' or the host's [P2 P4 H8], and the host's failures are not the leads': they wait until
//! the host can, and nobody else waits with them.

use crate::engine::{context, element, guest, load};
use hookmill_engine::{COMPILE_COMMAND, Compiler, Digest, Engine, FaultKind, ItemError, Limits, Phase, Program};
use hookmill_tests::world::{cache, submission_ids};
use hookmill_tests::{Behaviour, Client, Forge, HostProcess, Kind, World, WorldOptions, on_both, process};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(20);
/// What the hostile plugin's map does for long.
const LOOP: &str = "map:loop";

static COPIES: AtomicU32 = AtomicU32::new(0);

/// A plugin that no other test has, and that compiles in a moment: it maps every element to no lead, so that its submissions end `canceled`.
pub(super) fn new_plugin() -> Vec<u8> {
    let number = COPIES.fetch_add(1, Ordering::SeqCst);
    let item = format!("(func (result i32 i32) (i32.const {}) (i32.const {number}))", std::process::id());
    Forge::new().item(&item).component().unwrap()
}

/// A compiler that can be taken away, and told to wait.
pub(super) struct FragileCompiler {
    directory: tempfile::TempDir,
}

impl FragileCompiler {
    pub(super) fn new() -> Self {
        let compiler = Self { directory: tempfile::tempdir().unwrap() };
        compiler.repair();
        compiler
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("compiler")
    }

    pub(super) fn compiler(&self) -> Compiler {
        Compiler::Child(self.path())
    }

    /// Notes each run, waits while it is held, and is the real one then.
    fn repair(&self) {
        let (here, real) = (self.directory.path().display(), process::binary());
        let script = format!(
            "#!/bin/sh\necho \"$2\" >> {here}/runs\nwhile [ -e {here}/held ]; do /bin/sleep 0.05; done\nexec {} \"$@\"\n",
            real.display()
        );
        self.write(&script);
    }

    /// As if the file were another program's by now.
    fn replace(&self) {
        self.write("#!/bin/sh\necho 'no such command' >&2\nexit 2\n");
    }

    fn remove(&self) {
        fs::remove_file(self.path()).unwrap();
    }

    fn write(&self, script: &str) {
        let new = self.directory.path().join("new");
        fs::write(&new, script).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o700)).unwrap();
        fs::rename(new, self.path()).unwrap();
    }

    pub(super) fn hold(&self) {
        fs::write(self.directory.path().join("held"), "").unwrap();
    }

    pub(super) fn let_go(&self) {
        fs::remove_file(self.directory.path().join("held")).unwrap();
    }

    /// How often machine code was asked for.
    pub(super) fn compilations(&self) -> usize {
        let runs = fs::read_to_string(self.directory.path().join("runs")).unwrap_or_default();
        runs.lines().filter(|task| *task == "compile").count()
    }
}

async fn world(kind: Kind, compiler: &FragileCompiler) -> World {
    World::with(kind, WorldOptions { compiler: compiler.compiler(), ..WorldOptions::default() }).await
}

/// Waits until something is so.
pub(super) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(LOOK).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "never: {what}");
}

/// Has a campaign run a plugin of its own; returns the plugin's digest.
pub(super) async fn plugin_campaign(world: &World, id: &str) -> Digest {
    world.campaign(id, "").await;
    let component = new_plugin();
    let digest = Digest::of(&component);
    upload(&world.admin, id, component).await;
    let chosen = json!({"plugin": {"id": id, "version": 1}, "activate": true});
    world.admin.put(&format!("/v1/campaigns/{id}/document"), &chosen).await.expect(201);
    digest
}

async fn upload(admin: &Client, name: &str, component: Vec<u8>) {
    admin.put_bytes(&format!("/v1/plugins/{name}"), component).await.expect(201);
}

/// Removes what was compiled of a component, as if it had never been compiled on this machine.
pub(super) fn forget_compiled(digest: Digest) {
    let name = digest.to_string();
    let files = fs::read_dir(cache()).unwrap().map(|entry| entry.unwrap().path());
    let of_it: Vec<PathBuf> = files.filter(|path| path.to_string_lossy().contains(&name)).collect();
    assert!(!of_it.is_empty(), "{digest} was not compiled");
    of_it.iter().for_each(|path| fs::remove_file(path).unwrap());
}

pub(super) fn leads(campaign: &str, count: usize) -> Value {
    (0..count).map(|n| json!({"campaign_id": campaign, "email": format!("p{n}@x.example"), "age": n})).collect()
}

/// How many of a campaign's submissions are in a state.
pub(super) async fn count(world: &World, campaign: &str, state: &str) -> usize {
    let page = world.admin.get(&format!("/v1/campaigns/{campaign}/submissions?limit=200&state={state}")).await;
    page.expect(200).json["items"].as_array().unwrap().len()
}

on_both! {
    /// H8 P4: the compiler is gone, or is another program by now, when a plugin is needed that is not compiled. No lead is quarantined and
    /// none is lost: all are processed when the compiler is back. Meanwhile uploads are told that the host failed, not the plugin.
    async fn h8_a_host_without_its_compiler_has_leads_wait(kind: Kind) {
        const LEADS: usize = 50;
        let compiler = FragileCompiler::new();
        let mut world = world(kind, &compiler).await;
        let digest = plugin_campaign(&world, "WAITS").await;
        for is_removed in [true, false] {
            if is_removed { compiler.remove() } else { compiler.replace() }
            forget_compiled(digest);
            world.restart().await;
            let ids = submission_ids(&world.push(leads("WAITS", LEADS)).await);
            let tries = world.pipeline().engine().stats().compilations;
            until("the plugin is tried again, and again", async || {
                world.clock.advance_ms(1_000);
                tries + 3 <= world.pipeline().engine().stats().compilations
            })
            .await;
            for id in &ids {
                assert_eq!(world.state(id).await, "received");
            }

            let rejected = world.admin.put_bytes("/v1/plugins/new", new_plugin()).await;
            let error = rejected.expect_error(503, "host_failed");
            assert!(error.text.contains("try again"), "{}", error.text);
            let chosen = json!({"plugin": {"id": "WAITS", "version": 1}});
            world.admin.put("/v1/campaigns/WAITS/document", &chosen).await.expect_error(503, "host_failed");

            compiler.repair();
            until("the host is idle", async || {
                world.clock.advance_ms(1_000);
                count(&world, "WAITS", "received").await == 0
            })
            .await;
            for id in &ids {
                assert_eq!(world.state(id).await, "canceled");
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// P4: two plugins that are not compiled, and compile for long: whoever runs others does not wait. Each is compiled once, whatever
    /// was asked meanwhile, and its leads go on when it is ready.
    async fn p4_plugins_that_compile_hold_up_nobody(kind: Kind) {
        let compiler = FragileCompiler::new();
        let mut options = WorldOptions { compiler: compiler.compiler(), ..WorldOptions::default() };
        options.settings.limits.warm_up_ms_max = 1;
        let mut world = World::with(kind, options).await;
        let cold = ["COLDA", "COLDB"];
        let digests = [plugin_campaign(&world, cold[0]).await, plugin_campaign(&world, cold[1]).await];
        world.campaign("VICTIM", "").await;
        let before = compiler.compilations();
        compiler.hold();
        digests.into_iter().for_each(forget_compiled);
        world.restart().await;
        for round in 0..10 {
            for campaign in cold {
                world.push(leads(campaign, 20)).await;
            }
            let ids = submission_ids(&world.push(leads("VICTIM", 3)).await);
            until("the others' leads are delivered", async || {
                let mut delivered = 0;
                for id in &ids {
                    delivered += usize::from(world.state(id).await == "delivered");
                }
                delivered == ids.len()
            })
            .await;
            assert_eq!(count(&world, cold[0], "canceled").await + count(&world, cold[1], "canceled").await, 0, "{round}");
        }
        compiler.let_go();
        // The clock stands still: they are woken, and wait for no time.
        for campaign in cold {
            until("the leads go on", async || count(&world, campaign, "canceled").await == 200).await;
        }
        world.settle().await;
        assert_eq!(compiler.compilations() - before, 2, "each is compiled once");
        world.stop().await;
    }
}

on_both! {
    /// P4: a host that starts has what active campaigns run in memory before it is ready: from the disk, without a compiler.
    async fn p4_a_host_that_is_ready_is_warm(kind: Kind) {
        let compiler = FragileCompiler::new();
        let mut world = world(kind, &compiler).await;
        let digest = plugin_campaign(&world, "WARM").await;
        compiler.remove();
        world.restart().await;
        assert!(world.pipeline().engine().loaded(digest).is_some());
        let ids = world.push_and_settle(leads("WARM", 2)).await;
        assert_eq!(world.state(&ids[0]).await, "canceled");
        world.stop().await;
    }
}

on_both! {
    /// M9 H8: a client's response that the host can't have interpreted, here since a table is damaged, is kept until it can. Its status
    /// decides nothing, and the client is not asked twice.
    async fn m9_h8_a_response_is_kept_until_it_can_be_interpreted(kind: Kind) {
        let document = "
version: 1
map:
  fields: {email: email}
interpret:
  outcomes:
    - {name: known, outcome: rejected, when: {field: code, op: in_set, set: codes}}
";
        let mut options = WorldOptions::default();
        options.settings.limits.later_ms_min = 50;
        let mut world = World::with(kind, options).await;
        let put = world.admin.put("/v1/value-sets/codes", &json!(["no"])).await.expect(200);
        world.campaign("KEPT", document).await;
        world.campaign("OTHER", "").await;
        world.receiver.always("/client/KEPT", Behaviour::json(200, &json!({"code": "no"})));
        // Nothing of the table is in memory.
        world.restart().await;
        let digest = put.str("digest");
        let of_it = format!("where digest = '{digest}'");
        let (damage, repair) = match kind {
            Kind::Sqlite => ("body || x'20'", "substr(body, 1, length(body) - 1)"),
            Kind::Postgres => (r"body || '\x20'::bytea", "substr(body, 1, length(body) - 1)"),
        };
        assert_eq!(world.change_rows(&format!("update value_tables set body = {damage} {of_it}")).await, 1);
        let ids = submission_ids(&world.push(leads("KEPT", 1)).await);
        until("the response is interpreted", async || {
            1 <= world.pipeline().engine().stats().calls.get(&Phase::Interpret).copied().unwrap_or(0)
        })
        .await;
        // Outcomes are written in their order: what others get later stands for what this one would have got by now.
        for _ in 0..10 {
            let others = submission_ids(&world.push(leads("OTHER", 5)).await);
            until("others are delivered", async || world.state(&others[4]).await == "delivered").await;
            assert_eq!(world.state(&ids[0]).await, "delivering");
        }
        assert_eq!(world.change_rows(&format!("update value_tables set body = {repair} {of_it}")).await, 1);
        until("the plugin decides", async || world.state(&ids[0]).await == "rejected").await;
        assert_eq!(world.receiver.at("/client/KEPT").len(), 1);
        world.stop().await;
    }
}

/// H8: an upgrade replaces or removes the binary of a running host; it compiles on with what it was started from.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h8_an_upgrade_under_a_running_host() {
    let directory = tempfile::tempdir().unwrap();
    let (binary, data) = (directory.path().join("hookmill"), directory.path().join("data"));
    if fs::hard_link(process::binary(), &binary).is_err() {
        fs::copy(process::binary(), &binary).unwrap();
    }
    let host = HostProcess::start_copy(&binary, &data).await;
    let operator = host.client().with_key(host.operator_key.as_deref().unwrap());
    let organization = operator.post("/v1/organizations", &json!({"name": "First"})).await.expect(201).str("id");
    let admin = operator.in_organization(&organization);
    fs::remove_file(&binary).unwrap();
    upload(&admin, "after-removal", new_plugin()).await;
    fs::write(&binary, "#!/bin/sh\nexit 3\n").unwrap();
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o700)).unwrap();
    upload(&admin, "after-replacement", new_plugin()).await;
    assert!(host.terminate().await.success());
}

/// P2: a compiling process yields to the others of the machine, is the first to go when memory is short, and has all its bounds before it
/// reads a byte.
#[tokio::test]
async fn p2_a_compiling_process_yields() {
    let limits = Limits::default();
    let settings = serde_json::to_string(&limits).unwrap();
    let mut command = tokio::process::Command::new(process::binary());
    command.args([COMPILE_COMMAND, "compile", &settings]).kill_on_drop(true);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let home = PathBuf::from(format!("/proc/{}", child.id().unwrap()));
    until("it has its bounds", async || bounds_of(&home).is_some_and(|bounds| bounds.0 != "unlimited")).await;
    let (address_space, nice) = bounds_of(&home).unwrap();
    assert_eq!(address_space, limits.compile_memory_bytes_max.to_string());
    assert_eq!(nice, 10);
    assert_eq!(fs::read_to_string(home.join("oom_score_adj")).unwrap().trim(), "1000");
}

/// The bound on its address space, which is set last, and how far a process yields.
fn bounds_of(process: &Path) -> Option<(String, i32)> {
    let limits = fs::read_to_string(process.join("limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    let nice = stat.rsplit_once(')')?.1.split_whitespace().nth(16)?;
    Some((line.split_whitespace().next()?.to_owned(), nice.parse().ok()?))
}

/// P2: the bound on its memory is enough for what plugins are: the largest of ours compiles, snapshot and all.
#[tokio::test]
async fn p2_a_compiling_process_has_room() {
    let directory = tempfile::tempdir().unwrap();
    let engine =
        Engine::with_compiler(Limits::default(), directory.path(), Compiler::Child(process::binary())).unwrap();
    let sizes = ["default", "prepared", "hostile", "facebook"].map(|name| (guest(name).len(), name));
    let (_, largest) = sizes.into_iter().max().unwrap();
    for name in [largest, "prepared"] {
        engine.admit(guest(name)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// P3: what people ask for has a thread of its own: however long it takes, production does not wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_production_does_not_wait_for_people() {
    let limits = Limits { deadline_base_ms: 3_000, bisection_cpu_ms_max: 0, threads: 1, ..Limits::default() };
    let engine = Engine::new(limits, &cache()).unwrap();
    let bytes = guest("hostile");
    let component = load(&engine, Digest::of(&bytes), &bytes).await.unwrap();
    let program = Program { component, plan: None };
    let people = engine.for_people();
    let asked: Vec<_> = (0..4)
        .map(|_| {
            let mut session = people.session(&program, context());
            tokio::spawn(async move { session.map(vec![element(json!({"do": LOOP}))]).await })
        })
        .collect();
    until("a person's call runs", async || 1 <= engine.stats().instances_alive).await;
    for n in 0..20 {
        let outcomes = engine.session(&program, context()).map(vec![element(json!({"age": n}))]).await.unwrap();
        assert!(outcomes[0].is_ok());
    }
    assert!(asked.iter().all(|call| !call.is_finished()), "production waited for a call of three seconds");
    asked.iter().for_each(tokio::task::JoinHandle::abort);
}

on_both! {
    /// P3: more dry runs at once than there are instances for them; each has two components, and none waits for ever.
    async fn p3_many_dry_runs_end(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.people_runs_max = 2;
        options.engine_limits.people_instances_max = 4;
        let world = World::with(kind, options).await;
        // It interprets, and the default plugin does the rest.
        world.campaign("TRIED", "").await;
        upload(&world.admin, "reading", guest("reading")).await;
        let chosen = json!({"plugin": {"id": "reading", "version": 1}, "activate": true});
        world.admin.put("/v1/campaigns/TRIED/document", &chosen).await.expect(201);
        let runs = (0..24).map(|n| {
            let admin = world.admin.clone();
            let sample = json!({"body": {"email": "a@x.example", "age": n}});
            tokio::spawn(async move { admin.post("/v1/campaigns/TRIED/dry-run", &sample).await })
        });
        for run in runs.collect::<Vec<_>>() {
            run.await.unwrap().expect(200);
        }
        world.stop().await;
    }
}

/// P3: all instances together have a bound. Who comes when it is reached meets the host's failure, not a fault of the plugin, and can be
/// run when others are gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_all_instances_together_are_bounded() {
    let limits = Limits {
        memory_bytes_max: 64 << 20,
        instances_memory_bytes_max: 24 << 20,
        deadline_base_ms: 2_000,
        ..Limits::default()
    };
    let engine = Engine::new(limits, &cache()).unwrap();
    let bytes = guest("hostile");
    let component = load(&engine, Digest::of(&bytes), &bytes).await.unwrap();
    let mut session = engine.session(&Program { component, plan: None }, context());
    let greedy = session.map(vec![element(json!({"do": "map:memory"}))]).await.unwrap();
    match &greedy[0] {
        Err(ItemError::Fault(fault)) => {
            assert_eq!(fault.kind, FaultKind::Host, "{fault}");
            assert!(fault.message.contains("`instances_memory_bytes_max`"), "{fault}");
        }
        other => panic!("{other:?}"),
    }
    let after = session.map(vec![element(json!({"age": 1}))]).await.unwrap();
    assert!(after[0].is_ok(), "{after:?}");
}
