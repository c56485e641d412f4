//! Phone numbers in E.164, by the numbering plans of all regions.
//!
//! The plans are a static table made at build time (see `build.rs`), so a first call costs what any other costs. Only the
//! few regions whose national prefix is a pattern build that pattern on first use, in microseconds.

mod digit_count;
mod functions;
mod plans;
mod text;

use std::borrow::Cow;

use digit_count::DigitCount;
pub use functions::FUNCTIONS;
use plans::Region;

/// The country code of North America: its numbers are of one length, so that the letters of a number (1-800-FLOWERS) are told from a word
/// behind it.
const CODE_WITH_LETTERS: u16 = 1;

/// Why a text is not a phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAPhone {
    /// No digits, or characters that no number has.
    NoNumber,
    /// Letters, where no number has them.
    Letters,
    /// Without a country code, and the region is unknown.
    UnknownRegion,
    /// No country has this code.
    UnknownCountryCode,
    /// Nothing behind the code of its country.
    CodeAlone,
    /// Too few digits, or too many.
    Digits(DigitCount),
    /// Numbers of its country do not begin like this.
    NoSuchNumber,
}

impl NotAPhone {
    /// For people.
    pub fn reason(self) -> Cow<'static, str> {
        match self {
            Self::NoNumber => "it is not written like a phone number".into(),
            Self::Letters => "it has letters, which stand for digits only in numbers of +1".into(),
            Self::UnknownRegion => "it has no country code, and the region in which to read it is not known".into(),
            Self::UnknownCountryCode => "no country has this code".into(),
            Self::CodeAlone => "it has no digits behind the code of a country".into(),
            Self::Digits(count) => count.reason().into(),
            Self::NoSuchNumber => "numbers of its country do not begin like this".into(),
        }
    }

    /// The suggested fix.
    pub fn hint(self) -> &'static str {
        match self {
            Self::NoNumber | Self::Letters => "write one number in digits, such as +1 512 555 0142",
            Self::UnknownRegion => "name the region: `{phone: GB}`",
            Self::UnknownCountryCode => "write `+` and the code of its country",
            Self::CodeAlone => "write all of its digits",
            Self::Digits(count) => count.hint(),
            Self::NoSuchNumber => "write `+` and the country code where it is of another country",
        }
    }
}

/// Builds all patterns, so that no batch has to.
pub fn prepare() {
    plans::build_patterns();
}

/// Whether a text is the code of a region that has phone numbers, such as `US`.
pub fn is_region(id: &str) -> bool {
    Region::by_id(id).is_some()
}

/// The number in E.164. Without a country code it is read as one of `region`.
///
/// The number has the form of its country's numbers; whether it can belong to someone is asked of [`is_assignable`]: the
/// 555 that examples and tests love is a number, but nobody's.
pub fn e164(text: &str, region: &str) -> Result<String, NotAPhone> {
    let (plan, national) = read(text, region)?;
    Ok(format!("+{}{national}", plan.code))
}

/// Whether the text is a number that can be assigned: a fixed line, a mobile and so on.
pub fn is_assignable(text: &str, region: &str) -> bool {
    read(text, region).is_ok_and(|(plan, national)| plan.code_assigns(&national))
}

/// What is known of a number.
pub struct PhoneNumber {
    /// The number as it is written in its own country.
    pub national: String,
    /// Its area code, if it has one.
    pub area_code: Option<String>,
    /// The region it belongs to, ISO 3166-1 alpha-2; none when no region assigns it.
    pub region: Option<&'static str>,
}

/// What is known of a number, read as one of `region` when it has no country code.
pub fn known(text: &str, region: &str) -> Result<PhoneNumber, NotAPhone> {
    let (plan, national) = read(text, region)?;
    Ok(PhoneNumber {
        national: plan.format_national(&national),
        area_code: plan.area_code(&national).map(str::to_owned),
        region: plan.region_of(&national).map(|region| region.id).filter(|id| *id != "001"),
    })
}

fn read(text: &str, region: &str) -> Result<(&'static Region, String), NotAPhone> {
    let written = text::Written::read(text).ok_or(NotAPhone::NoNumber)?;
    let (plan, national) = split(&written, Region::by_id(region))?;
    if written.has_letters && plan.code != CODE_WITH_LETTERS {
        return Err(NotAPhone::Letters);
    }
    let national = plan.without_national_prefix(&national);
    check(plan, &national)?;
    Ok((plan, national))
}

/// The numbering plan and the digits after the country code, which may still have a national prefix.
fn split(written: &text::Written, region: Option<&'static Region>) -> Result<(&'static Region, String), NotAPhone> {
    let digits = written.digits.as_str();
    if written.international {
        return with_country_code(digits);
    }
    let region = region.ok_or(NotAPhone::UnknownRegion)?;
    if let Some(rest) = region.without_international_prefix(digits) {
        return with_country_code(rest);
    }
    Ok((region, region.without_own_code(digits).unwrap_or(digits).to_owned()))
}

fn with_country_code(digits: &str) -> Result<(&'static Region, String), NotAPhone> {
    if digits.len() <= 2 {
        return Err(NotAPhone::CodeAlone);
    }
    let (plan, rest) = Region::of_number(digits).ok_or(NotAPhone::UnknownCountryCode)?;
    Ok((plan, rest.to_owned()))
}

fn check(plan: &Region, national: &str) -> Result<(), NotAPhone> {
    if plan.code_has(national) {
        return Ok(());
    }
    // What it begins with says best how long it should be: many countries have numbers of many lengths. A prefix was left where numbers
    // without it have another length, as this one may.
    let candidates = [Some(national.to_owned()), plan.strip_prefix(national)].into_iter().flatten();
    let found = candidates.map(|digits| (digits.len(), plan.lengths_like(&digits))).find(|(_, lengths)| *lengths != 0);
    let (has, lengths) = match found {
        Some(found) => found,
        None if plan.allows_length(national.len()) => return Err(NotAPhone::NoSuchNumber),
        None => (national.len(), plan.lengths),
    };
    Err(NotAPhone::Digits(DigitCount { code: plan.code, has, lengths }))
}

#[cfg(test)]
mod tests;
