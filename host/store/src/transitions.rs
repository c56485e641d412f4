//! That both databases obey the table of states: each commit moves the submissions that are in the state it leaves, and no other.

use super::actions::{ActionDecision, ActionVerdict};
use super::audit::AuditEntry;
use super::bulk_jobs::{AskedBy, Repost, SubmissionChange};
use super::outcome::{Next, Outcome, Transition};
use super::plans::Servers;
use super::processed::Processed;
use super::release::Release;
use super::runs::RunStart;
use super::{Store, StoreError};
use hookmill_domain::bulk::BulkOperation;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::state::{Change, State};

const NOW: Timestamp = Timestamp(1_000);

/// One submission in each state.
fn rows(test: &str) -> Vec<(String, State)> {
    State::ALL.iter().map(|state| (format!("sub_{test}_{}", state.as_str()), *state)).collect()
}

async fn insert_rows(servers: &Servers, test: &str) {
    let values = rows(test).into_iter().map(|(id, state)| {
        let state = state.as_str();
        format!("('org', '{id}', 'req', 'cmp_{test}', 0, 0, 2, '{state}', 1, 0, 0, null, false)")
    });
    let values = values.collect::<Vec<_>>().join(", ");
    servers
        .execute(&format!(
            "insert into campaigns (campaign_key, organization_id, campaign_id, name, state, time_zone, phone_region, \"values\", granted_value_sets, created_at, updated_at) \
             values ('cmp_{test}', 'org', 'c_{test}', 'x', 'paused', 'UTC', 'DE', cast('{{}}' as bytea), cast('[]' as bytea), 0, 0)"
        ))
        .await;
    servers
        .execute(&format!(
            "insert into submissions (organization_id, id, request_id, campaign_key, shard, element_start, element_bytes, state, revision, received_at, \
             updated_at, run_at, is_test) values {values}"
        ))
        .await;
}

/// The states of the submissions of a test now, in the order of the states they began in.
async fn states(store: &Store, test: &str) -> Result<Vec<State>, StoreError> {
    let mut found = Vec::new();
    for (id, _) in rows(test) {
        let row = store.submission("org", &id).await?.expect("it was inserted");
        found.push(State::parse(&row.state).expect("a state has a name"));
    }
    Ok(found)
}

fn expected(from: State, to: State) -> Vec<State> {
    State::ALL.iter().map(|state| if *state == from { to } else { *state }).collect()
}

fn processed(id: &str, test: &str, change: Change) -> Processed {
    Processed {
        id: id.to_owned(),
        organization_id: "org".into(),
        campaign_key: format!("cmp_{test}"),
        shard: 0,
        revision: 1,
        from: State::Received,
        change,
        cause: "test",
        detail: None,
        campaign_version_id: None,
        leaves_stored: false,
        lead: None,
        decision: None,
        value_sets: None,
        kept: None,
        firsts: Vec::new(),
        takes_slot: false,
        review_priority: None,
        seeks_slot: false,
        run_at: None,
        queue_run_at: None,
        moved_to: None,
        delivery: None,
        pings: Vec::new(),
        events: Vec::new(),
        derived_from: None,
    }
}

fn outcome(id: &str, test: &str, change: Change) -> Outcome {
    Outcome {
        delivery_id: format!("dlv_{id}"),
        organization_id: "org".into(),
        attempts_before: 0,
        attempt: None,
        next: Next::Over("delivered"),
        is_unanswered: false,
        transition: Some(Transition {
            submission_id: id.to_owned(),
            campaign_key: format!("cmp_{test}"),
            revision: 1,
            change,
            cause: "test",
            detail: b"{}".to_vec(),
            events: Vec::new(),
            gives_slots_back: true,
            moved_to: None,
        }),
        action: None,
        asked_for: None,
    }
}

