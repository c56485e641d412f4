//! Every statement of the store that reads or changes a growing table, each with the index by which the table is to be entered.

use super::NOW;
use crate::actions::{ActionDecision, ActionVerdict};
use crate::audit::AuditEntry;
use crate::backlog::Whose;
use crate::bulk_jobs::{AskedBy, EditedLead, NewBulkJob, Piece as BulkPiece, Repost, SubmissionChange};
use crate::campaigns::Campaign;
use crate::deliveries::{DeliveryFilter, DeliveryKey, Message, NewDelivery, NewEvent, ResendFilter, Shaped};
use crate::erasures::{ErasedBody, ErasedSubmission, ErasurePiece, MarkedSubmission, NewErasure, OpenErasure};
use crate::jobs::{JobEnd, NewJob};
use crate::outcome::{Attempt, Next, Outcome, Transition};
use crate::processed::{
    DerivedFrom, First, LifecyclePremises, Move as MovedTo, NoSlot, Processed, ProcessedLead, SlotPeriod,
};
use crate::queue::QueueRules;
use crate::quotas::Held;
use crate::rejected::RejectedFilter;
use crate::release::Release;
use crate::retention::{Old, Piece, Unused};
use crate::reviews::{ReviewPlace, ReviewsOf};
use crate::runs::RunStart;
use crate::search::SubmissionFilter;
use crate::{Store, StoreError};
use hookmill_domain::bulk::{BulkCursor, BulkFilter, BulkOperation, OpenJob};
use hookmill_domain::campaign::CampaignState;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::delivery::{DeliveryState, DestinationKind};
use hookmill_domain::endpoint::ClientEndpoint;
use hookmill_domain::flow::SHARDS;
use hookmill_domain::lifecycle::Lifecycle;
use hookmill_domain::lifecycle::caps::Caps;
use hookmill_domain::lifecycle::local::LocalLifecycle;
use hookmill_domain::state::{Change, State};
use hookmill_domain::webhook::settings::WebhookSettings;
use std::collections::BTreeMap;
use std::pin::Pin;

const ORG: &str = "org_1";
const CAMPAIGN: &str = "cmp_101";

/// What is asked: its name, the index by which its growing table is to be entered, and what has the store run it.
pub(super) struct Statement {
    pub(super) what: &'static str,
    pub(super) index: &'static str,
    pub(super) run: fn(Store) -> Run,
}

type Run = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

macro_rules! statements {
    ($store:ident: $($what:literal, $index:literal => $body:block)*) => {
        pub(super) const STATEMENTS: &[Statement] = &[$(Statement {
            what: $what,
            index: $index,
            run: |$store| Box::pin(async move { $body; Ok(()) }),
        }),*];
    };
}

