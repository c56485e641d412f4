//! Functions as documents use them: on real shapes, with warnings, random bytes and value sets (M4).

use hookmill_plugin_sdk::testing;
use hookmill_plugin_sdk::types::{Context, Diagnostic, Entropy};

use crate::fixtures::{context, failure, inbound, json, lead, lead_json, leads, map_with, problems};

fn fields(fields: &str) -> String {
    format!("version: 1\nmap:\n  unknown: drop\n  fields:\n    {}", fields.trim_end().replace('\n', "\n    "))
}

/// Each problem as `column code | message | suggestion`.
fn diagnose(chain: &str) -> Vec<String> {
    let tell = |p: &Diagnostic| {
        format!("{} {} | {} | {}", p.column - 35, p.code, p.message, p.suggestion.as_deref().unwrap_or("-"))
    };
    problems(&format!("version: 1\nmap: {{fields: {{x: {{from: a, then: {chain}}}}}}}")).iter().map(tell).collect()
}

/// Facebook: pairs with lists, one of them without.
#[test]
fn m4_facebook_fields_by_key_and_as_an_object() {
    let document = fields(
        r#"
email: {from: field_data, then: [{find: {name: email}}, {pick: values}, first, email]}
first_name: {from: field_data, then: [{find: {name: full_name}}, {pick: 'values[0]'}, {split_name: first}]}
inbox: {from: field_data, then: [{find: {name: inbox_url}}, {pick: 'values[0]'}], on_missing: null}
budget: {from: field_data, then: [{find: {name: 'what_is_your_budget?'}}, {pick: 'values[0]'}, number]}
interests: {from: field_data, then: [{find: {name: interests}}, {pick: values}, {join: ', '}]}
answers: {from: field_data, then: [{from_pairs: {value: values, single: true}}, {without: [email, full_name, phone_number]}]}
created: {from: created_time, then: [time]}
created_on: {from: created_time, then: [date]}
"#,
    );
    let expected = r#"{"first_name":"Maria","email":"maria@example.com","custom":{"inbox":null,"budget":12000,"interests":"solar, battery",
        "answers":{"what_is_your_budget?":"$12,000","interests":["solar","battery"]},"created":"2026-03-08T09:09:27Z","created_on":"2026-03-08"}}"#;
    let lead = lead_json(&document, include_str!("../fixtures/facebook-lead-fields.json"));
    assert_eq!(json(&lead), json(expected));
}

/// Google: pairs by id, of which some have a name.
#[test]
fn m4_google_columns_by_id() {
    let document = fields(
        r#"
zip: {from: user_column_data, then: [{find: {column_id: POSTAL_CODE}}, {pick: string_value}, zip]}
last_name: {from: user_column_data, then: [{find: {column_id: FULL_NAME}}, {pick: string_value}, {split_name: last}]}
columns: {from: user_column_data, then: [{from_pairs: {name: column_id, value: string_value}}, {only: [which_dealership]}]}
questions: {from: user_column_data, then: [{filter: '@.column_name'}, {map: [{pick: column_name}, slug]}]}
submitted: {from: lead_submit_time, then: [{in_zone: America/New_York}]}
"#,
    );
    let expected = r#"{"last_name":"Doe","zip":"02139","custom":{"columns":{"which_dealership":"North"},
        "questions":["full-name","which-dealership"],"submitted":"2026-02-26T07:30:00-05:00"}}"#;
    let lead = lead_json(&document, include_str!("../fixtures/google-lead-form.json"));
    assert_eq!(json(&lead), json(expected));
}

