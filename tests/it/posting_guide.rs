//! The posting guide of a campaign (I6, B2): what it says is so, whatever the campaign runs, and what comes from outside stays text.

use hookmill_pipeline::{SENDER_DOCUMENTS, STANDARD_DOCUMENT};
use hookmill_tests::world::workspace;
use hookmill_tests::{Client, Response, World, command_line, on_both, on_sqlite};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;

/// A document with an input of each kind.
const DOCUMENT: &str = "
version: 1
map:
  fields:
    first_name: {from: [fname, contact.first_name], then: [trim]}
    email: {from: mail, then: [email], on_missing: fail}
    phone: {from: tel, then: [phone]}
    date_of_birth: {from: dob, then: [{date: '%d.%m.%Y'}]}
    plan: {from: plan, then: [{lookup: {table: {b: basic, p: pro}}}]}
    interests: {from: likes, then: [{split: ';'}]}
    utm: query.utm_source
    source: {value: fair}
  unknown: drop
qualify:
  - {field: plan, op: eq, value: pro, reason: the plan is too small}
  - {field: date_of_birth, op: age_between, values: [18, 65], reason: not of age}
";

async fn guide(client: &Client, campaign: &str, query: &str) -> Response {
    client.get(&format!("/v1/campaigns/{campaign}/posting-guide{query}")).await
}

async fn markdown(world: &World, campaign: &str) -> String {
    guide(&world.admin, campaign, "").await.expect(200).text
}

/// The blocks of code in a language, in their order.
fn code_blocks(markdown: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        let Some(fence) =
            line.strip_suffix(language).filter(|fence| !fence.is_empty() && fence.chars().all(|c| c == '`'))
        else {
            continue;
        };
        blocks.push(lines.by_ref().take_while(|line| *line != fence).collect::<Vec<_>>().join("\n"));
    }
    blocks
}

/// The words of a line of a shell, as far as a guide's calls need one: quotes of both kinds, and `$(...)` as a value that is always new.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), close) if open == close => quote = None,
            (None, '\\') => match rest.next() {
                Some('\n') | None => {}
                Some(escaped) => word.push(escaped),
            },
            (None | Some('"'), '$') => {
                rest.by_ref().take_while(|c| *c != ')').for_each(drop);
                word += &new_value();
            }
            (None, space) if space.is_whitespace() => {
                words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()))
            }
            (_, other) => word.push(other),
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// What the shell puts in: something else each time.
fn new_value() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, Ordering::SeqCst).to_string()
}

/// Does what a call of a guide says, with the key in its place.
async fn run_curl(world: &World, call: &str) -> Response {
    let words = shell_words(call);
    assert_eq!(words[..2], ["curl", "-sS"], "{call}");
    let at = words[2].find("/v1/").unwrap_or_else(|| panic!("no address in {call}"));
    let mut request = world.nobody.request("POST", &words[2][at..]);
    let mut options = words[3..].chunks(2);
    while let Some([option, value]) = options.next() {
        request = match option.as_str() {
            "-H" => {
                let (name, value) = value.split_once(": ").unwrap();
                let prefix = value.strip_prefix("Bearer ").and_then(|key| key.strip_suffix("..."));
                let with_key = prefix.map(|prefix| {
                    assert!(world.source_key.starts_with(prefix) && prefix.len() < world.source_key.len());
                    format!("Bearer {}", world.source_key)
                });
                request.header(name, with_key.unwrap_or_else(|| value.to_owned()))
            }
            "--data-binary" => request.body(value.clone()),
            other => panic!("{other} in {call}"),
        };
    }
    hookmill_tests::client::send(request).await
}

/// The submissions of a response.
fn submissions(response: &Response) -> Vec<String> {
    hookmill_tests::world::submission_ids(response)
}