statements! { store:
    "newest submissions of a campaign", "submissions_of_campaign" => {
        store.newest_submissions(CAMPAIGN, 50, 1 << 20).await?;
    }
    "submissions", "key of submissions" => {
        store.look_at_submissions(ORG, &SubmissionFilter::default(), "", 50).await?;
    }
    "submissions that are delivered", "key of submissions" => {
        let filter = SubmissionFilter { states: vec![State::Delivered], ..SubmissionFilter::default() };
        store.look_at_submissions(ORG, &filter, "", 50).await?;
    }
    "submissions of campaigns", "submissions_of_campaign" => {
        let filter = SubmissionFilter { campaigns: campaigns(), ..SubmissionFilter::default() };
        store.look_at_submissions(ORG, &filter, "", 50).await?;
    }
    "submissions of campaigns in states", "submissions_in_state|submissions_of_campaign" => {
        let states = vec![State::Received, State::Queued];
        let filter = SubmissionFilter { campaigns: campaigns(), states, ..SubmissionFilter::default() };
        store.look_at_submissions(ORG, &filter, "", 50).await?;
    }
    "submissions in states", "submissions_of_organization_in_state" => {
        let states = vec![State::Rejected, State::Queued];
        let filter = SubmissionFilter { states, ..SubmissionFilter::default() };
        store.look_at_submissions(ORG, &filter, "", 50).await?;
    }
    "submissions with a cause", "key of timeline" => {
        let (states, cause) = (vec![State::Disqualified], Some("rules".to_owned()));
        let filter = SubmissionFilter { states, cause, ..SubmissionFilter::default() };
        store.look_at_submissions(ORG, &filter, "", 50).await?;
    }
    "submissions of a lead", "submissions_of_lead" => {
        let filter = SubmissionFilter { lead_id: Some("led_10000000".into()), ..SubmissionFilter::default() };
        store.look_at_submissions(ORG, &filter, "", 50).await?;
        let filter = SubmissionFilter { campaigns: campaigns(), ..filter };
        store.look_at_submissions(ORG, &filter, "", 50).await?;
    }
    "newest submissions of leads in the order of time", "submissions_of_lead" => {
        let filter = SubmissionFilter { newest_of_lead: true, ..SubmissionFilter::default() };
        store.look_at_submissions(ORG, &filter, "", 50).await?;
        let filter = SubmissionFilter { campaigns: campaigns(), ..filter };
        store.look_at_submissions(ORG, &filter, "", 50).await?;
    }
    "submissions by id", "key of submissions" => {
        store.submission_places(ORG, &["sub_10000001"]).await?;
        store.submissions_by_id(ORG, &["sub_10000001", "sub_10000011"]).await?;
    }
    "leads", "key of leads" => {
        store.leads(ORG, &["led_10000000", "led_10000004"]).await?;
    }
    "newest submissions of leads", "submissions_of_lead" => {
        for among in [None, campaigns().as_deref()] {
            store.newest_submissions_of_leads(ORG, &["led_10000000", "led_10000004"], among).await?;
        }
    }
    "tags of leads", "key of lead_tags" => {
        for among in [None, campaigns().as_deref()] {
            store.tags_of_leads(ORG, &["led_10000000", "led_10000004"], among).await?;
        }
    }
    "leads with a tag", "lead_tags_of_organization" => {
        store.leads_with_tag(ORG, "tag_1", None, "", 50).await?;
    }
    "leads with a tag in campaigns", "lead_tags_of_campaign" => {
        store.leads_with_tag(ORG, "tag_1", campaigns().as_deref(), "", 50).await?;
    }
    "submission", "key of submissions" => {
        store.submission(ORG, "sub_10000001").await?;
    }
    "timeline", "key of timeline" => {
        store.timeline(ORG, "sub_10000001").await?;
    }
    "last run", "key of timeline" => {
        store.last_run(ORG, "sub_10000001", None).await?;
    }
    "submission to run again", "key of submissions" => {
        store.submission_work(ORG, "sub_10000001").await?;
    }
    "message of a delivery", "key of deliveries" => {
        store.delivery_message(ORG, "dlv_10000001").await?;
    }
    "element", "key of submissions" => {
        store.element_place(ORG, "sub_10000001").await?;
    }
    "recent elements", "submissions_of_campaign" => {
        store.recent_elements(CAMPAIGN, 10).await?;
    }
    "newest decisions", "submissions_of_campaign" => {
        store.newest_decisions(CAMPAIGN, 10).await?;
    }
    "submission states", "key of submissions" => {
        store.submission_states(ORG, &["sub_10000001", "sub_10000011"]).await?;
    }
    "children", "submissions_of_parent" => {
        store.child_submissions(ORG, &["sub_10000001"]).await?;
    }
    "requests", "key of requests" => {
        store.requests(ORG, "", 50).await?;
    }
    "request", "key of requests" => {
        store.request(ORG, "req_10000001").await?;
        store.request_of_source(ORG, "key_1", "req_10000001").await?;
    }
    "requests to read", "key of requests" => {
        store.request_sizes(ORG, &["req_10000001"]).await?;
        store.requests_to_read(ORG, &["req_10000001"]).await?;
    }
    "rejected requests", "key of rejected_requests" => {
        store.rejected_requests(ORG, &RejectedFilter::default(), "", 50).await?;
    }
    "rejected requests of a source", "rejected_requests_of_source" => {
        let filter = RejectedFilter { source_key_id: "src_1".into(), ..RejectedFilter::default() };
        store.rejected_requests(ORG, &filter, "", 50).await?;
    }
    "rejected requests of a campaign", "rejected_requests_of_campaign" => {
        let filter = RejectedFilter { campaign_id: "C1".into(), ..RejectedFilter::default() };
        store.rejected_requests(ORG, &filter, "", 50).await?;
    }
    "rejected requests with a code", "rejected_requests_of_code" => {
        let filter = RejectedFilter { code: "code_1".into(), ..RejectedFilter::default() };
        store.rejected_requests(ORG, &filter, "", 50).await?;
    }
    "rejected request", "key of rejected_requests" => {
        store.rejected_request(ORG, "rej_10000000").await?;
        store.rejected_body(ORG, "rej_10000000").await?;
        store.delete_rejected_request(ORG, "rej_10000000", &entry("rejected_request.deleted"), NOW).await?;
    }
    "deliveries", "key of deliveries" => {
        store.deliveries(ORG, &DeliveryFilter::default(), "", 50).await?;
    }
    "newest delivery of a submission", "deliveries_of_submission" => {
        store.newest_delivery(ORG, "sub_10000001", DestinationKind::Client).await?;
    }
    "deliveries of a submission", "deliveries_of_submission" => {
        let filter = DeliveryFilter { submission_id: "sub_10000001".into(), ..DeliveryFilter::default() };
        store.deliveries(ORG, &filter, "", 50).await?;
    }
    "deliveries of a campaign", "deliveries_of_campaign" => {
        store.deliveries(ORG, &DeliveryFilter { campaign_key: CAMPAIGN.into(), ..DeliveryFilter::default() }, "", 50).await?;
    }
    "deliveries in a state", "deliveries_in_state" => {
        store.deliveries(ORG, &DeliveryFilter { state: Some(DeliveryState::Failed), ..DeliveryFilter::default() }, "", 50).await?;
    }
    "deliveries of a campaign in a state", "deliveries_in_state" => {
        let filter = DeliveryFilter { campaign_key: CAMPAIGN.into(), state: Some(DeliveryState::Failed), ..DeliveryFilter::default() };
        store.deliveries(ORG, &filter, "", 50).await?;
    }
    "delivery", "key of deliveries" => {
        store.delivery(ORG, "dlv_10000001").await?;
    }
    "reported events of an erasure", "events_of_subject" => {
        store.reported_events(ORG, "led_1", "", 20).await?;
        store.reported_events_of(ORG, &["led_1".to_owned()], "evt_20000000").await?;
    }
    "events of a submission", "events_of_subject" => {
        store.events_of_submission(ORG, "sub_10000001").await?;
    }
    "events to shape", "key of events" => {
        store.events_to_shape(ORG, &["evt_10000002"]).await?;
    }
    "lanes of submissions", "submissions_due" => {
        store.submission_lanes(&all_shards()).await?;
    }
    "lanes of deliveries", "deliveries_due" => {
        store.delivery_lanes(&all_shards()).await?;
    }
    "ages of backlogs", "submissions_due" => {
        store.backlogs_since().await?;
    }
    "due submissions", "submissions_due" => {
        store.due_submissions(CAMPAIGN, &all_shards(), 100, NOW).await?;
    }
    "due deliveries", "deliveries_due" => {
        store.due_deliveries("dst_1", &all_shards(), 100, NOW).await?;
    }
    "messages to send", "key of deliveries" => {
        store.messages_to_send(ORG, &["dlv_10000001"]).await?;
    }
    "known leads", "key of lead_identities" => {
        store.known_leads(ORG, &[[7; 32]]).await?;
    }
    "processed", "key of submissions" => {
        let from = DerivedFrom {
            parent_id: "sub_10000001".into(),
            request_id: "req_10000001".into(),
            shard: 1,
            element_start: 0,
            element_bytes: 2,
            received_at: 0,
        };
        let first =
            processed("sub_10000001", delivery("dlv_a", "sub_10000001"), event("evt_a", "sub_10000001"), None);
        let second = processed(
            "sub_10000001.1",
            delivery("dlv_b", "sub_10000001.1"),
            event("evt_b", "sub_10000001.1"),
            Some(from),
        );
        store.commit_processed("cmt_a", &[first, second], None, &RunStart { id: "run_a".into(), at: NOW }, NOW).await?;
    }
    "processed by a lifecycle", "key of submissions" => {
        // Two that were received, of which one gets the slot and the other is moved, and one that stays queued.
        let row = |id: &str| Processed {
            firsts: vec![First { scope: "dup:campaign:cmp_107:email".into(), key_hash: id.into(), received_at: 9, counts_from: 0 }],
            ..of_organization_7(processed(id, delivery(&format!("dlv_{id}"), id), event(&format!("evt_{id}"), id), None))
        };
        let queued = Processed {
            from: State::Queued,
            change: const { Change::of(State::Processing, State::Queued) },
            queue_run_at: Some(5),
            takes_slot: false,
            ..row("sub_10000507")
        };
        let without_slot = |row: &Processed, _: NoSlot| Processed {
            change: const { Change::of(State::Processing, State::Rejected) },
            moved_to: Some(moved_to()),
            takes_slot: false,
            delivery: None,
            events: Vec::new(),
            ..row.clone()
        };
        let premises = LifecyclePremises {
            campaign_key: "cmp_107".into(),
            revision: 0,
            periods: vec![SlotPeriod { period: "day", starts_at: 0, limit: 1 }],
            slots: b"[[\"day\",0]]".to_vec(),
            joins_queue: false,
            without_slot: Box::new(without_slot),
        };
        let run = RunStart { id: "run_b".into(), at: NOW };
        let batch = [row("sub_10000007"), row("sub_10001307"), queued];
        let committed = store.commit_processed("cmt_c", &batch, Some(&premises), &run, NOW).await?;
        assert_eq!((committed.written.len(), committed.without_slot.len()), (3, 2));
    }
    "who is queued", "submissions_in_state" => {
        let one = of_organization_7(processed("sub_10002607", delivery("dlv_q", "sub_10002607"), event("evt_q", "sub_10002607"), None));
        let premises = LifecyclePremises {
            campaign_key: "cmp_107".into(),
            revision: 0,
            periods: Vec::new(),
            slots: Vec::new(),
            joins_queue: true,
            without_slot: Box::new(|row: &Processed, _: NoSlot| row.clone()),
        };
        store.commit_processed("cmt_queued", &[one], Some(&premises), &RunStart { id: "run_c".into(), at: NOW }, NOW).await?;
    }
    "queued leads that are taken up", "submissions_in_release|submissions_in_state" => {
        look_at_queue(&store, CampaignState::Paused, None).await?;
    }
    "queued leads that wait", "submissions_queued|submissions_in_state" => {
        look_at_queue(&store, CampaignState::Active, None).await?;
    }
    "queued leads that expire", "submissions_expiring" => {
        look_at_queue(&store, CampaignState::Active, Some(1)).await?;
    }
    "first submissions", "key of first_submissions" => {
        store.first_submissions(ORG, &[("dup:campaign:cmp_101:email", b"1".as_slice())]).await?;
    }
    "stored leads", "key of submissions" => {
        store.stored_leads(ORG, &["sub_10000001"]).await?;
    }
    "total cap that begins to count", "submissions_of_tests" => {
        set_caps(&store, Caps { total: Some(9), ..Caps::default() }, "client").await?;
    }
    "day cap that begins to count", "deliveries_of_campaign" => {
        set_caps(&store, Caps { day: Some(9), ..Caps::default() }, "client").await?;
    }
    "cap of a campaign that stores only", "submissions_of_campaign" => {
        set_caps(&store, Caps { hour: Some(9), ..Caps::default() }, "store_only").await?;
    }
    "outcomes", "key of deliveries" => {
        let over = outcome("dlv_a", "sub_10000001", Next::Over("delivered"));
        store.commit_outcomes("cmt_b", &[over, outcome("dlv_b", "sub_10000001.1", Next::Hold)], NOW).await?;
    }
    "processed into an action", "key of submissions" => {
        let row = Processed {
            change: const { Change::of(State::Processing, State::PendingAction) },
            takes_slot: false,
            review_priority: Some(1),
            ..processed("sub_10000041", delivery("dlv_c", "sub_10000041"), event("evt_c", "sub_10000041"), None)
        };
        store.commit_processed("cmt_d", &[row], None, &RunStart { id: "run_c".into(), at: NOW }, NOW).await?;
    }
    "outcomes of actions", "key of submissions" => {
        let (lead, kept) = (Some(b"{}".to_vec()), b"{}".to_vec());
        let approved = Outcome {
            transition: None,
            action: Some(decision("sub_10000041", ActionVerdict::Approved { lead, kept })),
            ..outcome("dlv_c", "sub_10000041", Next::Over("delivered"))
        };
        store.commit_outcomes("cmt_e", &[approved], NOW).await?;
    }
    "actions", "key of submissions" => {
        store.action_work(ORG, &["sub_10000041"]).await?;
    }
    "decided review", "deliveries_of_submission" => {
        let waiting = ActionDecision {
            organization_id: "org_7".into(),
            revision: 3,
            events: vec![event("evt_d", "sub_10001707")],
            ..decision("sub_10001707", ActionVerdict::Rejected { kept: None })
        };
        let is_decided = store.commit_review(&waiting, &entry("submission.rejected"), NOW).await?;
        assert!(is_decided, "it waits for its action");
    }
    "release of actions", "submissions_in_state" => {
        store.release_actions("cmp_107", NOW).await?;
    }
    "reviews", "submissions_in_review" => {
        store.reviews(&ReviewsOf::Organization(ORG.into()), &ReviewPlace::start(), 50, 1 << 20).await?;
    }
    "reviews of a campaign", "submissions_in_review_of_campaign" => {
        store.reviews(&ReviewsOf::Campaign("cmp_107".into()), &ReviewPlace::start(), 50, 1 << 20).await?;
    }
    "outcome that gives a slot back", "key of submissions" => {
        let ended = outcome("dlv_sub_10000007", "sub_10000007", Next::Over("delivered"));
        let transition = ended.transition.clone().map(|transition| Transition {
            campaign_key: "cmp_107".into(),
            revision: 5,
            change: const { Change::of(State::Delivering, State::Rejected) },
            gives_slots_back: true,
            moved_to: Some(moved_to()),
            events: Vec::new(),
            ..transition
        });
        let ended = Outcome { organization_id: "org_7".into(), transition, ..ended };
        assert!(store.commit_outcomes("cmt_slots", &[ended], NOW).await?.contains("sub_10000007"));
    }
    "pings", "key of deliveries" => {
        store.ping_rows(ORG, &["dlv_10000001", "dlv_10000011"]).await?;
    }
    "leads that clients are asked about", "key of submissions" => {
        store.asked_leads(ORG, &["sub_10000001"]).await?;
    }
    "pings that end", "deliveries_of_submission" => {
        let ping = |id: &str| Outcome { asked_for: Some("sub_10000041".into()), transition: None, ..outcome(id, "sub_10000041", Next::Over("delivered")) };
        store.commit_outcomes("cmt_p", &[ping("dlv_10000041"), ping("dlv_10000042")], NOW).await?;
    }
    "pings that are canceled", "deliveries_of_submission" => {
        // One that is delivering as the tables are filled.
        let row = processed("sub_10000607", delivery("dlv_cp", "sub_10000607"), event("evt_cp", "sub_10000607"), None);
        let row = Processed { organization_id: "org_7".into(), campaign_key: "cmp_107".into(), from: State::Delivering, ..row };
        let run = RunStart { id: "run_cp".into(), at: NOW };
        store.commit_processed("cmt_cp", &[row], None, &run, NOW).await?;
    }
    "shaped", "key of deliveries" => {
        let key = |id: &str| DeliveryKey { organization_id: ORG.into(), id: id.into() };
        let failed = Shaped::Failed { attempt_id: "att_x".into(), detail: b"{}".to_vec() };
        let message = Shaped::Message(Message::new(None, vec![], vec![], None, None));
        store.commit_shaped(&[(key("dlv_10000001"), failed), (key("dlv_10000011"), message)], NOW).await?;
    }
    "defer", "key of submissions" => {
        store.defer_submissions(ORG, &["sub_10000001"], NOW).await?;
    }
    "release of submissions", "submissions_in_state" => {
        store.release_submissions("cmp_107", Release::Pending, "x", NOW).await?;
        store.release_submissions("cmp_107", Release::Quarantined, "x", NOW).await?;
    }
    "release of deliveries", "deliveries_in_state" => {
        store.release_deliveries("cmp_108", NOW).await?;
    }
    "resend", "key of deliveries" => {
        store.resend_delivery(ORG, "dlv_10000001", 1, &entry("delivery.resent"), NOW).await?;
    }
    "another receiver", "deliveries_in_state" => {
        let campaign = store.campaign(CAMPAIGN).await?.expect("a campaign");
        for url in ["https://a.example/", "https://b.example/"] {
            let (headers, url) = (BTreeMap::new(), url.to_owned());
            let (method, retries, timeout_s) = ("POST".to_owned(), 1, 1);
            let client = ClientEndpoint { url: url.clone(), method, headers, retries, timeout_s, rate_per_minute: None, ca_certificates: None, auth: None, ping: None };
            store.set_client(&campaign, &client, 10, &entry("endpoint.set"), NOW).await?;
            store.set_webhook(ORG, &webhook_settings(&url), 10, &entry("webhook.set"), NOW).await?;
        }
    }
    "secrets under another key", "key of destination_versions" => {
        store.rotate_key().await?;
    }
    "pause of a webhook", "key of destinations" => {
        store.pause_destination("dst_1", 1, Some(NOW), NOW).await?;
        store.claim_probe("dst_1", 1, NOW, NOW).await?;
        store.resume_destination("dst_1", 1).await?;
    }
    "what waits for a webhook", "deliveries_due" => {
        store.deliver_now("dst_1", NOW).await?;
    }
    "resend of many", "deliveries_of_webhook" => {
        let filter = ResendFilter { destination_id: "dst_9".into(), event: Some("x".into()), after: String::new(), before: String::new(), limit: 10 };
        store.resend_deliveries(ORG, &filter, 1, None, NOW).await?;
    }
    "deliveries to a webhook", "deliveries_of_webhook" => {
        for (campaign_key, state) in [("", None), ("cmp_101", Some(DeliveryState::Failed))] {
            let (campaign_key, destination_id) = (campaign_key.to_owned(), "dst_1".to_owned());
            let filter = DeliveryFilter { campaign_key, destination_id, state, ..DeliveryFilter::default() };
            store.deliveries(ORG, &filter, "", 50).await?;
        }
    }
    "commit", "key of commits" => {
        store.is_committed("cmt_10000000").await?;
        store.forget_commits("cmt_1").await?;
    }
    "old idempotency keys", "idempotency_expired" => {
        store.forget_piece(Piece::Keys(NOW)).await?;
    }
    "old rejected requests", "key of rejected_requests" => {
        store.forget_rejected(ORG, "rej_10000100", NOW).await?;
        store.prune_rejected(ORG, NOW).await?;
        store.prune_rejected_of_all(NOW).await?;
    }
    "old attempts", "key of attempts" => {
        store.forget_piece(Piece::Old(Old::Attempts, ORG, "zzzz")).await?;
    }
    "old events", "key of events" => {
        store.forget_piece(Piece::Old(Old::Events, ORG, "zzzz")).await?;
    }
    "old first submissions", "first_submissions_of_submission" => {
        store.forget_piece(Piece::Firsts(ORG, "zzzz", NOW)).await?;
    }
    "old requests", "key of requests" => {
        store.forget_requests(ORG, "req_10000100", NOW).await?;
    }
    "old versions", "campaign_versions_unused" => {
        store.forget_versions(NOW, NOW).await?;
    }
    "leads that run old versions", "submissions_in_state" => {
        store.is_run_by_leads(&Unused { id: "ver_10000001".into(), campaign_key: CAMPAIGN.into(), unused_since: NOW.0 }).await?;
    }
    "messages that run old versions", "deliveries_in_state" => {
        store.is_run_by_messages(&Unused { id: "ver_10000001".into(), campaign_key: CAMPAIGN.into(), unused_since: NOW.0 }).await?;
    }
    "old jobs", "key of jobs" => {
        store.forget_piece(Piece::Old(Old::Jobs, "org_9", "zzzz")).await?;
    }
    "old bulk jobs", "key of bulk_jobs" => {
        store.forget_piece(Piece::Old(Old::BulkJobs, "org_9", "zzzz")).await?;
    }
    "bulk jobs that are due", "bulk_jobs_due" => {
        store.due_bulk_jobs(NOW).await?;
    }
    // The first that creates one: a statement is asked about once.
    "bulk jobs that are open", "bulk_jobs_open" => {
        let new = NewBulkJob { operation: BulkOperation::Withdraw, filter: &BulkFilter::default(), campaigns: None, total: 1, is_total_estimated: true };
        store.create_bulk_job("org_2", &new, &entry("bulk_job.created"), NOW).await?;
    }
    "bulk jobs", "key of bulk_jobs" => {
        let filter = BulkFilter { states: vec![State::Failed], ids: vec!["sub_10000001".into()], ..BulkFilter::default() };
        let new = NewBulkJob { operation: BulkOperation::Repost, filter: &filter, campaigns: Some(&[]), total: 1, is_total_estimated: false };
        let entry = entry("bulk_job.created");
        let job = store.create_bulk_job(ORG, &new, &entry, NOW).await?.expect("there is room");
        store.bulk_jobs(ORG, "", 50).await?;
        store.bulk_job_ids(ORG, &job.id).await?;
        let open = OpenJob { organization_id: ORG.into(), id: job.id.clone(), is_running: false, host: String::new() };
        store.take_bulk_job(&open, "host_1", NOW).await?;
        let job = store.bulk_job(ORG, &job.id).await?.expect("it is there");
        let piece = BulkPiece { job: &job, cursor: &BulkCursor::default(), matched: 0, failed: 0 };
        store.pass_bulk_piece(&piece, NOW).await?;
        store.complete_bulk_job(&job, &BulkCursor::default(), NOW).await?;
        store.cancel_bulk_job(ORG, &job.id, &entry, NOW).await?;
        store.release_bulk_jobs("").await?;
    }
    "candidates of a bulk job", "submissions_in_state" => {
        store.bulk_candidates(CAMPAIGN, State::Failed, "", true, 100).await?;
    }
    "lines of candidates", "key of timeline" => {
        store.bulk_candidates("cmp_102", State::Rejected, "", false, 100).await?;
    }
    "candidates by id", "key of submissions" => {
        store.bulk_candidates_by_id(ORG, &["sub_10000001", "sub_10000011"], true).await?;
    }
    "changes by people", "key of submissions" => {
        let entry = entry("submission.withdrawn");
        let by = AskedBy::Person { entry: &entry, subject: "sub_10000001", must_change: false };
        store.change_submissions(&[withdrawn("sub_10000001"), withdrawn("sub_10000011")], "withdrawn", b"{}", by, NOW).await?;
    }
    "messages of what is withdrawn", "deliveries_of_submission" => {
        // Those that wait for it, so that the statement is reached.
        let entry = entry("submission.withdrawn");
        let by = AskedBy::Person { entry: &entry, subject: "sub_x", must_change: false };
        let found = store.bulk_candidates("cmp_107", State::PendingAction, "", false, 1).await?;
        let changes: Vec<SubmissionChange> = found.iter().map(|one| SubmissionChange { organization_id: "org_7".into(), id: one.id.clone(), campaign_key: one.campaign_key.clone(), revision: one.revision, ..withdrawn("") }).collect();
        assert!(!changes.is_empty(), "no submission of the campaign waits for its action");
        store.change_submissions(&changes, "withdrawn", b"{}", by, NOW).await?;
    }
    "reposts of submissions", "submissions_of_parent" => {
        let entry = entry("submission.reposted");
        let by = AskedBy::Person { entry: &entry, subject: "sub_10000001", must_change: false };
        let edited = EditedLead { lead_id: Some("led_1".into()), lead: b"{}".to_vec() };
        store.repost_submissions(&[repost("sub_10000001", None), repost("sub_10000011", Some(edited))], "reposted", b"{}", by, NOW).await?;
    }
    "jobs", "key of jobs" => {
        let [user_id, key_id, operation, path, request_id, host] = ["x"; 6].map(str::to_owned);
        let new = NewJob { organization_id: ORG.into(), user_id, key_id, operation, path, request_id, host };
        let job = store.begin_job(&new, NOW).await?;
        store.end_job(ORG, &job.id, &JobEnd { status: 200, content_type: None, response: None }, NOW).await?;
        store.jobs(ORG, "", 50).await?;
        store.job(ORG, &job.id).await?;
        store.job_response(ORG, &job.id).await?;
    }
    "leads of an erasure", "submissions_of_lead" => {
        store.submissions_of_lead(ORG, "led_1", ("", "zzzz"), 50).await?;
        store.leads_of_submissions(ORG, &["sub_10000001"]).await?;
    }
    "identities of a lead", "lead_identities_of_lead" => {
        let new = NewErasure { organization_id: ORG, person_hash: [1; 32], person: b"{}", progress: b"{}" };
        let id = store.begin_erasure(&new, 10, &entry("erasure.requested"), NOW).await?.expect("there is room");
        assert!(store.finish_erasure(&OpenErasure { id, ..erasure() }, &["led_1".into()], &["evt_10000001".into()], b"s", b"{}", NOW).await?);
    }
    "submissions that were never mapped", "submissions_in_state" => {
        store.submissions_to_search(CAMPAIGN, State::Canceled, ("", "zzzz"), 50).await?;
        store.has_received(ORG, "sub_10000001").await?;
    }
    "marked submissions", "submissions_to_erase" => {
        store.mark_submissions(&erasure(), &["sub_10000001"]).await?;
        store.marked_submissions("era_1", &all_shards(), "", 50).await?;
        store.has_marked("era_1").await?;
        store.erasure(ORG, "era_1").await?;
    }
    "deliveries of marked submissions", "deliveries_of_submission" => {
        store.marked_deliveries(ORG, &["sub_10000001"]).await?;
        store.erase_event_messages(&erasure(), &["sub_10000001"], NOW).await?;
        store.suspend_marked(ORG, &["sub_10000001"]).await?;
    }
    "erased submissions", "key of submissions" => {
        store.request_elements(ORG, "req_10000001").await?;
        let piece = erasure_piece(&store).await?;
        store.erase_submissions(&erasure(), &piece, NOW).await?;
    }
    "erased elements", "key of requests" => {
        store.erasable_request(ORG, "req_10000001").await?;
        store.request_origin(ORG, "req_10000001").await?;
        store.responses_to_search(ORG, ("", "zzzz"), 50).await?;
        store.erase_elements(&erasure(), &erased_body("req_10000021"), 1, NOW).await?;
    }
    "erased rejected requests", "key of rejected_requests" => {
        store.erase_rejected(&erasure(), "rej_10000010", NOW).await?;
    }
    "erased jobs", "key of jobs" => {
        store.erase_jobs(&erasure(), &["dryRun"], "zzzz").await?;
    }
    "audit lines", "audit_of_organization" => {
        store.audit_lines(ORG, "", 50).await?;
    }
    "versions of a campaign", "campaign_versions_by_version" => {
        store.campaign_versions(CAMPAIGN, 50).await?;
    }
    "counts", "key of counts" => {
        store.submission_counts(CAMPAIGN).await?;
        store.bytes_held(ORG, Held::Requests).await?;
        store.backlog_rows(Whose::Organization(ORG)).await?;
        store.backlog_rows(Whose::All).await?;
    }
}

