//! Persons (L12): what is kept of one is exported, and erased so that nothing of it is left in the whole database, while everybody else's data
//! stays as it was.

mod under_way;
mod whose;

use flate2::Compression;
use flate2::read::GzEncoder;
use hookmill_domain::erasure::message_digest;
use hookmill_tests::client::send;
use hookmill_tests::world::submission_ids;
use hookmill_tests::{Behaviour, Client, Kind, Response, World, command_line, on_both};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Read;
use std::time::Duration;

const ERASURES: &str = "/v1/erasures";
const EXPORT: &str = "/v1/persons/export";
const ANN: &str = "Ann.Smith@x.example";
const BOB: &str = "bob@x.example";
/// What nobody but Ann has: her address, her name, her number in both ways it is written.
const OF_ANN: [&str; 4] = [ANN, "annabella", "5125550177", "555-0177"];
const PATIENCE: Duration = Duration::from_secs(60);

/// A document that is strict with what it reads, and has a rule.
const STRICT: &str = "
version: 1
map:
  fields:
    email: {from: email, then: [email], on_error: fail}
    phone: {from: phone, then: [phone], on_error: fail}
    first_name: first_name
    state: state
qualify:
  - {name: states, field: state, op: in, values: [CA, TX], reason: not served}
";

fn ann(campaign: &str) -> Value {
    json!({"campaign_id": campaign, "email": ANN, "first_name": "Annabella", "phone": "512-555-0177", "state": "TX"})
}

fn bob(campaign: &str) -> Value {
    json!({"campaign_id": campaign, "email": BOB, "first_name": "Bob", "phone": "512-555-0188", "state": "TX"})
}

/// Erases a person and waits for the end; returns the receipt.
async fn erase(admin: &Client, person: &Value) -> Value {
    let begun = admin.post(ERASURES, person).await.expect(201);
    wait_until_done(admin, &begun.str("id")).await
}

async fn wait_until_done(admin: &Client, id: &str) -> Value {
    let done = async {
        loop {
            let receipt = admin.get(&format!("{ERASURES}/{id}")).await.expect(200).json;
            if receipt["state"] == "done" {
                return receipt;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, done).await.expect("the erasure ends")
}

/// All pages of an export, one after the other.
async fn export(admin: &Client, person: &Value) -> Vec<Value> {
    let (mut pages, mut from) = (Vec::new(), String::new());
    loop {
        let page = admin.post(&format!("{EXPORT}{from}"), person).await.expect(200).json;
        let next = page["next"].as_str().map(|next| format!("?from={next}"));
        pages.push(page);
        match next {
            Some(next) => from = next,
            None => return pages,
        }
    }
}

/// What the pages of an export have of one list.
fn all<'a>(pages: &'a [Value], list: &str) -> Vec<&'a Value> {
    pages.iter().flat_map(|page| page[list].as_array().unwrap()).collect()
}

fn ids_of(rows: &[&Value]) -> BTreeSet<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn causes(page: &Value) -> Vec<&str> {
    page["timeline"].as_array().unwrap().iter().map(|line| line["cause"].as_str().unwrap()).collect()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    GzEncoder::new(body, Compression::fast()).read_to_end(&mut packed).unwrap();
    packed
}

/// The deliveries of a submission, each with its message and its attempts.
async fn deliveries(world: &World, submission: &str) -> Vec<Value> {
    let page = world.admin.get(&format!("/v1/deliveries?submission={submission}")).await.expect(200).json;
    let mut found = Vec::new();
    for row in page["items"].as_array().unwrap() {
        let id = row["id"].as_str().unwrap();
        found.push(world.admin.get(&format!("/v1/deliveries/{id}")).await.expect(200).json);
    }
    found
}

/// Everything that the API shows of a submission.
async fn read_page(world: &World, submission: &str) -> (Value, Vec<Value>) {
    (world.submission(submission).await, deliveries(world, submission).await)
}

/// Leads of Ann and Bob in every shape and state, each way they can come.
struct Scene {
    ann: Vec<String>,
    bob: Vec<String>,
    /// The batch of both, as it can be sent again.
    batch: Value,
    /// The submission of Ann that was delivered.
    delivered: String,
    /// Those that have not ended.
    waiting: Vec<String>,
}

