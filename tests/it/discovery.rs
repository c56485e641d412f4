//! Field discovery (M11), from outside: the table of a campaign's newest leads, what each path is used for, and drafts that compile.

use hookmill::app;
use hookmill_discovery as discovery;
use hookmill_domain::body;
use hookmill_domain::clock::ManualClock;
use hookmill_domain::config::{HostSettings, Limits};
use hookmill_domain::ids::SystemIdGenerator;
use hookmill_domain::metadata::RequestMetadata;
use hookmill_pipeline::{Pipeline, Sample};
use hookmill_tests::sample::build_sample;
use hookmill_tests::world::{START, cache, workspace};
use hookmill_tests::{World, on_both};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

const DOCUMENT: &str = "
version: 1
map:
  fields:
    email: {from: [mail, email], then: [email], on_missing: fail}
    phone: {from: \"$.phones[0].number\"}
    rooms: {from: \"$.answers[?@.q == 'rooms'].a\", then: [first]}
  ignore: [trace]
  is_test: [probe]
";

/// The row of a path.
fn row<'t>(table: &'t Value, path: &str) -> &'t Value {
    let rows = table["items"].as_array().unwrap();
    rows.iter().find(|row| row["path"] == path).unwrap_or_else(|| panic!("{path} is not in {table:#}"))
}

on_both! {
    /// M11 O8: what sources send, masked, with what the running document makes of it; a viewer may read it, another organization not.
    async fn m11_fields_of_recent_leads_are_told(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("FIELDS", DOCUMENT).await;
        let empty = world.admin.get("/v1/campaigns/FIELDS/fields").await.expect(200).json;
        assert_eq!((&empty["leads"], &empty["items"]), (&0.into(), &json!([])));
        let lead = |rest: Value| {
            let mut lead = json!({"campaign_id": "FIELDS", "mail": "alice@example.com"});
            lead.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            lead
        };
        for _ in 0..3 {
            world.push_and_settle(json!([lead(json!({"old": "Alice Smith"})), lead(json!({"old": "", "email": "b@example.com"}))])).await;
            world.clock.advance_ms(1_000);
        }
        let young = json!({
            "phones": [{"number": "512-555-0101"}], "answers": [{"q": "rooms", "a": "5"}, {"q": "roof", "a": "flat"}], "age": 31, "probe": true, "trace": "t-77",
        });
        for _ in 0..6 {
            world.push_and_settle(json!([lead(young.clone())])).await;
            world.clock.advance_ms(1_000);
        }
        let viewer = world.user("viewer").await;
        let response = viewer.get("/v1/campaigns/FIELDS/fields").await.expect(200);
        for whole in ["alice@example.com", "Alice", "555", "t-77"] {
            assert!(!response.text.contains(whole), "{whole} in {}", response.text);
        }
        let table = response.json;
        assert_eq!((&table["leads"], &table["requests"], &table["leads_unread"]), (&12.into(), &9.into(), &0.into()));
        let mail = row(&table, "mail");
        assert_eq!((&mail["seen"], &mail["fill_rate"], &mail["examples"]), (&12.into(), &json!(1.0), &json!(["xxxxx@xxxxxxx.xxx"])));
        assert_eq!((&mail["meaning"], &mail["mapped"], &mail["fields"]), (&"email".into(), &true.into(), &json!(["email"])));
        let old = row(&table, "old");
        assert_eq!((&old["types"], &old["filled"], &old["fill_rate"]), (&json!({"text": 6}), &3.into(), &json!(0.25)));
        assert_eq!((&old["vanished"], &old["new"], &old["mapped"]), (&true.into(), &false.into(), &false.into()));
        assert!(old["first_seen"].as_str() < old["last_seen"].as_str(), "{old}");
        let used = [
            ("phones[*].number", json!(["phone"])),
            ("$.answers[?@.q == 'rooms'].a", json!(["rooms"])),
            ("$.answers[?@.q == 'roof'].a", json!([])),
            ("age", json!([])),
            ("trace", json!([])),
            ("probe", json!(["is_test"])),
            ("email", json!([])),
        ];
        for (path, fields) in used {
            let row = row(&table, path);
            assert_eq!((&row["fields"], &row["mapped"]), (&fields, &(fields != json!([])).into()), "{path}");
            assert_eq!(row["new"], path != "email", "{path}");
        }
        let newest = world.admin.get("/v1/campaigns/FIELDS/fields?leads=2").await.expect(200).json;
        assert_eq!(newest["leads"], 2);
        assert!(newest["items"].as_array().unwrap().iter().all(|row| row["path"] != "old"));
        for leads in ["0", "1001", "x"] {
            world.admin.get(&format!("/v1/campaigns/FIELDS/fields?leads={leads}")).await.expect_error(422, "invalid");
        }
        let other = world.second_organization().await;
        other.admin.get("/v1/campaigns/FIELDS/fields").await.expect_error(404, "not_found");
        other.admin.get("/v1/campaigns/FIELDS/fields/draft").await.expect_error(404, "not_found");
        world.stop().await;
    }
}

