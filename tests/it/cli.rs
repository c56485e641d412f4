//! The command line, by the real binary: `check` and `dry-run`.

use hookmill_tests::process::binary;
use hookmill_tests::tree;
use hookmill_tests::world::cache;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const GOOD: &str = include_str!("../../host/cli/demo/solar.yaml");
const BAD: &str = "version: 1\nmap:\n  fields:\n    email: {from: email, then: [emial]}\n    phone: {form: phone}\nqualify:\n  - {field: state, op: inn, values: [CA]}\n";
const SAMPLE: &str = r#"{"contact":{"first_name":" ann ","last_name":"POE","email":"Ann@X.example","phone":"(512) 555-0100"},"address":{"state":"tx","zip":"02139"},"answers":{"monthly_bill":180}}"#;

/// The words of a call, the files it names, and what its error has to name.
type Case<'a> = (&'a [&'a str], Vec<(&'a str, &'a Path)>, &'a str);

struct CliFixture {
    directory: tempfile::TempDir,
}

impl CliFixture {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn run(&self, words: &[&str], files: &[(&str, &Path)]) -> Output {
        let mut command = Command::new(binary());
        command.args(words).current_dir(self.directory.path()).env("HOOKMILL_CACHE", cache());
        for (option, path) in files {
            if !option.is_empty() {
                command.arg(option);
            }
            command.arg(path);
        }
        command.output().expect("the binary can be run")
    }
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// M2: a good document can be used, and the exit code says so.
#[test]
fn check_takes_a_good_document() {
    let cli = CliFixture::new();
    let document = cli.file("good.yaml", GOOD);
    let done = cli.run(&["check"], &[("", &document)]);
    assert!(done.status.success(), "{}", err(&done));
    assert_eq!(out(&done), format!("{}: can be used\n", document.display()));
    let done = cli.run(&["check", "--json"], &[("", &document)]);
    assert!(done.status.success());
    assert_eq!(serde_json::from_str::<Value>(&out(&done)).unwrap(), serde_json::json!([]));
}

/// M2: all that is wrong is named at once, each with file, line, column and a suggested fix.
#[test]
fn check_names_all_that_is_wrong_at_once() {
    let cli = CliFixture::new();
    let document = cli.file("bad.yaml", BAD);
    let done = cli.run(&["check"], &[("", &document)]);
    assert_eq!(done.status.code(), Some(1));
    let shown = out(&done);
    for (line, word) in [(4, "emial"), (5, "form"), (7, "inn")] {
        let place = format!("{}:{line}:", document.display());
        assert!(shown.lines().any(|text| text.starts_with(&place) && text.contains(word)), "{place} {word}: {shown}");
    }
    assert!(shown.ends_with(&format!("{}: can't be used\n", document.display())), "{shown}");

    let done = cli.run(&["check", "--json"], &[("", &document)]);
    assert_eq!(done.status.code(), Some(1));
    let problems: Vec<Value> = serde_json::from_str(&out(&done)).unwrap();
    let errors: Vec<&Value> = problems.iter().filter(|problem| problem["level"] == "error").collect();
    assert!(3 <= errors.len(), "{problems:?}");
    assert!(errors.iter().all(|problem| problem["line"].is_u64()
        && problem["column"].is_u64()
        && problem["code"].is_string()
        && problem["message"].is_string()));
    assert!(
        errors.iter().any(|problem| problem["suggestion"].as_str().is_some_and(|hint| hint.contains("email"))),
        "{problems:?}"
    );
}

/// M10: a dry run shows each stage and the very bytes, and leaves nothing behind.
#[test]
fn dry_run_shows_what_would_be_sent() {
    let cli = CliFixture::new();
    let (document, sample) = (cli.file("good.yaml", GOOD), cli.file("sample.json", SAMPLE));
    let done = cli.run(&["dry-run", "--json"], &[("--document", &document), ("--input", &sample)]);
    assert!(done.status.success(), "{}", err(&done));
    let run: Value = serde_json::from_str(&out(&done)).unwrap();
    assert_eq!(run["state"], "delivered");
    let stages: Vec<&str> =
        run["stages"].as_array().unwrap().iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(stages[..3], ["map", "qualify", "shape"]);
    let client = run["messages"].as_array().unwrap().iter().find(|message| message["for"] == "client").unwrap();
    let body: Value = serde_json::from_str(client["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["homeowner"]["name"], "Ann Poe");
    assert_eq!(
        (&body["homeowner"]["phone"], &body["site"]["zip"], &body["bill"]),
        (&"+15125550100".into(), &"02139".into(), &180.into())
    );
    let piped = cli.run(&["dry-run"], &[("--document", &document), ("--input", &sample)]);
    assert_eq!(serde_json::from_str::<Value>(&out(&piped)).unwrap()["state"], "delivered");
    let text = cli.run(&["dry-run", "--format", "table"], &[("--document", &document), ("--input", &sample)]);
    assert!(text.status.success());
    assert!(
        out(&text).contains("== map")
            && out(&text).contains("== shape client")
            && out(&text).contains(client["body"].as_str().unwrap()),
        "{}",
        out(&text)
    );
    let left: Vec<_> =
        std::fs::read_dir(cli.directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

/// M10 M7 I10: a sample that a rule rejects says so with expected and actual; a form is read as one.
#[test]
fn dry_run_shows_why_a_lead_is_rejected() {
    let cli = CliFixture::new();
    let document = cli.file("rules.yaml", "version: 1\nmap: {fields: {state: state}}\nqualify:\n  - {field: state, op: in, values: [CA], reason: not served}\n");
    let sample = cli.file("sample.form", "state=NV&email=a%40x.example");
    let done = cli.run(
        &["dry-run", "--json", "--content-type", "application/x-www-form-urlencoded"],
        &[("--document", &document), ("--input", &sample)],
    );
    assert!(done.status.success(), "{}", err(&done));
    let run: Value = serde_json::from_str(&out(&done)).unwrap();
    assert_eq!(run["state"], "disqualified");
    let failed = &run["stages"][1]["output"]["failed_rules"][0];
    assert_eq!(
        (&failed["reason"], &failed["actual"], &failed["expected"]),
        (&"not served".into(), &"NV".into(), &serde_json::json!(["CA"]))
    );
}

/// M7 M10: a dry run looks into value sets that are given as files, as it would into those of the organization.
#[test]
fn m7_a_dry_run_looks_into_the_value_sets_that_it_is_given() {
    let cli = CliFixture::new();
    let document = cli.file(
        "d.yaml",
        "version: 1
map: {fields: {zip: zip, region: {from: zip, then: [{lookup_set: {set: regions, default: elsewhere}}]}}}
qualify: [{field: zip, op: in_set, set: served zips, reason: not served}]
shape: {client: {body: {region: {from: lead.custom.region}}}}
",
    );
    cli.file("served.csv", "key\n02139\n78701\n");
    cli.file("regions.JSON", r#"{"78701": "south"}"#);
    let given = ["dry-run", "--json", "--value-set", "served zips=served.csv", "--value-set", "regions=regions.JSON"];
    let run_with = |sample: &str| {
        let sample = cli.file("sample.json", sample);
        let done = cli.run(&given, &[("--document", &document), ("--input", &sample)]);
        assert!(done.status.success() && err(&done).is_empty(), "{}", err(&done));
        serde_json::from_str::<Value>(&out(&done)).unwrap()
    };
    let south = run_with(r#"{"zip": "78701"}"#);
    assert_eq!(
        (&south["state"], &south["messages"][0]["body"]),
        (&"delivered".into(), &r#"{"region":"south"}"#.into())
    );
    assert_eq!(south["value_sets"].as_object().map(serde_json::Map::len), Some(2), "{}", south["value_sets"]);
    assert_eq!(run_with(r#"{"zip": "10001"}"#)["state"], "disqualified");

    let sample = cli.file("sample.json", r#"{"zip": "78701"}"#);
    let without = cli.run(&["dry-run", "--json"], &[("--document", &document), ("--input", &sample)]);
    assert!(out(&without).contains("table_unknown") && out(&without).contains("regions"), "{}", out(&without));
    assert_eq!(without.status.code(), Some(3), "what would be quarantined has an exit code of its own");
}

/// M7: a table that can't be taken is rejected with the file, the place and the suggested fix.
#[test]
fn m7_a_value_set_that_cannot_be_read_says_why() {
    let cli = CliFixture::new();
    let (document, sample) = (cli.file("good.yaml", GOOD), cli.file("sample.json", SAMPLE));
    cli.file("twice.csv", "key,value\n1,a\n1,b\n");
    cli.file("broken.json", "[1, ");
    cli.file("zips.txt", "1");
    cli.file("fine.json", "[]");
    for (given, code, words) in [
        (vec!["zips.csv"], 2, vec!["NAME=FILE"]),
        (vec!["=zips.csv"], 2, vec!["the name is missing"]),
        (vec!["zips=none.csv"], 1, vec!["none.csv"]),
        (vec!["zips=zips.txt"], 1, vec!["zips.txt", "use .csv or .json"]),
        (vec!["zips=twice.csv"], 1, vec!["zips", "twice.csv: line 3, column 1", "keep one of them"]),
        (vec!["zips=broken.json"], 1, vec!["broken.json"]),
        (vec!["zips=fine.json", "zips=fine.json"], 1, vec!["given twice"]),
    ] {
        let words_of = given.iter().flat_map(|given| ["--value-set", given]);
        let call: Vec<&str> = std::iter::once("dry-run").chain(words_of).collect();
        let done = cli.run(&call, &[("--document", &document), ("--input", &sample)]);
        assert_eq!(done.status.code(), Some(code), "{given:?}: {}", err(&done));
        assert!(words.iter().all(|word| err(&done).contains(word)), "{given:?}: {}", err(&done));
    }
    let long = cli.file("long.csv", "1,".repeat(9 << 20));
    let done =
        cli.run(&["dry-run", "--value-set", "zips=long.csv"], &[("--document", &document), ("--input", &sample)]);
    assert!(done.status.code() == Some(1) && err(&done).contains("value_set_bytes_max"), "{}", err(&done));
    assert!(long.is_file());
}

/// M10: a list is run as production takes it: each item is an element of its own, a bad one is quarantined alone, and the exit code says so.
#[test]
fn m10_a_list_with_a_bad_element_is_run_as_in_production() {
    let cli = CliFixture::new();
    let document = cli.file(
        "d.yaml",
        "version: 1
map: {fields: {email: {from: email, then: [email], on_error: fail}, state: state}}
qualify: [{field: state, op: in, values: [TX], reason: not served}]
",
    );
    let sample = cli.file(
        "list.json",
        r#"[{"email": "ann@x.example", "state": "TX"}, {"email": "nobody"}, {"email": "bob@x.example", "state": "NV"}, 7]"#,
    );
    let files = [("--document", document.as_path()), ("--input", sample.as_path())];
    let done = cli.run(&["dry-run", "--json"], &files);
    assert_eq!(done.status.code(), Some(3), "{}", err(&done));
    let run: Value = serde_json::from_str(&out(&done)).unwrap();
    let leads = run["leads"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lead| format!("{} {}", lead["submission_id"].as_str().unwrap(), lead["state"].as_str().unwrap()));
    let leads: Vec<String> = leads.collect();
    assert_eq!(leads[..3], ["req_sample-0 delivered", "req_sample-1 quarantined", "req_sample-2 disqualified"]);
    assert_eq!((leads.len(), &run["state"]), (4, &"delivered".into()));
    let table = cli.run(&["dry-run", "--format", "table"], &files);
    assert_eq!(table.status.code(), Some(3));
    assert!(out(&table).contains("lead req_sample-1  quarantined\n"), "{}", out(&table));
    let good = cli.file("good.json", r#"[{"email": "ann@x.example", "state": "TX"}]"#);
    let done = cli.run(&["dry-run"], &[("--document", &document), ("--input", &good)]);
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    let empty = cli.file("empty.json", "[]");
    let done = cli.run(&["dry-run"], &[("--document", &document), ("--input", &empty)]);
    assert!(done.status.code() == Some(1) && err(&done).contains("1 to 100 elements"), "{}", err(&done));
}

/// M9 M10: the table and the JSON show which rule decided and where price, reason and reference came from, also what could not be used.
#[test]
fn m10_a_dry_run_shows_how_the_parts_of_an_outcome_were_found() {
    let cli = CliFixture::new();
    let document = cli.file(
        "d.yaml",
        "version: 1
interpret:
  reference: bidId
  price: {from: bid, then: [trim]}
  outcomes:
    - {outcome: rejected, when: {field: ok, op: is_false}, reason: why}
",
    );
    let sample = cli.file("s.json", r#"{"email": "ann@x.example"}"#);
    let run_with = |response: &str, format: &str| {
        let response = cli.file("r.json", response);
        let files = [("--document", document.as_path()), ("--input", &sample), ("--response", &response)];
        let done = cli.run(&["dry-run", "--format", format], &files);
        assert!(done.status.success(), "{}", err(&done));
        out(&done)
    };
    let found = r#"{"ok": false, "why": "no budget", "bidId": 7, "bid": " 0E-2 "}"#;
    let run: Value = serde_json::from_str(&run_with(found, "json")).unwrap();
    let stage = run["stages"].as_array().unwrap().iter().find(|stage| stage["stage"] == "interpret").unwrap();
    let parts = serde_json::json!([
        {"part": "reason", "line": 6, "from": "why", "steps": [], "value": "no budget"},
        {"part": "reference", "line": 3, "from": "bidId", "steps": [], "value": 7},
        {"part": "price", "line": 4, "from": "bid", "steps": [{"function": "trim", "value": "0E-2"}], "value": "0E-2"},
    ]);
    assert_eq!((&stage["trace"]["parts"], &stage["trace"]["decided"]), (&parts, &"interpret.outcomes[0]".into()));
    assert_eq!((&stage["output"]["price"], &stage["output"]["outcome"]), (&"0.00".into(), &"rejected".into()));
    let table = run_with(r#"{"ok": false, "bid": "none"}"#, "table");
    for line in [
        "  6     reason     (not found)",
        "failed   `none` is not a decimal number",
        "  warning: the price is left out: `none`",
    ] {
        assert!(table.contains(line), "{line} in {table}");
    }
}

/// H1: each command and option that a message, a comment or a page names is there.
#[test]
fn h1_every_command_that_is_named_exists() {
    let roots = ["README.md", "ARCHITECTURE.md", "docs", "host", "plugin-sdk", "plugins", "wit", "bench", "tests/it"];
    let mut named = BTreeSet::new();
    for (path, text) in roots.iter().flat_map(|root| tree::files(root, &["rs", "md", "yaml", "wit"])) {
        // The requirements name what is to come.
        if path.ends_with("requirements.md") {
            continue;
        }
        let mentions = ["`hookmill ", "$ hookmill "].into_iter().flat_map(|mark| text.split(mark).skip(1));
        for mention in mentions {
            let end = mention.find(['`', '\n', '#']).unwrap_or(mention.len());
            let mut words = mention[..end].split(' ').map(str::trim).peekable();
            let Some(command) = words.next().filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase())) else {
                continue;
            };
            let is_word = |word: &&str| {
                !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-')
            };
            let below = words.next_if(is_word).map(|word| format!(" {word}")).unwrap_or_default();
            let options = words.map(|word| word.trim_matches(['[', ']'])).filter(|word| word.starts_with("--"));
            named.extend(options.map(|option| (format!("{command}{below}"), option.to_owned(), path.clone())));
            named.insert((command.to_owned(), String::new(), path.clone()));
        }
    }
    assert!(named.iter().any(|(command, option, _)| command == "dry-run" && option == "--value-set"), "{named:?}");
    let cli = CliFixture::new();
    for (command, option, path) in named {
        // The second word may be a command below the first or what that is about.
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let below = cli.run(&words, &[]);
        let help = if below.status.success() { below } else { cli.run(&[words[0], "--help"], &[]) };
        assert!(help.status.success(), "{}: `hookmill {command}`", path.display());
        assert!(out(&help).contains(&option), "{}: `hookmill {command} {option}`", path.display());
    }
}

/// M2: what is odd about a document is reported apart from the run, not in it.
#[test]
fn m2_a_dry_run_reports_warnings_apart_from_the_run() {
    let cli = CliFixture::new();
    let document = cli.file("odd.yaml", "version: 1\nshape: {client: {body: {email: lead.email}}}\n");
    let sample = cli.file("sample.json", SAMPLE);
    let done = cli.run(&["dry-run", "--json"], &[("--document", &document), ("--input", &sample)]);
    assert!(done.status.success() && serde_json::from_str::<Value>(&out(&done)).is_ok());
    assert!(err(&done).contains("odd.yaml:2:") && err(&done).contains("{from: lead.email}"), "{}", err(&done));
}

/// What can't be run fails with a sentence that names the cause; nothing panics.
#[test]
fn what_cannot_be_run_says_why() {
    let cli = CliFixture::new();
    let (good, bad, sample) = (cli.file("good.yaml", GOOD), cli.file("bad.yaml", BAD), cli.file("sample.json", SAMPLE));
    let (broken, binary_file, missing) = (
        cli.file("broken.json", "{\"a\":"),
        cli.file("binary.yaml", [0xff, 0xfe, 0x00]),
        cli.directory.path().join("none"),
    );
    let table: [Case; 6] = [
        (&["check"], vec![("", &missing)], "none"),
        (&["check"], vec![("", &binary_file)], "UTF-8"),
        (&["dry-run"], vec![("--document", &missing), ("--input", &sample)], "none"),
        (&["dry-run"], vec![("--document", &good), ("--input", &missing)], "none"),
        (&["dry-run"], vec![("--document", &good), ("--input", &broken)], "JSON"),
        (&["dry-run"], vec![("--document", &bad), ("--input", &sample)], "emial"),
    ];
    for (words, files, named) in table {
        let done = cli.run(words, &files);
        assert_eq!(done.status.code(), Some(1), "{words:?} {named}: {}", out(&done));
        assert!(err(&done).contains(named) && !err(&done).contains("panicked"), "{words:?} {named}: {}", err(&done));
    }
    assert_eq!(cli.run(&["dry-run"], &[]).status.code(), Some(2));
    let foreign = cli.run(&["dry-run", "--content-type", "text/csv"], &[("--document", &good), ("--input", &sample)]);
    assert!(foreign.status.code() == Some(2) && err(&foreign).contains("text/csv"), "{}", err(&foreign));
}

/// M10: what a person reads, made by the real plugin: lines of the document, paths, functions with what each gave, rules, bytes, response.
#[test]
fn m10_a_dry_run_is_a_table_for_people() {
    let cli = CliFixture::new();
    let text = "version: 1
map:
  fields:
    first_name: {from: [given, name], then: [trim, title]}
    phone: {from: phone, then: [phone], on_error: keep_raw}
    zip: {from: address.zip}
    custom.bill: {from: bill, then: [number]}
qualify:
  - {field: bill, op: ge, value: 100, reason: too small}
  - {field: zip, op: present, name: has a zip}
shape:
  client:
    headers: {X-Zip: {from: lead.zip}}
    body: {name: {from: lead.first_name}, bill: {from: lead.custom.bill}}
interpret:
  outcomes:
    - {outcome: duplicate, when: {field: reason, op: contains, value: duplicate}, reason: reason}
    - {outcome: accepted, when: {field: result, op: eq, value: ok}}
";
    let document = cli.file("d.yaml", text);
    let sample = cli.file(
        "s.json",
        r#"{"name": " ann ", "phone": "Unit 5", "address": {"zip": "02139"}, "bill": "$1,180.50", "roof": "flat"}"#,
    );
    let response = cli.file("a.json", r#"{"result": "error", "reason": "duplicate lead"}"#);
    let files = [("--document", document.as_path()), ("--input", sample.as_path()), ("--response", response.as_path())];
    let done =
        cli.run(&["dry-run", "--format", "table", "--response-header", "content-type: application/json"], &files);
    assert!(done.status.success(), "{}", err(&done));
    let shown = out(&done);
    // Events have the time in them.
    let (lead, rest) = shown.split_once("== shape lead.").unwrap();
    insta::assert_snapshot!(lead);
    assert!(rest.contains("\nstate duplicate, ") && rest.ends_with(" us of CPU time\n"), "{rest}");
}

/// M11: sample bodies alone, without a server: the table, what a document makes of each path, and a draft that `check` takes.
#[test]
fn m11_samples_are_discovered_without_a_server() {
    let cli = CliFixture::new();
    let json = cli.file(
        "a.json",
        r#"[{"contact": {"mail": "alice@example.com"}, "age": 31}, {"contact": {"mail": ""}, "age": 4}]"#,
    );
    let form = cli.file("b.form", "call=%28512%29+555-0100&plan=pro");
    let document = cli.file("d.yaml", "version: 1\nmap: {fields: {email: contact.mail, custom.years: age}}\n");
    let done = cli.run(&["discover"], &[("", &json), ("", &form), ("--document", &document)]);
    assert!(done.status.success(), "{}", err(&done));
    insta::assert_snapshot!(out(&done));
    let done = cli.run(&["discover", "--json"], &[("", &json)]);
    let table: Value = serde_json::from_str(&out(&done)).unwrap();
    assert_eq!((&table["leads"], &table["items"][0]["path"]), (&2.into(), &"contact.mail".into()));
    let draft = cli.run(&["discover", "--draft"], &[("", &json), ("", &form)]);
    let draft = cli.file("draft.yaml", out(&draft));
    let checked = cli.run(&["check"], &[("", &draft)]);
    assert!(checked.status.success(), "{}", out(&checked));
    let broken = cli.file("broken.json", "{\"a\":");
    for file in [broken, cli.directory.path().join("none.json")] {
        let done = cli.run(&["discover"], &[("", &file)]);
        assert_eq!(done.status.code(), Some(1));
        assert!(err(&done).contains(file.file_name().unwrap().to_str().unwrap()), "{}", err(&done));
    }
}

/// Compiled code is kept for the next call, where the caller says.
#[test]
fn only_the_first_call_compiles() {
    let cli = CliFixture::new();
    let (document, kept) = (cli.file("good.yaml", GOOD), cli.directory.path().join("kept"));
    let compiled = || {
        let files = std::fs::read_dir(&kept).unwrap().map(|file| file.unwrap());
        let is_code = |file: &std::fs::DirEntry| file.path().extension().is_some_and(|it| it == "compiled");
        files.filter(is_code).map(|file| file.metadata().unwrap().modified().unwrap()).collect::<Vec<_>>()
    };
    assert!(cli.run(&["check"], &[("--cache", &kept), ("", &document)]).status.success());
    let first = compiled();
    assert_eq!(first.len(), 1, "the default plugin is kept");
    assert!(cli.run(&["check"], &[("--cache", &kept), ("", &document)]).status.success());
    assert_eq!(compiled(), first, "and is found again");
}

/// M3 M10: a sample comes with headers, a query and its campaign's values, as a lead does.
#[test]
fn m10_a_dry_run_has_headers_and_query() {
    let cli = CliFixture::new();
    let document = cli.file(
        "d.yaml",
        "version: 1\nmap:\n  fields:\n    source: query.utm\n    tags: query.tag\n    agent: header.User-Agent\n    rate: campaign.values.rate\n",
    );
    let (sample, values) = (cli.file("s.json", "{}"), cli.file("v.json", r#"{"rate": 12.50}"#));
    let options = ["--query", "utm=g", "--query", "tag=a=b", "--query", "tag=c", "--header", "User-Agent: form/1"];
    let words = [&["dry-run", "--json"][..], &options].concat();
    let files =
        [("--document", document.as_path()), ("--input", sample.as_path()), ("--campaign-values", values.as_path())];
    let ran = cli.run(&words, &files);
    let told: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let lead = &told["stages"][0]["output"][0]["lead"];
    assert_eq!(
        lead.to_string(),
        r#"{"source":"g","tags":["a=b","c"],"custom":{"agent":"form/1","rate":12.50}}"#,
        "{told:#}"
    );
    for (option, value, word) in [("--query", "utm", "`name=value`"), ("--header", "agent", "`Name: value`")] {
        let rejected = cli.run(&["dry-run", option, value], &files);
        assert!(!rejected.status.success());
        assert!(String::from_utf8_lossy(&rejected.stderr).contains(word), "{rejected:?}");
    }
    let listed = cli.file("l.json", "[1]");
    let rejected = cli.run(&["dry-run"], &[files[0], files[1], ("--campaign-values", &listed)]);
    assert!(String::from_utf8_lossy(&rejected.stderr).contains("not a JSON object"), "{rejected:?}");
}

/// Who has read enough closes the pipe, as `head` does; that is not a failure.
#[test]
fn a_reader_may_stop_reading() {
    let cli = CliFixture::new();
    let (document, sample) = (cli.file("d.yaml", GOOD), cli.file("s.json", SAMPLE));
    let mut command = Command::new(binary());
    command.args(["dry-run", "--json"]).arg("--document").arg(document).arg("--input").arg(sample);
    command.env("HOOKMILL_CACHE", cache()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
}
