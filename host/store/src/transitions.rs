//! That both databases obey the table of states: each commit moves the submissions that are in the state it leaves, and no other.

use super::outcome::{Next, Outcome, Transition};
use super::plans::Servers;
use super::processed::Processed;
use super::release::Release;
use super::runs::RunStart;
use super::{Store, StoreError};
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
        lead: None,
        decision: None,
        value_sets: None,
        kept: None,
        firsts: Vec::new(),
        takes_slot: false,
        queue_run_at: None,
        moved_to: None,
        delivery: None,
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
        transition: Some(Transition {
            submission_id: id.to_owned(),
            campaign_key: format!("cmp_{test}"),
            revision: 1,
            change,
            cause: "test",
            detail: b"{}".to_vec(),
            events: Vec::new(),
        }),
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
            store.release_submissions(&format!("cmp_{test}"), release, "test", None, NOW).await.unwrap();
            assert_eq!(states(store, test).await.unwrap(), expected(from, State::Received), "{test}");
        }
    }
    servers.stop().await;
}