on_both! {
    /// M11 I10: a draft is made from what came, whatever it came as, can be saved as it is, and maps the next lead.
    async fn m11_a_draft_can_be_saved_and_maps(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("DRAFT", "").await;
        let post = |content_type: &'static str, body: &'static str| {
            world.source.post_bytes("/v1/campaigns/DRAFT/leads", content_type, body.into())
        };
        post("application/x-www-form-urlencoded", "Full+Name=Ann+Poe&reach_me=ann%40x.example&zip=02139").await.expect(202);
        post("application/xml", "<lead><email>bob@x.example</email><dob>10/25/1976</dob></lead>").await.expect(202);
        world.settle().await;
        let draft = world.admin.get("/v1/campaigns/DRAFT/fields/draft").await.expect(200);
        assert_eq!(draft.headers["content-type"], "application/yaml");
        assert!(draft.text.starts_with("# A draft, made from 2 leads"), "{}", draft.text);
        let saved = json!({"document": draft.text, "activate": true});
        let saved = world.admin.put("/v1/campaigns/DRAFT/document", &saved).await.expect(201).json;
        assert_eq!(saved["problems"], json!([]), "{}", draft.text);
        let sample = json!({"body": {"Full Name": "Cy Noe", "reach_me": "CY@x.example", "lead": {"dob": "12/31/1980"}, "zip": "02139", "own": 1}});
        let run = world.admin.post("/v1/campaigns/DRAFT/dry-run", &sample).await.expect(200).json;
        let expected = json!({
            "first_name": "Cy", "last_name": "Noe", "email": "cy@x.example", "zip": "02139", "date_of_birth": "1980-12-31", "custom": {"own": 1},
        });
        assert_eq!(run["stages"][0]["output"][0]["lead"], expected, "{}", draft.text);
        world.stop().await;
    }
}

/// The engine and the default plugin alone.
async fn bench(scratch: &tempfile::TempDir) -> Pipeline {
    let ids = Arc::new(SystemIdGenerator::default());
    app::bench(HostSettings::default(), ManualClock::new(START), ids, scratch.path(), Some(cache())).await.unwrap()
}

/// Every sample body of this repository, with what it is.
fn samples() -> Vec<(PathBuf, &'static str)> {
    let tests = workspace().join("tests");
    let inside = |directory: PathBuf| fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let inputs =
        inside(tests.join("cases")).flat_map(inside).filter(|file| file.file_stem().is_some_and(|it| it == "input"));
    let files = inputs.chain(inside(tests.join("samples")));
    let kinds =
        [("json", "application/json"), ("form", "application/x-www-form-urlencoded"), ("xml", "application/xml")];
    let mut found: Vec<_> = files
        .filter_map(|file| {
            let (_, kind) = kinds.iter().find(|(name, _)| file.extension().is_some_and(|it| it == *name))?;
            Some((file, *kind))
        })
        .collect();
    found.sort();
    found
}

