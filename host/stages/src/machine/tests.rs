//! The machine with a plugin that writes down its calls, and stages of the host that ask and wait.

use super::*;
use crate::way::{Place, Start};
use hookmill_engine::contract::{DestinationKind, Entropy, FailedRule, Failure, HttpRequest, HttpResponse, Severity};

/// A plugin that disqualifies by the lead's text, and writes down each call: what it was, and how many leads it was given.
#[derive(Default)]
struct Plugin {
    calls: Vec<(String, usize)>,
}

impl Calls for Plugin {
    async fn qualify(&mut self, severities: Severities, submissions: Vec<Arc<Submission>>) -> Outcomes<Verdict> {
        let (hard, soft) = (severities.contains(Severities::HARD), severities.contains(Severities::SOFT));
        self.calls.push((format!("qualify hard={hard} soft={soft}"), submissions.len()));
        let verdict = |submission: Arc<Submission>| {
            let severity = match submission.lead.as_str() {
                "hard" if hard => Severity::Hard,
                "soft" if soft => Severity::Soft,
                "broken" => return Err(ItemError::Failure(failure())),
                _ => return Ok(Verdict { qualified: true, failed: Vec::new(), trace: None }),
            };
            Ok(Verdict { qualified: false, failed: vec![failed_rule(severity)], trace: None })
        };
        submissions.into_iter().map(verdict).collect()
    }

    async fn shape(&mut self, client: Destination, submissions: Vec<Arc<Submission>>) -> Outcomes<Payload> {
        self.calls.push((format!("shape for {}", client.id), submissions.len()));
        let payload = |submission: Arc<Submission>| Payload {
            method: None,
            query: Vec::new(),
            headers: Vec::new(),
            content_type: None,
            // What was asked for reaches the plugin.
            body: Some(format!("{} {}", submission.lead, submission.responses.len()).into_bytes()),
            trace: None,
        };
        submissions.into_iter().map(|submission| Ok(payload(submission))).collect()
    }
}

/// A stage that makes one HTTP request for each lead, and goes on when it is responded.
struct AskOnce;

impl HostStage for AskOnce {
    fn decide(&self, submission: &Submission, _now: Timestamp) -> Decision {
        if submission.responses.is_empty() {
            Decision::Ask(vec![score_request(&submission.id)])
        } else {
            Decision::Continue
        }
    }
}

/// A stage that lets each lead wait until a time.
struct OpensAt(Timestamp);

impl HostStage for OpensAt {
    fn decide(&self, _submission: &Submission, now: Timestamp) -> Decision {
        if now < self.0 { Decision::Wait { reason: "closed", until: Some(self.0) } } else { Decision::Continue }
    }
}

fn score_request(id: &str) -> HttpRequest {
    HttpRequest {
        key: "score".into(),
        method: "GET".into(),
        url: format!("https://score.example/{id}"),
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: None,
    }
}

fn response() -> HttpResponse {
    HttpResponse { key: "score".into(), status: Some(200), headers: Vec::new(), body: b"7".to_vec(), error: None }
}

fn failure() -> Failure {
    Failure { code: "bad".into(), field: None, function: None, input: None, message: "bad".into() }
}

fn failed_rule(severity: Severity) -> FailedRule {
    FailedRule {
        rule: "rules[0]".into(),
        field: "lead".into(),
        operator: "eq".into(),
        reason: "no".into(),
        severity,
        expected: "null".into(),
        actual: None,
    }
}

fn client() -> Destination {
    Destination {
        kind: DestinationKind::Client,
        id: "C1".into(),
        name: "C1".into(),
        method: "POST".into(),
        url: "https://client.example/".into(),
        content_type: "application/json".into(),
        settings: None,
    }
}

fn submission(lead: &str) -> Submission {
    Submission {
        id: format!("sub_{lead}"),
        lead_id: None,
        lead: lead.into(),
        is_test: false,
        received_at: 0,
        responses: Vec::new(),
        bid: None,
        entropy: Entropy { high: 0, low: 0 },
    }
}

fn items(leads: &[&str]) -> Vec<Item> {
    leads.iter().map(|lead| Item::new(Arc::new(submission(lead)))).collect()
}

fn ends(items: &[Item]) -> Vec<String> {
    let end = |item: &Item| match &item.status {
        Status::Moving => "moving".to_owned(),
        Status::Asking(requests) => format!("asks {}", requests[0].url),
        Status::Waiting { reason, until } => format!("waits {reason} {}", until.map_or(0, |until| until.0)),
        Status::Ended(End::Passed(None)) => "passed".into(),
        Status::Ended(End::Passed(Some(payload))) => {
            format!("passed {}", String::from_utf8_lossy(payload.body.as_deref().unwrap_or_default()))
        }
        Status::Ended(End::Disqualified(verdict)) => format!("disqualified {:?}", verdict.failed[0].severity),
        Status::Ended(End::Failed(stage, _)) => format!("failed in {stage:?}"),
    };
    items.iter().map(end).collect()
}

