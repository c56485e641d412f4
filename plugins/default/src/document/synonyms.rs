//! What people write who know other tools: the word here that means the same. Letters alone don't bring them together.

/// Words that are said elsewhere, the one that is meant, and how it is written where the word alone does not show it.
struct Meaning {
    known_elsewhere: &'static [&'static str],
    meant: &'static str,
    written: &'static str,
}

const fn word(known_elsewhere: &'static [&'static str], meant: &'static str) -> Meaning {
    Meaning { known_elsewhere, meant, written: "" }
}

const fn written_as(known_elsewhere: &'static [&'static str], meant: &'static str, written: &'static str) -> Meaning {
    Meaning { known_elsewhere, meant, written }
}

/// In the order in which they are looked for: a word may mean several things, and only one of them is known at its place.
const MEANINGS: &[Meaning] = &[
    // Functions.
    word(&["uppercase", "to_upper", "toupper", "upper_case", "ucase"], "upper"),
    word(&["lowercase", "to_lower", "tolower", "lower_case", "downcase"], "lower"),
    word(&["capitalize", "title_case", "titlecase", "proper", "proper_case", "ucwords"], "title"),
    word(&["strip", "strip_whitespace"], "trim"),
    word(&["to_string", "tostring", "string", "str"], "text"),
    word(
        &["to_number", "tonumber", "to_int", "int", "integer", "float", "decimal", "parse_number", "currency"],
        "number",
    ),
    word(&["bool", "to_boolean", "to_bool", "yes_no"], "boolean"),
    word(&["length", "len", "size"], "count"),
    word(&["regex", "regexp", "match", "capture", "regex_extract", "regex_match"], "extract"),
    word(&["regex_replace", "gsub", "re_sub", "substitute"], "replace_pattern"),
    word(&["matches", "test"], "is_match"),
    word(&["slice", "substr", "left", "right", "mid"], "substring"),
    word(&["to_date", "parse_date", "strptime"], "date"),
    word(&["datetime", "timestamp", "to_time", "parse_time", "iso8601"], "time"),
    word(&["date_format", "strftime", "format_time", "format"], "format_date"),
    word(&["from_unix", "unix", "from_timestamp", "unix_time"], "epoch"),
    word(&["hash", "digest", "sha"], "sha256"),
    word(&["enum", "switch", "case", "mapping", "translate", "value_map"], "lookup"),
    word(&["fallback", "or_else", "if_blank", "if_empty", "ifnull", "if_null"], "default"),
    word(&["or", "any", "first_of"], "coalesce"),
    word(&["e164", "format_phone", "normalize_phone", "phone_number"], "phone"),
    word(&["normalize_email", "valid_email"], "email"),
    word(&["dedupe", "distinct", "uniq"], "unique"),
    word(&["get", "path", "dig", "jsonpath"], "pick"),
    word(&["json", "from_json", "json_decode", "json_parse"], "parse_json"),
    word(&["xml", "from_xml", "xml_decode", "xml_parse"], "parse_xml"),
    word(&["stringify", "json_encode", "dump"], "to_json"),
    word(&["nth", "index", "at"], "item"),
    word(&["plus"], "add"),
    word(&["total", "sum_of", "add_up"], "sum"),
    word(&["maximum", "largest", "highest"], "max"),
    word(&["minimum", "smallest", "lowest"], "min"),
    word(&["to_fixed", "tofixed", "fixed", "number_format", "decimals", "money", "format_currency"], "format_number"),
    word(&["minus"], "subtract"),
    word(&["times"], "multiply"),
    word(&["unescape", "html_unescape"], "html_decode"),
    word(&["striptags", "strip_html", "plain_text"], "strip_tags"),
    word(&["omit", "pick_keys", "select_keys"], "only"),
    word(&["remove", "delete", "except"], "without"),
    word(&["rename_keys", "map_keys", "rename_key", "rename_fields"], "rename"),
    word(&["find_true", "first_selected", "first_where"], "first_true"),
    word(&["lookup_list", "lookup_body", "join_by_id", "vlookup"], "lookup_in"),
    word(&["years_since", "years"], "age"),
    word(&["bucket", "band", "tier", "ranges"], "range_label"),
    word(&["zip_code", "postal_code", "zipcode"], "zip"),
    word(&["state", "us_state", "province"], "state_code"),
    written_as(
        &["now", "today", "current_time"],
        "rfc3339",
        "the time of the run is a value, not a function: `{from: context.now, then: [rfc3339]}`",
    ),
    written_as(
        &["if", "when", "unless"],
        "default",
        "a condition stands beside `from`: `{from: ..., when: {field: ..., op: ...}}`",
    ),
    // Operators.
    word(&["=", "==", "===", "equals", "equal", "equal_to", "is", "eql"], "eq"),
    word(&["!=", "<>", "neq", "not", "not_equals", "not_equal", "is_not"], "ne"),
    word(&["<", "less", "less_than", "lower_than"], "lt"),
    word(&["<=", "lte", "at_most", "max"], "le"),
    word(&[">", "greater", "greater_than", "more_than"], "gt"),
    word(&[">=", "gte", "at_least", "min"], "ge"),
    word(
        &["exists", "not_empty", "not_blank", "not_null", "is_present", "is_set", "required", "has_value", "filled"],
        "present",
    ),
    word(&["empty", "is_empty", "missing", "is_blank", "is_null", "null", "not_exists", "absent", "unset"], "blank"),
    word(&["regex", "regexp", "match", "is_match", "pattern", "~", "=~"], "matches"),
    word(&["one_of", "is_one_of", "any_of", "is_in", "in_list"], "in"),
    word(&["not_one_of", "nin", "none_of", "not_in_list"], "not_in"),
    word(&["includes", "like", "has", "include"], "contains"),
    word(&["begins_with", "prefix", "startswith", "start_with"], "starts_with"),
    word(&["suffix", "endswith", "end_with"], "ends_with"),
    word(&["older_than", "min_age", "age", "adult", "younger_than", "max_age"], "age_between"),
    word(&["true", "checked", "yes"], "is_true"),
    word(&["false", "unchecked", "no"], "is_false"),
    word(&["range", "in_range"], "between"),
    // Keys.
    word(&["operator", "comparison", "comparator", "cmp"], "op"),
    word(&["path", "source", "field", "key", "src"], "from"),
    word(&["transform", "transforms", "functions", "function", "pipe", "filters", "apply", "do", "format"], "then"),
    word(&["if", "condition", "only_if", "where"], "when"),
    written_as(
        &["default", "else", "fallback"],
        "on_missing",
        "write `on_missing: {default: ...}`, and `on_blank` or `on_error` likewise",
    ),
    word(&["default", "else", "fallback"], "otherwise"),
    word(&["message", "label", "error", "description"], "reason"),
    word(&["rules", "filter", "filters", "validation", "validate"], "qualify"),
    word(&["mapping", "mappings", "input"], "map"),
    word(&["payload", "data", "content", "template"], "body"),
    word(&["path", "key", "column", "attribute"], "field"),
    written_as(
        &[
            "email",
            "phone",
            "first_name",
            "last_name",
            "name",
            "external_id",
            "zip",
            "state",
            "city",
            "street",
            "source",
            "tags",
        ],
        "fields",
        "the fields of the lead stand under `fields:`, as in `map: {fields: {email: ~email}}`",
    ),
    // Words of a place.
    word(&["urlencoded", "form-urlencoded", "x-www-form-urlencoded", "www-form", "form_data"], "form"),
    word(&["skip", "drop", "remove", "ignore"], "omit"),
];

