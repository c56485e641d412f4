//! How a client is asked for bids, as an admin sets it.

use super::{CUSTOM_FIELDS_MAX, PING_TIMEOUT_MS};
use crate::delivery::ReceiverSettings;
use crate::endpoint::{Faults, METHODS, post};
use crate::net_policy::Schemes;
use hookmill_decimal::{Decimal, ParseError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of the name of a custom field.
const FIELD_BYTES_MAX: usize = 200;

/// A ping that was checked. It is stored encrypted with its endpoint, whose certificate authorities are the ping's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ping {
    /// The URL.
    pub url: String,
    /// The method, upper case.
    pub method: String,
    /// Headers to send, credentials among them.
    pub headers: BTreeMap<String, String>,
    /// How long the client may take, in milliseconds; for the campaign whose lead it is, how long all clients may take.
    pub timeout_ms: u64,
    /// The custom fields that are told.
    pub custom_fields: Vec<String>,
    /// The price of an acceptance that says none, a decimal number; without one such an acceptance does not count as a bid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// The least price that counts, a decimal number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_price: Option<String>,
}

impl ReceiverSettings for Ping {
    fn method(&self) -> &str {
        &self.method
    }

    fn url(&self) -> &str {
        &self.url
    }
}

/// A ping as the API receives it, unchecked.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://client.example/ping", "price": "12.50", "custom_fields": ["loan_amount"]}))]
pub struct PingDraft {
    /// The whole URL; https, and no address of a private network.
    #[schema(format = "uri")]
    pub url: String,
    /// The method: POST, PUT, PATCH or GET.
    #[serde(default = "post")]
    #[schema(pattern = "^(POST|PUT|PATCH|GET)$")]
    pub method: String,
    /// Headers to send. The value `***` keeps the stored value.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How long the client may take, in milliseconds. Where other clients are asked with it, those of the fallback list, all of them have
    /// as long as this campaign's `timeout_ms` says.
    #[serde(default = "default_timeout_ms", deserialize_with = "crate::integer::deserialize")]
    #[schema(minimum = 100, maximum = 30000)]
    pub timeout_ms: u64,
    /// The custom fields that the client is told. Of the standard fields it is told city, state, zip, country, source and tags, and none
    /// of the others.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub custom_fields: Vec<String>,
    /// The price of an acceptance whose response says none, a decimal number such as `12.50`. Without it, what the campaign runs must
    /// read the price out of the response, and an acceptance without a price does not count as a bid.
    #[serde(default)]
    pub price: Option<String>,
    /// The least price that counts, a decimal number.
    #[serde(default)]
    pub min_price: Option<String>,
}

fn default_timeout_ms() -> u64 {
    3_000
}

impl PingDraft {
    /// Checks everything and names all that is wrong.
    pub(crate) fn check(self, schemes: Schemes, faults: &mut Faults) -> Ping {
        let url = faults.url("ping.url", &self.url, schemes);
        faults.headers("ping.headers", &self.headers);
        faults.method("ping.method", &self.method, &METHODS);
        if !PING_TIMEOUT_MS.contains(&self.timeout_ms) {
            let (least, most) = (PING_TIMEOUT_MS.start(), PING_TIMEOUT_MS.end());
            faults.add("ping.timeout_ms", format!("must be {least} to {most} milliseconds"));
        }
        let custom_fields = custom_fields(self.custom_fields, faults);
        let price = price_of("ping.price", self.price.as_deref(), faults);
        let min_price = price_of("ping.min_price", self.min_price.as_deref(), faults);
        if let (Some(price), Some(least)) = (&price, &min_price)
            && price < least
        {
            faults.add("ping.price", "is less than `ping.min_price`, so no such bid would count");
        }
        let digits = |price: Option<Decimal>| price.map(|price| price.digits());
        let Self { method, headers, timeout_ms, .. } = self;
        Ping { url, method, headers, timeout_ms, custom_fields, price: digits(price), min_price: digits(min_price) }
    }
}

fn custom_fields(given: Vec<String>, faults: &mut Faults) -> Vec<String> {
    const PATH: &str = "ping.custom_fields";
    if CUSTOM_FIELDS_MAX < given.len() {
        faults.add(PATH, format!("has {} names, at most {CUSTOM_FIELDS_MAX} are allowed", given.len()));
    }
    let mut seen = BTreeSet::new();
    for name in &given {
        if name.is_empty() || FIELD_BYTES_MAX < name.len() {
            faults.add(PATH, format!("has a name that is empty or has more than {FIELD_BYTES_MAX} bytes"));
        } else if !seen.insert(name) {
            faults.add(PATH, format!("has `{name}` twice"));
        }
    }
    given
}