impl Scene {
    async fn set(world: &World) -> Self {
        world.subscribe().await;
        world.campaign("CAMP", "").await;
        world.campaign("ECHO", "").await;
        world.campaign("STRICT", STRICT).await;
        world.draft("DRAFT", "").await;
        let seen = json!({"seen": ANN, "text": "Annabella is known"});
        world.receiver.always("/client/ECHO", Behaviour::json(200, &seen));

        let leads = json!([ann("CAMP"), bob("CAMP"), ann("NONE"), bob("NONE")]);
        let batch = json!({"idempotency_key": format!("{ANN}/1"), "leads": leads});
        let accepted = world.source.post("/v1/leads", &batch).await.expect(202);
        let [batch_ann, batch_bob] = submission_ids(&accepted).try_into().unwrap();

        let body = format!(
            "[{{\"email\":\"{ANN}\",\"first_name\":\"Annabella\\u0041\"}},{{\"email\":\"{BOB}\",\"note\":\"Zo\u{eb}\nx\"}}]"
        );
        let latin: Vec<u8> = body.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
        let request = world.source.request("POST", &format!("/v1/campaigns/CAMP/leads?ref={ANN}"));
        let request =
            request.header("content-type", "application/json; charset=latin1").header("content-encoding", "gzip");
        let listed = send(request.body(gzip(&latin))).await.expect(202);
        let [list_ann, list_bob] = submission_ids(&listed).try_into().unwrap();

        let form = format!("email={}&first_name=Annabella&phone=512-555-0177", ANN.replace('@', "%40"));
        let form = post(world, "ECHO", "application/x-www-form-urlencoded", form.as_bytes()).await.expect(202);
        let draft = post(world, "DRAFT", "application/json", ann("DRAFT").to_string().as_bytes()).await.expect(202);
        let mut broken = ann("STRICT");
        broken["phone"] = json!("no number of Annabella");
        let mut far = ann("STRICT");
        far["state"] = json!("Annabella");
        let strict = world.push(json!([broken, far, bob("STRICT")])).await;
        let [broken, far, strict_bob] = submission_ids(&strict).try_into().unwrap();

        post(world, "CAMP", "application/json", format!("{{\"email\":\"{ANN}\",").as_bytes())
            .await
            .expect_error(400, "invalid_json");
        post(world, "CAMP", "application/json", format!("{{\"email\":\"{BOB}\",").as_bytes())
            .await
            .expect_error(400, "invalid_json");
        world.settle().await;
        let one = |response: &Response| submission_ids(response).remove(0);
        let waiting = vec![one(&draft), broken.clone()];
        let ann = vec![batch_ann.clone(), list_ann, one(&form), one(&draft), broken, far];
        Self { ann, bob: vec![batch_bob, list_bob, strict_bob], batch, delivered: batch_ann, waiting }
    }
}

async fn post(world: &World, campaign: &str, content_type: &str, body: &[u8]) -> Response {
    world.source.post_bytes(&format!("/v1/campaigns/{campaign}/leads"), content_type, body.to_vec()).await
}