/// Sets caps on the campaign that has submissions in every state.
async fn set_caps(store: &Store, caps: Caps, delivery: &str) -> Result<(), StoreError> {
    let campaign = store.campaign("cmp_107").await?.expect("it was inserted");
    let campaign = Campaign { delivery: delivery.into(), ..campaign };
    let lifecycle = Lifecycle { caps: Some(caps), ..Lifecycle::default() };
    store.set_lifecycle(&campaign, &lifecycle, &entry("lifecycle.set"), Timestamp(1)).await
}

fn campaigns() -> Option<Vec<String>> {
    Some(vec![CAMPAIGN.to_owned(), "cmp_111".to_owned()])
}

fn entry(action: &'static str) -> AuditEntry {
    AuditEntry { organization_id: Some(ORG.into()), user_id: "usr_1".into(), action }
}

/// Looks at the queue of a campaign that comes to this state, which no other statement asks for.
async fn look_at_queue(store: &Store, state: CampaignState, expires_after_ms: Option<i64>) -> Result<(), StoreError> {
    let campaign = store.campaign("cmp_107").await?.expect("a campaign");
    let lifecycle = Lifecycle { queue_expires_after_hours: Some(1), ..Lifecycle::default() };
    store.set_lifecycle(&campaign, &lifecycle, &entry("lifecycle.set"), NOW).await?;
    store.move_campaign(&campaign, state, &entry("campaign.moved"), NOW).await?;
    let moment = LocalLifecycle::new(lifecycle, "UTC").expect("a zone").at(NOW);
    let revision = campaign.lifecycle_revision + 1;
    let rules = QueueRules { campaign_key: &campaign.key, revision, moment: &moment, expires_after_ms, window: 10_000 };
    store.look_at_queue(&rules, NOW).await?;
    store.campaigns_with_queue(NOW, 1).await?;
    Ok(())
}

