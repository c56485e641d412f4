//! The settings of an inbound webhook, as they are stored and as the API receives them.

use super::proof::{Proof, ProofDraft};
use crate::config::parse_network;
use crate::endpoint::Faults;
use crate::error::ApiError;
use crate::net_policy::Schemes;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What a webhook is called that was given no name.
pub const DEFAULT_NAME: &str = "Inbound via API";
/// How many characters a name, a tag or a label may have.
const TEXT_CHARS_MAX: usize = 200;
/// How many entries a list of origins, hosts or senders may have.
const LIST_MAX: usize = 100;
/// How many bytes a verify token may have.
const TOKEN_BYTES_MAX: usize = 1_024;

/// The settings of an inbound webhook that were checked. They are stored encrypted, with its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundSettings {
    /// Its name, for people.
    pub name: String,
    /// The tag of the leads that come through it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The label of their source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The origins of pages that may post and read the response; empty where origins are not looked at.
    #[serde(default)]
    pub origins: Vec<String>,
    /// The hosts that a form may be redirected to.
    #[serde(default)]
    pub redirect_hosts: Vec<String>,
    /// Whether a GET with everything in its query is taken for a post.
    #[serde(default)]
    pub allow_get: bool,
    /// The networks whose word for the address of a person is taken.
    #[serde(default)]
    pub trusted_senders: Vec<String>,
    /// What a platform has to repeat when it verifies the address (`hub.verify_token`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_token: Option<String>,
    /// How senders show that they are who they say; none where the address is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

/// An inbound webhook as the API receives it, unchecked.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InboundWebhookDraft, example = json!({"name": "Landing page", "tag": "spring", "source": "landing.example", "origins": ["https://landing.example"]}))]
pub struct InboundDraft {
    /// Its name, for people; `Inbound via API` if not given.
    #[serde(default)]
    pub name: Option<String>,
    /// The tag of the leads that come through it.
    #[serde(default)]
    pub tag: Option<String>,
    /// The label of their source, where the lead names none.
    #[serde(default)]
    pub source: Option<String>,
    /// The origins of pages that may post and read the response, such as `https://landing.example`. Others are rejected; empty, origins are not looked at, and no page
    /// reads the response.
    #[serde(default)]
    pub origins: Vec<String>,
    /// The hosts that a form post may be redirected to by `redirect_url`. Others are rejected.
    #[serde(default)]
    pub redirect_hosts: Vec<String>,
    /// Whether a GET with everything in its query is taken for a post.
    #[serde(default)]
    pub allow_get: bool,
    /// The addresses or networks of senders whose `ip` is taken for the person's: services that post for a browser.
    #[serde(default)]
    pub trusted_senders: Vec<String>,
    /// What a platform repeats when it verifies the address (`hub.verify_token`). `***` keeps the stored one.
    #[serde(default)]
    pub verify_token: Option<String>,
    /// How senders show that they are who they say. Without it the address is enough.
    #[serde(default)]
    pub proof: Option<ProofDraft>,
}

impl InboundDraft {
    /// Checks everything and reports all problems. `stored` is what was saved before, for what is not shown.
    pub fn check(self, stored: Option<&InboundSettings>) -> Result<InboundSettings, ApiError> {
        let mut faults = Faults::default();
        let name = text("name", self.name, &mut faults).unwrap_or_else(|| DEFAULT_NAME.to_owned());
        let (tag, source) = (text("tag", self.tag, &mut faults), text("source", self.source, &mut faults));
        let origins = list("origins", self.origins, &mut faults, origin);
        let redirect_hosts = list("redirect_hosts", self.redirect_hosts, &mut faults, host);
        let trusted_senders = list("trusted_senders", self.trusted_senders, &mut faults, |text| {
            parse_network(text).map(|network| network.to_string())
        });
        let verify_token = match self.verify_token.as_deref() {
            Some("***") => match stored.and_then(|stored| stored.verify_token.clone()) {
                Some(kept) => Some(kept),
                None => {
                    faults.add("verify_token", "is `***`, but none is stored; send the token");
                    None
                }
            },
            Some("") | None => None,
            Some(token) if TOKEN_BYTES_MAX < token.len() => {
                faults.add("verify_token", format!("may have {TOKEN_BYTES_MAX} bytes"));
                None
            }
            Some(token) => Some(token.to_owned()),
        };
        let proof =
            self.proof.and_then(|proof| proof.check(stored.and_then(|stored| stored.proof.as_ref()), &mut faults));
        faults.end()?;
        let allow_get = self.allow_get;
        Ok(InboundSettings {
            name,
            tag,
            source,
            origins,
            redirect_hosts,
            allow_get,
            trusted_senders,
            verify_token,
            proof,
        })
    }
}

fn text(path: &str, given: Option<String>, faults: &mut Faults) -> Option<String> {
    let text = given?.trim().to_owned();
    if TEXT_CHARS_MAX < text.chars().count() || text.chars().any(char::is_control) {
        faults.add(path, format!("may have {TEXT_CHARS_MAX} characters, without line breaks"));
    }
    Some(text).filter(|text| !text.is_empty())
}

