//! What serde says of a value that does not fit, read part by part. Its sentences are those of serde itself and of the readers of JSON and
//! queries; a sentence that is none of them is one of ours.

/// How many names a message lists.
const NAMES_SHOWN_MAX: usize = 12;
/// From here on a known name is near enough to be meant.
const NEAR_MIN: f64 = 0.75;

/// What is wrong with a value.
#[derive(Debug, PartialEq)]
pub(super) enum Mistake<'t> {
    /// A member is missing.
    Missing(&'t str),
    /// A member has a name that is not known, beside those that are.
    Unknown(&'t str, Vec<&'t str>),
    /// A member stands twice.
    Twice(&'t str),
    /// A word is not one of these.
    NotOneOf(&'t str, Vec<&'t str>),
    /// A value of another type, or out of bounds: what it is, and what it must be.
    Misfit(&'t str, &'t str),
    /// Said in our own words.
    Told(&'t str),
}

impl<'t> Mistake<'t> {
    /// Reads a sentence.
    pub(super) fn read(text: &'t str) -> Self {
        let text = without_place(text);
        let quoted = |rest: &'t str| rest.split('`').nth(1).unwrap_or(rest);
        let (said, expected) = text.split_once(", expected ").unwrap_or((text, ""));
        if let Some(name) = text.strip_prefix("missing field ") {
            return Self::Missing(quoted(name));
        }
        if let Some(name) = text.strip_prefix("duplicate field ") {
            return Self::Twice(quoted(name));
        }
        if let Some(name) = said.strip_prefix("unknown field ") {
            return Self::Unknown(quoted(name), names(expected));
        }
        if let Some(word) = said.strip_prefix("unknown variant ") {
            return Self::NotOneOf(quoted(word), names(expected));
        }
        let kinds = ["invalid type: ", "invalid value: ", "invalid length "];
        if let Some(given) = kinds.iter().find_map(|kind| said.strip_prefix(kind)) {
            return Self::Misfit(given, expected);
        }
        match text {
            "invalid digit found in string" | "cannot parse integer from empty string" => {
                Self::Told("must be an integer")
            }
            "number too large to fit in target type" | "number too small to fit in target type" => {
                Self::Told("must be an integer within its bounds")
            }
            "provided string was not `true` or `false`" => Self::Told("must be true or false"),
            _ => Self::Told(text),
        }
    }

    /// The path of the member, from that of the value which serde was at.
    pub(super) fn path(&self, path: &str) -> String {
        match self {
            Self::Missing(name) | Self::Unknown(name, _) | Self::Twice(name) => {
                let is_there = path.strip_suffix(name).is_some_and(|parent| parent.is_empty() || parent.ends_with('.'));
                match is_there {
                    true => path.to_owned(),
                    false if path.is_empty() => (*name).to_owned(),
                    false => format!("{path}.{name}"),
                }
            }
            Self::NotOneOf(..) | Self::Misfit(..) | Self::Told(_) => path.to_owned(),
        }
    }

    /// What is wrong, behind the path.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Missing(_) => "is missing; add it".to_owned(),
            Self::Twice(_) => "stands twice; remove one of them".to_owned(),
            Self::Unknown(name, known) => match nearest(name, known) {
                Some(near) => format!("is not known here; did you mean `{near}`?"),
                None if known.is_empty() => "is not known here; remove it".to_owned(),
                None => format!("is not known here; remove it, or use one of {}", list(known, ", ")),
            },
            Self::NotOneOf(word, known) => {
                let near = nearest(word, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                format!("must be {}, and this is `{word}`{near}", list(known, " or "))
            }
            Self::Misfit(given, expected) => {
                let (must, kind) = (describe_expected(expected), describe_given(given));
                // Of a number that is out of bounds, which one it is.
                let given = digits_of(given).filter(|_| must.contains("integer")).unwrap_or(kind);
                format!("must be {must}, and this is {given}{}", hint(&must, kind))
            }
            Self::Told(text) => (*text).to_owned(),
        }
    }

    /// The kind of the value that was given, where it is of another one.
    pub(super) fn given(&self) -> Option<&'static str> {
        if let Self::Misfit(given, _) = self { Some(describe_given(given)) } else { None }
    }
}

/// A sentence without ` at line 1 column 2`.
fn without_place(text: &str) -> &str {
    text.rfind(" at line ").map_or(text, |at| &text[..at])
}

/// The names in backticks.
fn names(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let near = known.iter().map(|known| (strsim::jaro_winkler(name, known), *known));
    let best = near.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (NEAR_MIN <= best.0).then_some(best.1)
}

/// The first few names, the last two of all apart by a word.
fn list(names: &[&str], last: &str) -> String {
    let shown: Vec<String> = names.iter().take(NAMES_SHOWN_MAX).map(|name| format!("`{name}`")).collect();
    match shown.split_last() {
        _ if NAMES_SHOWN_MAX < names.len() => format!("{} and more", shown.join(", ")),
        Some((end, before)) if !before.is_empty() => format!("{}{last}{end}", before.join(", ")),
        _ => shown.concat(),
    }
}

fn describe_expected(expected: &str) -> String {
    let integer = |max: u64| format!("an integer from 0 to {max}");
    match expected {
        "u8" => integer(u8::MAX.into()),
        "u16" => integer(u16::MAX.into()),
        "u32" => integer(u32::MAX.into()),
        "u64" | "usize" => "an integer, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "an integer".to_owned(),
        "f32" | "f64" | "a JSON number" => "a number".to_owned(),
        "a string" | "a borrowed string" | "string or map" | "variant identifier" => "a text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        text if text.starts_with("struct ") || text.contains(" tagged enum ") => "an object".to_owned(),
        text if text.starts_with("enum ") => "a text".to_owned(),
        "" => "another value".to_owned(),
        text => text.to_owned(),
    }
}

fn describe_given(given: &str) -> &'static str {
    match given.split([' ', ',']).next().unwrap_or_default() {
        "string" | "character" => "a text",
        "boolean" => "true or false",
        "integer" | "floating" | "number" => "a number",
        "null" | "unit" | "Option" => "null",
        "sequence" => "a list",
        "map" | "struct" => "an object",
        _ => "another value",
    }
}

/// The digits of a number that was given.
fn digits_of(given: &str) -> Option<&str> {
    let is_number = given.starts_with("integer ") || given.starts_with("floating ");
    given.split('`').nth(1).filter(|_| is_number)
}

fn hint(must: &str, given: &str) -> &'static str {
    match (must, given) {
        ("a text", "a number" | "true or false") => "; write it in quotes",
        (must, "a text") if must == "a number" || must.contains("integer") || must == "true or false" => {
            "; write it without quotes"
        }
        ("a list", "a text" | "a number" | "an object") => "; write it in brackets, as `[...]`",
        _ => "",
    }
}
