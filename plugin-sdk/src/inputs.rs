//! Reading what a stage is given.

use std::borrow::Cow;

use crate::types::{
    Campaign, ClientResponse, Entropy, Event, Failure, HttpResponse, Inbound, Organization, Pair, Subject, Submission,
};
use crate::{Lead, Object};

impl Inbound {
    /// The element as a JSON object.
    ///
    /// # Errors
    /// `not_an_object` when it is a list or a single value.
    ///
    /// ```
    /// let element = hookmill_plugin_sdk::testing::inbound(r#"{"mail": "a@example.com"}"#);
    /// assert_eq!(element.object().unwrap().get("mail").text().as_deref(), Some("a@example.com"));
    /// ```
    pub fn object(&self) -> Result<Object<'_>, Failure> {
        Object::parse(&self.body)
    }

    /// A header's first value; upper and lower case of the name are the same.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{testing, types::Pair};
    ///
    /// let mut element = testing::inbound("{}");
    /// element.headers.push(Pair::header("User-Agent", "form/2"));
    /// assert_eq!(element.header("User-Agent"), Some("form/2"));
    /// ```
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// A query parameter's first value.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{testing, types::Pair};
    ///
    /// let mut element = testing::inbound("{}");
    /// element.query.push(Pair { name: "utm".into(), value: "mail".into() });
    /// assert_eq!(element.query_value("utm"), Some("mail"));
    /// ```
    pub fn query_value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|pair| pair.name == name).map(|pair| pair.value.as_str())
    }
}

impl Submission {
    /// The lead, read where it lies.
    ///
    /// # Errors
    /// `not_an_object`, which the host never sends.
    ///
    /// ```
    /// let submission = hookmill_plugin_sdk::testing::submission(r#"{"zip": "78701"}"#);
    /// assert_eq!(submission.lead().unwrap().zip().text().as_deref(), Some("78701"));
    /// ```
    pub fn lead(&self) -> Result<Lead<'_>, Failure> {
        Lead::parse(&self.lead)
    }

    /// The response to the HTTP request of this key; none when there was no such request.
    ///
    /// ```
    /// use hookmill_plugin_sdk::testing;
    ///
    /// let mut submission = testing::submission("{}");
    /// submission.responses.push(testing::http_response("roof", 200, r#"{"area": 40}"#));
    /// assert_eq!(submission.response("roof").unwrap().text(), r#"{"area": 40}"#);
    /// assert!(submission.response("bill").is_none());
    /// ```
    pub fn response(&self, key: &str) -> Option<&HttpResponse> {
        self.responses.iter().find(|response| response.key == key)
    }
}

impl HttpResponse {
    /// Whether the status is 2xx.
    ///
    /// ```
    /// use hookmill_plugin_sdk::testing;
    /// assert!(testing::http_response("roof", 204, "").is_ok() && !testing::http_response("roof", 404, "").is_ok());
    /// ```
    pub fn is_ok(&self) -> bool {
        self.status.is_some_and(is_success)
    }

    /// Its body as text; what is not UTF-8 becomes `\u{FFFD}`.
    ///
    /// ```
    /// assert_eq!(hookmill_plugin_sdk::testing::http_response("roof", 200, "flat").text(), "flat");
    /// ```
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

impl ClientResponse {
    /// Whether the status is 2xx.
    ///
    /// ```
    /// assert!(hookmill_plugin_sdk::testing::client_response(201, "").is_ok());
    /// ```
    pub fn is_ok(&self) -> bool {
        self.status.is_some_and(is_success)
    }

    /// Its body as text; what is not UTF-8 becomes `\u{FFFD}`.
    ///
    /// ```
    /// assert_eq!(hookmill_plugin_sdk::testing::client_response(200, "OK").text(), "OK");
    /// ```
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// A header's first value; upper and lower case of the name are the same.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{testing, types::Pair};
    ///
    /// let mut response = testing::client_response(302, "");
    /// response.headers.push(Pair::header("Location", "/thanks"));
    /// assert_eq!(response.header("location"), Some("/thanks"));
    /// ```
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

impl Subject {
    /// The submission to send or to tell of; none for an event that is about no submission of the host's.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{testing, types::Subject};
    /// assert!(Subject::Submission(testing::submission("{}")).submission().is_some());
    /// ```
    pub fn submission(&self) -> Option<&Submission> {
        match self {
            Subject::Submission(submission) => Some(submission),
            Subject::Event(event) => event.submission.as_ref(),
        }
    }

    /// The event to tell of; none when a lead is sent to the client.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{testing, types::Subject};
    /// assert!(Subject::Submission(testing::submission("{}")).event().is_none());
    /// ```
    pub fn event(&self) -> Option<&Event> {
        match self {
            Subject::Submission(_) => None,
            Subject::Event(event) => Some(event),
        }
    }
}

impl Organization {
    /// The organization's own values.
    ///
    /// # Errors
    /// `not_an_object`, which the host never sends.
    ///
    /// ```
    /// let mut context = hookmill_plugin_sdk::testing::context();
    /// context.organization.values = r#"{"team": 7}"#.into();
    /// assert_eq!(context.organization.object().unwrap().get("team").json(), Some("7"));
    /// ```
    pub fn object(&self) -> Result<Object<'_>, Failure> {
        Object::parse(&self.values)
    }
}

impl Campaign {
    /// The campaign's own values.
    ///
    /// # Errors
    /// `not_an_object`, which the host never sends.
    ///
    /// ```
    /// let mut context = hookmill_plugin_sdk::testing::context();
    /// context.campaign.values = r#"{"partner": "7"}"#.into();
    /// assert_eq!(context.campaign.object().unwrap().get("partner").text().as_deref(), Some("7"));
    /// ```
    pub fn object(&self) -> Result<Object<'_>, Failure> {
        Object::parse(&self.values)
    }
}

impl Entropy {
    /// The sixteen bytes.
    ///
    /// ```
    /// use hookmill_plugin_sdk::types::Entropy;
    /// assert_eq!(Entropy { high: 1, low: 2 }.bytes()[7..], [1, 0, 0, 0, 0, 0, 0, 0, 2]);
    /// ```
    pub fn bytes(&self) -> [u8; 16] {
        (u128::from(self.high) << 64 | u128::from(self.low)).to_be_bytes()
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

fn header<'a>(headers: &'a [Pair], name: &str) -> Option<&'a str> {
    headers.iter().find(|pair| pair.name.eq_ignore_ascii_case(name)).map(|pair| pair.value.as_str())
}