fn erasure() -> OpenErasure {
    let (id, organization_id, progress) = ("era_1".to_owned(), ORG.to_owned(), b"{}".to_vec());
    OpenErasure { id, organization_id, requested_at: NOW, person: b"{}".to_vec(), progress }
}

fn erased_body(request_id: &str) -> ErasedBody {
    let (erased, body, metadata) = (b"{}".to_vec(), Vec::new(), b"{}".to_vec());
    ErasedBody {
        request_id: request_id.into(),
        erased_before: None,
        erased,
        body,
        metadata,
        is_whole: true,
        bytes_before: 4,
    }
}

/// What erases a submission that has ended, with its request.
async fn erasure_piece(store: &Store) -> Result<ErasurePiece, StoreError> {
    store.mark_submissions(&erasure(), &["sub_10000051"]).await?;
    let row = store.marked_submissions("era_1", &all_shards(), "sub_10000050", 1).await?.remove(0);
    let row = MarkedSubmission { cap_slots: Some(b"[[\"day\",0]]".to_vec()), ..row };
    let (deliveries, events, related_leads) = (Vec::new(), Vec::new(), vec!["led_9".to_owned()]);
    let erased = ErasedSubmission { row, deliveries, change: None, gives_slots_back: true, events, related_leads };
    let bodies = vec![erased_body("req_10000001")];
    Ok(ErasurePiece { submissions: vec![erased], bodies, elements: 1, shared_elements: vec!["sub_10000021".into()] })
}