/// A draft of these samples, which must compile without a word; and the lead that it makes of the first.
async fn drafted(pipeline: &Pipeline, name: &str, samples: Vec<Sample>) -> (String, Value) {
    let draft = discovery::draft(&discovery::discover(samples.iter().map(|sample| &sample.element)));
    let compiled = pipeline.compile(&pipeline.default_component().digest, &draft).await;
    let (program, problems) = compiled.unwrap_or_else(|error| panic!("{name}: {error:?}\n{draft}"));
    assert!(problems.is_empty(), "{name}: {problems:?}\n{draft}");
    let body = samples.first().map(|sample| sample.element.value.to_string()).unwrap_or_default();
    let holding = pipeline.holding("org_sample");
    let run = pipeline.dry_run(&program, &Arc::new(build_sample(body)), &holding).await.unwrap();
    let map = &run.stages[0];
    assert!(map.error.is_none(), "{name}: {:?}\n{draft}", map.error);
    (draft, map.output.clone().unwrap()[0]["lead"].clone())
}

/// M11: drafts of all sample bodies compile, and recognise the person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m11_drafts_of_all_samples_compile_and_map() {
    let scratch = tempfile::tempdir().unwrap();
    let pipeline = bench(&scratch).await;
    let expected = [
        ("batch-two-campaigns", json!({"first_name": "Alice", "email": "alice@example.com", "phone": "+15551234567"})),
        ("dealer-explicit-nulls", json!({"first_name": "Example", "last_name": "Visitor", "phone": "+15125550142"})),
        ("dotted-keys-form", json!({"first_name": "Jake", "last_name": "Broe", "email": "j@to.example"})),
        (
            "facebook-lead-fields",
            json!({"first_name": "Maria", "last_name": "Lopez", "email": "maria@example.com", "phone": "+15125550199", "external_id": "14905838062380228"}),
        ),
        (
            "google-lead-form",
            json!({"first_name": "Jane", "last_name": "Doe", "phone": "+16505550123", "zip": "02139", "external_id": "TeSt-123"}),
        ),
        ("kickofflabs-form", json!({"email": "me@example.com", "phone": "+15125550100", "source": "modal.123"})),
        (
            "leadconduit-standard-form",
            json!({"first_name": "Bob", "email": "bob@example.com", "phone": "+15127891111"}),
        ),
        ("leadconduit-standard-xml", json!({"first_name": "Bob", "email": "bob@example.com", "phone": "+15127891111"})),
        (
            "leadsail-submit",
            json!({"first_name": "Jane", "last_name": "Smith", "street": "123 Main St", "city": "Los Angeles", "state": "CA", "zip": "90210",
                "country": "US", "date_of_birth": "1990-05-15", "email": "jane@example.com"}),
        ),
        ("smartlead-category-updated", json!({"email": "l@x.example"})),
        ("smartlead-email-reply", json!({"first_name": "James", "email": "l@x.example"})),
    ];
    let (mut seen, limits) = (0, Limits::default());
    for (file, kind) in samples() {
        let bytes = fs::read(&file).unwrap();
        let text = body::to_json(&body::head(kind, "").unwrap(), &bytes, &limits).unwrap().text;
        let name = file.display().to_string();
        let (draft, lead) = drafted(&pipeline, &name, Sample::read_all(&name, &text, START, &limits).unwrap()).await;
        for (_, fields) in expected.iter().filter(|(case, _)| name.contains(&format!("/{case}/"))) {
            seen += 1;
            for (field, value) in fields.as_object().unwrap() {
                assert_eq!(lead[field], *value, "{name}: {field}\n{draft}");
            }
        }
    }
    assert_eq!(seen, expected.len(), "samples are not where they are looked for");
}

/// The leads that a draft of a body makes of it.
async fn leads_of_a_draft(pipeline: &Pipeline, body: Value) -> Vec<Value> {
    let samples = [sample(body.clone())];
    let draft = discovery::draft(&discovery::discover(samples.iter().map(|sample| &sample.element)));
    let compiled = pipeline.compile(&pipeline.default_component().digest, &draft).await;
    let (program, problems) = compiled.unwrap_or_else(|error| panic!("{error:?}\n{draft}"));
    assert!(problems.is_empty(), "{problems:?}\n{draft}");
    let holding = pipeline.holding("org_sample");
    let run = pipeline.dry_run(&program, &Arc::new(build_sample(body.to_string())), &holding).await.unwrap();
    let map = &run.stages[0];
    assert!(map.error.is_none(), "{:?}\n{draft}", map.error);
    let output = map.output.clone().unwrap();
    output.as_array().unwrap().iter().map(|mapped| mapped["lead"].clone()).collect()
}

