//! Requests rendered before the clock runs. Sending one patches digits in place: the idempotency key, and each lead's id
//! and e-mail address, so that no request is a duplicate and no lead has the address of another one; where it is asked for,
//! each lead's phone number, too.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::http;

/// The placeholder of digits. It occurs nowhere else in a request.
const SERIAL: &[u8; 12] = b"#serial-no-#";

/// The placeholder of a phone number. It occurs nowhere else in a request.
const PHONE: &[u8; 14] = b"(#p#) #h#-#no#";

/// So many phone numbers are in an area: exchanges 200 to 999, with four digits behind them.
const PHONES_OF_AREA: u64 = 8_000_000;
/// Areas of New York, Los Angeles and others.
const AREAS: [u64; 16] = [212, 213, 214, 215, 216, 217, 218, 219, 303, 304, 305, 312, 313, 314, 315, 316];

/// Different requests on one connection, at least.
const VARIANTS_MIN: usize = 4;

const FIRST_NAMES: [&str; 8] = ["Alice", "  Bob ", "Chloé", "DAVID", "eve", "Françoise", "Günther", "Hana"];
const LAST_NAMES: [&str; 7] = ["Smith", "Nguyen", "O'Neill", "García", "van der Berg", "Li", "Kowalski"];
const CITIES: [(&str, &str, &str); 5] = [
    ("Springfield", "CA", "90210"),
    ("Boston", "MA", "02108"),
    ("Austin", "TX", "73301"),
    ("Portland", "OR", "97201"),
    ("Miami", "FL", "33101"),
];

/// The id of an organization's n-th campaign.
pub fn campaign_id(number: usize) -> String {
    format!("B{number:04}")
}

/// Which campaign of its organization an id names.
pub fn campaign_number(id: &str) -> Option<usize> {
    id.strip_prefix('B')?.parse().ok()
}

/// A whole request, and where its serial numbers go.
#[derive(Clone)]
pub struct Request {
    bytes: Vec<u8>,
    places: Vec<usize>,
    /// One for each lead, or none.
    phones: Vec<usize>,
}

/// What requests are like.
#[derive(Clone, Copy)]
pub struct Shape<'a> {
    /// The key that may post.
    pub source_key: &'a str,
    /// Where the host listens.
    pub address: SocketAddr,
    /// Leads in one request.
    pub batch: usize,
    /// Campaigns among which leads go round.
    pub campaigns: usize,
    /// The number of the first of them.
    pub first_campaign: usize,
    /// Whether each lead has a phone number of its own: nobody is a duplicate then.
    pub has_own_phones: bool,
}

impl Request {
    /// The bytes to send, with a serial number that no other request has.
    pub fn stamped(&mut self, serial: u64) -> &[u8] {
        let digits = digits(serial);
        for &place in &self.places {
            self.bytes[place..place + digits.len()].copy_from_slice(&digits);
        }
        let first = serial.wrapping_mul(self.phones.len() as u64);
        for (number, &place) in (first..).zip(&self.phones) {
            let phone = phone(number);
            self.bytes[place..place + phone.len()].copy_from_slice(phone.as_bytes());
        }
        &self.bytes
    }

    fn new(bytes: Vec<u8>) -> Request {
        let (places, phones) = (find(&bytes, SERIAL), find(&bytes, PHONE));
        Request { bytes, places, phones }
    }
}

fn find(bytes: &[u8], placeholder: &[u8]) -> Vec<usize> {
    let windows = bytes.windows(placeholder.len()).enumerate();
    windows.filter(|(_, window)| *window == placeholder).map(|(place, _)| place).collect()
}

/// The different requests of one connection; in turn they reach every campaign.
pub fn requests(shape: Shape<'_>, connection: usize) -> Vec<Request> {
    let variants = VARIANTS_MIN.max(shape.campaigns.div_ceil(shape.batch));
    let request = |variant| {
        let body = body(shape, connection * variants + variant);
        Request::new(http::request("POST", shape.address, "/v1/leads", shape.source_key, &body))
    };
    (0..variants).map(request).collect()
}

fn body(shape: Shape<'_>, seed: usize) -> Vec<u8> {
    let first = seed * shape.batch;
    let lead = |index| {
        let seed = first + index;
        let phone = if shape.has_own_phones { phone_placeholder() } else { format!("(212) 555-{:04}", seed % 10_000) };
        lead(seed, index, &campaign_id(shape.first_campaign + seed % shape.campaigns), &phone)
    };
    let leads: Vec<Value> = (0..shape.batch).map(lead).collect();
    json!({"idempotency_key": format!("bench-{}", placeholder()), "leads": leads}).to_string().into_bytes()
}