on_both! {
    /// I6 I7 B2: the guide's own calls are accepted as they stand, in both addresses, and come out as the guide says; the key is not in it.
    async fn i6_the_calls_of_a_guide_do_what_it_says(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("CAMP", DOCUMENT).await;
        world.activate("CAMP").await;
        let text = markdown(&world, "CAMP").await;
        assert!(!text.contains(&world.source_key), "{text}");
        let calls = code_blocks(&text, "sh");
        assert_eq!(calls.len(), 1, "the query is not a part of a batch: {text}");
        let lead: Value = serde_json::from_str(&code_blocks(&text, "json")[1]).unwrap();
        for _ in 0..2 {
            let posted = run_curl(&world, &calls[0]).await.expect(202);
            world.settle().await;
            let shown = world.submission(&submissions(&posted)[0]).await;
            assert_eq!((&shown["state"], &shown["lead"]), (&json!("delivered"), &lead), "{shown}");
        }
        assert_eq!((&lead["email"], &lead["custom"]["plan"]), (&json!("alice@example.com"), &json!("pro")));
        assert_eq!((&lead["source"], &lead["custom"]["utm"]), (&json!("fair"), &json!("Example text")));
        for said in ["`fname` or `contact.first_name`", "`query.utm_source` (a parameter of the query)", "`%d.%m.%Y`", "`b`, `p`", "must be `pro`"] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(!text.contains("`fair`"), "what the document says itself is not to be sent: {text}");
        world.draft("BOTH", &DOCUMENT.replace("    utm: query.utm_source\n", "")).await;
        let calls = code_blocks(&markdown(&world, "BOTH").await, "sh");
        assert_eq!(calls.len(), 2);
        for call in calls {
            let posted = run_curl(&world, &call).await.expect(202);
            world.settle().await;
            assert_eq!(world.state(&submissions(&posted)[0]).await, "pending", "it is a draft");
        }
        world.activate("BOTH").await;
        world.settle().await;
        let listed = world.admin.get("/v1/campaigns/BOTH/submissions").await.expect(200).json;
        let states: Vec<_> = listed["items"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["delivered", "delivered"]);
        world.stop().await;
    }
}

/// Every sample document, by its name: those of the default plugin, and those of the cases that are not there to be rejected.
fn sample_documents() -> BTreeMap<String, String> {
    let mut documents: BTreeMap<String, String> =
        SENDER_DOCUMENTS.iter().map(|(name, text)| (format!("sender {name}"), (*text).to_owned())).collect();
    documents.insert("standard".to_owned(), STANDARD_DOCUMENT.to_owned());
    documents.insert("demo".to_owned(), include_str!("../../host/cli/demo/solar.yaml").to_owned());
    for entry in fs::read_dir(workspace().join("tests/cases")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(path.join("document.yaml")).ok().filter(|_| !path.join("problems.txt").exists());
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        documents.extend(text.map(|text| (name, text)));
    }
    documents
}

/// The value sets that documents of the cases look into.
async fn put_value_sets(world: &World) {
    for entry in fs::read_dir(workspace().join("tests/cases")).unwrap() {
        let Ok(files) = fs::read_dir(entry.unwrap().path().join("sets")) else { continue };
        for file in files {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let csv = path.extension().is_some_and(|extension| extension == "csv");
            let kind = if csv { "text/csv" } else { "application/json" };
            let request = world.admin.request("PUT", &format!("/v1/value-sets/{name}"));
            let request = request.header("content-type", kind).body(fs::read(&path).unwrap());
            hookmill_tests::client::send(request).await.expect(200);
        }
    }
}

/// The cases whose documents make elements by functions: their fields do not say what is to be posted, so that there may be no example.
const WITHOUT_EXAMPLE: [&str; 4] =
    ["form-rows-to-leads", "json-encoded-twice-and-read", "variant-soap-with-namespaces", "xml-in-a-text-of-xml"];

