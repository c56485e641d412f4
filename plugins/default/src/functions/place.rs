//! Places: states, postal codes, countries.

mod countries;
mod states;

use std::borrow::Cow;
use std::collections::BTreeMap;

use countries::{COUNTRIES, Country};
use hookmill_json::Value;
use states::{STATES, State};

use super::call::Call;
use super::error::FunctionError;
use super::spec::{ArgumentKind, EmptyInput, Parameter, Run, Spec, example, optional, usually};
use super::text::scalar;

/// Names longer than this are none.
const NAME_BYTES_MAX: usize = 100;

const STATE_COUNTRY: Parameter = usually(
    "country",
    ArgumentKind::Word(&["any", "US", "CA"]),
    "any",
    "whose states are meant; no code stands in both",
);

const STATE: Spec = Spec {
    reads_people: true,
    parameters: &[STATE_COUNTRY],
    on_empty: EmptyInput::of(["missing", "null", "\"\"", "not_a_state", "[]", "wrong_type"]),
    errors: &[("not_a_state", "it is neither the name nor the code of a state of these countries")],
    ..Spec::USUAL
};

const COUNTRY: Spec = Spec {
    reads_people: true,
    on_empty: EmptyInput::of(["missing", "null", "\"\"", "not_a_country", "[]", "wrong_type"]),
    errors: &[("not_a_country", "it is neither the name nor a code of a country")],
    ..Spec::USUAL
};

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "state_code",
        summary: "Gives the two letters of a state of the US or a province of Canada, from its name or code.",
        examples: &[
            example("state_code", r#"" california""#, r#""CA""#),
            example("state_code", r#""tx""#, r#""TX""#),
            example("{state_code: CA}", r#""Québec""#, r#""QC""#),
            example("{state_code: CA}", r#""Texas""#, "not_a_state"),
        ],
        run: Run::Filled(|text, call| state(text, call).map(|state| state.code.into())),
        ..STATE
    },
    Spec {
        name: "state_name",
        summary: "Gives the name of a state of the US or a province of Canada, from its code or name.",
        examples: &[
            example("state_name", r#""TX""#, r#""Texas""#),
            example("state_name", r#""US-TX""#, r#""Texas""#),
            example("state_name", r#""Bavaria""#, "not_a_state"),
        ],
        run: Run::Filled(|text, call| state(text, call).map(|state| state.name.into())),
        ..STATE
    },
    Spec {
        name: "zip",
        reads_people: true,
        summary: "Checks a postal code and writes it as its country does. It stays text: a leading zero is never lost, and never guessed.",
        parameters: &[
            optional(
                "country",
                ArgumentKind::Word(&["US", "CA", "other"]),
                "US or CA when that is the campaign's phone region, else other",
                "whose postal codes these are; of others only the characters are checked",
            ),
            usually(
                "plus4",
                ArgumentKind::Word(&["keep", "drop"]),
                "keep",
                "what becomes of the last four digits of a US ZIP+4",
            ),
            usually(
                "pad",
                ArgumentKind::Flag,
                "false",
                "whether zeros are put before a US code of fewer than five digits",
            ),
        ],
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "not_a_zip", "[]", "wrong_type"]),
        errors: &[("not_a_zip", "it is not a postal code of the country")],
        examples: &[
            example("zip", r#"" 02139""#, r#""02139""#),
            example("zip", r#""021391234""#, r#""02139-1234""#),
            example("{zip: {plus4: drop}}", r#""02139-1234""#, r#""02139""#),
            example("zip", "90210", r#""90210""#),
            example("zip", "2139", "not_a_zip"),
            example("{zip: {pad: true}}", "2139", r#""02139""#),
            example("{zip: CA}", r#""k1a0b1""#, r#""K1A 0B1""#),
            example("{zip: CA}", r#""K1A 0O1""#, "not_a_zip"),
            example("{zip: other}", r#""ec1a 1bb""#, r#""EC1A 1BB""#),
        ],
        run: Run::Value(zip),
        ..Spec::USUAL
    },
    Spec {
        name: "country",
        summary: "Gives the two letters of ISO 3166-1 for a country, from its name or its code of two or three letters.",
        examples: &[
            example("country", r#""United States of America""#, r#""US""#),
            example("country", r#""deu""#, r#""DE""#),
            example("country", r#""gb""#, r#""GB""#),
            example("country", r#""Côte d'Ivoire""#, r#""CI""#),
            example("country", r#""Korea""#, "not_a_country"),
            example("country", r#""Atlantis""#, "not_a_country"),
        ],
        run: Run::Filled(|text, _| country(text).map(|found| found.0.into())),
        ..COUNTRY
    },
    Spec {
        name: "country_name",
        summary: "Gives the usual English name of a country, from its name or its code of two or three letters.",
        examples: &[
            example("country_name", r#""US""#, r#""United States""#),
            example("country_name", r#""czech republic""#, r#""Czechia""#),
        ],
        run: Run::Filled(|text, _| country(text).map(|found| found.2.into())),
        ..COUNTRY
    },
    Spec {
        name: "country_alpha3",
        summary: "Gives the three letters of ISO 3166-1 for a country, from its name or its code of two or three letters.",
        examples: &[example("country_alpha3", r#""us""#, r#""USA""#)],
        run: Run::Filled(|text, _| country(text).map(|found| found.1.into())),
        ..COUNTRY
    },
];

/// Whether a text is a state of the US or a province of Canada, by code or name.
pub fn is_state(text: &str) -> bool {
    find_state(text, &["US", "CA"]).is_some()
}

/// Whether a text is a country, by code or name.
pub fn is_country(text: &str) -> bool {
    find_country(text).is_some()
}

/// Lower-case ASCII words without marks, for comparing names.
fn plain_name(text: &str) -> Option<String> {
    if text.len() > NAME_BYTES_MAX {
        return None;
    }
    let folded = super::fold::ascii(text);
    let bare = folded.replace(['\'', '`'], "").replace('&', " and ").to_ascii_lowercase();
    let words: Vec<&str> = bare.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    Some(words.join(" "))
}

thread_local! {
    /// Countries by all their plain names.
    static COUNTRY_NAMES: BTreeMap<String, &'static Country> = names_of(
        COUNTRIES.iter().map(|row| (row.2, row)),
        countries::OTHER_NAMES.iter().filter_map(|(name, code)| Some((*name, by_alpha2(code)?))),
    );
    /// States by all their plain names.
    static STATE_NAMES: BTreeMap<String, &'static State> = names_of(
        STATES.iter().map(|state| (state.name, state)),
        states::OTHER_NAMES.iter().filter_map(|(name, code)| Some((*name, STATES.iter().find(|one| one.code == *code)?))),
    );
}

/// Makes the tables of names, so that no batch has to.
pub fn prepare() {
    COUNTRY_NAMES.with(|_| ());
    STATE_NAMES.with(|_| ());
}

fn names_of<T: Copy>(
    usual: impl Iterator<Item = (&'static str, T)>,
    others: impl Iterator<Item = (&'static str, T)>,
) -> BTreeMap<String, T> {
    let mut names = BTreeMap::new();
    for (name, place) in usual.chain(others) {
        let Some(plain) = plain_name(name) else { continue };
        if let Some(rest) = plain.strip_prefix("saint ") {
            names.entry(format!("st {rest}")).or_insert(place);
        }
        names.entry(plain).or_insert(place);
    }
    names
}

fn state(text: &str, call: &Call<'_, '_>) -> Result<&'static State, FunctionError> {
    let countries: &[&str] = match call.word(0) {
        1 => &["US"],
        2 => &["CA"],
        _ => &["US", "CA"],
    };
    let found = find_state(text, countries);
    let reason = format!("is not a state of {}; write its name, or its code such as TX", countries.join(" or "));
    found.ok_or_else(|| FunctionError::of_text("not_a_state", text, &reason))
}

fn find_state(text: &str, countries: &[&str]) -> Option<&'static State> {
    let code = text.trim().to_ascii_uppercase();
    let code = countries.iter().find_map(|country| code.strip_prefix(country)?.strip_prefix('-')).unwrap_or(&code);
    if code.len() == 2 {
        return STATES.iter().find(|state| state.code == code && countries.contains(&state.country));
    }
    let plain = plain_name(text)?;
    STATE_NAMES.with(|names| names.get(&plain).copied()).filter(|state| countries.contains(&state.country))
}

fn country(text: &str) -> Result<&'static Country, FunctionError> {
    let reason = match plain_name(text).as_deref() {
        Some("korea") => "means two countries; write South Korea or North Korea",
        _ => "is neither the name nor a code of a country; write its English name, or its code such as DE",
    };
    find_country(text).ok_or_else(|| FunctionError::of_text("not_a_country", text, reason))
}

fn find_country(text: &str) -> Option<&'static Country> {
    let code = text.trim().to_ascii_uppercase();
    let found = match code.len() {
        2 => by_alpha2(&code),
        3 => COUNTRIES.iter().find(|row| row.1 == code),
        _ => None,
    };
    found.or_else(|| {
        let plain = plain_name(text)?;
        COUNTRY_NAMES.with(|names| names.get(&plain).copied())
    })
}

fn by_alpha2(code: &str) -> Option<&'static Country> {
    COUNTRIES.binary_search_by(|row| row.0.cmp(code)).ok().and_then(|at| COUNTRIES.get(at))
}

fn zip<'t>(value: Value<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    let text = scalar(&value, call)?.trim();
    if text.is_empty() {
        return Ok(Some(value));
    }
    let written = match country_of_zips(call) {
        "US" => us_zip(text, call),
        "CA" => canadian(text),
        _ => other_zip(text),
    };
    let made = written.map_err(|reason| FunctionError::of_text("not_a_zip", text, &reason))?;
    // A postal code is text, also when it came as a number.
    Ok(Some(if value == Value::Text(Cow::Borrowed(&*made)) { value } else { Value::text(made) }))
}

fn country_of_zips<'c>(call: &'c Call<'_, '_>) -> &'c str {
    match call.arguments.first() {
        Some(crate::plan::Argument::Word(_)) => ["US", "CA", "other"].get(call.word(0)).copied().unwrap_or("other"),
        _ => call.context.phone_region(),
    }
}

fn us_zip(text: &str, call: &Call<'_, '_>) -> Result<String, String> {
    let drops = call.word(1) == 1;
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (five, four) = match text.split_once(['-', ' ']) {
        Some((five, four)) => (five, four),
        None if text.len() == 9 && text.is_ascii() => text.split_at(5),
        None => (text, ""),
    };
    if is_digits(five) && (1..5).contains(&five.len()) && call.flag(2) && four.is_empty() {
        return Ok(format!("{five:0>5}"));
    }
    if five.len() != 5 || ![0, 4].contains(&four.len()) || !is_digits(five) || !is_digits(four) {
        let hint = if is_digits(text) && text.len() < 5 { "; `{zip: {pad: true}}` puts zeros before it" } else { "" };
        return Err(format!("is not a US ZIP code such as 02139 or 02139-1234{hint}"));
    }
    Ok(if four.is_empty() || drops { five.to_owned() } else { format!("{five}-{four}") })
}

fn canadian(text: &str) -> Result<String, String> {
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect::<String>().to_ascii_uppercase();
    if !is_canadian_code(&bare) {
        let hint = "those have the letters and digits of K1A 0B1, none of the letters D, F, I, O, Q, U, and neither W nor Z in front";
        return Err(format!("is not a Canadian postal code: {hint}"));
    }
    Ok(format!("{} {}", &bare[..3], &bare[3..]))
}

/// Whether these are the three letters and three digits of a Canadian postal code, without a space.
pub fn is_canadian_code(bare: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| if at % 2 == 0 { is_postal_letter(at, byte) } else { byte.is_ascii_digit() };
    bare.len() == 6 && bare.bytes().enumerate().all(fits)
}

/// Canada Post uses no D, F, I, O, Q, U, and neither W nor Z in front.
fn is_postal_letter(at: usize, byte: u8) -> bool {
    let letter = byte.to_ascii_uppercase();
    letter.is_ascii_uppercase() && !b"DFIOQU".contains(&letter) && !(at == 0 && b"WZ".contains(&letter))
}

fn other_zip(text: &str) -> Result<String, String> {
    let fits =
        (2..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-'));
    if !fits {
        return Err(
            "is not a postal code: those have 2 to 12 letters and digits, with spaces and hyphens between".to_owned()
        );
    }
    Ok(text.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_every_name_and_code_finds_its_place() {
        for state in &STATES {
            for text in [state.code, state.name, &state.name.to_uppercase()] {
                assert_eq!(find_state(text, &["US", "CA"]).map(|found| found.code), Some(state.code), "{text}");
            }
        }
        for (alpha2, alpha3, name) in &COUNTRIES {
            for text in [*alpha2, *alpha3, *name, &name.to_lowercase()] {
                assert_eq!(find_country(text).map(|found| found.0), Some(*alpha2), "{text}");
            }
        }
        for (name, code) in &countries::OTHER_NAMES {
            assert_eq!(find_country(name).map(|found| found.0), Some(*code), "{name}");
            assert_eq!(plain_name(name).as_deref(), Some(*name));
        }
        for (name, code) in &states::OTHER_NAMES {
            assert_eq!(find_state(name, &["US", "CA"]).map(|found| found.code), Some(*code), "{name}");
        }
        assert_eq!(find_country("St. Lucia").map(|found| found.0), Some("LC"));
    }

    /// Postal codes in the table of countries are sorted, for they are searched.
    #[test]
    fn countries_are_in_order() {
        assert!(COUNTRIES.is_sorted_by(|one, other| one.0 < other.0));
    }
}