/// How a word that is not known here is written, if it is one that people say for one of those that are.
pub fn meant(known_elsewhere: &str, known: &[&str]) -> Option<String> {
    let known_elsewhere = known_elsewhere.to_lowercase().replace('-', "_");
    let says =
        |meaning: &&Meaning| meaning.known_elsewhere.iter().any(|word| word.replace('-', "_") == known_elsewhere);
    let meaning = MEANINGS.iter().filter(says).find(|meaning| known.contains(&meaning.meant))?;
    Some(if meaning.written.is_empty() {
        format!("did you mean `{}`?", meaning.meant)
    } else {
        meaning.written.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::registry;

    #[test]
    fn m2_what_other_tools_say_is_told_as_it_is_written_here() {
        let functions = registry::names();
        for (known_elsewhere, known, expected) in [
            ("uppercase", functions.as_slice(), "`upper`"),
            ("To-Number", &functions, "`number`"),
            ("regex", &functions, "`extract`"),
            ("regex", &["eq", "matches"], "`matches`"),
            (">=", &["gt", "ge"], "`ge`"),
            ("exists", &["present"], "`present`"),
            ("now", &functions, "context.now"),
            ("default", &["from", "on_missing"], "`on_missing: {default: ...}`"),
            ("default", &["outcomes", "otherwise"], "`otherwise`"),
            ("email", &["also_search", "fields"], "`fields:`"),
        ] {
            let told = meant(known_elsewhere, known).unwrap_or_default();
            assert!(told.contains(expected), "{known_elsewhere}: {told}");
        }
        assert_eq!(meant("frobnicate", &functions), None);
        assert_eq!(meant("regex", &["from", "then"]), None);
    }
}
