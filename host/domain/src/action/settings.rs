//! What an admin sets: who decides, and how it is asked.

use crate::clock::Timestamp;
use crate::delivery::ReceiverSettings;
use crate::endpoint::Faults;
use crate::error::ApiError;
use crate::net_policy::{CaCertificates, Schemes};
use crate::retry::ACTION_RETRIES;
use crate::webhook::settings::signing_secrets;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use strum::{IntoStaticStr, VariantArray};

/// How long a webhook may take to decide, in seconds.
const TIMEOUT_S: RangeInclusive<u64> = 1..=300;
/// The methods that have a body.
const METHODS: [&str; 3] = ["POST", "PUT", "PATCH"];

/// A first-submission action that was checked. It is stored encrypted, since headers and secrets are credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A webhook decides.
    Webhook(ActionWebhook),
    /// A person decides.
    Review(Priority),
}

/// The webhook that decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionWebhook {
    /// The URL.
    pub url: String,
    /// The method, upper case.
    pub method: String,
    /// Headers to send, credentials among them.
    pub headers: BTreeMap<String, String>,
    /// Retries after the first attempt.
    pub retries: u8,
    /// How long one attempt may take, in seconds.
    pub timeout_s: u64,
    /// Signing secrets, the newest first; several during a rotation.
    pub secrets: Vec<String>,
    /// The certificate authorities that it is trusted by instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_certificates: Option<CaCertificates>,
}

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = ActionKind)]
pub enum ActionKind {
    /// A webhook, by its response.
    Webhook,
    /// A person, by the API.
    Review,
}

/// In which order reviews are listed.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = ReviewPriority)]
pub enum Priority {
    /// Before all others.
    High,
    /// After those, and before the low ones.
    #[default]
    Normal,
    /// Last.
    Low,
}

impl ActionKind {
    /// Its name in the API and in the timeline.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Priority {
    /// Every priority, the most urgent first.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its name in the API and in the timeline.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Its place among the others, as a database orders it.
    pub fn rank(self) -> i64 {
        match self {
            Self::High => 0,
            Self::Normal => 1,
            Self::Low => 2,
        }
    }

    /// The priority of this place; what lies between or beyond is the nearest.
    pub fn of_rank(rank: i64) -> Self {
        match rank {
            ..=0 => Self::High,
            1 => Self::Normal,
            2.. => Self::Low,
        }
    }
}

impl Action {
    /// Who decides.
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::Webhook(_) => ActionKind::Webhook,
            Self::Review(_) => ActionKind::Review,
        }
    }

    /// The webhook, where one decides.
    pub fn webhook(&self) -> Option<&ActionWebhook> {
        match self {
            Self::Webhook(webhook) => Some(webhook),
            Self::Review(_) => None,
        }
    }

    /// The priority of its reviews, where a person decides.
    pub fn priority(&self) -> Option<Priority> {
        match self {
            Self::Webhook(_) => None,
            Self::Review(priority) => Some(*priority),
        }
    }
}

/// Nothing is sent where a person decides: its receiver is none, and so not that of any webhook.
impl ReceiverSettings for Action {
    fn method(&self) -> &str {
        self.webhook().map_or("", ReceiverSettings::method)
    }

    fn url(&self) -> &str {
        self.webhook().map_or("", ReceiverSettings::url)
    }
}

impl ReceiverSettings for ActionWebhook {
    fn method(&self) -> &str {
        &self.method
    }

    fn url(&self) -> &str {
        &self.url
    }
}