fn all_shards() -> Vec<u16> {
    (0..SHARDS).collect()
}

fn processed(id: &str, delivery: NewDelivery, event: NewEvent, derived_from: Option<DerivedFrom>) -> Processed {
    Processed {
        id: id.into(),
        organization_id: "org_1".into(),
        campaign_key: "cmp_101".into(),
        shard: 1,
        revision: 3,
        from: State::Received,
        change: const { Change::of(State::Processing, State::Delivering) },
        cause: "shaped",
        detail: None,
        campaign_version_id: None,
        leaves_stored: false,
        lead: Some(ProcessedLead {
            lead_id: "led_1".into(),
            identities: vec![[7; 32]],
            lead: b"{}".to_vec(),
            is_test: false,
            is_counted: false,
            tags: ["vip".to_owned()].into(),
        }),
        decision: None,
        value_sets: None,
        kept: None,
        firsts: Vec::new(),
        takes_slot: true,
        review_priority: None,
        seeks_slot: false,
        run_at: None,
        queue_run_at: None,
        moved_to: None,
        delivery: Some(delivery),
        pings: Vec::new(),
        events: vec![event],
        derived_from,
    }
}

fn withdrawn(id: &str) -> SubmissionChange {
    SubmissionChange {
        organization_id: ORG.into(),
        id: id.into(),
        campaign_key: CAMPAIGN.into(),
        revision: 3,
        change: const { Change::of(State::PendingAction, State::Canceled) },
        kept: None,
        events: vec![],
    }
}