fn list<T>(path: &str, given: Vec<String>, faults: &mut Faults, read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
    if LIST_MAX < given.len() {
        faults.add(path, format!("has {} entries, at most {LIST_MAX} are allowed", given.len()));
        return Vec::new();
    }
    given
        .iter()
        .filter_map(|text| read(text.trim()).map_err(|why| faults.add(path, format!("is rejected: {why}"))).ok())
        .collect()
}

/// The origin of a page: scheme, host and port, in its one spelling (RFC 6454).
fn origin(text: &str) -> Result<String, String> {
    let wrong =
        || format!("`{}` is not an origin; write scheme and host, such as https://landing.example", truncate(text));
    let url = url::Url::parse(text).map_err(|_| wrong())?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || !is_bare {
        return Err(wrong());
    }
    Ok(url.origin().ascii_serialization())
}

fn host(text: &str) -> Result<String, String> {
    let wrong = || format!("`{}` is not a host; write its name alone, such as thanks.example", truncate(text));
    let url = url::Url::parse(&format!("https://{text}/")).map_err(|_| wrong())?;
    let is_host = url.path() == "/" && url.port().is_none() && url.username().is_empty() && url.password().is_none();
    url.host_str()
        .filter(|_| is_host && !text.contains(['/', '@', ':', '?', '#', '\\']))
        .map(str::to_owned)
        .ok_or_else(wrong)
}

fn truncate(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect::<String>().escape_debug().to_string()
}

impl InboundSettings {
    /// Whether the word of a sender at this address is taken for the address of a person.
    pub fn trusts(&self, sender: IpAddr) -> bool {
        let networks = self.trusted_senders.iter().filter_map(|text| parse_network(text).ok());
        networks.into_iter().any(|network| network.contains(&sender))
    }

    /// Whether a page of this origin may post; none of its own says where nothing was sent.
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.origins.is_empty() || self.origins.iter().any(|known| known == origin)
    }

    /// The address that a form may be redirected to: https, or http in development, on a listed host.
    pub fn redirect(&self, url: &str, schemes: Schemes) -> Option<String> {
        let url = url::Url::parse(url.trim()).ok()?;
        let is_scheme = url.scheme() == "https" || (url.scheme() == "http" && schemes == Schemes::HttpToo);
        let is_web = is_scheme && url.port().is_none() && url.username().is_empty() && url.password().is_none();
        let host = url.host_str()?;
        (is_web && self.redirect_hosts.iter().any(|known| known == host)).then(|| url.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(json: Value) -> Result<InboundSettings, ApiError> {
        serde_json::from_value::<InboundDraft>(json).unwrap().check(None)
    }

    #[test]
    fn i8_what_is_not_said_has_a_default() {
        let settings = check(json!({})).unwrap();
        assert_eq!((settings.name.as_str(), settings.allow_get, settings.proof), (DEFAULT_NAME, false, None));
        assert!(settings.origins.is_empty() && settings.redirect_hosts.is_empty());
    }

    #[test]
    fn i9_origins_and_hosts_have_one_spelling() {
        let settings =
            check(json!({"origins": ["HTTPS://Landing.example:443/"], "redirect_hosts": ["Thanks.Example"]})).unwrap();
        assert_eq!(
            (settings.origins, settings.redirect_hosts),
            (vec!["https://landing.example".to_owned()], vec!["thanks.example".to_owned()])
        );
    }

    #[test]
    fn i9_wrong_settings_are_named() {
        let long = "x".repeat(201);
        let table = [
            (json!({"name": long}), "name"),
            (json!({"tag": "a\nb"}), "tag"),
            (json!({"origins": ["landing.example"]}), "origins"),
            (json!({"origins": ["https://landing.example/path"]}), "origins"),
            (json!({"origins": ["ftp://landing.example"]}), "origins"),
            (json!({"redirect_hosts": ["https://thanks.example"]}), "redirect_hosts"),
            (json!({"redirect_hosts": ["a@thanks.example"]}), "redirect_hosts"),
            (json!({"redirect_hosts": vec!["a.example"; 101]}), "redirect_hosts"),
            (json!({"trusted_senders": ["10.0.0.0/33"]}), "trusted_senders"),
            (json!({"verify_token": "***"}), "verify_token"),
            (json!({"proof": {"kind": "hub_signature"}}), "proof.secret"),
        ];
        for (json, path) in table {
            let error = check(json.clone()).unwrap_err();
            assert_eq!(error.details[0].path, path, "{json}");
        }
    }

    /// I9: no other host is redirected to, however it is written.
    #[test]
    fn i9_redirects_go_to_listed_hosts_alone() {
        let settings = check(json!({"redirect_hosts": ["thanks.example"]})).unwrap();
        for (url, expected) in [
            ("https://thanks.example/a?b=1#c", Some("https://thanks.example/a?b=1#c")),
            ("HTTPS://THANKS.example", Some("https://thanks.example/")),
            ("https://thanks.example.evil.example/", None),
            ("https://evil.example/thanks.example", None),
            ("https://thanks.example@evil.example/", None),
            ("//thanks.example/", None),
            ("/thanks", None),
            ("javascript:alert(1)//thanks.example", None),
            ("https:\\\\evil.example\\@thanks.example/", None),
            ("http://thanks.example/", None),
            ("https://thanks.example:8443/", None),
            ("", None),
        ] {
            assert_eq!(settings.redirect(url, Schemes::HttpsOnly).as_deref(), expected, "{url}");
        }
    }
}
