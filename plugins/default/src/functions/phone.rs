//! Phone numbers in E.164, by the numbering plans of all regions.
//!
//! The plans are a static table made at build time (see `build.rs`), so a first call costs what any other costs. Only the
//! few regions whose national prefix is a pattern build that pattern on first use, in microseconds.

mod functions;
mod plans;
mod text;

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
    /// Too few digits.
    TooShort,
    /// Too many digits.
    TooLong,
    /// Numbers of its country do not begin like this.
    NoSuchNumber,
}

impl NotAPhone {
    /// For people.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoNumber => "it is not written like a phone number",
            Self::Letters => "it has letters, which stand for digits only in numbers of +1",
            Self::UnknownRegion => "it has no country code, and the region in which to read it is not known",
            Self::UnknownCountryCode => "no country has this code",
            Self::TooShort => "it has too few digits",
            Self::TooLong => "it has too many digits",
            Self::NoSuchNumber => "numbers of its country do not begin like this",
        }
    }

    /// The suggested fix.
    pub fn hint(self) -> &'static str {
        match self {
            Self::NoNumber | Self::Letters => "write one number in digits, such as +1 512 555 0142",
            Self::UnknownRegion => "name the region: `{phone: GB}`",
            Self::UnknownCountryCode => "write `+` and the code of its country",
            Self::TooShort => "write it with its area code",
            Self::TooLong => "write one number, with `+` where it is of another country",
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
        return Err(NotAPhone::TooShort);
    }
    let (plan, rest) = Region::of_number(digits).ok_or(NotAPhone::UnknownCountryCode)?;
    Ok((plan, rest.to_owned()))
}

fn check(plan: &Region, national: &str) -> Result<(), NotAPhone> {
    if plan.code_has(national) {
        return Ok(());
    }
    let (shortest, longest) = (plan.lengths.trailing_zeros(), 31 - plan.lengths.leading_zeros());
    let length = u32::try_from(national.len()).unwrap_or(u32::MAX);
    Err(match length {
        _ if length < shortest => NotAPhone::TooShort,
        _ if length > longest => NotAPhone::TooLong,
        _ => NotAPhone::NoSuchNumber,
    })
}

#[cfg(test)]
mod tests;
