//! What is given to a use case, and the rules that many of them share.

use hookmill_domain::clock::Timestamp;
use hookmill_domain::config::Limits;
use hookmill_domain::error::ApiError;
use hookmill_domain::ids::lowest_id;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

/// What is given, or why it can't be read. A use case looks at it after the permission: whoever may not do it learns that, whatever was sent.
pub type Input<T> = Result<T, ApiError>;

/// A name: 1 to 255 characters, not all of them blank, and no control characters. Leading and trailing blanks are removed.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 255, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$")]
pub struct Name(pub String);

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Name {
    /// The name as it is kept. `path` is where it was given.
    pub(crate) fn check(&self, path: &str, limits: &Limits) -> Result<String, ApiError> {
        let name = self.0.trim();
        if name.is_empty() {
            return Err(ApiError::invalid(path, "must not be empty"));
        }
        let (chars, chars_max) = (name.chars().count(), limits.name_chars_max);
        if chars_max < chars {
            return Err(ApiError::invalid(path, format!("has {chars} characters, at most {chars_max} are allowed")));
        }
        if name.chars().any(char::is_control) {
            return Err(ApiError::invalid(path, "must not contain control characters"));
        }
        Ok(name.to_owned())
    }
}

/// A member that is present; it may be `null`.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// How many of something are asked for: 1 to `max`. `path` is where it was given.
pub(crate) fn check_count(path: &str, count: i64, max: i64) -> Result<i64, ApiError> {
    if (1..=max).contains(&count) { Ok(count) } else { Err(ApiError::invalid(path, format!("must be 1 to {max}"))) }
}

/// The id with this prefix that divides those before a time from those after; empty where none is given. `name` is where it was given.
pub(crate) fn border(prefix: &str, (name, time): (&str, &Option<String>)) -> Result<String, ApiError> {
    let Some(text) = time.as_deref() else { return Ok(String::new()) };
    match Timestamp::parse(text) {
        Some(time) => Ok(lowest_id(prefix, time)),
        None => Err(ApiError::invalid(name, "must be a time in RFC 3339, such as 2026-03-01T12:00:00Z")),
    }
}

/// An id as it is looked for: none has U+0000, which PostgreSQL does not take.
pub(crate) fn lookup_id(id: &str) -> String {
    id.replace('\0', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i2_a_time_is_a_border_between_ids() {
        let at = |text: &str| border("rej", ("since", &Some(text.to_owned())));
        assert_eq!(at("2026-03-01T12:00:00Z").unwrap(), lowest_id("rej", Timestamp(1_772_366_400_000)));
        assert_eq!(at("2026-03-01T13:00:00+01:00"), at("2026-03-01T12:00:00Z"));
        assert_eq!(border("rej", ("since", &None)).unwrap(), "");
        for wrong in ["", "yesterday", "2026-03-01", "1772366400000"] {
            assert_eq!(at(wrong).unwrap_err().details[0].path, "since", "{wrong}");
        }
    }

    #[test]
    fn a_name_is_trimmed_and_bounded() {
        let check = |text: &str| Name(text.into()).check("name", &Limits::default());
        assert_eq!(check(" Solar \n").unwrap(), "Solar");
        assert!(check(&"x".repeat(255)).is_ok());
        for wrong in ["", " \t", "a\0b", &"x".repeat(256)] {
            assert_eq!(check(wrong).unwrap_err().details[0].path, "name", "{wrong:?}");
        }
    }
}