/// T: every change of every commit is tried on a submission in every state.
#[tokio::test]
async fn t_a_commit_moves_only_what_is_in_the_state_it_leaves() {
    let servers = Servers::start("transitions").await;
    servers
        .execute(
            "insert into organizations (id, name, salt, \"values\", created_at) values ('org', 'x', cast('00' as bytea), cast('{}' as bytea), 0)",
        )
        .await;
    let changes = |from: State| State::ALL.iter().filter_map(move |to| Change::new(from, *to));
    let mut tried = 0;
    for change in changes(State::Processing).chain(changes(State::Delivering)) {
        let test = format!("{}_{}", change.from().as_str(), change.to().as_str());
        insert_rows(&servers, &test).await;
        for store in servers.stores() {
            let before = if change.from() == State::Processing {
                let batch: Vec<_> = rows(&test).iter().map(|(id, _)| processed(id, &test, change)).collect();
                store
                    .commit_processed(
                        &format!("cmt_{test}"),
                        &batch,
                        None,
                        &RunStart { id: "run_a".into(), at: NOW },
                        NOW,
                    )
                    .await
                    .unwrap();
                Change::BEGIN.from()
            } else {
                let outcomes: Vec<_> = rows(&test).iter().map(|(id, _)| outcome(id, &test, change)).collect();
                store.commit_outcomes(&format!("cmt_{test}"), &outcomes, NOW).await.unwrap();
                change.from()
            };
            assert_eq!(states(store, &test).await.unwrap(), expected(before, change.to()), "{test}");
            tried += 1;
        }
    }
    assert_eq!(tried, 2 * (State::Processing.next().len() + State::Delivering.next().len()));
    for (test, release, from) in
        [("pending", Release::Pending, State::Pending), ("quarantined", Release::Quarantined, State::Quarantined)]
    {
        insert_rows(&servers, test).await;
        for store in servers.stores() {
            store.release_submissions(&format!("cmp_{test}"), release, "test", NOW).await.unwrap();
            assert_eq!(states(store, test).await.unwrap(), expected(from, State::Received), "{test}");
        }
    }
    servers.stop().await;
}

fn change_one(id: &str, test: &str, change: Change) -> SubmissionChange {
    SubmissionChange {
        organization_id: "org".into(),
        id: id.to_owned(),
        campaign_key: format!("cmp_{test}"),
        revision: 1,
        change,
        kept: None,
        events: Vec::new(),
    }
}

/// L9 T: what a person withdraws or reprocesses is moved where it stands and nowhere else, and what is posted again stays as it is; a call
/// that changes nothing leaves no line.
#[tokio::test]
async fn l9_a_person_moves_only_what_is_in_the_state_it_leaves() {
    let servers = Servers::start("moves").await;
    servers
        .execute(
            "insert into organizations (id, name, salt, \"values\", created_at) values ('org', 'x', cast('00' as bytea), cast('{}' as bytea), 0)",
        )
        .await;
    let entry =
        AuditEntry { organization_id: Some("org".into()), user_id: "usr".into(), action: "submission.withdrawn" };
    let by = AskedBy::Person { entry: &entry, subject: "x", must_change: true };
    let withdrawn = BulkOperation::Withdraw.states().iter().map(|from| Change::new(*from, State::Canceled).unwrap());
    let changes: Vec<Change> = withdrawn.chain([Change::REPROCESS]).collect();
    for change in &changes {
        let test = format!("move_{}_{}", change.from().as_str(), change.to().as_str());
        insert_rows(&servers, &test).await;
        for store in servers.stores() {
            let all: Vec<_> = rows(&test).iter().map(|(id, _)| change_one(id, &test, *change)).collect();
            let written = store.change_submissions(&all, "test", b"{}", by, NOW).await.unwrap().expect("one is moved");
            assert_eq!(written.submissions.len(), 1, "{test}");
            assert_eq!(states(store, &test).await.unwrap(), expected(change.from(), change.to()), "{test}");
            assert!(store.change_submissions(&all, "test", b"{}", by, NOW).await.unwrap().is_none(), "{test}");
        }
    }
    insert_rows(&servers, "repost").await;
    servers.execute("update submissions set lead = cast('{}' as bytea) where campaign_key = 'cmp_repost'").await;
    for store in servers.stores() {
        for round in 1..=2 {
            let reposts: Vec<Repost> = rows("repost").into_iter().map(|(parent_id, _)| repost(parent_id)).collect();
            let written =
                store.repost_submissions(&reposts, "reposted", b"{}", by, NOW).await.unwrap().expect("some are made");
            let mut made: Vec<String> = written.submissions.into_iter().map(|(id, _)| id).collect();
            let mut terminal: Vec<String> = rows("repost")
                .into_iter()
                .filter(|(_, state)| state.is_terminal())
                .map(|(id, _)| format!("{id}.{round}"))
                .collect();
            made.sort();
            terminal.sort();
            assert_eq!(made, terminal);
            let before: Vec<State> = State::ALL.to_vec();
            assert_eq!(states(store, "repost").await.unwrap(), before, "they stay as they are");
        }
        let lines = store.timeline("org", "sub_repost_failed.1").await.unwrap();
        assert_eq!((lines.len(), lines[0].revision, lines[0].cause.as_str()), (1, 0, "reposted"));
        let audited = store.audit_lines("org", "", 50).await.unwrap().len();
        assert_eq!(audited, changes.len() + 2, "a line for each call that changed something");
    }
    servers.stop().await;
}

