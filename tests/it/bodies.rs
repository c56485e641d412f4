//! Bodies of every kind, from the request to the lead (I10): what came is kept as it came (I11), and read again the same way.

use flate2::Compression;
use flate2::read::{GzEncoder, ZlibEncoder};
use hookmill_tests::client::send;
use hookmill_tests::world::{submission_ids, workspace};
use hookmill_tests::{Response, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::io::Read;

fn packed(mut encoder: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    encoder.read_to_end(&mut bytes).unwrap();
    bytes
}

fn gzip(body: &[u8]) -> Vec<u8> {
    packed(GzEncoder::new(body, Compression::fast()))
}

/// Posts bytes; an empty content type or coding is not sent.
async fn post(world: &World, path: &str, content_type: &str, coding: &str, body: Vec<u8>) -> Response {
    let mut request = world.source.request("POST", path).body(body);
    for (name, value) in [("content-type", content_type), ("content-encoding", coding)] {
        if !value.is_empty() {
            request = request.header(name, value);
        }
    }
    send(request).await
}

const PARTS: &str = "--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na@x.example\r\n--x\r\n\
    Content-Disposition: form-data; name=\"cv\"; filename=\"cv.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n--x--\r\n";

on_both! {
    /// I7 I10 I11: one value of each kind of body, shown on the submission's page and mapped into the lead.
    async fn i10_every_kind_of_body_becomes_a_lead(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("GOOD", "").await;
        let (form, json_type) = ("application/x-www-form-urlencoded", "application/json");
        let file = json!({"file_name": "cv.pdf", "content_type": "application/pdf", "size": 4});
        let named = |name: &str| json!({"email": "a@x.example", "first_name": name});
        let table: [(&str, &str, Vec<u8>, Value); 12] = [
            (form, "", b"email=a%40x.example&tag=a&tag=b".to_vec(), json!({"email": "a@x.example", "tag": ["a", "b"]})),
            ("application/x-www-form-urlencoded; charset=iso-8859-1", "", b"email=a%40x.example&first_name=Ren%E9".to_vec(), named("René")),
            ("multipart/form-data; boundary=x", "", PARTS.into(), json!({"email": "a@x.example", "cv": file})),
            ("application/xml", "", b"<email>a@x.example</email>".to_vec(), json!({"email": "a@x.example"})),
            ("text/xml", "", b"<?xml version='1.0' encoding='latin1'?><first_name>Ren\xe9</first_name>".to_vec(), json!({"first_name": "René"})),
            ("application/json; charset=latin1", "", b"{\"email\":\"a@x.example\",\"first_name\":\"Ren\xe9\"}".to_vec(), named("René")),
            (json_type, "", b"\xef\xbb\xbf{\"email\":\"a@x.example\"}".to_vec(), json!({"email": "a@x.example"})),
            (json_type, "gzip", gzip(br#"{"email":"a@x.example"}"#), json!({"email": "a@x.example"})),
            (json_type, "deflate", packed(ZlibEncoder::new(&br#"{"email":"a@x.example"}"#[..], Compression::fast())), json!({"email": "a@x.example"})),
            (form, "gzip", gzip(b"email=a%40x.example"), json!({"email": "a@x.example"})),
            ("", "", br#"{"email":"a@x.example"}"#.to_vec(), json!({"email": "a@x.example"})),
            ("text/plain", "", br#"{"email":"a@x.example"}"#.to_vec(), json!({"email": "a@x.example"})),
        ];
        for (content_type, coding, body, element) in table {
            let response = post(&world, "/v1/campaigns/GOOD/leads", content_type, coding, body.clone()).await.expect(202);
            world.settle().await;
            let page = world.submission(&submission_ids(&response)[0]).await;
            assert_eq!(page["element"], element, "{content_type} {coding}");
            assert_eq!(page["state"], "delivered", "{content_type} {coding}: {page}");
            for (name, value) in element.as_object().unwrap().iter().filter(|(name, _)| ["email", "first_name"].contains(&name.as_str())) {
                assert_eq!(page["lead"][name], *value, "{content_type} {coding}");
            }
            let (raw, ..) = world.pipeline().store().element_place(&world.organization, &submission_ids(&response)[0]).await.unwrap().unwrap();
            assert_eq!((raw.body, raw.content_type.as_str()), (body, content_type), "not kept as it came");
        }
        world.stop().await;
    }
}

on_both! {
    /// I1 I10 I11: leads of a compressed batch in another charset are sliced out of its text, also when they are run again.
    async fn i10_a_batch_may_be_compressed_and_in_its_charset(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("GOOD", "version: 1\nmap: {fields: {email: {from: mail, on_missing: fail}, first_name: name}}\n").await;
        let body = b"{\"idempotency_key\":\"k\",\"leads\":[{\"campaign_id\":\"GOOD\",\"name\":\"Ren\xe9\"},{\"campaign_id\":\"GOOD\",\"name\":\"Zo\xeb\"}]}";
        let response = post(&world, "/v1/leads", "application/json; charset=latin1", "gzip", gzip(body)).await.expect(202);
        world.settle().await;
        let ids = submission_ids(&response);
        for (id, name) in ids.iter().zip(["René", "Zoë"]) {
            assert_eq!(world.state(id).await, "quarantined");
            assert_eq!(world.submission(id).await["element"], json!({"campaign_id": "GOOD", "name": name}));
        }
        let saved = json!({"document": "version: 1\nmap: {fields: {first_name: name}}\n", "activate": true});
        world.admin.put("/v1/campaigns/GOOD/document", &saved).await.expect(201);
        world.reprocess("GOOD").await;
        world.settle().await;
        for (id, name) in ids.iter().zip(["René", "Zoë"]) {
            assert_eq!(world.submission(id).await["lead"]["first_name"], name);
        }
        let again = post(&world, "/v1/leads", "application/json; charset=latin1", "gzip", gzip(body)).await.expect_error(409, "duplicate_request");
        assert_eq!(again.json["error"]["same_body"], true);
        world.stop().await;
    }
}

on_both! {
    /// I5 I10 I14: what can't be read is rejected with its code and place, and what is too large once inflated with 413.
    async fn i10_what_cannot_be_read_is_rejected(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.inflated_bytes_max = 1_000;
        options.settings.limits.form_fields_max = 2;
        let world = World::with(kind, options).await;
        world.campaign("GOOD", "").await;
        let bomb = gzip(format!("{{\"a\":\"{}\"}}", "x".repeat(2_000)).as_bytes());
        let (form, json_type) = ("application/x-www-form-urlencoded", "application/json");
        let table: [(&str, &str, Vec<u8>, u16, &str); 16] = [
            (json_type, "gzip", bomb, 413, "body_too_large"),
            (json_type, "gzip", b"{}".to_vec(), 400, "content_encoding_broken"),
            (json_type, "br", b"{}".to_vec(), 415, "content_encoding_unsupported"),
            (json_type, "gzip, gzip", gzip(b"{}"), 415, "content_encoding_unsupported"),
            ("application/json; charset=klingon", "", b"{}".to_vec(), 415, "charset_unsupported"),
            (json_type, "", b"{\"a\":\"\xe9\"}".to_vec(), 400, "invalid_utf8"),
            (json_type, "", "[".repeat(65).into(), 400, "too_deep"),
            ("application/json; charset=shift_jis", "", b"{\"a\":\"\x82".to_vec(), 400, "invalid_characters"),
            (form, "", b"a=1&b=2&c=3".to_vec(), 422, "form_too_large"),
            (form, "", b"a=%ff".to_vec(), 400, "invalid_utf8"),
            ("multipart/form-data; boundary=y", "", PARTS.into(), 400, "invalid_multipart"),
            ("multipart/form-data", "", PARTS.into(), 415, "content_type_unsupported"),
            ("application/xml", "", b"<a>\n<b></a>".to_vec(), 400, "xml_syntax"),
            ("application/xml", "", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".to_vec(), 400, "xml_doctype"),
            ("text/plain", "", b"hello".to_vec(), 415, "content_type_unsupported"),
            ("", "", b"hello".to_vec(), 415, "content_type_unsupported"),
        ];
        for (content_type, coding, body, status, code) in table {
            let rejected = post(&world, "/v1/campaigns/GOOD/leads", content_type, coding, body).await.expect_error(status, code);
            assert!(20 < rejected.json["error"]["message"].as_str().unwrap().len(), "{code}: {}", rejected.text);
        }
        let rejected = post(&world, "/v1/campaigns/GOOD/leads", "text/xml", "", b"<a>\n<b></a>".to_vec()).await.expect_error(400, "xml_syntax");
        assert_eq!(rejected.json["error"]["details"][0]["message"], "line 2, column 4");
        for content_type in ["text/xml", "text/plain", "", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            post(&world, "/v1/leads", content_type, "", b"{}".to_vec()).await.expect_error(415, "content_type_unsupported");
        }
        world.stop().await;
    }
}

on_both! {
    /// I10 M10: a dry run reads a raw sample as ingest does, and reports what is wrong with it.
    async fn m10_a_dry_run_takes_a_body_of_any_kind(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("GOOD", "").await;
        let path = "/v1/campaigns/GOOD/dry-run";
        let table = [
            json!({"raw": {"content_type": "application/xml", "text": "<email>a@x.example</email>"}}),
            json!({"raw": {"content_type": "application/x-www-form-urlencoded", "text": "email=a%40x.example"}}),
            json!({"raw": {"content_type": "multipart/form-data; boundary=x", "text": PARTS}}),
            json!({"raw": {"content_type": "application/json", "content_encoding": "deflate", "base64": "q1ZKzU3MzFGyUkp0qNBLrUjMLchJVaoFAA=="}}),
        ];
        for sample in &table {
            let run = world.admin.post(path, sample).await.expect(200).json;
            assert_eq!(run["stages"][0]["output"][0]["lead"]["email"], "a@x.example", "{sample}: {run}");
        }
        let rejected = [
            (json!({}), "invalid"),
            (json!({"body": null, "raw": {"content_type": ""}}), "invalid"),
            (json!({"raw": {"content_type": "", "text": "{}", "base64": "e30="}}), "invalid"),
            (json!({"raw": {"content_type": "", "base64": "?"}}), "invalid"),
            (json!({"raw": {"content_type": "text/xml", "text": "<a>"}}), "sample_unreadable"),
            (json!({"body": {}, "response": {"status": 99}}), "invalid"),
        ];
        for (sample, code) in rejected {
            world.admin.post(path, &sample).await.expect_error(422, code);
        }
        world.admin.post(path, &json!({"body": null})).await.expect(200);
        world.stop().await;
    }
}

on_both! {
    /// I10 M3: the query and the headers that matter reach the document with each element, also when it is run again;
    /// keys do not.
    async fn i10_the_query_comes_with_every_element(kind: Kind) {
        let world = World::new(kind).await;
        let document = |email: &str| format!("\
version: 1
map:
  fields:
    email: {email}
    source: query.utm_source
    tags: query.tag
    agent: header.user-agent
    key: query.key
  unknown: drop
");
        world.campaign("GOOD", &document("{from: mail, on_missing: fail}")).await;
        let query = "?utm_source=g&tag=a&tag=b%20c&key=hms_secret";
        let request = world.source.request("POST", &format!("/v1/campaigns/GOOD/leads{query}"));
        let request = request.header("content-type", "application/json").header("user-agent", "form/1");
        let response = send(request.body(br#"[{"email":"a@x.example"},{"email":"b@x.example"}]"#.to_vec())).await.expect(202);
        world.settle().await;
        let saved = json!({"document": document("email"), "activate": true});
        world.admin.put("/v1/campaigns/GOOD/document", &saved).await.expect(201);
        world.reprocess("GOOD").await;
        world.settle().await;
        for (id, email) in submission_ids(&response).iter().zip(["a@x.example", "b@x.example"]) {
            let expected = json!({"email": email, "source": "g", "tags": ["a", "b c"], "custom": {"agent": "form/1"}});
            assert_eq!(world.submission(id).await["lead"], expected);
        }
        world.stop().await;
    }
}

on_both! {
    /// M4: a date that reads two ways is not guessed and does not stop the lead; how often a source sends one is counted.
    async fn m4_odd_dates_are_counted_for_each_source(kind: Kind) {
        let world = World::new(kind).await;
        let document = "version: 1\nmap: {fields: {email: email, date_of_birth: {from: dob, then: [{date: ['%m/%d/%Y', '%d/%m/%Y']}]}}}\n";
        world.campaign("GOOD", document).await;
        let operator = world.operator.in_organization(&world.organization);
        let made = operator.post("/v1/source-keys", &json!({"name": "partner"})).await.expect(201);
        let partner = world.source.with_key(&made.str("key"));
        let leads = |dates: &[&str]| Value::from(dates.iter().map(|dob| json!({"email": "a@x.example", "dob": dob})).collect::<Vec<_>>());
        world.source.post("/v1/campaigns/GOOD/leads", &leads(&["03/04/1990", "12/25/1990"])).await.expect(202);
        world.settle().await;
        let newest = partner.post("/v1/campaigns/GOOD/leads", &leads(&["01/02/1990", "02/01/1990", "13/01/1990"])).await.expect(202);
        world.settle().await;
        let told = world.admin.get("/v1/campaigns/GOOD/warnings").await.expect(200).json;
        let row = |index: usize, name: &str| told["items"][index][name].clone();
        assert_eq!(told["items"].as_array().unwrap().len(), 2, "{told}");
        assert_eq!((row(0, "source_name"), row(0, "leads")), (json!("partner"), json!(2)), "{told}");
        assert_eq!((row(0, "code"), row(0, "path")), (json!("ambiguous_date"), json!("date_of_birth")), "{told}");
        assert_eq!(row(0, "last_submission_id"), json!(submission_ids(&newest)[1]), "{told}");
        assert_eq!((row(1, "source_name"), row(1, "leads")), (json!("website"), json!(1)), "{told}");
        let last = world.admin.get("/v1/campaigns/GOOD/warnings?leads=2").await.expect(200).json;
        assert_eq!(last["items"][0]["leads"], 1, "{last}");
        world.admin.get("/v1/campaigns/GOOD/warnings?leads=0").await.expect_error(422, "invalid");
        world.stop().await;
    }
}

on_both! {
    /// I10 I11: what is plain in its meaning becomes a lead with a warning that says where it stands, on each channel, and again in a replay.
    async fn i10_what_is_plain_is_read_with_a_warning(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("GOOD", "version: 1\nmap: {fields: {first_name: name}}\n").await;
        let lead = "{\"campaign_id\": \"GOOD\", \"name\": \"Ola\",\n \"note\": \"call\nafter 5,\tnot before \\ud83d\"}";
        let batch = format!("{{\"idempotency_key\":\"k\",\"leads\":[{{\"campaign_id\":\"GOOD\"}},\n{lead}]}}");
        let table = [
            ("/v1/campaigns/GOOD/leads", "application/json", lead.to_owned(), 0, 2),
            ("/v1/campaigns/GOOD/leads", "application/json", format!("[{{}},{lead}]"), 1, 2),
            ("/v1/campaigns/GOOD/leads", "application/x-www-form-urlencoded", lead.to_owned(), 0, 2),
            ("/v1/leads", "application/json", batch, 1, 3),
        ];
        for (path, content_type, body, index, line) in table {
            let response = post(&world, path, content_type, "", body.into()).await.expect(202);
            world.settle().await;
            let ids = submission_ids(&response);
            let page = world.submission(&ids[index]).await;
            assert_eq!(page["lead"]["custom"]["note"], "call\nafter 5,\tnot before \u{fffd}", "{path}: {page}");
            let warnings = page["decision"]["warnings"].as_array().unwrap();
            let told: Vec<_> = warnings.iter().map(|warning| (warning["code"].as_str().unwrap(), warning["path"].as_str().unwrap())).collect();
            assert_eq!(told, [("raw_control_character", "body"), ("lone_surrogate", "body")], "{path}");
            let message = warnings[0]["message"].as_str().unwrap();
            assert!(message.contains(&format!("line {line}, column 15, and 1 more")), "{message}");
            if index == 1 {
                assert_eq!(world.submission(&ids[0]).await["decision"], Value::Null, "a warning is of its lead alone");
            }
            let replay = world.admin.get(&format!("/v1/submissions/{}/replay", ids[index])).await.expect(200);
            assert_eq!(replay.json["same"], true, "{}", replay.text);
        }
        let body = "{\"mail\": \"x\ty\"}";
        let sample = json!({"raw": {"content_type": "application/json", "text": body}});
        let run = world.admin.post("/v1/campaigns/GOOD/dry-run", &sample).await.expect(200).json;
        assert_eq!(run["warnings"][0]["code"], "raw_control_character", "{run}");
        // The management API takes JSON alone.
        let strict = world.admin.request("POST", "/v1/campaigns").header("content-type", "application/json");
        send(strict.body("{\"id\": \"X\ty\"}".to_owned())).await.expect_error(400, "invalid_json");
        world.stop().await;
    }
}

on_both! {
    /// I5 I10 I14: what is not JSON is rejected in words for its sender, with line, column and the suggested fix as fields.
    async fn i14_what_is_not_json_is_explained(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("GOOD", "").await;
        let nan = "{\"email\": \"kim@example.com\", \"first\": \"Kim\", \"credit_score\": NaN, \"rate\": -Infinity}";
        let table = [
            (nan, 1, 62, "the sender must write `null`"),
            ("", 1, 1, "send a JSON object"),
            ("{'a': 1}", 1, 2, "double quotes"),
            ("{\"a\": 1,\n}", 2, 1, "leave out the comma"),
            ("{\"a\": 1 // x\n}", 1, 9, "leave them out"),
            ("{a: 1}", 1, 2, "double quotes"),
            ("{\"a\": \"x", 1, 9, "send all of it"),
            ("<!DOCTYPE html><html>", 1, 1, "send the data itself"),
            ("email=a%40b.example&x=1", 1, 1, "application/x-www-form-urlencoded"),
            ("{\"a\": \"x\ny\",\n\"b\": NaN}", 3, 6, "the sender must write `null`"),
        ];
        for path in ["/v1/campaigns/GOOD/leads", "/v1/leads"] {
            for (body, line, column, hint) in table {
                let rejected = post(&world, path, "application/json", "", body.into()).await.expect_error(400, "invalid_json");
                let error = &rejected.json["error"];
                assert_eq!((error["line"].as_u64(), error["column"].as_u64()), (Some(line), Some(column)), "{body}: {error}");
                assert!(error["hint"].as_str().unwrap().contains(hint), "{body}: {error}");
                let message = error["message"].as_str().unwrap();
                assert!(message.contains(hint) && message.contains(&format!("line {line}, column {column}")), "{message}");
                assert!(!message.contains("expected") && !message.contains(" at line "), "{message}");
            }
        }
        let rejected = post(&world, "/v1/campaigns/GOOD/leads", "application/x-www-form-urlencoded", "", b"a=1&ville=Orl%E9ans".to_vec()).await;
        let rejected = rejected.expect_error(400, "invalid_utf8");
        assert_eq!(rejected.json["error"]["field"], "ville", "{}", rejected.text);
        world.stop().await;
    }
}

on_both! {
    /// I10 I11: a source has a charset for what names none; a request keeps the one that it came under.
    async fn i10_a_source_has_a_charset(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("GOOD", "version: 1\nmap: {fields: {city: ville, email: {from: mail, on_missing: fail}}}\n").await;
        let keys = world.admin.get("/v1/source-keys").await.expect(200).json;
        assert_eq!(keys["items"][0]["charset"], Value::Null, "{keys}");
        let path = format!("/v1/source-keys/{}/charset", keys["items"][0]["id"].as_str().unwrap());
        let form = "application/x-www-form-urlencoded";
        let latin = || post(&world, "/v1/campaigns/GOOD/leads", form, "", b"ville=Orl%E9ans".to_vec());
        latin().await.expect_error(400, "invalid_utf8");
        world.admin.put(&path, &json!({"charset": "klingon"})).await.expect_error(422, "invalid");
        world.admin.put(&path, &json!({})).await.expect_error(422, "invalid");
        let set = world.admin.put(&path, &json!({"charset": "latin1"})).await.expect(200).json;
        assert_eq!(set["charset"], "windows-1252", "the name of the Encoding Standard");
        let response = latin().await.expect(202);
        let utf8 = post(&world, "/v1/campaigns/GOOD/leads", "application/x-www-form-urlencoded; charset=utf-8", "", b"ville=Orl%C3%A9ans".to_vec()).await.expect(202);
        let named = post(&world, "/v1/campaigns/GOOD/leads", form, "", b"ville=%A4&_charset_=iso-8859-15".to_vec()).await.expect(202);
        world.settle().await;
        // It is read again as it was read, whatever the source has now.
        world.admin.put(&path, &json!({"charset": null})).await.expect(200);
        let saved = json!({"document": "version: 1\nmap: {fields: {city: ville}}\n", "activate": true});
        world.admin.put("/v1/campaigns/GOOD/document", &saved).await.expect(201);
        world.reprocess("GOOD").await;
        world.settle().await;
        for (response, city) in [(response, "Orl\u{e9}ans"), (utf8, "Orl\u{e9}ans"), (named, "\u{20ac}")] {
            let lead = world.submission(&submission_ids(&response)[0]).await["lead"].clone();
            assert_eq!((&lead["city"], &lead["custom"]), (&json!(city), &json!({})), "{lead}");
        }
        latin().await.expect_error(400, "invalid_utf8");
        let sample = |charset: Value| json!({"raw": {"content_type": form, "text": "ville=Orl%E9ans", "charset": charset}});
        world.admin.post("/v1/campaigns/GOOD/dry-run", &sample(json!("windows-1252"))).await.expect(200);
        world.admin.post("/v1/campaigns/GOOD/dry-run", &sample(json!("klingon"))).await.expect_error(422, "sample_unreadable");
        world.stop().await;
    }
}

on_both! {
    /// I10 M1: JSON lines are leads of their own; JSON that was encoded twice says so; an element without a lead says so, too.
    async fn i10_lines_and_texts_of_json(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("GOOD", "version: 1\nmap: {items: leads, fields: {email: mail}}\n").await;
        let lines = b"{\"leads\":{\"mail\":\"a@x.example\"}}\n\n{\"other\":1}\n".to_vec();
        let response = post(&world, "/v1/campaigns/GOOD/leads", "application/x-ndjson", "", lines).await.expect(202);
        world.settle().await;
        let ids = submission_ids(&response);
        assert_eq!(world.submission(&ids[0]).await["lead"]["email"], "a@x.example");
        let none = world.submission(&ids[1]).await;
        assert_eq!((&none["state"], &none["decision"]["warnings"][0]["code"]), (&json!("canceled"), &json!("no_lead")), "{none}");
        assert_eq!(none["decision"]["qualified"], Value::Null);
        let saved = json!({"document": "version: 1\nmap: {fields: {email: mail}}\n", "activate": true});
        world.admin.put("/v1/campaigns/GOOD/document", &saved).await.expect(201);
        let twice = br#""{\"mail\": \"wim@x.example\"}""#.to_vec();
        let response = post(&world, "/v1/campaigns/GOOD/leads", "application/json", "", twice).await.expect(202);
        world.settle().await;
        let id = submission_ids(&response).remove(0);
        let page = world.submission(&id).await;
        assert_eq!(page["state"], "quarantined");
        assert!(page.to_string().contains("encoded it twice"), "{page}");
        let saved = json!({"document": "version: 1\nmap: {items: {from: $, then: [parse_json]}, fields: {email: mail}}\n", "activate": true});
        world.admin.put("/v1/campaigns/GOOD/document", &saved).await.expect(201);
        world.reprocess("GOOD").await;
        world.settle().await;
        assert_eq!(world.submission(&id).await["lead"]["email"], "wim@x.example");
        world.stop().await;
    }
}

/// Cases that show how a body is read, with what it is sent as.
const CASES: [(&str, &str, &str); 14] = [
    ("form-that-names-its-charset", "input.form", "application/x-www-form-urlencoded"),
    ("form-rows-to-leads", "input.form", "application/x-www-form-urlencoded"),
    ("form-rows-to-list", "input.form", "application/x-www-form-urlencoded"),
    ("form-with-a-bare-plus", "input.form", "application/x-www-form-urlencoded"),
    ("form-with-a-bare-plus-put-back", "input.form", "application/x-www-form-urlencoded"),
    ("form-with-byte-order-mark", "input.form", "application/x-www-form-urlencoded"),
    ("html-entities-in-json", "input.json", "application/json"),
    ("json-encoded-twice", "input.json", "application/json"),
    ("json-encoded-twice-and-read", "input.json", "application/json"),
    ("json-in-utf-16", "input.json", "application/json"),
    ("json-lines", "input.jsonl", "application/x-ndjson"),
    ("json-with-raw-line-breaks", "input.json", "application/json"),
    (
        "multipart-with-file-names",
        "input.multipart",
        "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
    ),
    ("xml-in-a-text-of-xml", "input.xml", "text/xml"),
];

on_both! {
    /// I10 M10: what a dry run shows of a body is what becomes of it when it is posted.
    async fn m10_cases_come_out_the_same_when_they_are_posted(kind: Kind) {
        let world = World::new(kind).await;
        for (number, (name, file, content_type)) in CASES.into_iter().enumerate() {
            let folder = workspace().join("tests/cases").join(name);
            let document = std::fs::read_to_string(folder.join("document.yaml")).unwrap_or_default();
            let expected: Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
            let campaign = format!("CASE{number}");
            world.campaign(&campaign, &document).await;
            let body = std::fs::read(folder.join(file)).unwrap();
            let response = post(&world, &format!("/v1/campaigns/{campaign}/leads"), content_type, "", body).await.expect(202);
            world.settle().await;
            let ids = submission_ids(&response);
            for (index, lead) in expected["map"][0].as_array().unwrap().iter().enumerate() {
                let id = match index {
                    0 => ids[0].clone(),
                    index => ids.get(index).cloned().unwrap_or_else(|| format!("{}.{index}", ids[0])),
                };
                let page = world.submission(&id).await;
                match lead.get("failure") {
                    Some(_) => assert_eq!(page["state"], "quarantined", "{name}: {page}"),
                    None => assert_eq!(page["lead"], lead["lead"], "{name}: {page}"),
                }
            }
        }
        world.stop().await;
    }
}