/// About a kilobyte: a form of a solar campaign, with what trackers and consent services add.
fn lead(seed: usize, index: usize, campaign: &str, phone: &str) -> Value {
    let serial = placeholder();
    let first_name = FIRST_NAMES[seed % FIRST_NAMES.len()];
    let last_name = LAST_NAMES[seed % LAST_NAMES.len()];
    let (city, state, postal) = CITIES[seed % CITIES.len()];
    json!({
        "campaign_id": campaign,
        "id": format!("L-{serial}-{index}"),
        "created": "2026-03-26T10:30:00Z",
        "contact": {
            "first_name": first_name, "last_name": last_name,
            "emails": [{"type": "home", "address": format!("Lead.{index}.{serial}@Example.COM")}],
            "phones": [{"type": "mobile", "number": phone}],
            "dob": format!("19{:02}-{:02}-{:02}", 40 + seed % 60, 1 + seed % 12, 1 + seed % 28),
        },
        "address": {
            "street": format!("{} Main Street", 1 + seed % 999), "city": city, "state": state, "postal": postal, "country": "US",
        },
        "answers": [
            {"q": "own_home", "value": !seed.is_multiple_of(3)}, {"q": "credit", "value": "good"},
            {"q": "income", "value": 20_000 + 1_000 * (seed % 150)}, {"q": "timeframe", "value": "30 days"},
        ],
        "tracking": {
            "utm_source": "Google", "utm_medium": "cpc", "utm_campaign": "solar-spring", "gclid": format!("Cj0KCQjw-{seed:08x}"),
            "ip": format!("203.0.113.{}", seed % 256),
            "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36",
            "landing": "https://example.com/solar?utm_source=google",
        },
        "consent": {
            "tcpa": true, "cert": format!("https://cert.example.com/{seed:040x}"),
            "text": "By clicking submit I agree to be contacted at the number provided.",
        },
    })
}

fn placeholder() -> &'static str {
    std::str::from_utf8(SERIAL).unwrap_or_default()
}

fn phone_placeholder() -> String {
    String::from_utf8_lossy(PHONE).into_owned()
}

/// A phone number, another one for each of the first hundred million numbers.
fn phone(number: u64) -> String {
    let area = AREAS[(number / PHONES_OF_AREA) as usize % AREAS.len()];
    let (exchange, line) = (200 + number % PHONES_OF_AREA / 10_000, number % 10_000);
    format!("({area}) {exchange}-{line:04}")
}

fn digits(serial: u64) -> [u8; SERIAL.len()] {
    let mut digits = [b'0'; SERIAL.len()];
    let mut rest = serial;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(batch: usize, campaigns: usize) -> Shape<'static> {
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        Shape { source_key: "hms_key", address, batch, campaigns, first_campaign: 0, has_own_phones: false }
    }

    /// A lead is about the kilobyte that the measurements speak of.
    #[test]
    fn a_lead_is_about_a_kilobyte() {
        for seed in 0..500 {
            let bytes = lead(seed, seed % 100, "B0000", "(212) 555-0123").to_string().len();
            assert!((900..1150).contains(&bytes), "lead {seed} is {bytes} bytes");
        }
    }

    /// Stamping changes the key and every lead, and nothing of the request's shape.
    #[test]
    fn a_stamped_request_is_whole_and_new() -> anyhow::Result<()> {
        let mut request = requests(shape(3, 2), 0).remove(0);
        let [first, second] = [7, 123_456_789_012].map(|serial| request.stamped(serial).to_vec());
        assert_eq!(first.len(), second.len());
        let (head, body) = std::str::from_utf8(&second)?.split_once("\r\n\r\n").unwrap_or_default();
        assert!(head.contains(&format!("content-length: {}", body.len())));
        let body: Value = serde_json::from_str(body)?;
        assert_eq!(body["idempotency_key"], "bench-123456789012");
        assert_eq!(body["leads"][2]["id"], "L-123456789012-2");
        assert_eq!(body["leads"][1]["contact"]["emails"][0]["address"], "Lead.1.123456789012@Example.COM");
        assert_eq!(body["leads"][1]["campaign_id"], campaign_id(1));
        Ok(())
    }

    /// No two leads have a phone number in common, whichever requests they are of, and a request stays as long as it was.
    #[test]
    fn leads_have_phone_numbers_of_their_own() -> anyhow::Result<()> {
        let mut requests = requests(Shape { has_own_phones: true, ..shape(100, 1) }, 0);
        let length = requests[1].bytes.len();
        let mut phones = std::collections::HashSet::new();
        for serial in [1, 2, 3, 79_999, 80_000, 80_001, 1_000_000] {
            let bytes = requests[1].stamped(serial);
            assert_eq!(bytes.len(), length);
            let (_, body) = std::str::from_utf8(bytes)?.split_once("\r\n\r\n").unwrap_or_default();
            let body: Value = serde_json::from_str(body)?;
            let leads = body["leads"].as_array().into_iter().flatten();
            phones.extend(leads.map(|lead| lead["contact"]["phones"][0]["number"].to_string()));
        }
        assert_eq!(phones.len(), 700);
        assert_eq!([0, 8_000_000 - 1, 8_000_000].map(phone), ["(212) 200-0000", "(212) 999-9999", "(213) 200-0000"]);
        Ok(())
    }

    /// Small batches reach every campaign, too, and ids say which.
    #[test]
    fn requests_in_turn_reach_every_campaign() {
        let texts: Vec<String> = requests(shape(1, 100), 3)
            .iter_mut()
            .map(|request| String::from_utf8_lossy(request.stamped(1)).into_owned())
            .collect();
        for number in 0..100 {
            let id = campaign_id(number);
            assert!(texts.iter().any(|text| text.contains(&id)), "{id}");
            assert_eq!(campaign_number(&id), Some(number));
        }
    }
}