on_sqlite! {
    /// I6 O3 M3 M4 M7: for every sample document in the repository, the guide's own call is accepted, and its leads are mapped as the guide
    /// shows them, without a quarantine and without a warning about a field; they are disqualified only where the guide says so.
    async fn i6_a_guide_tells_the_truth_for_every_document(kind: Kind) {
        let world = World::new(kind).await;
        put_value_sets(&world).await;
        let (mut wrong, mut qualified, mut count) = (Vec::new(), 0, 0);
        for (index, (name, document)) in sample_documents().into_iter().enumerate() {
            let id = format!("D{index:03}");
            world.draft(&id, &document).await;
            world.activate(&id).await;
            let text = markdown(&world, &id).await;
            let calls = code_blocks(&text, "sh");
            if calls.is_empty() && WITHOUT_EXAMPLE.contains(&name.as_str()) {
                continue;
            }
            count += 1;
            let Some(call) = calls.first() else {
                wrong.push(format!("{name}: no example\n{text}"));
                continue;
            };
            let is_disqualified = text.contains("and then disqualified");
            qualified += usize::from(!is_disqualified);
            for call in std::iter::once(call).chain(calls.get(1)) {
                let posted = run_curl(&world, call).await.expect(202);
                world.settle().await;
                let all = world.admin.get(&format!("/v1/campaigns/{id}/submissions")).await.expect(200).json;
                let of_post = all["items"].as_array().unwrap().iter().filter(|one| {
                    one["id"].as_str().unwrap().starts_with(posted.json["request_id"].as_str().unwrap())
                });
                let ids: Vec<&str> = of_post.map(|one| one["id"].as_str().unwrap()).collect();
                assert!(!ids.is_empty(), "{all}");
                for submission in ids {
                    let shown = world.submission(submission).await;
                    let expected = if is_disqualified { "disqualified" } else { "delivered" };
                    if shown["state"] != expected || !shown["decision"]["warnings"].as_array().is_none_or(|list| list.is_empty()) {
                        wrong.push(format!("{name}: {}: {}\n{call}", shown["state"], shown["decision"]));
                    }
                    let lead = &shown["lead"];
                    let is_shown = code_blocks(&text, "json").iter().any(|block| serde_json::from_str(block).ok() == Some(lead.clone()));
                    let same_but_campaign = calls.first() != Some(call);
                    if !is_shown && !same_but_campaign {
                        wrong.push(format!("{name}: the lead is not what the guide shows: {lead}\n{text}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
        assert!(60 <= count && count * 9 <= qualified * 10, "{qualified} of {count} examples are qualified");
        world.stop().await;
    }
}

on_both! {
    /// I6: the form follows `Accept` and `format`; both have the headers of a page that runs and loads nothing.
    async fn i6_a_guide_is_a_page_or_markdown(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("CAMP", DOCUMENT).await;
        let path = "/v1/campaigns/CAMP/posting-guide";
        let ask = async |accept: &str, query: &str| {
            hookmill_tests::client::send(world.admin.request("GET", &format!("{path}{query}")).header("accept", accept)).await.expect(200)
        };
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (accept, query, content_type) in [
            ("*/*", "", "text/markdown; charset=utf-8"),
            (browser, "", "text/html; charset=utf-8"),
            (browser, "?format=markdown", "text/markdown; charset=utf-8"),
            ("*/*", "?format=html", "text/html; charset=utf-8"),
            ("application/json", "", "text/markdown; charset=utf-8"),
        ] {
            let response = ask(accept, query).await;
            let header = |name: &str| response.headers.get(name).unwrap().to_str().unwrap().to_owned();
            assert_eq!(header("content-type"), content_type, "{accept} {query}");
            assert!(header("content-security-policy").starts_with("default-src 'none'"));
            assert_eq!((header("x-content-type-options"), header("cache-control"), header("vary")), ("nosniff".into(), "no-store".into(), "Accept".into()));
            assert!(!response.text.contains(&world.source_key) && !response.text.contains("<script"));
        }
        guide(&world.admin, "CAMP", "?format=pdf").await.expect_error(422, "invalid");
        let html = ask(browser, "").await.text;
        for said in ["<h1>Posting guide: CAMP</h1>", "alice@example.com", "POST ", "/v1/campaigns/CAMP/leads", "Idempotency-Key", "413"] {
            assert!(html.contains(said), "{said}: {html}");
        }
        world.stop().await;
    }
}

on_both! {
    /// I6: names of campaigns, fields, values and reasons come from outside: none of them is markup in either form, or ends a call.
    async fn i6_what_comes_from_outside_stays_text(kind: Kind) {
        let world = World::new(kind).await;
        let document = "
version: 1
map:
  fields:
    '<img src=x onerror=alert(1)>': \"$['it\\\\'s `|[x](javascript:1) <b>']\"
    email: {from: mail, then: [email]}
    kind: {from: kind, then: [{lookup: {table: {'<i>`| $(reboot)': 1}}}]}
qualify:
  - {field: kind, op: eq, value: 7, reason: '</p><script>alert(2)</script> ![x](y)'}
";
        world.draft("CAMP", document).await;
        let name = "<script>alert(0)</script> `|[x](javascript:1) # title";
        world.admin.patch("/v1/campaigns/CAMP", &json!({"name": name})).await.expect(200);
        let html = guide(&world.admin, "CAMP", "?format=html").await.expect(200).text;
        for markup in ["<script", "<img", "<i>", "<b>", "</p><"] {
            assert_eq!(html.matches(markup).count(), usize::from(markup == "</p><") * html.matches("</p><").count(), "{markup}: {html}");
        }
        assert!(!html.contains("</p><script") && html.contains("&lt;script&gt;alert(0)&lt;/script&gt;"), "{html}");
        let text = markdown(&world, "CAMP").await;
        assert_eq!(text.lines().next().unwrap(), "# Posting guide: \\<script\\>alert\\(0\\)\\<\\/script\\> \\`\\|\\[x\\]\\(javascript\\:1\\) \\# title");
        assert!(!text.lines().any(|line| line.starts_with("# title")), "{text}");
        let outside_code = text.split("```").step_by(2).collect::<String>();
        assert!(!outside_code.contains("](y)") && !outside_code.contains(" <script"), "{outside_code}");
        for line in text.lines().filter(|line| line.starts_with('|') && line.contains("javascript:1")) {
            let cells = line.replace("\\|", "").matches('|').count();
            assert_eq!(cells, 6, "{line}");
        }
        // The key of the table is data in the call, not a command of the shell.
        let call = code_blocks(&text, "sh")[0].clone();
        let body: Value = serde_json::from_str(shell_words(&call).last().unwrap()).unwrap();
        assert_eq!(body["kind"], "<i>`| $(reboot)", "{call}");
        assert_eq!(body["it's `|[x](javascript:1) <b>"].as_str(), Some("Example text"), "{call}");
        world.stop().await;
    }
}

on_both! {
    /// I6 O3 L2 I5: without a key there is a message with the contact and no call; each state says what becomes of a post, which is so; the
    /// limits are those of the host.
    async fn i6_a_guide_shows_key_state_and_limits(kind: Kind) {
        let mut options = hookmill_tests::world::WorldOptions::default();
        options.settings.key_contact = "the *team* of Acme".to_owned();
        options.settings.limits.body_bytes_max = 2 << 20;
        options.settings.limits.leads_per_request_max = 17;
        options.settings.limits.idempotency_ttl_ms = 3 * 86_400_000;
        let world = World::with(kind, options).await;
        world.draft("CAMP", "").await;
        let text = markdown(&world, "CAMP").await;
        for said in ["draft", "2 MiB (2097152 bytes)", "| 17 |", "within 3 days", "as the standard document reads them", "`full_name` (a full name", "`lead_first_name`"] {
            assert!(text.contains(said), "{said}: {text}");
        }
        let call = code_blocks(&text, "sh")[0].clone();
        // What is said of errors is what happens.
        let path = "/v1/campaigns/CAMP/leads";
        let many: Vec<Value> = (0..18).map(|n| json!({"email": format!("p{n}@x.example")})).collect();
        for (response, status) in [
            (world.source.post(path, &json!({"email": "x".repeat(2 << 20)})).await, 413),
            (world.source.post(path, &Value::Array(many)).await, 422),
            (world.source.post("/v1/campaigns/NONE/leads", &json!({})).await, 404),
            (world.source.post_bytes(path, "image/png", vec![1]).await, 415),
            (world.source.post_bytes(path, "application/json", b"{".to_vec()).await, 400),
            (world.nobody.with_key("hms_unknown").post(path, &json!({})).await, 401),
            (world.admin.post(path, &json!({})).await, 403),
        ] {
            let response = response.expect(status);
            let row = text.lines().find(|line| line.starts_with(&format!("| `{status}` |"))).unwrap();
            assert!(status == 422 || row.contains(&format!("`{}`", response.code())), "{}: {row}", response.code());
        }
        for (state, said, status) in [("active", "processed at once", 202), ("paused", "wait as `pending`", 202), ("archived", "`409 campaign_archived`, for good", 409)] {
            world.set_state("CAMP", state).await;
            assert!(markdown(&world, "CAMP").await.contains(said), "{state}");
            let posted = run_curl(&world, &call).await.expect(status);
            world.settle().await;
            match state {
                "archived" => assert_eq!(posted.code(), "campaign_archived"),
                _ => assert_eq!(world.state(&submissions(&posted)[0]).await, if state == "active" { "delivered" } else { "pending" }),
            }
        }
        world.draft_without_client("NOCL", "").await;
        world.activate("NOCL").await;
        assert!(markdown(&world, "NOCL").await.contains("has no client yet"));
        // Another organization, which has no key.
        let organization = world.operator.post("/v1/organizations", &json!({"name": "Keyless"})).await.expect(201).str("id");
        let within = world.operator.in_organization(&organization);
        within.post("/v1/campaigns", &json!({"id": "NOKEY", "name": "No key"})).await.expect(201);
        let text = guide(&within, "NOKEY", "").await.expect(200).text;
        assert!(text.contains("ask the \\*team\\* of Acme to provision one"), "{text}");
        assert!(code_blocks(&text, "sh").is_empty() && !text.contains("hms_") && text.contains("alice@example.com"), "{text}");
        world.stop().await;
    }
}

on_both! {
    /// I6 O5: a campaign that runs another plugin says so, with the name and version; its example is one that the plugin maps.
    async fn i6_the_guide_of_a_plugin_names_it(kind: Kind) {
        let world = World::new(kind).await;
        world.admin.put_bytes("/v1/plugins/sun%20score", crate::engine::guest("solar")).await.expect(201);
        world.draft("CAMP", "").await;
        let configuration = r#"{"states": ["AZ", "TX"], "bill_min": 100}"#;
        let saved = json!({"document": configuration, "plugin": {"id": "sun score", "version": 1}, "activate": true});
        world.admin.put("/v1/campaigns/CAMP/document", &saved).await.expect(201);
        world.activate("CAMP").await;
        let text = markdown(&world, "CAMP").await;
        assert!(text.contains("decided by the plugin `sun score` in its version 1"), "{text}");
        assert!(!text.contains("| Send |"), "{text}");
        for call in code_blocks(&text, "sh") {
            let posted = run_curl(&world, &call).await.expect(202);
            world.settle().await;
            let state = world.state(&submissions(&posted)[0]).await;
            assert_eq!(state == "disqualified", text.contains("and then disqualified"), "{state}: {text}");
        }
        world.stop().await;
    }
}

on_both! {
    /// O1 O8 O9: whoever may read the campaign reads its guide, and nobody else; it leaves nothing behind.
    async fn o8_a_guide_is_for_who_may_read_the_campaign(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("CAMP", DOCUMENT).await;
        let before = world.admin.get("/v1/audit").await.expect(200).json;
        guide(&world.user("viewer").await, "CAMP", "").await.expect(200);
        guide(&world.source, "CAMP", "").await.expect_error(403, "source_key_not_allowed");
        guide(&world.nobody, "CAMP", "").await.expect_error(401, "key_missing");
        guide(&world.admin, "NONE", "").await.expect_error(404, "not_found");
        guide(&world.second_organization().await.admin, "CAMP", "").await.expect_error(404, "not_found");
        let after = world.admin.get("/v1/audit").await.expect(200).json;
        let of_guide = |log: &Value| log.to_string().matches("guide").count();
        assert_eq!(of_guide(&before), of_guide(&after));
        assert_eq!(world.admin.get("/v1/campaigns/CAMP/submissions").await.expect(200).json["items"], json!([]));
        world.stop().await;
    }
}

on_both! {
    /// I6 H3: the command prints what the API says.
    async fn i6_the_command_line_prints_a_guide(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("CAMP", DOCUMENT).await;
        let printed = command_line::print(&world.admin, &["campaigns", "posting-guide", "CAMP"]).await;
        assert_eq!(printed, markdown(&world, "CAMP").await);
        let page = command_line::print(&world.admin, &["campaigns", "posting-guide", "CAMP", "--format", "html"]).await;
        assert_eq!(page, guide(&world.admin, "CAMP", "?format=html").await.expect(200).text);
        let json: Value = serde_json::from_str(&command_line::print(&world.admin, &["campaigns", "posting-guide", "CAMP", "--json"]).await).unwrap();
        assert_eq!((&json["format"], &json["guide"]), (&json!("markdown"), &json!(printed)));
        let failed = command_line::fail(&world.admin, &["campaigns", "posting-guide", "NONE"]).await;
        assert!(failed.contains("not_found"), "{failed}");
        world.stop().await;
    }
}
