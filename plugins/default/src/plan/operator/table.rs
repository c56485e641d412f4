//! The table of operators.

use super::{Example, MissingOperand, MissingOperandRules, Operator, OperatorSpec, Wants};

const FAILS: MissingOperandRules = MissingOperandRules {
    missing_is_compared: false,
    null: MissingOperand::Fails,
    blank: MissingOperand::Fails,
    odd: MissingOperand::Fails,
};
const PASSES: MissingOperandRules = MissingOperandRules {
    missing_is_compared: false,
    null: MissingOperand::Passes,
    blank: MissingOperand::Passes,
    odd: MissingOperand::Passes,
};
const COMPARED: MissingOperandRules = MissingOperandRules {
    missing_is_compared: false,
    null: MissingOperand::Compared,
    blank: MissingOperand::Compared,
    odd: MissingOperand::Fails,
};
const COMPARED_NOT: MissingOperandRules = MissingOperandRules { odd: MissingOperand::Passes, ..COMPARED };
const ON_TEXT: MissingOperandRules = MissingOperandRules { blank: MissingOperand::Compared, ..FAILS };
const NOTHING_IN_SET: MissingOperandRules =
    MissingOperandRules { null: MissingOperand::Passes, blank: MissingOperand::Passes, ..FAILS };
const ALWAYS: MissingOperandRules = MissingOperandRules {
    missing_is_compared: true,
    null: MissingOperand::Compared,
    blank: MissingOperand::Compared,
    odd: MissingOperand::Compared,
};

const fn example(
    rule: &'static str,
    passes: &'static str,
    fails: &'static str,
    expected: &'static str,
    actual: Option<&'static str>,
) -> Example {
    Example { rule, passes, fails, expected, actual }
}

const fn plain(
    operator: Operator,
    name: &'static str,
    wants: Wants,
    about: &'static str,
    lacking: MissingOperandRules,
    example: Example,
) -> OperatorSpec {
    OperatorSpec { operator, name, wants, takes_other: false, has_case: false, about, lacking, example }
}

/// Compared with another field, too.
const fn or_other(declared: OperatorSpec) -> OperatorSpec {
    OperatorSpec { takes_other: true, ..declared }
}

/// Knows `ignore_case`.
const fn cased(declared: OperatorSpec) -> OperatorSpec {
    OperatorSpec { has_case: true, ..declared }
}

