//! The functions on phone numbers.

use std::borrow::Cow;

use hookmill_json::Value;

use super::{NotAPhone, PhoneNumber};
use crate::functions::call::Call;
use crate::functions::error::{FunctionError, quote_text};
use crate::functions::spec::{ArgumentKind, EmptyInput, Kind, Parameter, Run, Spec, example, optional};

const REGION: [Parameter; 1] = [optional(
    "region",
    ArgumentKind::Region,
    "the campaign's region",
    "the region in which a number without a country code is read",
)];

/// What holds for all functions that read a number: a blank one is nobody's mistake.
const NUMBER: Spec = Spec {
    reads_people: true,
    parameters: &REGION,
    on_empty: EmptyInput::of(["missing", "null", "\"\"", "not_a_phone", "[]", "wrong_type"]),
    errors: &[("not_a_phone", "the text is not a phone number of its country")],
    ..Spec::USUAL
};

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "phone",
        summary: "Writes a phone number in E.164, without its extension. Letters stand for digits only in numbers of `+1`.",
        examples: &[
            example("phone", r#""(512) 555-0142""#, r#""+15125550142""#),
            example("{phone: GB}", r#""020 7946 0958 x12""#, r#""+442079460958""#),
            example("phone", "5125550142", r#""+15125550142""#),
            example("{phone: IN}", r#""०९८७६५ ४३२१०""#, r#""+919876543210""#),
            example("phone", r#""1-800-FLOWERS""#, r#""+18003569377""#),
            example("phone", r#""512-555-XXXX""#, "not_a_phone"),
            example("phone", r#""call me""#, "not_a_phone"),
        ],
        run: Run::Filled(e164),
        ..NUMBER
    },
    Spec {
        name: "phone_national",
        summary: "Writes a phone number as people in its country do, without its extension.",
        examples: &[
            example("phone_national", r#""+15125550142""#, r#""(512) 555-0142""#),
            example("phone_national", r#""+442079460958""#, r#""020 7946 0958""#),
            example("phone_national", r#""+49 30 901820""#, r#""030 901820""#),
        ],
        run: Run::Filled(|text, call| Ok(known(text, call)?.national.into())),
        ..NUMBER
    },
    Spec {
        name: "phone_area_code",
        summary: "Takes the area code of a phone number, without a prefix; missing when its country has none, or it belongs to no place.",
        examples: &[
            example("phone_area_code", r#""(512) 789-1111""#, r#""512""#),
            example("phone_area_code", r#""+442079460958""#, r#""20""#),
            example("phone_area_code", r#""+447911123456""#, "missing"),
            example("phone_area_code", r#""800 234 5678""#, "missing"),
        ],
        run: Run::ReadFilled(|text, call| Ok(known(text, call)?.area_code.map(Value::text))),
        ..NUMBER
    },
    Spec {
        name: "phone_country",
        summary: "Gives the country of a phone number, ISO 3166-1 alpha-2; where several share a code and a range, the main one; missing when none assigns it.",
        examples: &[
            example("phone_country", r#""+1 416 789 1111""#, r#""CA""#),
            example("phone_country", r#""(512) 789-1111""#, r#""US""#),
            example("phone_country", r#""+442079460958""#, r#""GB""#),
            example("phone_country", r#""+1 555 555 0142""#, "missing"),
        ],
        run: Run::ReadFilled(|text, call| Ok(known(text, call)?.region.map(|id| Value::text(id.to_owned())))),
        ..NUMBER
    },
    Spec {
        name: "phone_extension",
        summary: "Takes the extension of a phone number, such as the 12 of `555 0142 x12`; missing when it has none.",
        parameters: &[],
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "missing", "[]", "wrong_type"]),
        errors: &[],
        examples: &[
            example("phone_extension", r#""(512) 555-0142 ext. 12""#, r#""12""#),
            example("phone_extension", r#""(512) 555-0142""#, "missing"),
        ],
        run: Run::ReadFilled(|text, _| Ok(super::text::extension(text).map(Value::text))),
        ..NUMBER
    },
    Spec {
        name: "is_phone",
        summary: "Says whether a text is a phone number that can be assigned to someone.",
        gives: Kind::Boolean,
        on_empty: EmptyInput::of(["missing", "null", "false", "false", "[]", "wrong_type"]),
        errors: &[],
        examples: &[example("is_phone", r#""(512) 789-1111""#, "true"), example("is_phone", r#""12""#, "false")],
        run: Run::Read(|text, call| Ok(Some(Value::Bool(super::is_assignable(text, region(call)))))),
        ..NUMBER
    },
];

/// The region of the call, else the campaign's.
fn region<'c>(call: &'c Call<'_, '_>) -> &'c str {
    call.text(0).unwrap_or_else(|| call.context.phone_region())
}

fn e164<'a>(text: &'a str, call: &Call<'_, '_>) -> Result<Cow<'a, str>, FunctionError> {
    let made = super::e164(text, region(call)).map_err(|reason| rejection(text, reason, region(call)))?;
    Ok(if made == text { text.into() } else { made.into() })
}

fn known(text: &str, call: &Call<'_, '_>) -> Result<PhoneNumber, FunctionError> {
    super::known(text, region(call)).map_err(|reason| rejection(text, reason, region(call)))
}

fn rejection(text: &str, reason: NotAPhone, region: &str) -> FunctionError {
    let place = if region.is_empty() { String::new() } else { format!(" (read in region {region})") };
    let (quoted, why, hint) = (quote_text(text), reason.reason(), reason.hint());
    FunctionError::new("not_a_phone", format!("{quoted} is not a phone number: {why}{place}; {hint}"))
}
