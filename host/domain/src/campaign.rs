//! What a campaign is called and how it stands (O3).

use super::error::ApiError;
pub use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// A campaign's id: 2 to 16 of `A-Z a-z 0-9 - _`, unique in its organization, compared exactly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CampaignId(String);

impl CampaignId {
    /// Reads an id.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let fits =
            (2..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ApiError::invalid("id", "must be 2 to 16 of A-Z a-z 0-9 - _"))
        }
    }

    /// A random id, where none was given: eight letters and digits that can't be misread.
    pub fn from_random(random: [u8; 8]) -> Self {
        const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        Self(random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The state of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CampaignState {
    /// Being set up: its leads wait.
    Draft,
    /// Running.
    Active,
    /// Paused: its leads wait.
    Paused,
    /// Final: new leads are rejected, waiting ones are canceled.
    Archived,
}

impl CampaignState {
    /// The name the API and the database use.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// Whether a campaign may go from here to there. Archiving is for good.
    pub fn may_become(self, next: Self) -> bool {
        self == next || (self != Self::Archived && next != Self::Draft)
    }
}

/// What becomes of a campaign's leads that passed everything.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeliveryMode {
    /// They are sent to the client endpoint. Without one they wait.
    #[default]
    Client,
    /// They are stored and sent to no client.
    StoreOnly,
}

impl DeliveryMode {
    /// The name the API and the database use.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// The time zone of this name in the IANA database.
pub fn find_time_zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// An IANA time zone that exists.
pub fn checked_time_zone(name: &str) -> Result<String, ApiError> {
    match find_time_zone(name) {
        Some(_) => Ok(name.to_owned()),
        None => Err(ApiError::invalid(
            "time_zone",
            format!("`{name}` is not a zone of the IANA database, such as America/New_York"),
        )),
    }
}

/// A phone region: ISO 3166-1 alpha-2, upper case.
pub fn checked_phone_region(code: &str) -> Result<String, ApiError> {
    let fits = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if fits {
        Ok(code.to_owned())
    } else {
        Err(ApiError::invalid("phone_region", format!("`{code}` is not a two-letter country code such as US")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o3_ids_are_2_to_16_of_the_alphabet() {
        for good in ["AB", "a-_9", "ABCDEFGHIJKLMNOP", "12"] {
            assert_eq!(CampaignId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "A", "ABCDEFGHIJKLMNOPQ", "A B", "Ä1", "A\0", "a.b"] {
            assert!(CampaignId::parse(bad).is_err(), "{bad:?}");
        }
        assert!(CampaignId::parse(CampaignId::from_random([255; 8]).as_str()).is_ok());
    }

    #[test]
    fn o3_archiving_is_for_good() {
        use CampaignState::*;
        assert!(
            Draft.may_become(Active)
                && Active.may_become(Paused)
                && Paused.may_become(Active)
                && Active.may_become(Archived)
        );
        assert!(!Archived.may_become(Active) && !Active.may_become(Draft) && !Paused.may_become(Draft));
    }

    #[test]
    fn o3_zones_and_regions_are_checked() {
        assert!(checked_time_zone("America/New_York").is_ok());
        assert!(checked_time_zone("Mars/Olympus").is_err());
        assert!(checked_phone_region("US").is_ok());
        assert!(checked_phone_region("us").is_err());
    }
}
