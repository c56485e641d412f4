//! Reading what a stage is given.

use std::borrow::Cow;

use crate::types::{
    Answer, Campaign, ClientAnswer, Entropy, Event, Failure, Inbound, Organization, Pair, ShapeRequest, Subject,
    Submission,
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

    /// What the outside answered to the question of this key.
    ///
    /// ```
    /// use hookmill_plugin_sdk::testing;
    ///
    /// let mut submission = testing::submission("{}");
    /// submission.answers.push(testing::answer("roof", 200, r#"{"area": 40}"#));
    /// assert_eq!(submission.answer("roof").unwrap().text(), r#"{"area": 40}"#);
    /// assert!(submission.answer("bill").is_none());
    /// ```
    pub fn answer(&self, key: &str) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.key == key)
    }
}

impl Answer {
    /// Whether the outside answered 2xx.
    ///
    /// ```
    /// use hookmill_plugin_sdk::testing;
    /// assert!(testing::answer("roof", 204, "").is_ok() && !testing::answer("roof", 404, "").is_ok());
    /// ```
    pub fn is_ok(&self) -> bool {
        self.status.is_some_and(is_success)
    }

    /// Its body as text; what is no UTF-8 becomes `\u{FFFD}`.
    ///
    /// ```
    /// assert_eq!(hookmill_plugin_sdk::testing::answer("roof", 200, "flat").text(), "flat");
    /// ```
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

impl ClientAnswer {
    /// Whether the client answered 2xx.
    ///
    /// ```
    /// assert!(hookmill_plugin_sdk::testing::client_answer(201, "").is_ok());
    /// ```
    pub fn is_ok(&self) -> bool {
        self.status.is_some_and(is_success)
    }

    /// Its body as text; what is no UTF-8 becomes `\u{FFFD}`.
    ///
    /// ```
    /// assert_eq!(hookmill_plugin_sdk::testing::client_answer(200, "OK").text(), "OK");
    /// ```
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// A header's first value; upper and lower case of the name are the same.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{testing, types::Pair};
    ///
    /// let mut answer = testing::client_answer(302, "");
    /// answer.headers.push(Pair::header("Location", "/thanks"));
    /// assert_eq!(answer.header("location"), Some("/thanks"));
    /// ```
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

impl ShapeRequest {
    /// The submission to send or to tell of; none for an event that is about no submission of the host's.
    ///
    /// ```
    /// use hookmill_plugin_sdk::testing;
    /// assert!(testing::delivery(testing::submission("{}")).submission().is_some());
    /// ```
    pub fn submission(&self) -> Option<&Submission> {
        match &self.subject {
            Subject::Submission(submission) => Some(submission),
            Subject::Event(event) => event.submission.as_ref(),
        }
    }

    /// The event to tell of; none when a lead is sent to the client.
    ///
    /// ```
    /// use hookmill_plugin_sdk::testing;
    /// assert!(testing::delivery(testing::submission("{}")).event().is_none());
    /// ```
    pub fn event(&self) -> Option<&Event> {
        match &self.subject {
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
    /// context.organization.values = r#"{"desk": 7}"#.into();
    /// assert_eq!(context.organization.object().unwrap().get("desk").json(), Some("7"));
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