#[test]
fn m4_dotted_keys_amounts_and_epochs() {
    let dotted = fields(
        "first_name: {from: fields, then: [{pick: \"['name.first']\"}]}\nrating: {from: $.fields.rate_this, then: [{range_label: [{below: 3, is: bad}, {from: 3, is: good}]}]}",
    );
    let lead = lead_json(&dotted, include_str!("../fixtures/dotted-keys-form.json"));
    assert_eq!(lead, r#"{"first_name":"Jake","custom":{"rating":"good"}}"#);
    let nested = fields(
        "debt: {from: customFields.debt, then: [number, {multiply: 0.1}]}\nbirth: {from: dateOfBirth, then: [{format_date: '%m/%d/%Y'}]}\nage: {from: dateOfBirth, then: [age]}\nqa: {from: questionnaire, then: [{from_pairs: {name: question, value: answer}}]}",
    );
    let lead = lead_json(&nested, include_str!("../fixtures/leadsail-submit.json"));
    assert_eq!(lead, r#"{"custom":{"debt":1200,"birth":"05/15/1990","age":34,"qa":{"Filing for?":"Chapter 7"}}}"#);
    let events = fields("at: {from: occurredAt, then: [{epoch: ms}]}");
    let lead = leads(&events, include_str!("../fixtures/hubspot-app-events.json")).remove(0).unwrap();
    assert_eq!(lead.lead, r#"{"custom":{"at":"2016-05-02T19:11:47.945Z"}}"#);
    let form = fields(
        "date_of_birth: {from: \"$['lead.dob']\", then: [{date: '%m/%d/%Y'}]}\nphone: {from: \"$['lead.phone_1']\", then: [phone]}",
    );
    let lead = lead_json(&form, r#"{"lead.phone_1":"5127891111","lead.dob":"10/12/1976"}"#);
    assert_eq!(lead, r#"{"phone":"+15127891111","date_of_birth":"1976-10-12","custom":{}}"#);
}

/// M4: a date that two formats read differently is taken by the first, and the lead says so.
#[test]
fn m4_an_ambiguous_date_is_a_notice() {
    let document = fields("date_of_birth: {from: dob, then: [{date: ['%m/%d/%Y', '%d/%m/%Y']}]}");
    let lead = lead(&document, r#"{"dob":"03/04/1990"}"#);
    assert_eq!(lead.lead, r#"{"date_of_birth":"1990-03-04","custom":{}}"#);
    let warning = &lead.warnings[0];
    assert_eq!((warning.code.as_str(), warning.path.as_str()), ("ambiguous_date", "date_of_birth"));
    assert!(warning.message.contains("03/04/1990") && warning.message.contains("%d/%m/%Y"), "{}", warning.message);
    assert!(crate::fixtures::lead(&document, r#"{"dob":"13/04/1990"}"#).warnings.is_empty());
}

/// M4: a date of birth is never in the future, and a lead whose century was chosen says so. What counts is the time of the run.
#[test]
fn m4_p8_the_century_is_seen_from_the_run() {
    let document = fields(
        "date_of_birth: {from: dob, then: [{date: '%m/%d/%y'}]}\nmoved: {from: moved, then: [{date: '%m/%d/%y'}]}",
    );
    let run = |now_ms, body: &str| {
        let lead =
            map_with(&document, Context { now: now_ms, ..context() }, inbound(body)).unwrap().leads.remove(0).unwrap();
        let codes: Vec<String> = lead.warnings.into_iter().map(|one| format!("{} {}", one.path, one.code)).collect();
        (json(&lead.lead), codes.join(", "))
    };
    let (in_2024, in_2034) = (1_718_447_400_000, 2_034_066_600_000);
    for (now_ms, body, lead, warnings) in [
        (in_2024, r#"{"dob":"03/04/85"}"#, r#"{"date_of_birth":"1985-03-04","custom":{}}"#, ""),
        (in_2024, r#"{"dob":"03/04/30"}"#, r#"{"date_of_birth":"1930-03-04","custom":{}}"#, ""),
        (
            in_2034,
            r#"{"dob":"03/04/30"}"#,
            r#"{"date_of_birth":"2030-03-04","custom":{}}"#,
            "date_of_birth ambiguous_century",
        ),
        (
            in_2024,
            r#"{"dob":"03/04/10"}"#,
            r#"{"date_of_birth":"2010-03-04","custom":{}}"#,
            "date_of_birth ambiguous_century",
        ),
        (in_2024, r#"{"moved":"03/04/30"}"#, r#"{"custom":{"moved":"2030-03-04"}}"#, ""),
        (in_2024, r#"{"moved":"03/04/60"}"#, r#"{"custom":{"moved":"1960-03-04"}}"#, "moved ambiguous_century"),
    ] {
        assert_eq!(run(now_ms, body), (json(lead), warnings.to_owned()), "{body}");
    }
    let four_digits = fields("date_of_birth: {from: dob, then: [{date: '%m/%d/%Y'}], on_error: fail}");
    let failure = failure(&four_digits, r#"{"dob":"03/04/2060"}"#);
    assert_eq!(failure.code, "in_the_future");
    let elsewhere = four_digits.replace("date_of_birth", "custom.due");
    assert_eq!(lead_json(&elsewhere, r#"{"dob":"03/04/2060"}"#), r#"{"custom":{"due":"2060-03-04"}}"#);
}

/// M4: dates as .NET and sheets send them, which are counts.
#[test]
fn m4_dates_of_dotnet_and_sheets() {
    let document = fields(
        r#"
at: {from: wcf, then: [{extract: 'Date\((-?\d+)'}, {epoch: ms}]}
before: {from: wcf_neg, then: [{extract: 'Date\((-?\d+)'}, {epoch: ms}, {date: {zone: UTC}}]}
day: {from: cell, then: [{subtract: 25569}, {multiply: 86400}, {epoch: s}, {date: {zone: UTC}}]}
moment: {from: cell_time, then: [number, {subtract: 25569}, {multiply: 86400}, {epoch: s}]}
"#,
    );
    let body = r#"{"wcf": "/Date(1772366400000-0500)/", "wcf_neg": "/Date(-86400000)/", "cell": 45735, "cell_time": "45735.75"}"#;
    let expected = r#"{"custom":{"at":"2026-03-01T12:00:00Z","before":"1969-12-31","day":"2025-03-19","moment":"2025-03-19T18:00:00Z"}}"#;
    assert_eq!(json(&lead_json(&document, body)), json(expected));
}

/// M4: months in other languages, as forms and people write them.
#[test]
fn m4_months_of_other_languages() {
    let document = fields(
        r#"
fr: {from: fr, then: [{date: '%d %B %Y'}]}
fr2: {from: fr2, then: [{date: '%d %b %Y'}]}
de: {from: de, then: [{date: '%d. %B %Y'}]}
es: {from: es, then: [{date: '%d de %B de %Y'}]}
hr: {from: hr, then: [{date: {formats: '%d. %B %Y.', language: hr}}]}
"#,
    );
    let body = r#"{"fr": "15 août 2026", "fr2": "1er févr. 2025", "de": "3. März 2026", "es": "9 de septiembre de 2025", "hr": "15. listopada 2026."}"#;
    let expected =
        r#"{"custom":{"fr":"2026-08-15","fr2":"2025-02-01","de":"2026-03-03","es":"2025-09-09","hr":"2026-10-15"}}"#;
    assert_eq!(json(&lead_json(&document, body)), json(expected));
}

/// M4, P8: ids come of the item's entropy: others in each field and each lead, the same in a replay.
#[test]
fn m4_p8_ids_differ_and_replay() {
    let document = fields("external_id: {from: id, then: [uuid]}\nother: {from: id, then: [uuid]}");
    let ids = |body: &str, entropy| {
        let mut element = inbound(body);
        element.entropy = entropy;
        let leads = map_with(&document, context(), element).unwrap().leads;
        let lead = |lead: Result<hookmill_plugin_sdk::types::MappedLead, _>| json(&lead.unwrap().lead);
        let ids =
            leads.into_iter().map(lead).flat_map(|lead| [lead["external_id"].clone(), lead["custom"]["other"].clone()]);
        ids.collect::<Vec<_>>()
    };
    let first = ids("[{},{}]", Entropy { high: 1, low: 2 });
    assert_eq!(first, ids("[{},{}]", Entropy { high: 1, low: 2 }));
    let mut all = [first, ids("{}", Entropy { high: 1, low: 3 })].concat();
    assert!(all.iter().all(|id| id.as_str().unwrap().len() == 36));
    all.sort_by_key(ToString::to_string);
    all.dedup();
    assert_eq!(all.len(), 6);
}

/// M7: value sets are looked up through the host; one that is not there fails the lead, and is never an empty one.
#[test]
fn m7_value_sets_are_looked_up() {
    testing::table("regions", [("TX", r#"{"name":"South","rank":1.50}"#), ("CA", "null")]);
    let document = fields("region: {from: s, then: [{lookup_set: {set: regions, default: none}}]}");
    for (body, expected) in [
        (r#"{"s":" TX"}"#, r#"{"custom":{"region":{"name":"South","rank":1.50}}}"#),
        (r#"{"s":"CA"}"#, r#"{"custom":{"region":null}}"#),
        (r#"{"s":"NY"}"#, r#"{"custom":{"region":"none"}}"#),
        (r#"{"s":""}"#, r#"{"custom":{"region":""}}"#),
    ] {
        assert_eq!(lead_json(&document, body), expected);
    }
    let unknown = failure(&fields("region: {from: s, then: [{lookup_set: nowhere}]}"), r#"{"s":"TX"}"#);
    assert!(["table_unknown", "table_not_granted"].contains(&unknown.code.as_str()), "{unknown:?}");
}

/// M6: what only a function looks at is known, too.
#[test]
fn m6_paths_of_functions_are_known() {
    let document = "version: 1\nmap:\n  unknown: reject\n  fields:\n    custom.name: {from: a, then: [{concat: b}, {template: '{{ value }} {{ c }}'}]}\n    custom.sum: {from: d, then: [{map: [{add: e}, {pick: f}]}], on_error: omit}";
    assert!(lead_json(document, r#"{"a":"x","b":"y","c":"z","e":1}"#).contains(r#""name":"x y z""#));
    assert_eq!(failure(document, r#"{"a":"x","f":1}"#).field.as_deref(), Some("f"));
    assert_eq!(failure(document, r#"{"value":"x"}"#).field.as_deref(), Some("value"));
}

/// M4: amounts as people of many countries write them, each read or left as it came.
#[test]
fn m4_amounts_of_many_countries() {
    let document = fields(
        r#"
inr: {from: inr, then: [number], on_error: keep_raw}
inr2: {from: inr2, then: [number], on_error: keep_raw}
chf: {from: chf, then: [number], on_error: keep_raw}
chf2: {from: chf2, then: [number], on_error: keep_raw}
eur: {from: eur, then: [{number: {decimal: ','}}], on_error: keep_raw}
eur2: {from: eur2, then: [{number: {decimal: ','}}], on_error: keep_raw}
paren: {from: paren, then: [number], on_error: keep_raw}
paren2: {from: paren, then: [{replace_pattern: {pattern: '^\((.*)\)$', with: '-$1'}}, number]}
pct: {from: pct, then: [number], on_error: keep_raw}
pct2: {from: pct, then: [{replace: '%'}, number]}
minus: {from: minus, then: [number], on_error: keep_raw}
plain: {from: plain, then: [number]}
"#,
    );
    let body = r#"{"inr": "₹1,20,000", "inr2": "Rs. 12,34,567.50", "chf": "CHF 1'250.50", "chf2": "1’250.50", "eur": "1 234,50 €",
        "eur2": "EUR 1.234.567,-", "paren": "(1,200.00)", "pct": "12.5 %", "minus": "−$50", "plain": "120000.00"}"#;
    let expected = r#"{"custom":{"inr":120000,"inr2":1234567.50,"chf":1250.50,"chf2":1250.50,"eur":1234.50,"eur2":1234567,
        "paren":"(1,200.00)","paren2":-1200.00,"pct":"12.5 %","pct2":12.5,"minus":-50,"plain":120000.00}}"#;
    assert_eq!(json(&lead_json(&document, body)), json(expected));
}

/// M4: a suffix behind the upper end of a range alone is for both ends, unless that can't be.
#[test]
fn m4_ranges_with_one_suffix() {
    let document = fields(
        "lo: {from: v, then: [{range: {part: min, suffixes: true}}]}\nhi: {from: v, then: [{range: {part: max, suffixes: true}}]}",
    );
    let body = r#"[{"v": "20-30k"}, {"v": "$50-75K"}, {"v": "1-1.5m"}, {"v": "20k-30k"}, {"v": "500-2k"}]"#;
    let ends: Vec<String> = leads(&document, body).into_iter().map(|lead| lead.unwrap().lead).collect();
    let expected = [(20000, 30000), (50000, 75000), (1_000_000, 1_500_000), (20000, 30000), (500, 2000)];
    let expected = expected.map(|(low, high)| format!(r#"{{"custom":{{"lo":{low},"hi":{high}}}}}"#));
    assert_eq!(ends, expected);
}

/// M4: a JSON number is one already, whatever mark the document's texts have before their decimals.
#[test]
fn m4_a_json_number_is_not_read_as_a_text() {
    let document = fields(
        "a: {from: a, then: [{number: {decimal: ','}}]}\nlo: {from: a, then: [{range: {part: min, decimal: ','}}]}\nmid: {from: a, then: [{range: {part: avg, decimal: ','}}]}",
    );
    assert_eq!(lead_json(&document, r#"{"a":1.234}"#), r#"{"custom":{"a":1.234,"lo":1.234,"mid":1.234}}"#);
}

/// M4: nothing plausible is made of nonsense; the rejection quotes the input.
#[test]
fn m4_rejections_quote_and_teach() {
    for (chain, input, code, words) in [
        ("number", "\"Unit 5\"", "not_a_number", ["\"Unit 5\"", "extract"]),
        ("date", "\"2026-02-30\"", "not_a_date", ["not a day of the calendar", "February 2026 has 28 days"]),
        ("date", "\"2026-02-30T10:00:00Z\"", "not_a_date", ["not a day of the calendar", "February 2026 has 28 days"]),
        ("time", "\"2023-04-31 10:00\"", "not_a_date", ["not a day of the calendar", "April 2023 has 30 days"]),
        ("date", "\"0026-06-15\"", "not_a_date", ["not a day of the calendar", "years before 1583"]),
        ("date", "\"31.02.2026\"", "not_a_date", ["`{date: '%d.%m.%Y'}`", "February 2026 has 28 days"]),
        (
            "{date: '%d.%m.%Y'}",
            "\"31.02.2026\"",
            "not_a_date",
            ["not a day of the calendar", "February 2026 has 28 days"],
        ),
        (
            "{date: '%d.%m.%y'}",
            "\"29.02.26\"",
            "not_a_date",
            ["not a day of the calendar", "February 2026 has 28 days"],
        ),
        (
            "{date: ['%m/%d/%Y', '%d/%m/%Y']}",
            "\"02/30/2026\"",
            "not_a_date",
            ["not a day of the calendar", "has 28 days"],
        ),
        ("{date: '%Y-%j'}", "\"2026-366\"", "not_a_date", ["not a day of the calendar", "2026 has 365 days"]),
        ("age", "\"2026-02-30\"", "not_a_time", ["not a day of the calendar", "February 2026 has 28 days"]),
        ("phone", "\"512 555 014\"", "not_a_phone", ["it has 9 digits", "of +1 have 10"]),
        ("phone", "\"512 555 01429\"", "not_a_phone", ["it has 11 digits", "of +1 have 10"]),
        ("{phone: GB}", "\"020 7946 095\"", "not_a_phone", ["it has 9 digits without", "of +44 have 10"]),
        ("number", "\"12.5k\"", "not_a_number", ["\"12.5k\"", "suffixes"]),
        ("number", "\"100-200\"", "not_a_number", ["\"100-200\"", "range"]),
        ("number", "\"12.5 %\"", "not_a_number", ["\"12.5 %\"", "{replace: '%'}"]),
        ("number", "\"(50)\"", "not_a_number", ["\"(50)\"", "replace_pattern"]),
        ("{range: min}", "\"$1 - $2k\"", "not_a_range", ["\"$1 - $2k\"", "suffixes"]),
        ("{range: {part: min, suffixes: true}}", "\"$1 - $2k\"", "not_a_range", ["reads two ways", "`lookup`"]),
        ("{range: max}", "\"$100 - €200\"", "not_a_range", ["\"$100 - €200\"", "two currencies"]),
        ("date", "\"10/12/1976\"", "not_a_date", ["\"10/12/1976\"", "{date: '%m/%d/%Y'}"]),
        ("date", "\"13/12/1976\"", "not_a_date", ["{date: '%d/%m/%Y'}", "1976-12-13"]),
        ("{date: '%d.%m.%Y'}", "\"13/12/1976\"", "not_a_date", ["`%d.%m.%Y`", "{date: '%d/%m/%Y'}"]),
        (
            "{date: '%d %B %Y'}",
            "\"1 listopada 2026\"",
            "ambiguous_month",
            ["October in hr, November in pl", "language"],
        ),
        ("{time: '%F %H:%M %Z'}", "\"2026-01-01 10:00 IST\"", "ambiguous_zone", ["Asia/Kolkata", "Europe/Dublin"]),
        ("{date: '%a %F'}", "\"Mon 2026-08-15\"", "not_a_date", ["2026-08-15 is a Saturday", "day and month"]),
        ("{to_epoch: ms}", "\"1990-05-15\"", "no_time_of_day", ["\"1990-05-15\"", "zone: UTC"]),
        ("age", "\"10/12/1976\"", "not_a_time", ["\"10/12/1976\"", "`date`"]),
        ("zip", "2139", "not_a_zip", ["\"2139\"", "{zip: {pad: true}}"]),
        ("round", "[1.5]", "wrong_type", ["[1.5]", "{map: [round]}"]),
        ("{lookup: {table: {a: 1}}}", "\"b\"", "not_in_table", ["\"b\"", "`default`"]),
    ] {
        let failure = failure(&fields(&format!("x: {{from: a, then: [{chain}]}}")), &format!("{{\"a\":{input}}}"));
        assert_eq!(failure.code, code, "{chain}");
        assert!(words.iter().all(|word| failure.message.contains(word)), "{chain}: {}", failure.message);
    }
}

/// M2: what a chain can't be is told with place and hint.
#[test]
fn m2_chains_are_checked() {
    for (chain, expected) in [
        ("[trimm]", "1 unknown_function | there is no function `trimm` | did you mean `trim`?"),
        (
            "[{split: ','}, round]",
            "15 wrong_kind | `round` needs a number, but `split` gives a list | put `first` between them, or write `{map: [round]}` to do it to each item",
        ),
        (
            "[is_email, {add: 1}]",
            "11 wrong_kind | `add` needs a number, but `is_email` gives true or false | take one of them out, or change their order",
        ),
        (
            "[count, flatten]",
            "8 wrong_kind | `flatten` needs an object, but `count` gives a number | take one of them out, or change their order",
        ),
        (
            "[{map: [count, flatten]}]",
            "15 wrong_kind | `flatten` needs an object, but `count` gives a number | take one of them out, or change their order",
        ),
        ("[{trim: 1}]", "1 unexpected_argument | `trim` takes no argument | write just `trim`"),
        (
            "[truncate]",
            "1 missing_argument | `truncate` needs an argument: how many characters at most | write it like `{truncate: 3}`",
        ),
        (
            "[{lookup: {default: x}}]",
            "10 missing_argument | `lookup` needs `table`: the table, a map from text to value | write it like `{lookup: {table: {TX: Texas, CA: California}}}`",
        ),
        ("[{pad: {two: 5}}]", "8 unknown_key | `two` means nothing here | did you mean `to`?"),
        ("[{pad: 5000}]", "7 wrong_type | this should be an integer from 0 to 1000, not a number: 5000 | -"),
        (
            "[{range: middle}]",
            "9 unknown_word | `middle` is none of the words that can stand here | known here: min, max, avg",
        ),
        (
            "[{phone: USA}]",
            "9 unknown_region | `USA` is not a region with phone numbers | use a code of ISO 3166-1 such as US or DE",
        ),
        (
            "[{in_zone: Mars}]",
            "11 unknown_zone | `Mars` is not a name in the IANA Time Zone Database | write a name such as `America/New_York` or `UTC`",
        ),
        ("[{add: '1'}]", "7 wrong_type | a number stands here without quotes | write it without quotes"),
        (
            "[{date: '%m/%d'}]",
            "8 bad_format | `%m/%d` does not say which day is meant | name day, month and year, as in `%m/%d/%Y`",
        ),
        (
            "[{range_label: [{from: 5, below: 5, is: a}]}]",
            "16 empty_range | no number lies in this range | `below` must be above `from`",
        ),
        (
            "[{date: {formats: '%d %B %Y', months: {Foo: 13}}}]",
            "44 wrong_type | the number of a month is an integer from 1 to 12, not 13 | write it like `Foo: 1`",
        ),
        (
            "[{date: {formats: '%d %B %Y', months: {Foo: May}}}]",
            "44 wrong_type | the number of a month is an integer from 1 to 12, not \"May\" | write it like `Foo: 1`",
        ),
        (
            "[{date: {formats: '%d %B %Y', months: {'12': 1}}}]",
            "45 wrong_type | `12` has no letters, so it is not the name of a month | write a name such as `Ionawr`",
        ),
    ] {
        assert_eq!(diagnose(chain), [expected], "{chain}");
    }
    // All of them are told, each with its path.
    let several = "version: 1\nmap: {fields: {x: {from: a, then: [{time: {formats: '%d %B %Y', months: {Foo: 0, Bar: 2, Baz: 1.5}}}]}}}";
    let paths: Vec<String> = problems(several).into_iter().map(|problem| problem.path).collect();
    assert_eq!(paths, ["Foo", "Baz"].map(|name| format!("map.fields.x.then[0].time.months.{name}")));
    for (chain, code) in [
        ("[{extract: '('}]", "bad_pattern"),
        ("[{extract: '(?=a)'}]", "bad_pattern"),
        ("[{extract: '(a{1000}){1000}'}]", "bad_pattern"),
        ("[{date: '%I:%M %Y-%m-%d'}]", "bad_format"),
        ("[{date: '%Q'}]", "bad_format"),
        ("[{format_date: 'today'}]", "bad_format"),
        ("[{date: {formats: '%d %B %Y', months: {Ionawr: 13}}}]", "wrong_type"),
        ("[{date: {formats: '%d %B %Y', months: {May: 5, MAY: 6}}}]", "duplicate_key"),
        ("[{date: {formats: '%d %B %Y', language: xx}}]", "unknown_word"),
        ("[{filter: '@.x =='}]", "bad_path"),
        ("[{template: '{{ value'}]", "bad_template"),
        ("[{find: {}}]", "empty"),
        ("[{map: [{map: [{map: [{map: [{map: [trim]}]}]}]}]}]", "too_deep"),
    ] {
        assert_eq!(
            problems(&format!("version: 1\nmap: {{fields: {{x: {{from: a, then: {chain}}}}}}}")).remove(0).code,
            code,
            "{chain}"
        );
    }
}

/// M4: which answer belongs to which question is not lost, and what can never be found is a mistake.
#[test]
fn m4_lists_of_lists_stay_and_find_takes_one_of_several() {
    let body = r#"{"q":[{"n":"a","v":["1","2"]},{"n":"b","v":[]},{"n":"c","v":["3"]}]}"#;
    for (chain, expected) in [
        ("{pick: v}", r#"[["1","2"],[],["3"]]"#),
        ("{map: [{pick: v}]}", r#"[["1","2"],[],["3"]]"#),
        ("{pick: v}, flatten_list", r#"["1","2","3"]"#),
        ("{pick: v}, {map: [{join: '+'}]}", r#"["1+2","","3"]"#),
        ("{find: {n: [x, c]}}, {pick: v}", r#"["3"]"#),
        // In the input itself and in a made value it is the same.
        ("list, {find: {n: [x, c]}}, {pick: v}", r#"["3"]"#),
    ] {
        let lead = lead_json(&fields(&format!("x: {{from: q, then: [{chain}]}}")), body);
        assert_eq!(lead, format!(r#"{{"custom":{{"x":{expected}}}}}"#), "{chain}");
    }
    for members in ["{n: []}", "{n: {a: 1}}", "{n: [[a]]}", "{n: [{a: 1}]}"] {
        assert!(diagnose(&format!("[{{find: {members}}}]"))[0].contains("wrong_type"), "{members}");
    }
}

/// M4: objects that are made of each item, and a made object whose members become fields of their own.
#[test]
fn m4_objects_are_made_of_values() {
    let body = r#"{"form":"f1","q":[{"label":" Roof? ","values":["flat"]},{"label":"Age?","values":[]}],"first":"Ann","zip":"02139"}"#;
    for (recipe, expected) in [
        (
            "{from: q, then: [{object: {question: {path: label, then: [trim]}, answer: 'values[0]', form: {from: form}}}]}",
            r#"[{"question":"Roof?","answer":"flat","form":"f1"},{"question":"Age?","form":"f1"}]"#,
        ),
        (
            "{from: q, then: [{map: [{object: {n: {template: '{{ value.label }}!'}}}, {pick: n}, trim]}]}",
            r#"["Roof? !","Age?!"]"#,
        ),
        ("{from: q, then: [first, {object: {v: values, kind: {value: {a: 1}}}}]}", r#"{"v":["flat"],"kind":{"a":1}}"#),
        (
            "{value: {}, then: [{object: {name: {from: first}, zip: {from: zip}, gone: {from: gone}}}]}",
            r#"{"name":"Ann","zip":"02139"}"#,
        ),
    ] {
        let lead = lead_json(&fields(&format!("x: {recipe}")), body);
        assert_eq!(lead, format!(r#"{{"custom":{{"x":{expected}}}}}"#), "{recipe}");
    }
    let document = "version: 1\nmap: {unknown: drop, fields: {x: {value: {}, then: [{object: {a: {from: first}, b: {from: zip}}}]}}, expand: [fields.x]}";
    assert_eq!(lead_json(document, body), r#"{"custom":{"a":"Ann","b":"02139"}}"#);
    for (parts, code) in [
        ("{}", "empty"),
        ("{a: {}}", "one_source"),
        ("{a: {path: b, from: c}}", "one_source"),
        ("{a: {form: b}}", "unknown_key"),
        ("{a: 5}", "wrong_type"),
    ] {
        assert!(
            diagnose(&format!("[{{object: {parts}}}]"))[0].contains(code),
            "{parts}: {:?}",
            diagnose(&format!("[{{object: {parts}}}]"))
        );
    }
}

/// Ids of a questionnaire, whose texts stand elsewhere in the same body: in a list, as one object, and by name.
#[test]
fn m4_ids_are_looked_up_in_the_same_body() {
    let document =
        |arguments: &str| fields(&format!("x: {{from: ids, then: [{{lookup_in: {{in: table, {arguments}}}}}]}}"));
    let with = |table: &str| format!(r#"{{"ids":[7,"8",null],"table":{table}}}"#);
    for (arguments, table, expected) in [
        (
            "value: text",
            r#"[{"id":8,"text":"b"},{"id":7,"text":"a"},{"id":7,"text":"z"},5,{"text":"y"}]"#,
            r#"["a","b",null]"#,
        ),
        (
            "id: [key, ref.id], value: text.en",
            r#"[{"key":7,"text":{"en":"a"}},{"ref":{"id":8},"text":{"en":"b"}}]"#,
            r#"["a","b",null]"#,
        ),
        ("value: text, default: none", r#"{"id":"7","text":"a"}"#, r#"["a","none",null]"#),
        ("value: en", r#"{"7":{"en":"a"},"8":{"en":"b"}}"#, r#"["a","b",null]"#),
        ("default: {a: 1}", r#"[]"#, r#"[{"a":1},{"a":1},null]"#),
    ] {
        let lead = lead_json(&document(arguments), &with(table));
        assert_eq!(lead, format!(r#"{{"custom":{{"x":{expected}}}}}"#), "{arguments} in {table}");
    }
    for (table, code, says) in [
        (r#"[{"id":7,"text":"a"}]"#, "not_in_table", r#""8" is looked up at `table` and is not there"#),
        (r#"[{"id":7,"text":"a"},{"id":8}]"#, "not_in_table", r#""8" is looked up at `table` and has no value there"#),
        (r#""x""#, "no_operand", "`lookup_in` finds a text at `table`, not a list or an object"),
    ] {
        let failure = failure(&document("value: text"), &with(table));
        assert_eq!(failure.code, code, "{table}");
        assert!(failure.message.contains(says), "{}", failure.message);
    }
}

/// A path inside a value is one of that value in all of its parts: names of roots are names, and `$` is the value.
#[test]
fn m4_paths_inside_a_value_know_no_roots() {
    let document = fields(
        "x: {from: v, then: [{pick: campaign.id}]}\ny: {from: v, then: [{pick: \"list[?@.id == $.wanted].n\"}]}\nz: {from: v, then: [{template: '{{ value.campaign.id }}/{{ value.list[0].n }}'}]}",
    );
    let lead =
        lead_json(&document, r#"{"v":{"campaign":{"id":5},"wanted":2,"list":[{"id":1,"n":"a"},{"id":2,"n":"b"}]}}"#);
    assert_eq!(lead, r#"{"custom":{"x":5,"y":["b"],"z":"5/a"}}"#);
}

/// Members with other names, where names must not come together.
#[test]
fn m2_new_names_that_come_together_are_told() {
    assert_eq!(
        diagnose("[{rename: {a: c, b: c}}]"),
        ["20 duplicate_field | `a` and `b` would both become `c` | give one of them another name"]
    );
    assert_eq!(diagnose("[{rename: {a: ''}}]")[0].split(" | ").next(), Some("14 empty"));
    assert_eq!(diagnose("[{rename: [a, b]}]")[0].split(" | ").next(), Some("10 wrong_type"));
}

/// What nobody sees is taken out of the person's fields, with a warning where no function was asked to read them; an id of another system
/// is repeated.
#[test]
fn m4_characters_that_nobody_sees_are_taken_out_of_the_persons_fields() {
    let document = fields(
        r"
external_id: id
first_name: first
last_name: last
email: {from: mail, then: [email]}
phone: {from: tel, then: [phone]}
city: {from: city, on_blank: omit}
note: note",
    );
    let input = serde_json::json!({
        "id": "7\u{200b}", "first": "\u{feff}Ann\u{200b}", "last": "علی\u{200c}رضا", "mail": "\u{200b}Ann\u{ad}@example.com",
        "tel": "\u{202a}(512) 555-0142\u{202c}", "city": "\u{3164}", "note": "a\u{200b}",
    });
    let lead = map_with(&document, context(), inbound(&input.to_string())).unwrap().leads.remove(0).unwrap();
    let expected = serde_json::json!({
        "external_id": "7\u{200b}", "first_name": "Ann", "last_name": "علی\u{200c}رضا", "email": "ann@example.com",
        "phone": "+15125550142", "custom": {"note": "a\u{200b}"},
    });
    assert_eq!(json(&lead.lead), expected);
    let warnings: Vec<String> =
        lead.warnings.iter().map(|warning| format!("{} {}", warning.code, warning.message)).collect();
    assert_eq!(warnings, [r#"hidden_characters first_name: 2 characters that nobody sees were taken out of "Ann""#]);
}