async fn run(plugin: &mut Plugin, way: &Way, items: &mut [Item], now: i64) -> Vec<String> {
    advance(plugin, way, items, Timestamp(now), &mut ()).await;
    ends(items)
}

/// M1: with nothing between the rules they are one call, and a batch takes each step together.
#[tokio::test]
async fn m1_a_batch_takes_each_step_in_one_call() {
    let (mut plugin, way) = (Plugin::default(), Way::new(Some(client())));
    let mut batch = items(&["a", "hard", "soft", "broken", "b"]);
    assert_eq!(
        run(&mut plugin, &way, &mut batch, 0).await,
        ["passed a 0", "disqualified Severity::Hard", "disqualified Severity::Soft", "failed in Qualify", "passed b 0"]
    );
    assert_eq!(plugin.calls, [("qualify hard=true soft=true".into(), 5), ("shape for C1".into(), 2)]);
    // Nobody is left on the way, and nobody is called again.
    run(&mut plugin, &way, &mut batch, 0).await;
    assert_eq!(plugin.calls.len(), 2);
}

#[tokio::test]
async fn without_a_client_nothing_is_shaped() {
    let (mut plugin, way) = (Plugin::default(), Way::new(None));
    assert_eq!(run(&mut plugin, &way, &mut items(&["a"]), 0).await, ["passed"]);
    assert_eq!(plugin.calls, [("qualify hard=true soft=true".into(), 1)]);
    assert!(run(&mut plugin, &way, &mut [], 0).await.is_empty());
    assert_eq!(plugin.calls.len(), 1, "an empty batch calls nobody");
}

/// A request leaves the batch; its item goes on between the rules, in another batch and with the response. Soft rules see it, hard rules
/// are not asked twice.
#[tokio::test]
async fn a_request_is_gone_on_with() {
    let way = |start| {
        Way::with_stages(start, Some(client()), [(Place::BetweenRules, Arc::new(AskOnce) as Arc<dyn HostStage>)])
    };
    let mut plugin = Plugin::default();
    let mut batch = items(&["a", "hard"]);
    assert_eq!(
        run(&mut plugin, &way(Start::Map), &mut batch, 0).await,
        ["asks https://score.example/sub_a", "disqualified Severity::Hard"]
    );
    assert_eq!(plugin.calls, [("qualify hard=true soft=false".into(), 2)]);

    let responded = Submission { responses: vec![response()], ..submission("a") };
    let mut later = vec![Item::new(Arc::new(responded)), Item::new(Arc::new(submission("b")))];
    let mut plugin = Plugin::default();
    // One that goes on without its response asks again, with the same request.
    assert_eq!(
        run(&mut plugin, &way(Start::BetweenRules), &mut later, 1).await,
        ["passed a 1", "asks https://score.example/sub_b"]
    );
    assert_eq!(plugin.calls, [("qualify hard=false soft=true".into(), 1), ("shape for C1".into(), 1)]);
}

/// One that waits is looked at again, and waits on while the stage says so.
#[tokio::test]
async fn one_that_waits_goes_on_when_its_time_has_come() {
    let way = |start| {
        Way::with_stages(start, None, [(Place::BeforeShape, Arc::new(OpensAt(Timestamp(100))) as Arc<dyn HostStage>)])
    };
    let mut plugin = Plugin::default();
    assert_eq!(run(&mut plugin, &way(Start::Map), &mut items(&["a"]), 0).await, ["waits closed 100"]);
    for (now, expected) in [(99, "waits closed 100"), (100, "passed")] {
        assert_eq!(run(&mut plugin, &way(Start::BeforeShape), &mut items(&["a"]), now).await, [expected]);
    }
    assert_eq!(plugin.calls, [("qualify hard=true soft=true".into(), 1)]);
    // With its rules checked again.
    assert_eq!(run(&mut plugin, &way(Start::Rules), &mut items(&["hard"]), 100).await, ["disqualified Severity::Hard"]);
}

/// L4: one that is let go on where it waits takes the next step, as others of its batch did.
#[tokio::test]
async fn l4_one_that_is_let_go_on_takes_the_next_step() {
    let stage = Arc::new(OpensAt(Timestamp(100))) as Arc<dyn HostStage>;
    let way = Way::with_stages(Start::Map, None, [(Place::BetweenRules, stage)]);
    let mut plugin = Plugin::default();
    let mut batch = items(&["a", "soft", "b", "hard"]);
    let waits = "waits closed 100";
    assert_eq!(run(&mut plugin, &way, &mut batch, 0).await, [waits, waits, waits, "disqualified Severity::Hard"]);
    batch[1..].iter_mut().for_each(Item::pass);
    let expected = [waits, "disqualified Severity::Soft", "passed", "disqualified Severity::Hard"];
    assert_eq!(run(&mut plugin, &way, &mut batch, 0).await, expected);
    assert_eq!(plugin.calls, [("qualify hard=true soft=false".into(), 4), ("qualify hard=false soft=true".into(), 2)]);
}
