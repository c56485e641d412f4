//! What the page says of functions in sentences: how they meet values, characters that nobody sees, formats of dates, written numbers.

use super::claims::Claims;
use crate::fixtures::{context, inbound, map_with};
use hookmill_plugin_sdk::types::{Context, Failure, MappedLead};

/// What functions make of a value: JSON, or `missing`, with the codes of warnings; or the code of the rejection.
fn build_text(then: &str, value: &str) -> String {
    made_in(context(), then, value)
}

fn made_in(context: Context, then: &str, value: &str) -> String {
    let body = format!(r#"{{"v":{value},"beta":"b","table":{{"a":"A"}},"one":{{"id":1,"t":"x"}}}}"#);
    field_in(context, "x", &format!("{{from: v, then: [{then}]}}"), &body)
}

/// What comes to stand in a field.
fn field_in(context: Context, field: &str, recipe: &str, body: &str) -> String {
    let document = format!("version: 1\nmap: {{unknown: drop, fields: {{{field}: {recipe}}}}}");
    let shown = |lead: MappedLead| {
        let custom = lead.lead.strip_prefix(r#"{"custom":{"x":"#).and_then(|rest| rest.strip_suffix("}}"));
        let standard =
            || lead.lead.strip_suffix(r#","custom":{}}"#).and_then(|rest| rest.split_once(':')).map(|(_, value)| value);
        let value = custom.or_else(standard).unwrap_or("missing").to_owned();
        lead.warnings.iter().fold(value, |text, warning| text + " " + &warning.code)
    };
    match map_with(&document, context, inbound(body)) {
        Ok(mapped) => mapped.leads.into_iter().next().unwrap().map_or_else(|failure: Failure| failure.code, shown),
        Err(failure) => failure.code,
    }
}

fn assert_made(rows: &[(&str, &str, &str, &str)]) {
    let mut claims = Claims::default();
    for (claim, then, value, expected) in rows {
        claims.compare(claim, &format!("{then} of {value}"), build_text(then, value), *expected);
    }
    claims.end();
}

#[test]
fn m4_how_functions_meet_values() {
    assert_made(&[
        ("anything but a map is the first argument", "{truncate: 2}", r#""abc""#, r#""ab""#),
        ("a map names them", "{truncate: {to: 2}}", r#""abc""#, r#""ab""#),
        ("missing passes through", "{pick: gone}, upper", "{}", "missing"),
        ("null passes through", "upper, round", "null", "null"),
        ("unless a function is for them", "{default: d}", "null", r#""d""#),
        ("what only reads or checks leaves a blank text blank", "email", r#"" ""#, r#"" ""#),
        ("what only reads or checks leaves a blank text blank", "date", r#""""#, r#""""#),
        ("functions on texts take a list item by item", "upper", r#"["a","b"]"#, r#"["A","B"]"#),
        ("a list that comes out of an item stays one", "{pick: v}", r#"[{"v":[1]},{"v":[2,3]}]"#, "[[1],[2,3]]"),
        ("`flatten_list` puts them in a row", "{pick: v}, flatten_list", r#"[{"v":[1]},{"v":[2,3]}]"#, "[1,2,3]"),
        ("`split` does so by itself", "{split: ','}", r#"["a,b","c"]"#, r#"["a","b","c"]"#),
        ("`extract_all` does so by itself", "{extract_all: '[a-z]'}", r#"["ab","c"]"#, r#"["a","b","c"]"#),
        ("those on numbers reject a list", "round", "[1.4]", "wrong_type"),
        ("those on dates reject a list", "date", r#"["2026-01-31"]"#, "wrong_type"),
        ("`{map: [round]}` says what is meant", "{map: [round]}", "[1.4]", "[1]"),
        ("`first` says what is meant", "first, round", "[1.4]", "1"),
        ("a function on lists takes a single value as a list of one", "{join: '-'}", r#""a""#, r#""a""#),
        ("a function on lists takes a single value as a list of one", "count", "5", "1"),
        ("a value of a type that it can't take", "upper", r#"{"a":1}"#, "wrong_type"),
        ("numbers are exact decimals", "{add: 0.1}", "0.2", "0.3"),
        ("dates come out as `2026-01-31`", "{date: '%d.%m.%Y'}", r#""31.1.2026""#, r#""2026-01-31""#),
        ("times as `2026-01-31T10:00:00Z`", "time", r#""2026-01-31T10:00:00+00:00""#, r#""2026-01-31T10:00:00Z""#),
        ("the first that fits counts", "{date: ['%d.%m.%Y', '%m/%d/%Y']}", r#""01/31/2026""#, r#""2026-01-31""#),
        (
            "a later one says another day",
            "{date: ['%d/%m/%Y', '%m/%d/%Y']}",
            r#""01/02/2026""#,
            r#""2026-02-01" ambiguous_date"#,
        ),
        ("years before 1583 are not read", "date", r#""1582-12-31""#, "not_a_date"),
        ("years before 1583 are not read", "date", r#""1583-01-01""#, r#""1583-01-01""#),
        (
            "a time without an offset is one of the campaign's zone",
            "time",
            r#""2026-01-31T10:00:00""#,
            r#""2026-01-31T15:00:00Z""#,
        ),
        ("the region is the campaign's", "phone", r#""512 555 0142""#, r#""+15125550142""#),
        ("where the document names none", "{phone: DE}", r#""030 123456""#, r#""+4930123456""#),
    ]);
}

#[test]
fn m4_what_the_summaries_of_functions_say() {
    assert_made(&[
        ("`substring`: what lies outside is nothing", "{substring: {from: 1, length: 9}}", r#""ab""#, r#""b""#),
        ("`truncate`: the end mark among them", "{truncate: {to: 2, end: '...'}}", r#""abc""#, r#""..""#),
        ("`pad`: a longer one stays", "{pad: 2}", r#""abc""#, r#""abc""#),
        ("`prefix`: one that is not blank", "{prefix: x}", r#"" ""#, r#"" ""#),
        ("`slug`: one mark between its words", "slug", r#"" a -- b ""#, r#""a-b""#),
        ("`ascii`: Greek and Cyrillic with Latin letters", "ascii", r#""Αθήνα Москва""#, r#""Athina Moskva""#),
        ("`ascii`: other scripts left out", "ascii", r#""a漢b""#, r#""ab""#),
        ("`extract`: the first group", "{extract: '(a)(b)'}", r#""ab""#, r#""a""#),
        ("`extract`: the whole where it has none", "{extract: 'ab'}", r#""ab""#, r#""ab""#),
        (
            "`replace_pattern`: `${name}` and `$$`",
            "{replace_pattern: {pattern: '(?P<n>a)', with: '${n}1$$'}}",
            r#""ab""#,
            r#""a1$b""#,
        ),
        ("`strip_tags`: lines stay apart", "strip_tags", r#""a<br>b""#, r#""a\nb""#),
        ("`url_decode`: `+` as in forms", "{url_decode: {plus: true}}", r#""a+b""#, r#""a b""#),
        ("`base64_decode`: either alphabet", "base64_decode", r#""8J-YgA""#, r#""😀""#),
        ("`parse_json`: a number keeps every digit", "parse_json", r#""1.50""#, "1.50"),
        ("`parse_json`: each line is a value", "{parse_json: {lines: true}}", r#""1\n\n[2]""#, "[1,[2]]"),
        ("`split_name`: Chinese writing begins with the last name", "{split_name: last}", r#""毛泽东""#, "missing"),
        ("`zip`: of others the characters alone", "{zip: other}", r#""sw1a 1aa""#, r#""SW1A 1AA""#),
        ("`zip`: of others the characters alone", "{zip: other}", r#""?!""#, "not_a_zip"),
        ("`country`: from its name or codes", "country", r#"["Germany","DE","deu"]"#, r#"["DE","DE","DE"]"#),
        ("`state_code`: no code stands in both", "state_code", r#"["ON","OR"]"#, r#"["ON","OR"]"#),
        ("`range`: a single number is a range, too", "{range: min}", r#""7""#, "7"),
        ("`divide`: so many decimals at most", "{divide: {by: 3, digits: 2}}", "1", "0.33"),
        ("`round`: half_up: -2.5 is -3", "round", "-2.5", "-3"),
        ("`round`: half_even: 2.5 is 2", "{round: {rounding: half_even}}", "2.5", "2"),
        ("`round`: down", "{round: {rounding: down}}", "-2.1", "-3"),
        ("`round`: up", "{round: {rounding: up}}", "-2.9", "-2"),
        ("`round`: cut", "{round: {rounding: cut}}", "-2.9", "-2"),
        ("`format_number`: `number` keeps the decimals", "format_number, number", "5", "5.00"),
        (
            "`date`: the day in the zone that is named",
            "{date: {zone: Asia/Tokyo}}",
            r#""2026-03-08T20:00:00Z""#,
            r#""2026-03-09""#,
        ),
        ("`date`: the day in the campaign's zone", "date", r#""2026-03-08T03:00:00Z""#, r#""2026-03-07""#),
        ("`date` in another field: not one of birth", "date", r#""2060-03-04""#, r#""2060-03-04""#),
        (
            "`time`: clocks showed it never",
            "time",
            r#""2026-03-08T02:30:00""#,
            r#""2026-03-08T07:30:00Z" ambiguous_time"#,
        ),
        ("`to_epoch`: the campaign's zone for a time", "{to_epoch: s}", r#""1970-01-01T00:00:00""#, "18000"),
        ("`to_epoch`: none for a day", "{to_epoch: s}", r#""1970-01-01""#, "no_time_of_day"),
        ("`in_zone`: the campaign's", "in_zone", r#""2026-07-01T00:00:00Z""#, r#""2026-06-30T20:00:00-04:00""#),
        (
            "`format_date`: in the zone that is named",
            "{format_date: {format: '%H:%M', zone: UTC}}",
            r#""2026-07-01T00:30:00Z""#,
            r#""00:30""#,
        ),
        ("`age`: today in the zone", "{age: {zone: Pacific/Kiritimati}}", r#""1990-06-16""#, "34"),
        ("`lookup`: without white space around it", "{lookup: {table: {a: 1}}}", r#"" a ""#, "1"),
        ("`lookup_in`: an object is a table by its members", "{lookup_in: table}", r#""a""#, r#""A""#),
        ("`lookup_in`: one object with an id is a list of one", "{lookup_in: {in: one, value: t}}", "1", r#""x""#),
        (
            "`range_label`: without its upper end",
            "{range_label: [{from: 0, below: 5, is: a}, {from: 5, is: b}]}",
            "5",
            r#""b""#,
        ),
        ("`boolean`: in any case", "{boolean: {true: [Ja], false: [NEIN]}}", r#"["jA","nein"]"#, "[true,false]"),
        ("`boolean`: own words stand instead", "{boolean: {true: ja}}", r#""yes""#, "not_a_boolean"),
        ("`boolean`: `true` is itself", "{boolean: {true: ja, false: nein}}", "[true,false]", "[true,false]"),
        ("`sha256`: a blank text stays", "sha256", r#"" ""#, r#"" ""#),
        ("`uuid`: for a value that is blank", "uuid", r#""x""#, r#""x""#),
        ("`first`: a value is its own", "first", "5", "5"),
        ("`join`: the items that are not blank", "{join: '-'}", r#"["a",null," ","b"]"#, r#""a-b""#),
        ("`split`: trimmed, empty ones left out", "{split: ','}", r#"" a ,, b""#, r#"["a","b"]"#),
        ("`append`: those that it does not have yet", "{append: beta}", r#"["b","a"]"#, r#"["b","a"]"#),
        ("`sum`: exact", "sum", r#"["0.1",0.2]"#, "0.3"),
        ("`max`: null and blank do not count", "max", r#"[null,"",-1]"#, "-1"),
        ("`unique`: 1 is 1.0", "unique", "[1,1.0,2]", "[1,1.0,2]"),
        ("`compact`: 0 and false stay", "compact", r#"[0,false,"",null,[]]"#, "[0,false]"),
        ("`flatten_list`: one level deep", "flatten_list", "[[1,[2]],3]", "[1,[2],3]"),
        ("`first_true`: blank counts as no", "{first_true: on}", r#"[{"on":""},{"on":null},{"on":1}]"#, r#"{"on":1}"#),
        ("`map`: what comes to nothing is left out", "{map: [{extract: '[0-9]'}]}", r#"["a","1"]"#, r#"["1"]"#),
        ("`concat`: those that are not blank", "{concat: [gone, beta]}", r#""a""#, r#""a b""#),
        ("`object`: what is missing is left out", "{object: {a: b, c: d}}", r#"{"b":1}"#, r#"{"a":1}"#),
        (
            "`from_pairs`: the first of a name wins",
            "from_pairs",
            r#"[{"name":"a","value":1},{"name":"a","value":2}]"#,
            r#"{"a":1}"#,
        ),
        (
            "`from_pairs`: without a name it is left out",
            "from_pairs",
            r#"[{"value":1},{"name":"b","value":2}]"#,
            r#"{"b":2}"#,
        ),
        (
            "`from_pairs`: the first that is not blank",
            "{from_pairs: {value: [x, y]}}",
            r#"[{"name":"a","x":"","y":2}]"#,
            r#"{"a":2}"#,
        ),
        ("`rename`: in their places", "{rename: {a: c}}", r#"{"a":1,"b":2}"#, r#"{"c":1,"b":2}"#),
        ("`flatten`: empty objects stay", "flatten", r#"{"a":{"b":{}}}"#, r#"{"a.b":{}}"#),
        ("`unflatten`: a list of `a[]`", "{unflatten: {brackets: true}}", r#"{"a[]":["x","y"]}"#, r#"{"a":["x","y"]}"#),
        ("`null_if`: case does not matter", "{null_if: 'N/A'}", r#"" n/a""#, "null"),
        ("`constant`: a value that is not blank", "{constant: 1}", r#"["",0]"#, "1"),
        ("`coalesce`: the value stays where it is not blank", "{coalesce: beta}", "0", "0"),
    ]);
    assert_eq!(
        field_in(context(), "date_of_birth", "{from: v, then: [date]}", r#"{"v":"2060-03-04"}"#),
        "in_the_future"
    );
}

#[test]
fn m4_characters_that_nobody_sees() {
    let zero = "\u{200b}";
    assert_made(&[
        ("names", "{split_name: first}", "\"\u{feff}Ann\u{200b} Lee\"", r#""Ann""#),
        ("e-mail", "email", "\"ann\u{200b}@example.com\"", r#""ann@example.com""#),
        ("phone", "phone", "\"\u{202a}512\u{200b} 555 0142\u{202c}\"", r#""+15125550142""#),
        ("places", "state_code", "\"\u{ad}TX\"", r#""TX""#),
        ("or `boolean`", "boolean", "\"yes\u{200b}\"", "true"),
        ("written numbers read past them", "number", "\"\u{200b}1\u{200b}2\"", "12"),
        ("dates read past them", "date", "\"2026-\u{200b}01-31\"", r#""2026-01-31""#),
        ("times read past them", "time", "\"\u{feff}2026-01-31T10:00Z\"", r#""2026-01-31T10:00:00Z""#),
        ("other values keep them", "upper", "\"a\u{200b}\"", "\"A\u{200b}\""),
        ("those of annotations", "email", "\"ann\u{fff9}@example.com\"", r#""ann@example.com""#),
    ]);
    let mut claims = Claims::default();
    let selector = "\u{fe00}";
    for (claim, field, recipe, value, expected) in [
        (
            "of a standard field, whatever made it",
            "first_name",
            "v",
            "Ann\u{200b}".to_owned(),
            "\"Ann\" hidden_characters".to_owned(),
        ),
        (
            "of a standard field, whatever made it",
            "city",
            "{template: '{{ v }}'}",
            format!("{zero}Ulm"),
            "\"Ulm\" hidden_characters".into(),
        ),
        ("but `external_id`", "external_id", "v", format!("a{zero}"), format!("\"a{zero}\"")),
        (
            "nothing else is in the text: it is blank",
            "city",
            "{from: v, on_blank: omit}",
            zero.into(),
            "missing".into(),
        ),
        (
            "what `keep_raw` keeps stays as it came",
            "phone",
            "{from: v, then: [phone], on_error: keep_raw}",
            format!("x{zero}"),
            format!("\"x{zero}\" kept_raw"),
        ),
        (
            "joiners in Persian",
            "first_name",
            "v",
            "\u{645}\u{6cc}\u{200c}\u{62e}".into(),
            "\"\u{645}\u{6cc}\u{200c}\u{62e}\"".into(),
        ),
        (
            "joiners in Malayalam",
            "first_name",
            "v",
            "\u{d28}\u{d4d}\u{200d}".into(),
            "\"\u{d28}\u{d4d}\u{200d}\"".into(),
        ),
        ("behind emoji", "first_name", "v", "\u{2764}\u{fe0f}".into(), "\"\u{2764}\u{fe0f}\"".into()),
        ("selectors behind ideographs", "last_name", "v", "\u{845b}\u{e0100}".into(), "\"\u{845b}\u{e0100}\"".into()),
        ("the letters of a flag", "first_name", "v", "\u{1f1e9}\u{1f1ea}".into(), "\"\u{1f1e9}\u{1f1ea}\"".into()),
        ("a joiner behind a digit", "street", "v", "1\u{200d}2".into(), "\"12\" hidden_characters".into()),
        (
            "a joiner behind a letter of Latin",
            "first_name",
            "v",
            "A\u{200c}nn".into(),
            "\"Ann\" hidden_characters".into(),
        ),
        (
            "a joiner behind a letter of Greek",
            "first_name",
            "v",
            "\u{391}\u{200d}".into(),
            "\"\u{391}\" hidden_characters".into(),
        ),
        (
            "a joiner behind a letter of Cyrillic",
            "first_name",
            "v",
            "\u{410}\u{200d}".into(),
            "\"\u{410}\" hidden_characters".into(),
        ),
        (
            "a selector behind a letter of Latin",
            "first_name",
            "v",
            format!("A{selector}"),
            "\"A\" hidden_characters".into(),
        ),
    ] {
        let found = field_in(context(), field, recipe, &format!(r#"{{"v":"{value}"}}"#));
        claims.compare(claim, &format!("{field} of {value:?}"), found, expected);
    }
    claims.end();
}

#[test]
fn m4_formats_of_dates() {
    assert_made(&[
        ("a format takes what it names and no more", "{date: '%m/%d/%Y'}", r#""01/31/2026 x""#, "not_a_date"),
        (
            "all else stands for itself, in either case",
            "{date: 'ON %d.%m.%Y'}",
            r#""on 31.01.2026""#,
            r#""2026-01-31""#,
        ),
        ("a space stands for any white space", "{date: '%d %m %Y'}", r#""31\t01  2026""#, r#""2026-01-31""#),
        ("around marks there may be some", "{date: '%m/%d/%Y'}", r#""01 / 31 / 2026""#, r#""2026-01-31""#),
        ("numbers beside each other have all their digits", "{date: '%d%m%Y'}", r#""3112026""#, "not_a_date"),
        ("numbers beside each other have all their digits", "{date: '%d%m%Y'}", r#""31012026""#, r#""2026-01-31""#),
        ("digits of other scripts are read", "{date: '%d.%m.%Y'}", r#""٣١.٠١.٢٠٢٦""#, r#""2026-01-31""#),
        ("a weekday before the date is passed over", "{date: '%d.%m.%Y'}", r#""Sat, 31.01.2026""#, r#""2026-01-31""#),
        ("but must be the day's", "{date: '%d.%m.%Y'}", r#""Sun, 31.01.2026""#, "not_a_date"),
        ("in full and in short", "{date: '%d %B %Y'}", r#""31 janv. 2026""#, r#""2026-01-31""#),
        ("with accents or without", "{date: '%d %B %Y'}", r#""15 fevrier 2026""#, r#""2026-02-15""#),
        ("in the forms that stand in dates", "{date: '%d %B %Y'}", r#""15 sierpnia 2026""#, r#""2026-08-15""#),
        ("in the forms that stand in dates", "{date: '%d. %B %Y'}", r#""15. elokuuta 2026""#, r#""2026-08-15""#),
        ("as Roman numerals", "{date: '%d.%B.%Y'}", r#""15.VIII.2026""#, r#""2026-08-15""#),
        ("a name that means two months is rejected", "{date: '%d %B %Y'}", r#""15 listopad 2026""#, "ambiguous_month"),
        (
            "unless `language` says which",
            "{date: {formats: '%d %B %Y', language: hr}}",
            r#""15 listopad 2026""#,
            r#""2026-10-15""#,
        ),
        (
            "`months` adds names",
            "{date: {formats: '%d %B %Y', months: {Ionawr: 1}}}",
            r#""15 ionawr 2026""#,
            r#""2026-01-15""#,
        ),
        ("`03/04/60` is 1960", "{date: {formats: '%m/%d/%y', birth: true}}", r#""03/04/60""#, r#""1960-03-04""#),
        ("`06/16/24` is 1924", "{date: {formats: '%m/%d/%y', birth: true}}", r#""06/16/24""#, r#""1924-06-16""#),
        (
            "`03/04/10` is 2010 with the warning",
            "{date: {formats: '%m/%d/%y', birth: true}}",
            r#""03/04/10""#,
            r#""2010-03-04" ambiguous_century"#,
        ),
        (
            "a date of birth that has not come yet is rejected",
            "{date: {formats: '%m/%d/%Y', birth: true}}",
            r#""06/16/2024""#,
            "in_the_future",
        ),
        ("at most 120 years ago", "{date: {formats: '%m/%d/%y', birth: true}}", r#""06/14/04""#, r#""2004-06-14""#),
        (
            "at most 120 years ago",
            "{date: {formats: '%m/%d/%y', birth: true}}",
            r#""06/16/04""#,
            r#""2004-06-16" ambiguous_century"#,
        ),
        ("`03/04/30` is 2030", "{date: '%m/%d/%y'}", r#""03/04/30""#, r#""2030-03-04""#),
        ("`03/04/85` is 1985", "{date: '%m/%d/%y'}", r#""03/04/85""#, r#""1985-03-04""#),
        (
            "`03/04/60` is 1960 with the warning",
            "{date: '%m/%d/%y'}",
            r#""03/04/60""#,
            r#""1960-03-04" ambiguous_century"#,
        ),
        ("only days on that weekday count", "{date: '%A %m/%d/%y'}", r#""Thursday 03/04/60""#, r#""2060-03-04""#),
        (
            "abbreviations that mean one thing",
            "{time: '%F %T %Z'}",
            r#""2026-01-31 10:00:00 CET""#,
            r#""2026-01-31T09:00:00Z""#,
        ),
        (
            "those that mean several are rejected",
            "{time: '%F %T %Z'}",
            r#""2026-01-31 10:00:00 IST""#,
            "ambiguous_zone",
        ),
        (
            "unless `zone` names one",
            "{time: {formats: '%F %T %Z', zone: Asia/Kolkata}}",
            r#""2026-01-31 10:00:00 IST""#,
            r#""2026-01-31T04:30:00Z""#,
        ),
        ("`%d`: as in `1st` or `1er`", "{date: '%d %B %Y'}", r#"["1st May 2026"]"#, "wrong_type"),
        ("`%d`: as in `1st` or `1er`", "{date: '%d %B %Y'}", r#""1st May 2026""#, r#""2026-05-01""#),
        ("`%j`", "{date: '%Y-%j'}", r#""2026-031""#, r#""2026-01-31""#),
        (
            "`%I` and `%p`: `a.m.` too",
            "{time: '%F %I:%M %p'}",
            r#""2026-01-31 10:00 p.m.""#,
            r#""2026-02-01T03:00:00Z""#,
        ),
        (
            "`%z`: `+01:00`, `+01` and `Z` too",
            "{time: '%F %T%z'}",
            r#""2026-01-31 10:00:00+01""#,
            r#""2026-01-31T09:00:00Z""#,
        ),
        (
            "`%z`: `+01:00`, `+01` and `Z` too",
            "{time: '%F %T%z'}",
            r#""2026-01-31 10:00:00Z""#,
            r#""2026-01-31T10:00:00Z""#,
        ),
        (
            "`%.f`: if there is one",
            "{time: '%F %T%.f%z'}",
            r#""2026-01-31 10:00:00.5Z""#,
            r#""2026-01-31T10:00:00.5Z""#,
        ),
        ("`%.f`: if there is one", "{time: '%F %T%.f%z'}", r#""2026-01-31 10:00:00Z""#, r#""2026-01-31T10:00:00Z""#),
        ("`%s`", "{time: '%s'}", r#""1769853600""#, r#""2026-01-31T10:00:00Z""#),
    ]);
    // What counts is the day of the run.
    let in_2034 = || Context { now: 2_034_066_600_000, ..context() };
    let then = "{date: {formats: '%m/%d/%y', birth: true}}";
    assert_eq!(made_in(in_2034(), then, r#""03/04/30""#), r#""2030-03-04" ambiguous_century"#);
}

#[test]
fn m4_written_numbers() {
    let comma = "{number: {decimal: ','}}";
    let short = "{number: {suffixes: true}}";
    let suffixed = "{range: {part: max, suffixes: true}}";
    assert_made(&[
        ("a JSON number comes out as it is", comma, "1.50", "1.50"),
        ("other functions: as JSON writes one", "{add: 1}", r#""1.5""#, "2.5"),
        ("a plus and zeros may stand before it", "{add: 1}", r#""+007""#, "8"),
        ("without an exponent", "{add: 1}", r#""1e2""#, "not_a_number"),
        ("with a point", "number", r#""1.234""#, "1.234"),
        ("with a comma", comma, r#""1.234""#, "1234"),
        ("`.5` is 0.5", "number", r#"".5""#, "0.5"),
        ("`5.` is rejected", "number", r#""5.""#, "not_a_number"),
        ("no cents", comma, r#""1.250,-""#, "1250"),
        ("no cents", "number", r#""CHF 5.–""#, "5"),
        ("no cents", "number", r#""500/-""#, "500"),
        ("always the same mark", "number", r#""1,234'567""#, "not_a_number"),
        ("a space of any width", "number", "\"1\u{202f}234\"", "1234"),
        ("or an apostrophe", "number", "\"1’234\"", "1234"),
        ("groups of three digits", "number", r#""1,23""#, "not_a_number"),
        ("lakhs and crores", "number", r#""12,34,567""#, "1234567"),
        ("`0,500` has no thousands", "number", r#""0,500""#, "not_a_number"),
        ("digits of all scripts", "number", r#""१२३""#, "123"),
        ("with full-width and Arabic marks", "number", "\"１，２３４\"", "1234"),
        ("with full-width and Arabic marks", "number", "\"١٬٢٣٤٫٥\"", "1234.5"),
        ("characters that nobody sees are left out", "number", "\"1\u{200b}2\"", "12"),
        ("a sign before the currency", "number", r#""-$5""#, "-5"),
        ("or behind it", "number", r#""$-5""#, "-5"),
        ("the minus sign", "number", "\"−5\"", "-5"),
        ("a plus", "number", r#""+5""#, "5"),
        ("`- 5` may be an item of a list", "number", r#""- 5""#, "not_a_number"),
        ("`5-` is rejected", "number", r#""5-""#, "not_a_number"),
        ("`(5)` is rejected", "number", r#""(5)""#, "not_a_number"),
        (
            "parentheses stand for a minus",
            "{replace_pattern: {pattern: '^\\((.*)\\)$', with: '-$1'}}, number",
            r#""(5)""#,
            "-5",
        ),
        ("a capital letter only as it stands there", "number", r#""r500""#, "not_a_number"),
        ("a capital letter only as it stands there", "number", r#""R500""#, "500"),
        ("any other one in capitals, too", "number", r#""EUR 5""#, "5"),
        ("any other one in capitals, too", "number", r#""eur 5""#, "5"),
        ("two if they are for the same one", "number", r#""$1,200 CAD""#, "1200"),
        ("two if they are for the same one", "number", r#""€5 USD""#, "not_a_number"),
        ("a point behind letters belongs to them", "number", r#""Rs.500""#, "500"),
        ("or is rejected", "number", r#""USD.50""#, "not_a_number"),
        ("in small or capital letters", short, r#""5K""#, "5000"),
        ("with a point behind them", short, r#""1.5 Mio.""#, "1500000"),
        ("what differs by place is rejected", short, r#""1 billion""#, "not_a_number"),
        ("what differs by place is rejected", short, r#""1 mil""#, "not_a_number"),
        ("what differs by place is rejected", short, r#""1MM""#, "not_a_number"),
        ("what differs by place is rejected", short, r#""1L""#, "not_a_number"),
        ("parts of a hundred", "number", r#""5%""#, "not_a_number"),
        ("takes the sign away", "{replace: '%'}, number", r#""5%""#, "5"),
        ("fractions", "number", r#""1/2""#, "not_a_number"),
        ("fractions", "number", "\"½\"", "not_a_number"),
        ("exponents", "number", r#""1e5""#, "not_a_number"),
        ("units", "number", r#""5 kg""#, "not_a_number"),
        ("numbers in words", "number", r#""five""#, "not_a_number"),
        ("with a hyphen", "{range: max}", r#""1-2""#, "2"),
        ("a dash", "{range: max}", r#""1–2""#, "2"),
        ("`~`", "{range: max}", r#""1~2""#, "2"),
        ("`..`", "{range: max}", r#""1..2""#, "2"),
        ("`to`", "{range: max}", r#""1 to 2""#, "2"),
        ("`from 1 to 2`", "{range: max}", r#""from 1 to 2""#, "2"),
        ("`between 1 and 2`", "{range: max}", r#""between 1 and 2""#, "2"),
        ("`under`", "{range: max}", r#""under 50""#, "50"),
        ("`up to`: the same end", "{range: max}", r#""up to 50""#, "50"),
        ("`at most`", "{range: max}", r#""at most 50""#, "50"),
        ("`max`", "{range: max}", r#""max 50""#, "50"),
        ("`<`", "{range: max}", r#""< 50""#, "50"),
        ("`≤`", "{range: max}", r#""≤ 50""#, "50"),
        ("`or less`", "{range: max}", r#""50 or less""#, "50"),
        ("`over`", "{range: min}", r#""over 50""#, "50"),
        ("`at least`", "{range: min}", r#""at least 50""#, "50"),
        ("`from`", "{range: min}", r#""from 50""#, "50"),
        ("`min`", "{range: min}", r#""min 50""#, "50"),
        ("`>`", "{range: min}", r#""> 50""#, "50"),
        ("`≥`", "{range: min}", r#""≥ 50""#, "50"),
        ("`or more`", "{range: min}", r#""50 or more""#, "50"),
        ("`+`", "{range: min}", r#""50+""#, "50"),
        ("no lower end", "{range: min}", r#""under 50""#, "missing"),
        ("an underscore is a space", "{range: max}", r#""50_to_60""#, "60"),
        ("`100_200` may be two", "{range: max}", r#""100_200""#, "not_a_range"),
        ("`20-30k`", suffixed, r#""20-30k""#, "30000"),
        ("`$50-75K`", suffixed, r#""$50-75K""#, "75000"),
        ("`500-2k`", "{range: {part: min, suffixes: true}}", r#""500-2k""#, "500"),
        ("`$500 - $2k`", "{range: {part: min, suffixes: true}}", r#""$500 - $2k""#, "500"),
        ("`$1 - $2k`", suffixed, r#""$1 - $2k""#, "not_a_range"),
        ("`1-1k`", suffixed, r#""1-1k""#, "not_a_range"),
        ("`20k-30`", suffixed, r#""20k-30""#, "not_a_range"),
        ("`$100 - €200`", suffixed, r#""$100 - €200""#, "not_a_range"),
    ]);
}
