//! The same over HTTP, in a host of its own process with the limits it ships with: one campaign's plugin is hostile in every stage that
//! the host calls, another campaign's leads go through meanwhile.

use std::time::Duration;

use hookmill_tests::rig::{CAMPAIGN, CLIENT};
use hookmill_tests::{Client, Forge, Kind, Rig, World, on_both};
use serde_json::{Value, json};

use super::fixtures::{guest, marked};
use super::neighbour::{Latencies, now, read_resources};

const EVIL: &str = "EVIL";
const PATIENCE: Duration = Duration::from_secs(90);
/// One lead's behaviour in a batch of otherwise good ones.
const ATTACKS: [&str; 14] = [
    "map:loop",
    "map:memory",
    "map:trap",
    "map:deep",
    "map:huge",
    "map:chatter",
    "map:invalid-json",
    "map:many-empty",
    "qualify:fill-loop",
    "qualify:many-members",
    "qualify:short",
    "shape:trap",
    "shape:big-item",
    "shape:bad-header",
];
/// Behaviours that are not faults.
const HARMLESS: [&str; 1] = ["map:chatter"];
const LEADS: usize = 20;
const CULPRIT: usize = 7;

/// P3, P4: each culprit is quarantined alone, the neighbour's leads are delivered, and the host is afterwards what it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_campaign_harms_itself() {
    let (rig, host) = Rig::new(Kind::Sqlite).await;
    let (admin, source) = (rig.admin(&host), rig.source(&host));
    hostile_campaign(&rig, &admin).await;
    let process = host.id().to_string();
    let quiet = neighbours_latency(&rig, &source, "quiet", 20).await;
    let _ = attack(&source, "map:trap", "warm").await;
    wait_until_idle(&admin, EVIL).await;
    let before = read_resources(&process);

    let mut posted = Vec::new();
    let mut latencies = Vec::new();
    for (number, behaviour) in ATTACKS.iter().enumerate() {
        posted.push((*behaviour, attack(&source, behaviour, &format!("a{number}")).await));
        latencies.extend(neighbours_latency(&rig, &source, &format!("n{number}"), 4).await);
    }
    wait_until_idle(&admin, EVIL).await;
    wait_until_idle(&admin, CAMPAIGN).await;
    let after = read_resources(&process);

    for (behaviour, submissions) in &posted {
        for (place, submission) in submissions.iter().enumerate() {
            let page = admin.get(&format!("/v1/submissions/{submission}")).await.expect(200).json;
            let is_culprit = place == CULPRIT && !HARMLESS.contains(behaviour);
            let expected = if is_culprit { "quarantined" } else { "delivered" };
            assert_eq!(page["state"], expected, "{behaviour}, lead {place}: {page}");
        }
    }
    let (quiet, loud) = (Latencies::new(quiet), Latencies::new(latencies));
    println!("neighbour alone:    {quiet}\nneighbour attacked: {loud}\nbefore {before:?}\nafter  {after:?}");
    assert!(loud.percentile(100) < Duration::from_secs(30), "{loud}");
    assert!(after.threads <= before.threads + 2 && after.files <= before.files + 8, "{before:?} {after:?}");
    let kept = hookmill_outbound::OutboundLimits::default().idle_per_host_max;
    assert!(after.sockets <= before.sockets + kept, "{before:?} {after:?}");
    assert!(after.resident_kb < before.resident_kb + 96 * 1024, "{before:?} {after:?}");
    host.kill().await;
}

async fn hostile_campaign(rig: &Rig, admin: &Client) {
    let uploaded = admin.put_bytes("/v1/plugins/hostile", guest("hostile")).await.expect(201).json;
    admin.post("/v1/campaigns", &json!({"id": EVIL, "name": EVIL})).await.expect(201);
    let plugin = json!({"id": uploaded["plugin_id"], "version": uploaded["version"]});
    let chosen = json!({"plugin": plugin, "document": "any", "activate": true});
    admin.put("/v1/campaigns/EVIL/document", &chosen).await.expect(201);
    let endpoint = json!({"url": rig.receiver.url("/evil"), "retries": 1, "timeout_s": 5});
    admin.put("/v1/campaigns/EVIL/endpoint", &endpoint).await.expect(200);
    admin.put("/v1/campaigns/EVIL/state", &json!({"state": "active"})).await.expect(200);
}

/// Posts a batch with one culprit; returns the submissions.
async fn attack(source: &Client, behaviour: &str, key: &str) -> Vec<String> {
    let lead = |n| json!({"campaign_id": EVIL, "email": format!("{key}-{n}@x.example")});
    let mut leads: Vec<Value> = (0..LEADS).map(lead).collect();
    leads[CULPRIT]["do"] = json!(behaviour);
    let response = source.post("/v1/leads", &json!({"idempotency_key": key, "leads": leads})).await.expect(202);
    hookmill_tests::world::submission_ids(&response)
}

/// Batches of the neighbour, one after the other: from the post to the last lead's arrival at its client.
async fn neighbours_latency(rig: &Rig, source: &Client, name: &str, batches: usize) -> Vec<Duration> {
    let mut latencies = Vec::new();
    for batch in 0..batches {
        let marker = |n: usize| format!("{name}-{batch}-{n}");
        let lead =
            |n| json!({"campaign_id": CAMPAIGN, "email": format!("{}@x.example", marker(n)), "marker": marker(n)});
        let leads: Vec<Value> = (0..LEADS).map(lead).collect();
        let expected = rig.receiver.at(CLIENT).len() + LEADS;
        let start = now();
        source
            .post("/v1/leads", &json!({"idempotency_key": format!("{name}-{batch}"), "leads": leads}))
            .await
            .expect(202);
        let arrived = async {
            while rig.receiver.at(CLIENT).len() < expected {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, arrived).await.expect("the neighbour's leads arrive");
        latencies.push(start.elapsed());
    }
    latencies
}

async fn wait_until_idle(admin: &Client, campaign: &str) {
    let rest = async {
        for state in ["received", "processing", "delivering"] {
            let path = format!("/v1/campaigns/{campaign}/submissions?limit=1&state={state}");
            while !admin.get(&path).await.expect(200).json["items"].as_array().expect("a page").is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, rest).await.expect("the campaign becomes idle");
}

on_both! {
    /// P2: a plugin that is rejected is in no list, under no name, and in no campaign; the name is free for a good one.
    async fn a_rejected_upload_leaves_nothing(kind: Kind) {
        let world = World::new(kind).await;
        let admin = &world.admin;
        for bytes in [
            b"hello".to_vec(),
            Forge::new().world("import hookmill:plugin/log@1.0.0;").item("(func $s unreachable) (start $s)").component().unwrap(),
            marked("hostile-at-describe", "trap"),
            Forge::new().component().unwrap()[..300].to_vec(),
        ] {
            let rejected = admin.put_bytes("/v1/plugins/rejected", bytes).await;
            assert_eq!(rejected.status, 422, "{}", rejected.text);
            assert!(!rejected.json["error"]["details"].as_array().unwrap().is_empty(), "{}", rejected.text);
        }
        assert_eq!(admin.get("/v1/plugins").await.expect(200).json["items"], json!([]));
        assert_eq!(world.pipeline().engine().stats().instances_alive, 0);
        let good = admin.put_bytes("/v1/plugins/rejected", Forge::new().component().unwrap()).await.expect(201);
        assert_eq!(good.json["version"], 1);
        world.stop().await;
    }
}