fn repost(parent_id: String) -> Repost {
    Repost {
        organization_id: "org".into(),
        parent_id,
        campaign_key: "cmp_repost".into(),
        kept: b"{}".to_vec(),
        edited: None,
        received_at: NOW,
    }
}

/// T L4: what an action decides counts for a submission that waits for it, at the revision that was seen, and for no other.
#[tokio::test]
async fn l4_only_what_waits_for_an_action_is_decided() {
    let servers = Servers::start("decisions").await;
    servers
        .execute(
            "insert into organizations (id, name, salt, \"values\", created_at) values ('org', 'x', cast('00' as bytea), cast('{}' as bytea), 0)",
        )
        .await;
    let (user_id, action) = ("usr".to_owned(), "submission.approved");
    let entry = AuditEntry { organization_id: Some("org".into()), user_id, action };
    let approved = ActionVerdict::Approved { lead: Some(b"{\"a\":1}".to_vec()), kept: b"{}".to_vec() };
    let verdicts = [
        ("review", ActionVerdict::Review { priority: 2 }, State::PendingAction, Some(2), None),
        ("approved", approved, State::PendingAction, None, Some(b"{\"a\":1}".to_vec())),
        ("rejected", ActionVerdict::Rejected { kept: None }, State::Disqualified, None, None),
    ];
    for (test, verdict, after, priority, lead) in verdicts {
        insert_rows(&servers, test).await;
        for store in servers.stores() {
            for (nth, revision) in [0, 2, 1, 1].into_iter().enumerate() {
                let mut decided = Vec::new();
                for (id, state) in rows(test) {
                    let decision = ActionDecision {
                        submission_id: id,
                        organization_id: "org".into(),
                        campaign_key: format!("cmp_{test}"),
                        revision,
                        verdict: verdict.clone(),
                        cause: "test",
                        detail: b"{}".to_vec(),
                        events: Vec::new(),
                    };
                    if store.commit_review(&decision, &entry, NOW).await.unwrap() {
                        decided.push(state);
                    }
                }
                let expected = if nth == 2 { vec![State::PendingAction] } else { Vec::new() };
                assert_eq!(decided, expected, "{test}, revision {revision}");
            }
            assert_eq!(states(store, test).await.unwrap(), expected(State::PendingAction, after), "{test}");
            let id = format!("sub_{test}_pending_action");
            let work = store.action_work("org", &[&id]).await.unwrap().remove(0);
            assert_eq!((work.revision, work.review_priority, work.lead), (2, priority, lead.clone()), "{test}");
            let lines = store.timeline("org", &id).await.unwrap();
            assert_eq!(lines.iter().map(|line| line.state.as_str()).collect::<Vec<_>>(), [after.as_str()], "{test}");
        }
    }
    servers.stop().await;
}