/// M1 M11: the draft of a body with several leads makes as many of it, with what stands around them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m11_drafts_of_lists_make_each_lead() {
    let scratch = tempfile::tempdir().unwrap();
    let pipeline = bench(&scratch).await;
    let people = json!([{"name": "Ann Poe", "email": "a@x.example"}, {"name": "Bo Li", "email": "b@x.example"}]);
    let text = json!({"batch": {"leads": people}, "zip": "02139"}).to_string();
    let bodies = [
        json!({"zip": "02139", "data": {"leads": people}}),
        json!({"homes": [{"zip": "02139", "people": [people[0]]}, {"zip": "02139", "people": [people[1]]}]}),
        json!({"zip": "02139", "payload": people.to_string()}),
        json!({"payload": text}),
        json!({
            "zip": "02139", "people[0][name]": "Ann Poe", "people[0][email]": "a@x.example", "people[1][name]": "Bo Li",
            "people[1][email]": "b@x.example",
        }),
    ];
    let lead = |first: &str, last: &str, email: &str| json!({"first_name": first, "last_name": last, "email": email, "zip": "02139", "custom": {}});
    for body in bodies {
        let expected = [lead("Ann", "Poe", "a@x.example"), lead("Bo", "Li", "b@x.example")];
        assert_eq!(leads_of_a_draft(&pipeline, body.clone()).await, expected, "{body}");
    }
    let twice = Value::from(text);
    assert_eq!(leads_of_a_draft(&pipeline, twice).await.len(), 2);
    // Where it is not clear whether each is a lead, all of them are in the one.
    let unclear = json!({"email": "c@x.example", "contacts": people});
    let leads = leads_of_a_draft(&pipeline, unclear).await;
    assert_eq!((leads.len(), &leads[0]["email"], &leads[0]["custom"]["contacts"]), (1, &"c@x.example".into(), &people));
}

/// M11 H6: keys of any sort make drafts that compile: they are foreign input.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m11_drafts_of_hostile_keys_compile() {
    let scratch = tempfile::tempdir().unwrap();
    let pipeline = bench(&scratch).await;
    let keys = [
        "",
        " ",
        "a b",
        " a",
        "a.b",
        "..",
        "it's",
        "\"",
        "\\",
        "\\'",
        "[0]",
        "[*]",
        "*",
        "~a",
        "$",
        "$.a",
        "#",
        "a: b",
        "- a",
        "null",
        "no",
        "{{ a }}",
        "\n",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{fffe}",
        "\u{10ffff}",
        "😀",
        "ключ",
        "@",
        "?",
        "&a",
        "!a",
        "|",
        "%",
        "`",
        "query",
        "header",
        "e-mail\u{200b}",
        "name",
        "Email",
        "first_name",
        "FIRST NAME",
        "custom",
        "tags",
        "custom_fields",
        "a\u{301}",
        "id",
        "frist_name",
    ];
    let mut all = serde_json::Map::new();
    for key in keys {
        let values = ["ann@x.example", "12/31/1980", "(512) 555-0100", "123 Main St", "x"];
        let nested = |value: &str| json!({key: value, "in": {key: {key: value}}, "list": [{"name": key, "value": value}], "l": [{key: [value]}]});
        for value in values {
            drafted(&pipeline, key, vec![sample(nested(value))]).await;
        }
        let people = json!([{"email": "a@x.example", "name": "A"}, {"email": "b@x.example", "name": "B"}]);
        for body in [
            json!({"in": {key: people}, "around": {key: 1}}),
            json!({"in": {key: people.to_string()}}),
            json!({key: people, "around": {key: [1]}}),
        ] {
            assert_eq!(leads_of_a_draft(&pipeline, body.clone()).await.len(), 2, "{body}");
        }
        all.insert(key.to_owned(), nested("31/12/1980"));
    }
    drafted(&pipeline, "all", vec![sample(all.into())]).await;
    for root in [json!([]), json!({}), json!("a@x.example"), json!(null), json!([[["a@x.example"]]])] {
        drafted(&pipeline, "a root", vec![sample(root)]).await;
    }
}

fn sample(value: Value) -> Sample {
    let element = discovery::Element { received_at_ms: START.0, value };
    Sample { id: "sample-0".into(), element, metadata: RequestMetadata::default() }
}
