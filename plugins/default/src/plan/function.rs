//! The functions of a document, with their arguments checked.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Path;
use crate::json::Value;

/// One function in a chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Function<'p> {
    /// Without white space at both ends.
    Trim,
    /// Runs of white space become one space, none at the ends.
    CollapseSpace,
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
    /// The first letter of each word in upper case, the others in lower case.
    Title,
    /// Only the digits 0-9.
    Digits,
    /// A part of a person's name.
    SplitName(NamePart),
    /// A phone number in E.164; the region is the campaign's unless given.
    #[serde(borrow)]
    Phone(Option<Cow<'p, str>>),
    /// A checked e-mail address in lower case.
    Email,
    /// Milliseconds since 1970 as a date and time of RFC 3339 in UTC.
    Rfc3339,
    /// Another value for what is missing or blank.
    #[serde(borrow)]
    Default(Value<'p>),
    /// The first item of a list.
    First,
    /// The last item of a list.
    Last,
    /// The items of a list in one text.
    #[serde(borrow)]
    Join(Cow<'p, str>),
    /// The pieces of a text, trimmed, without empty ones.
    #[serde(borrow)]
    Split(Cow<'p, str>),
    /// The values of another path behind those of this list.
    #[serde(borrow)]
    Append(Path<'p>),
}

/// A part of a person's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NamePart {
    /// Dr, Mrs and the like.
    Prefix,
    /// The given name.
    First,
    /// What stands between.
    Middle,
    /// The family name.
    Last,
    /// Jr, III, PhD and the like.
    Suffix,
}

impl Function<'_> {
    /// Its name in documents.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Trim => "trim",
            Self::CollapseSpace => "collapse_space",
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Title => "title",
            Self::Digits => "digits",
            Self::SplitName(_) => "split_name",
            Self::Phone(_) => "phone",
            Self::Email => "email",
            Self::Rfc3339 => "rfc3339",
            Self::Default(_) => "default",
            Self::First => "first",
            Self::Last => "last",
            Self::Join(_) => "join",
            Self::Split(_) => "split",
            Self::Append(_) => "append",
        }
    }
}
