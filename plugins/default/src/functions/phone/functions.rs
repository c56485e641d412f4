//! The functions on phone numbers.

use std::borrow::Cow;

use super::NotAPhone;
use crate::functions::call::Call;
use crate::functions::refusal::{Refusal, quoted_text};
use crate::functions::spec::{ArgumentKind, Kind, OnNothing, Parameter, Run, Spec, example, optional};
use crate::json::Value;

const REGION: [Parameter; 1] = [optional(
    "region",
    ArgumentKind::Region,
    "the campaign's region",
    "the region in which a number without a country code is read",
)];

/// What holds for all functions that read a number: a blank one is nobody's mistake.
const NUMBER: Spec = Spec {
    parameters: &REGION,
    on_nothing: OnNothing::of(["missing", "null", "\"\"", "not_a_phone", "[]", "wrong_type"]),
    errors: &[("not_a_phone", "the text is no phone number of its country")],
    ..Spec::USUAL
};

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "phone",
        summary: "Writes a phone number in E.164, without its extension.",
        examples: &[
            example("phone", r#""(512) 555-0142""#, r#""+15125550142""#),
            example("{phone: GB}", r#""020 7946 0958 x12""#, r#""+442079460958""#),
            example("phone", "5125550142", r#""+15125550142""#),
            example("phone", r#""call me""#, "not_a_phone"),
        ],
        run: Run::Filled(e164),
        ..NUMBER
    },
    Spec {
        name: "is_phone",
        summary: "Says whether a text is a phone number that can be assigned to someone.",
        gives: Kind::Boolean,
        on_nothing: OnNothing::of(["missing", "null", "false", "false", "[]", "wrong_type"]),
        errors: &[],
        examples: &[example("is_phone", r#""(512) 789-1111""#, "true"), example("is_phone", r#""12""#, "false")],
        run: Run::Read(|text, call| Ok(Some(Value::Bool(super::is_assignable(text, region(call)))))),
        ..NUMBER
    },
];

/// The region of the call, else the campaign's.
fn region<'c>(call: &'c Call<'_, '_>) -> &'c str {
    call.text(0).unwrap_or_else(|| call.around.phone_region())
}

fn e164<'a>(text: &'a str, call: &Call<'_, '_>) -> Result<Cow<'a, str>, Refusal> {
    let made = super::e164(text, region(call)).map_err(|reason| refusal(text, reason, region(call)))?;
    Ok(if made == text { text.into() } else { made.into() })
}

fn refusal(text: &str, reason: NotAPhone, region: &str) -> Refusal {
    let place = if region.is_empty() { String::new() } else { format!(" (read in region {region})") };
    Refusal::new("not_a_phone", format!("{} is no phone number: {}{place}", quoted_text(text), reason.reason()))
}