/// A first-submission action as the API receives it, unchecked. Secrets are write-only: absent secrets keep the stored ones.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FirstSubmissionActionDraft, example = json!({"kind": "webhook", "url": "https://checks.example/lead", "headers": {"x-token": "secret"}, "retries": 2, "timeout_s": 20}))]
pub struct ActionDraft {
    /// Who decides. All other fields but `priority` are of a `webhook`, and `priority` is of a `review`.
    pub kind: ActionKind,
    /// The whole URL; https, and no address of a private network.
    #[serde(default)]
    #[schema(format = "uri")]
    pub url: Option<String>,
    /// The method: POST (if not given), PUT or PATCH.
    #[serde(default)]
    #[schema(pattern = "^(POST|PUT|PATCH)$")]
    pub method: Option<String>,
    /// Headers to send. The value `***` keeps the stored value.
    #[serde(default)]
    pub headers: Option<BTreeMap<String, String>>,
    /// Retries after the first attempt; 3 if not given.
    #[serde(default, deserialize_with = "crate::integer::deserialize_optional")]
    #[schema(minimum = 0, maximum = 5)]
    pub retries: Option<u64>,
    /// How long one attempt may take, in seconds; 30 if not given.
    #[serde(default, deserialize_with = "crate::integer::deserialize_optional")]
    #[schema(minimum = 1, maximum = 300)]
    pub timeout_s: Option<u64>,
    /// Signing secrets, `whsec_` and base64, the newest first; several during a rotation. If absent, the stored ones stay.
    #[serde(default)]
    pub secrets: Option<Vec<String>>,
    /// The certificate authorities that this receiver is trusted by instead of the public ones: certificates in PEM, one after another.
    /// Without it, or null, the public ones count.
    #[serde(default)]
    pub ca_certificates: Option<String>,
    /// In which order its reviews are listed; `normal` if not given.
    #[serde(default)]
    pub priority: Option<Priority>,
}

impl ActionDraft {
    /// Checks everything and names all that is wrong. `kept` are the stored secrets, which stay when none are given.
    pub fn check(self, schemes: Schemes, kept: Vec<String>, now: Timestamp) -> Result<Action, ApiError> {
        let mut faults = Faults::default();
        let action = match self.kind {
            ActionKind::Webhook => Action::Webhook(self.check_webhook(schemes, kept, now, &mut faults)),
            ActionKind::Review => Action::Review(self.check_review(&mut faults)),
        };
        faults.end()?;
        Ok(action)
    }

    fn check_review(self, faults: &mut Faults) -> Priority {
        let of_webhook = [
            ("url", self.url.is_some()),
            ("method", self.method.is_some()),
            ("headers", self.headers.is_some_and(|headers| !headers.is_empty())),
            ("retries", self.retries.is_some()),
            ("timeout_s", self.timeout_s.is_some()),
            ("secrets", self.secrets.is_some_and(|secrets| !secrets.is_empty())),
            ("ca_certificates", self.ca_certificates.is_some()),
        ];
        for (path, _) in of_webhook.into_iter().filter(|(_, is_given)| *is_given) {
            faults.add(path, "is of kind `webhook`, and this is a `review`; remove it, or set `kind` to `webhook`");
        }
        self.priority.unwrap_or_default()
    }

    fn check_webhook(self, schemes: Schemes, kept: Vec<String>, now: Timestamp, faults: &mut Faults) -> ActionWebhook {
        let url = match &self.url {
            Some(url) => faults.url("url", url, schemes),
            None => {
                faults.add("url", "is missing; a webhook needs one");
                String::new()
            }
        };
        let headers = self.headers.unwrap_or_default();
        faults.headers("headers", &headers);
        let method = self.method.unwrap_or_else(|| METHODS[0].to_owned());
        faults.method("method", &method, &METHODS);
        let retries = faults.retries("retries", self.retries.unwrap_or(DEFAULT_RETRIES), ACTION_RETRIES);
        let timeout_s = self.timeout_s.unwrap_or(DEFAULT_TIMEOUT_S);
        faults.timeout("timeout_s", timeout_s, TIMEOUT_S);
        let secrets = self.secrets.unwrap_or(kept);
        if let Err(error) = signing_secrets(&secrets) {
            faults.add("secrets", format!("are rejected: {error}"));
        }
        let ca_certificates = faults.ca_certificates("ca_certificates", self.ca_certificates.as_deref(), now);
        if self.priority.is_some() {
            faults
                .add("priority", "is of kind `review`, and this is a `webhook`; remove it, or set `kind` to `review`");
        }
        ActionWebhook { url, method, headers, retries, timeout_s, secrets, ca_certificates }
    }
}

