//! Standard error that nobody reads, or that is gone: the host goes on, and says so where it can.

use hookmill_tests::process::Stderr;
use hookmill_tests::rig::CAMPAIGN;
use hookmill_tests::{Kind, Rig};
use serde_json::json;
use std::time::Duration;

/// How long a lead may take.
const BOUND: Duration = Duration::from_secs(20);

/// H7: a host whose log can't be written posts, delivers, is ready, and ends as it should.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_can_not_be_written_stops_nothing() {
    for stderr in [Stderr::Closed, Stderr::Unread] {
        let (rig, host) = Rig::new(Kind::Sqlite).await;
        assert!(host.terminate().await.success());
        let host = rig.host_without_log(0, stderr).await;
        let source = rig.source(&host);
        // Each of these leaves some lines at this level.
        for n in 0..200 {
            let lead = json!({"campaign_id": CAMPAIGN, "email": format!("{n}@x.example"), "marker": format!("m{n}")});
            let batch = json!({"idempotency_key": format!("k{n}"), "leads": [lead]});
            source.post("/v1/leads", &batch).await.expect(202);
        }
        tokio::time::timeout(BOUND, rig.wait_until_idle(&host)).await.expect("all are delivered");
        assert_eq!(host.client().get("/readyz").await.status, 200, "{stderr:?}");
        let status = host.terminate().await;
        assert!(status.success(), "{stderr:?}: {status}");
    }
}