fn repost(parent_id: &str, edited: Option<EditedLead>) -> Repost {
    Repost {
        organization_id: ORG.into(),
        parent_id: parent_id.into(),
        campaign_key: CAMPAIGN.into(),
        kept: b"{}".to_vec(),
        edited,
        received_at: NOW,
    }
}

/// The same of the campaign that has submissions in every state.
fn of_organization_7(row: Processed) -> Processed {
    Processed { organization_id: "org_7".into(), campaign_key: "cmp_107".into(), ..row }
}

fn webhook_settings(url: &str) -> WebhookSettings {
    let settings = serde_json::json!({"enabled": true, "url": url, "events": [], "headers": {}, "retries": 1, "timeout_s": 1, "secrets": []});
    serde_json::from_value(settings).expect("settings")
}

fn moved_to() -> MovedTo {
    MovedTo { campaign_key: "cmp_117".into(), campaign_id: "C17".into(), kept: b"{}".to_vec() }
}

fn delivery(id: &str, submission_id: &str) -> NewDelivery {
    NewDelivery {
        id: id.into(),
        organization_id: "org_1".into(),
        campaign_key: "cmp_101".into(),
        submission_id: submission_id.into(),
        event_id: None,
        destination_id: "dst_1".into(),
        destination_version: 1,
        destination_kind: DestinationKind::Client,
        shard: 1,
        retries_max: 3,
        expires_at: None,
        campaign_version_id: None,
        message: Some(Message::new(None, vec![], vec![], None, Some(b"{}".to_vec()))),
        is_suppressed: false,
    }
}