const DEFAULT_RETRIES: u64 = 3;
const DEFAULT_TIMEOUT_S: u64 = 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::SigningSecret;
    use serde_json::{Value, json};

    fn secret() -> String {
        SigningSecret::from_bytes(vec![7; 32]).unwrap().reveal()
    }

    fn check(draft: Value) -> Result<Action, Vec<String>> {
        let draft: ActionDraft = serde_json::from_value(draft).unwrap();
        let checked = draft.check(Schemes::HttpsOnly, vec![secret()], Timestamp(0));
        checked.map_err(|error| error.details.into_iter().map(|detail| detail.path).collect())
    }

    #[test]
    fn l4_what_is_not_said_has_a_default() {
        let Action::Webhook(webhook) = check(json!({"kind": "webhook", "url": "https://x.example/a"})).unwrap() else {
            panic!("a webhook")
        };
        assert_eq!((webhook.method.as_str(), webhook.retries, webhook.timeout_s), ("POST", 3, 30));
        assert_eq!(webhook.secrets, [secret()]);
        assert_eq!(check(json!({"kind": "review"})), Ok(Action::Review(Priority::Normal)));
        assert_eq!(check(json!({"kind": "review", "priority": "high"})), Ok(Action::Review(Priority::High)));
    }

    /// L4: timeout 1-300 s, retries 0-5.
    #[test]
    fn l4_limits_are_those_of_the_requirements() {
        let with = |field: &str, value: u64| {
            let mut draft = json!({"kind": "webhook", "url": "https://x.example/a"});
            draft[field] = value.into();
            check(draft)
        };
        for (field, good, bad) in [("retries", [0, 5], [6, 99]), ("timeout_s", [1, 300], [0, 301])] {
            assert!(good.into_iter().all(|value| with(field, value).is_ok()), "{field}");
            for value in bad {
                assert_eq!(with(field, value), Err(vec![field.to_owned()]), "{value}");
            }
        }
    }

    #[test]
    fn l4_everything_wrong_is_named_at_once() {
        let wrong = json!({"kind": "webhook", "url": "http://x.example/", "method": "GET", "headers": {"Host": "x"}, "retries": 9,
            "timeout_s": 0, "secrets": ["x"], "ca_certificates": "x", "priority": "low"});
        let expected = ["url", "headers", "method", "retries", "timeout_s", "secrets", "ca_certificates", "priority"];
        assert_eq!(check(wrong).unwrap_err(), expected);
        assert_eq!(check(json!({"kind": "webhook"})).unwrap_err(), ["url"]);
        let mixed = json!({"kind": "review", "url": "https://x.example/", "retries": 1, "headers": {}});
        assert_eq!(check(mixed).unwrap_err(), ["url", "retries"]);
        assert!(serde_json::from_value::<ActionDraft>(json!({"url": "https://x.example/"})).is_err());
        assert!(serde_json::from_value::<ActionDraft>(json!({"kind": "review", "prio": "low"})).is_err());
    }

    #[test]
    fn l4_settings_are_read_back() {
        for draft in [json!({"kind": "webhook", "url": "https://x.example/a"}), json!({"kind": "review"})] {
            let action = check(draft).unwrap();
            let stored = serde_json::to_vec(&action).unwrap();
            assert_eq!(serde_json::from_slice::<Action>(&stored).unwrap(), action);
        }
    }

    /// L4: a person is another receiver than any webhook.
    #[test]
    fn l4_a_webhook_and_a_person_are_two_receivers() {
        let webhook = |url: &str| check(json!({"kind": "webhook", "url": url})).unwrap();
        let (one, other, review) =
            (webhook("https://x.example/a"), webhook("https://x.example/b"), Action::Review(Priority::Low));
        assert!(one.has_receiver_of(&one.clone()) && !one.has_receiver_of(&other) && !one.has_receiver_of(&review));
        assert!(review.has_receiver_of(&Action::Review(Priority::High)));
    }

    #[test]
    fn l4_high_comes_before_normal_and_low() {
        let mut ranks: Vec<i64> = Priority::ALL.iter().map(|priority| priority.rank()).collect();
        assert!(ranks.is_sorted() && Priority::ALL.is_sorted());
        ranks.dedup();
        assert_eq!(ranks.len(), 3);
        assert!(Priority::ALL.iter().all(|priority| Priority::of_rank(priority.rank()) == *priority));
    }
}