on_both! {
    /// L12: after an erasure nothing of the person is anywhere in the database, and everything of everybody else is as it was.
    async fn l12_nothing_is_left_of_an_erased_person(kind: Kind) {
        let mut world = World::new(kind).await;
        let scene = Scene::set(&world).await;
        for (id, state) in scene.ann.iter().zip(["delivered", "delivered", "delivered", "pending", "quarantined", "disqualified"]) {
            assert_eq!(world.state(id).await, state, "{id}");
        }
        let input = json!({"body": ann("CAMP")});
        let dry_run = world.admin.request("POST", "/v1/campaigns/CAMP/dry-run").header("prefer", "respond-async");
        let job = send(dry_run.header("content-type", "application/json").body(input.to_string())).await;
        let lead_id = world.submission(&scene.delivered).await["lead_id"].as_str().unwrap().to_owned();
        let of_ann = [OF_ANN.as_slice(), &[lead_id.as_str()]].concat();
        let before = world.places_of(&of_ann).await;
        for place in ["submissions.lead", "submissions.decision", "requests.body", "requests.metadata", "timeline.detail", "deliveries.message_body", "attempts.detail", "rejected_requests.body", "leads.id"] {
            assert!(before.contains(place), "{place} is not where it should be: {before:?}");
        }
        let mut of_bob = Vec::new();
        for id in &scene.bob {
            of_bob.push(read_page(&world, id).await);
        }
        let sent = world.receiver.at("/client/CAMP").into_iter().find(|request| request.header("hookmill-submission-id") == scene.delivered);
        let sent = sent.expect("it was sent").body;

        world.clock.advance_ms(60_000);
        let receipt = erase(&world.admin, &json!({"email": ANN.to_uppercase()})).await;
        world.settle().await;
        let erased = &receipt["erased"];
        assert_eq!((&erased["submissions"], &erased["canceled"], &erased["elements"]), (&json!(6), &json!(2), &json!(7)), "{receipt}");
        assert_eq!((&erased["leads"], &erased["rejected_requests"]), (&json!(1), &json!(1)), "{receipt}");
        assert_eq!(receipt["under_way"], json!([]));
        assert!(receipt["remains"].as_array().unwrap().iter().all(|one| !one["why"].as_str().unwrap().is_empty()));
        assert_eq!(world.places_of(&of_ann).await, BTreeSet::new());

        for (id, before) in scene.bob.iter().zip(of_bob) {
            assert_eq!(read_page(&world, id).await, before, "{id}");
            let replayed = world.admin.get(&format!("/v1/submissions/{id}/replay")).await.expect(200).json;
            assert_eq!(replayed["same"], true, "{replayed}");
        }
        for id in &scene.ann {
            let page = world.submission(id).await;
            assert_eq!((&page["erased_at"], &page["lead"], &page["element"]), (&json!("2026-03-01T12:01:00Z"), &Value::Null, &Value::Null), "{page}");
            world.admin.get(&format!("/v1/submissions/{id}/replay")).await.expect_error(410, "erased");
        }
        for id in &scene.waiting {
            let page = world.submission(id).await;
            assert_eq!((&page["state"], *causes(&page).last().unwrap()), (&json!("canceled"), "erased"), "{page}");
            let told = world.receiver.at("/subscriber").into_iter().map(|request| request.json());
            let told: Vec<Value> = told.filter(|event| event["submissionId"] == *id && event["event"] == "lead.processed").collect();
            assert_eq!(told.len(), 1, "{told:?}");
            assert_eq!((&told[0]["leadId"], &told[0]["status"]), (&Value::Null, &json!("canceled")));
            let text = told[0].to_string().to_lowercase();
            assert!(!of_ann.iter().any(|part| text.contains(&part.to_lowercase())), "{text}");
        }
        // What was sent stays as a hash, and is not sent again.
        let of_client = deliveries(&world, &scene.delivered).await;
        let to_client = of_client.iter().find(|delivery| delivery["event_id"].is_null()).unwrap();
        let digest: String = message_digest(&[], Some(&sent)).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((&to_client["message_digest"], &to_client["message"], &to_client["state"]), (&json!(digest), &Value::Null, &json!("delivered")));
        assert_eq!((&to_client["log"][0]["status"], &to_client["log"][0]["detail"]), (&json!(200), &json!({})));
        let of_event = of_client.iter().find(|delivery| !delivery["event_id"].is_null()).unwrap()["id"].as_str().unwrap();
        world.admin.post(&format!("/v1/deliveries/{of_event}/resend"), &json!({})).await.expect_error(410, "erased");
        // Its request is still known by its key.
        world.source.post("/v1/leads", &scene.batch).await.expect_error(409, "duplicate_request");
        // What a job showed of a lead is gone with it.
        if job.status == 202 {
            world.admin.get(&format!("/v1/jobs/{}", job.str("id"))).await.expect_error(404, "not_found");
        }
        // The duplicate above is not kept: all of it is here. Nor is anything in the files, once they are written anew.
        assert_eq!(world.places_of(&of_ann).await, BTreeSet::new());
        if kind == Kind::Sqlite {
            world.change_rows("vacuum").await;
            world.restart().await;
            for file in world.data_files() {
                let bytes = std::fs::read(&file).unwrap().to_ascii_lowercase();
                for text in OF_ANN {
                    let text = text.to_lowercase().into_bytes();
                    assert!(!bytes.windows(text.len()).any(|part| part == text), "{}", file.display());
                }
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// L12: an export has all that a person's data is, and nothing of anybody else's.
    async fn l12_an_export_has_all_of_a_person_and_of_nobody_else(kind: Kind) {
        let world = World::new(kind).await;
        let scene = Scene::set(&world).await;
        let pages = export(&world.admin, &json!({"email": ANN})).await;
        let submissions = all(&pages, "submissions");
        assert_eq!(ids_of(&submissions), scene.ann.iter().cloned().collect());
        assert_eq!(submissions.len(), scene.ann.len(), "each once");
        let leads = all(&pages, "leads");
        assert_eq!((leads.len(), &leads[0]["submissions"]), (1, &json!(4)), "of those that were mapped: {leads:?}");
        let of = |id: &str| *submissions.iter().find(|one| one["id"] == *id).unwrap();
        let delivered = of(&scene.delivered);
        assert_eq!((&delivered["lead"]["email"], &delivered["element"]["phone"]), (&json!(ANN.to_lowercase()), &json!("512-555-0177")));
        assert_eq!(delivered["request"]["channel"], "batch");
        let sent = delivered["deliveries"].as_array().unwrap();
        assert!(sent.iter().any(|delivery| delivery["message"]["body"].as_str().is_some_and(|body| body.contains("Annabella"))), "{sent:?}");
        assert_eq!(of(&scene.ann[1])["request"]["query"], json!([["ref", ANN]]));
        assert!(of(&scene.ann[2])["deliveries"].to_string().contains("Annabella is known"), "what was logged of responses");
        assert_eq!((&of(&scene.ann[3])["state"], &of(&scene.ann[3])["element"]["first_name"]), (&json!("pending"), &json!("Annabella")));
        assert!(of(&scene.ann[4])["timeline"].to_string().contains("no number of Annabella"));
        let rejected = all(&pages, "rejected_elements");
        assert_eq!((rejected.len(), &rejected[0]["index"], &rejected[0]["code"]), (1, &json!(2), &json!("campaign_unknown")));
        assert_eq!(rejected[0]["element"]["email"], ANN);
        assert_eq!(all(&pages, "rejected_requests").len(), 1);
        assert!(!pages.iter().any(|page| page.to_string().contains(BOB)));

        let by_phone = export(&world.admin, &json!({"phone": "+1 512-555-0177"})).await;
        assert_eq!(ids_of(&all(&by_phone, "submissions")), scene.ann.iter().cloned().collect(), "whose addresses belong together");
        let nobody = export(&world.admin, &json!({"email": "nobody@x.example"})).await;
        assert!(["leads", "submissions", "rejected_elements", "rejected_requests"].iter().all(|list| all(&nobody, list).is_empty()));
        world.admin.post(&format!("{EXPORT}?from=elsewhere"), &json!({"email": ANN})).await.expect_error(422, "invalid");

        let lines = world.admin.get("/v1/audit?limit=200").await.expect(200);
        let exported = lines.json["items"].as_array().unwrap().iter().filter(|line| line["action"] == "person.exported").count();
        assert_eq!(exported, pages.len() + by_phone.len() + nobody.len(), "each page leaves a line");
        assert!(!lines.text.to_lowercase().contains("ann.smith"), "and none of them names the person");
        erase(&world.admin, &json!({"phone": "+15125550177"})).await;
        let nothing = export(&world.admin, &json!({"email": ANN})).await;
        assert!(["leads", "submissions", "rejected_elements", "rejected_requests"].iter().all(|list| all(&nothing, list).is_empty()));
        world.stop().await;
    }
}

/// L12 I14: what is given wrongly says what is wrong, and nothing is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l12_a_person_is_named_by_one_address() {
    let world = World::new(Kind::Sqlite).await;
    for (body, path) in [
        (json!({}), ""),
        (json!({"email": "a@x.example", "phone": "+15125550100"}), "phone"),
        (json!({"email": "nobody"}), "email"),
        (json!({"phone": "12"}), "phone"),
        (json!({"email": null, "phone": "call me"}), "phone"),
    ] {
        for address in [ERASURES, EXPORT] {
            let error = world.admin.post(address, &body).await.expect_error(422, "invalid").json;
            assert_eq!(error["error"]["details"][0]["path"], path, "{address} {body}");
        }
    }
    world.admin.post(ERASURES, &json!({"mail": "a@x.example"})).await.expect_error(422, "invalid");
    assert_eq!(world.admin.get(ERASURES).await.expect(200).json["items"], json!([]));
    world.admin.get(&format!("{ERASURES}/era_none")).await.expect_error(404, "not_found");
    let receipt = erase(&world.admin, &json!({"email": "nobody@x.example"})).await;
    assert!(receipt["erased"].as_object().unwrap().values().all(|count| *count == 0), "{receipt}");
    world.stop().await;
}

/// L12: the same at the command line, against a host that runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l12_persons_at_the_command_line() {
    let world = World::new(Kind::Sqlite).await;
    let scene = Scene::set(&world).await;
    let exported = command_line::print(&world.admin, &["persons", "export", "--email", ANN]).await;
    let document: Value = serde_json::from_str(&exported).unwrap();
    assert_eq!(document["submissions"].as_array().unwrap().len(), scene.ann.len());
    let careless = command_line::fail(&world.admin, &["persons", "erase", "--email", ANN]).await;
    assert!(careless.contains("--yes"), "{careless}");
    assert!(!world.places_of(&[ANN]).await.is_empty());
    command_line::fail(&world.admin, &["persons", "erase", "--yes"]).await;
    let receipt = command_line::print(&world.admin, &["persons", "erase", "--email", ANN, "--yes"]).await;
    assert!(receipt.contains("erased submissions: 6\n") && receipt.contains("remains: receivers: "), "{receipt}");
    assert_eq!(world.places_of(&[ANN]).await, BTreeSet::new());
    let listed = command_line::print(&world.admin, &["persons", "erasures"]).await;
    let id = listed.lines().find_map(|line| line.split_whitespace().find(|word| word.starts_with("era_")));
    let again = command_line::print(&world.admin, &["persons", "receipt", id.unwrap()]).await;
    assert_eq!(again, receipt);
    world.stop().await;
}