/// Every operator, in the order of [`Operator`].
pub const OPERATORS: [OperatorSpec; 26] = [
    cased(or_other(plain(
        Operator::Eq,
        "eq",
        Wants::Value,
        "It is this value: a number compares as a number, even with a text that is written like one; a text as text.",
        COMPARED,
        example(
            "{field: state, op: eq, value: CA}",
            r#"{"state":"CA"}"#,
            r#"{"state":"NV"}"#,
            r#""CA""#,
            Some(r#""NV""#),
        ),
    ))),
    cased(or_other(plain(
        Operator::Ne,
        "ne",
        Wants::Value,
        "It is not this value, compared as `eq` does.",
        COMPARED_NOT,
        example(
            "{field: phone, op: ne, other: work_phone}",
            r#"{"phone":"+15125550142","custom":{"work_phone":"+15125550143"}}"#,
            r#"{"phone":"+15125550142","custom":{"work_phone":"+15125550142"}}"#,
            r#"{"other":"work_phone","value":"+15125550142"}"#,
            Some(r#""+15125550142""#),
        ),
    ))),
    or_other(plain(
        Operator::Lt,
        "lt",
        Wants::Number,
        "It is a number below this, or a text that is written like one.",
        FAILS,
        example(
            "{field: debt, op: lt, value: 10000}",
            r#"{"custom":{"debt":"9999.99"}}"#,
            r#"{"custom":{"debt":10000.0}}"#,
            "10000",
            Some("10000.0"),
        ),
    )),
    or_other(plain(
        Operator::Le,
        "le",
        Wants::Number,
        "It is a number, at most this.",
        FAILS,
        example(
            "{field: bathrooms, op: le, other: rooms}",
            r#"{"custom":{"bathrooms":2,"rooms":2.0}}"#,
            r#"{"custom":{"bathrooms":3,"rooms":2}}"#,
            r#"{"other":"rooms","value":2}"#,
            Some("3"),
        ),
    )),
    or_other(plain(
        Operator::Gt,
        "gt",
        Wants::Number,
        "It is a number above this.",
        FAILS,
        example(
            "{field: income, op: gt, value: 0}",
            r#"{"custom":{"income":1}}"#,
            r#"{"custom":{"income":0}}"#,
            "0",
            Some("0"),
        ),
    )),
    or_other(plain(
        Operator::Ge,
        "ge",
        Wants::Number,
        "It is a number, at least this.",
        FAILS,
        example(
            "{field: income, op: ge, value: 50000}",
            r#"{"custom":{"income":"72000"}}"#,
            r#"{"custom":{"income":"$72,000"}}"#,
            "50000",
            Some(r#""$72,000""#),
        ),
    )),
    plain(
        Operator::Between,
        "between",
        Wants::Numbers,
        "It is a number from the first to the second, both included.",
        FAILS,
        example(
            "{field: age, op: between, values: [18, 65]}",
            r#"{"custom":{"age":65}}"#,
            r#"{"custom":{}}"#,
            "[18,65]",
            None,
        ),
    ),
    cased(plain(
        Operator::In,
        "in",
        Wants::Values,
        "It is one of these, compared as `eq` does.",
        COMPARED,
        example(
            "{field: state, op: in, values: [CA, TX]}",
            r#"{"state":"TX"}"#,
            r#"{"state":"tx"}"#,
            r#"["CA","TX"]"#,
            Some(r#""tx""#),
        ),
    )),
    cased(plain(
        Operator::NotIn,
        "not_in",
        Wants::Values,
        "It is none of these.",
        COMPARED_NOT,
        example(
            "{field: source, op: not_in, values: [test], ignore_case: true}",
            r#"{"source":"fair"}"#,
            r#"{"source":"TEST"}"#,
            r#"["test"]"#,
            Some(r#""TEST""#),
        ),
    )),
    cased(plain(
        Operator::InSet,
        "in_set",
        Wants::Set,
        "Its text without white space around it is a key of this value set; `ignore_case` looks for it in lower case.",
        FAILS,
        example(
            "{field: zip, op: in_set, set: served_zips}",
            r#"{"zip":"78701 "}"#,
            r#"{"zip":"10001"}"#,
            r#""served_zips""#,
            Some(r#""10001""#),
        ),
    )),
    cased(plain(
        Operator::NotInSet,
        "not_in_set",
        Wants::Set,
        "Its text is not a key of this value set; what is not a single value fails.",
        NOTHING_IN_SET,
        example(
            "{field: email, op: not_in_set, set: blocked, ignore_case: true}",
            r#"{"email":"a@b.example"}"#,
            r#"{"email":"Spam@x.example"}"#,
            r#""blocked""#,
            Some(r#""Spam@x.example""#),
        ),
    )),
    cased(or_other(plain(
        Operator::Contains,
        "contains",
        Wants::Value,
        "It is a text with this in it, or a list with this item.",
        ON_TEXT,
        example(
            "{field: tags, op: contains, value: vip}",
            r#"{"tags":["new","vip"]}"#,
            r#"{"tags":["vips"]}"#,
            r#""vip""#,
            Some(r#"["vips"]"#),
        ),
    ))),
    cased(or_other(plain(
        Operator::StartsWith,
        "starts_with",
        Wants::Text,
        "It is a text that begins so.",
        ON_TEXT,
        example(
            "{field: phone, op: starts_with, value: '+1'}",
            r#"{"phone":"+15125550142"}"#,
            r#"{"phone":"+4930123456"}"#,
            r#""+1""#,
            Some(r#""+4930123456""#),
        ),
    ))),
    cased(or_other(plain(
        Operator::EndsWith,
        "ends_with",
        Wants::Text,
        "It is a text that ends so.",
        ON_TEXT,
        example(
            "{field: email, op: ends_with, value: .edu, ignore_case: true}",
            r#"{"email":"a@x.EDU"}"#,
            r#"{"email":"a@edu.example"}"#,
            r#"".edu""#,
            Some(r#""a@edu.example""#),
        ),
    ))),
    cased(plain(
        Operator::Matches,
        "matches",
        Wants::Pattern,
        "This regular expression is found in its text; `^` and `$` bind it to the ends. Takes linear time.",
        ON_TEXT,
        example(
            "{field: zip, op: matches, value: '^787[0-9]{2}$'}",
            r#"{"zip":"78701"}"#,
            r#"{"zip":"78801"}"#,
            r#""^787[0-9]{2}$""#,
            Some(r#""78801""#),
        ),
    )),
    plain(
        Operator::Blank,
        "blank",
        Wants::Nothing,
        "It is missing, null, white space, or an empty list or object; 0 and false are something.",
        ALWAYS,
        example(
            "{field: company, op: blank}",
            r#"{"custom":{"company":" "}}"#,
            r#"{"custom":{"company":0}}"#,
            "true",
            Some("0"),
        ),
    ),
    plain(
        Operator::Present,
        "present",
        Wants::Nothing,
        "It is not `blank`.",
        ALWAYS,
        example("{field: email, op: present}", r#"{"email":"a@b.example"}"#, "{}", "true", None),
    ),
    plain(
        Operator::Valid,
        "valid",
        Wants::Kind,
        "It is a well-formed value of this kind; of a field called like a kind that is the default.",
        FAILS,
        example(
            "{field: email, op: valid}",
            r#"{"email":"a@b.example"}"#,
            r#"{"email":"a@b"}"#,
            r#""email""#,
            Some(r#""a@b""#),
        ),
    ),
    plain(
        Operator::Invalid,
        "invalid",
        Wants::Kind,
        "It is not a well-formed value of this kind.",
        PASSES,
        example(
            "{field: first_name, op: invalid, value: url}",
            r#"{"first_name":"Ann"}"#,
            r#"{"first_name":"https://spam.example"}"#,
            r#""url""#,
            Some(r#""https://spam.example""#),
        ),
    ),
    plain(
        Operator::IsTrue,
        "is_true",
        Wants::Nothing,
        "It says yes: true, yes, y, 1, on, t in any case.",
        FAILS,
        example(
            "{field: consent, op: is_true}",
            r#"{"custom":{"consent":"Yes"}}"#,
            r#"{"custom":{"consent":"false"}}"#,
            "true",
            Some(r#""false""#),
        ),
    ),
    plain(
        Operator::IsFalse,
        "is_false",
        Wants::Nothing,
        "It says no: false, no, n, 0, off, f in any case.",
        FAILS,
        example(
            "{field: smoker, op: is_false}",
            r#"{"custom":{"smoker":0}}"#,
            r#"{"custom":{"smoker":"maybe"}}"#,
            "true",
            Some(r#""maybe""#),
        ),
    ),
    or_other(plain(
        Operator::Before,
        "before",
        Wants::Moment,
        "It is a date or time before this: `2026-01-31`, `2026-01-31T10:00:00Z`, `now`, `today`, or a distance from now such as `30d` or `-1y6mo`.",
        FAILS,
        example(
            "{field: date_of_birth, op: before, value: -18y}",
            r#"{"date_of_birth":"2006-06-14"}"#,
            r#"{"date_of_birth":"2006-06-15"}"#,
            r#"{"value":"-18y","is":"2006-06-15"}"#,
            Some(r#""2006-06-15""#),
        ),
    )),
    or_other(plain(
        Operator::After,
        "after",
        Wants::Moment,
        "It is a date or time after this, written as for `before`.",
        FAILS,
        example(
            "{field: move_date, op: after, value: 2024-06-30}",
            r#"{"custom":{"move_date":"2024-07-01T00:00:00-04:00"}}"#,
            r#"{"custom":{"move_date":"2024-06-30"}}"#,
            r#""2024-06-30""#,
            Some(r#""2024-06-30""#),
        ),
    )),
    plain(
        Operator::Within,
        "within",
        Wants::Moments,
        "It is a date or time between now and this distance from now (`-30d`: the last 30 days, `30d`: the next), or between two moments; both ends included.",
        FAILS,
        example(
            "{field: claimed_at, op: within, value: -30d}",
            r#"{"custom":{"claimed_at":"2024-05-16"}}"#,
            r#"{"custom":{"claimed_at":"2024-06-16"}}"#,
            r#"{"values":["-30d","today"],"are":["2024-05-16","2024-06-15"]}"#,
            Some(r#""2024-06-16""#),
        ),
    ),
    plain(
        Operator::AgeBetween,
        "age_between",
        Wants::Ages,
        "It is a date of birth, and the age in full years today in the campaign's time zone is from the first to the second; null leaves an end open.",
        FAILS,
        example(
            "{field: date_of_birth, op: age_between, values: [18, null]}",
            r#"{"date_of_birth":"2006-06-15"}"#,
            r#"{"date_of_birth":"2006-06-16"}"#,
            "[18,null]",
            Some(r#""2006-06-16""#),
        ),
    ),
    cased(plain(
        Operator::Distinct,
        "distinct",
        Wants::Fields,
        "No two of these fields, or of the values of this list, are the same; what is blank or missing is the same as nothing.",
        MissingOperandRules { odd: MissingOperand::Compared, ..PASSES },
        example(
            "{fields: [phone, work_phone, home_phone], op: distinct}",
            r#"{"phone":"1","custom":{"work_phone":"2","home_phone":""}}"#,
            r#"{"phone":"1","custom":{"home_phone":"1"}}"#,
            r#""all different""#,
            Some(r#"["1","1"]"#),
        ),
    )),
];