fn event(id: &str, submission_id: &str) -> NewEvent {
    NewEvent {
        id: id.into(),
        organization_id: "org_1".into(),
        campaign_key: "cmp_101".into(),
        submission_id: submission_id.into(),
        name: "submission.accepted",
        status: "delivering",
        details: b"{}".to_vec(),
        occurred_at: NOW,
        deliveries: Vec::new(),
    }
}

fn decision(submission_id: &str, verdict: ActionVerdict) -> ActionDecision {
    ActionDecision {
        submission_id: submission_id.into(),
        organization_id: "org_1".into(),
        campaign_key: "cmp_101".into(),
        revision: 5,
        verdict,
        cause: "action_approved",
        detail: b"{}".to_vec(),
        events: Vec::new(),
    }
}

fn outcome(delivery_id: &str, submission_id: &str, next: Next) -> Outcome {
    Outcome {
        delivery_id: delivery_id.into(),
        organization_id: "org_1".into(),
        attempts_before: 0,
        attempt: Some(Attempt {
            id: format!("att_{delivery_id}"),
            started_at: NOW,
            elapsed_ms: 1,
            status: Some(200),
            outcome: "accepted",
            detail: b"{}".to_vec(),
        }),
        next,
        is_unanswered: false,
        transition: Some(Transition {
            submission_id: submission_id.into(),
            campaign_key: "cmp_101".into(),
            revision: 4,
            change: const { Change::of(State::Delivering, State::Delivered) },
            cause: "client_accepted",
            detail: b"{}".to_vec(),
            events: vec![event(&format!("evt_{delivery_id}"), submission_id)],
            gives_slots_back: false,
            moved_to: None,
        }),
        action: None,
        asked_for: None,
    }
}