/// A price as it is set: a decimal number that is not negative.
fn price_of(path: &str, text: Option<&str>, faults: &mut Faults) -> Option<Decimal> {
    match Decimal::parse(text?) {
        Ok(price) if price.is_negative() => faults.add(path, "is negative; write 0 or more"),
        Ok(price) => return Some(price),
        Err(ParseError::NotANumber) => {
            faults.add(path, "is not a decimal number; write it like `12.50`, without a currency sign");
        }
        Err(ParseError::TooLong) => faults.add(path, "has too many digits"),
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::clock::Timestamp;
    use crate::delivery::ReceiverSettings;
    use crate::endpoint::{ClientEndpoint, ClientEndpointDraft};
    use crate::error::ApiError;
    use crate::net_policy::Schemes;
    use serde_json::{Value, json};

    fn endpoint(ping: Value) -> Result<ClientEndpoint, ApiError> {
        let draft = json!({"url": "https://x.example/post", "ping": ping});
        serde_json::from_value::<ClientEndpointDraft>(draft).unwrap().check(Schemes::HttpsOnly, Timestamp(0))
    }

    #[test]
    fn l13_what_is_not_said_has_a_default() {
        let ping = endpoint(json!({"url": "https://x.example/ping"})).unwrap().ping.unwrap();
        assert_eq!((ping.method.as_str(), ping.timeout_ms, ping.price, ping.min_price), ("POST", 3_000, None, None));
        assert!(ping.custom_fields.is_empty() && ping.headers.is_empty());
        assert_eq!(endpoint(Value::Null).unwrap().ping, None);
    }

    /// L13: everything wrong is named at once, each by its field.
    #[test]
    fn l13_everything_wrong_is_named() {
        let wrong = json!({"url": "http://x.example/", "method": "HEAD", "headers": {"Host": "x"}, "timeout_ms": 99,
            "custom_fields": ["a", "a"], "price": "$5", "min_price": "-1"});
        let expected = ["url", "headers", "method", "timeout_ms", "custom_fields", "price", "min_price"]
            .map(|name| format!("ping.{name}"));
        let paths: Vec<String> = endpoint(wrong).unwrap_err().details.into_iter().map(|detail| detail.path).collect();
        assert_eq!(paths, expected);
    }

    /// L13: prices are exact decimals.
    #[test]
    fn l13_prices_are_decimals() {
        for (text, expected) in [("12.50", "12.50"), ("1e2", "100"), ("0", "0"), ("0.1", "0.1")] {
            let ping = endpoint(json!({"url": "https://x.example/", "price": text})).unwrap().ping.unwrap();
            assert_eq!(ping.price.as_deref(), Some(expected), "{text}");
        }
        for text in ["", "1,50", "12 USD", "-0.01", "NaN"] {
            let error = endpoint(json!({"url": "https://x.example/", "price": text})).unwrap_err();
            assert_eq!(error.details[0].path, "ping.price", "{text}");
        }
        let error = endpoint(json!({"url": "https://x.example/", "price": "1", "min_price": "1.01"})).unwrap_err();
        assert!(error.message.contains("ping.min_price"), "{}", error.message);
    }

    /// L13: a deadline is bounded on both sides.
    #[test]
    fn l13_deadlines_are_bounded() {
        for (timeout_ms, is_good) in [(99, false), (100, true), (30_000, true), (30_001, false)] {
            let checked = endpoint(json!({"url": "https://x.example/", "timeout_ms": timeout_ms}));
            assert_eq!(checked.is_ok(), is_good, "{timeout_ms}");
        }
    }

    /// L8: who is asked elsewhere is another receiver; other settings make none.
    #[test]
    fn l13_another_ping_is_another_receiver() {
        let with = |ping: Value| endpoint(ping).unwrap();
        let one = with(json!({"url": "https://x.example/a"}));
        assert!(
            one.has_receiver_of(&with(json!({"url": "https://x.example/a", "timeout_ms": 500, "headers": {"x": "1"}})))
        );
        for other in
            [json!({"url": "https://x.example/b"}), json!({"url": "https://x.example/a", "method": "PUT"}), Value::Null]
        {
            assert!(!one.has_receiver_of(&with(other.clone())), "{other}");
        }
    }
}
