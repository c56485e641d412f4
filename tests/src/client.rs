//! An actor's way to the API: a key and short words for requests.

use serde_json::Value;
use std::net::SocketAddr;

/// Somebody with a key, or without.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: Option<String>,
    organization: Option<String>,
}

/// A response of the host.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body as JSON; null when it is none.
    pub json: Value,
    /// The body as text.
    pub text: String,
}

impl Response {
    /// The error's code, which dialects have in errors of their own form.
    pub fn code(&self) -> &str {
        let code = self.json["error"]["code"].as_str();
        code.or_else(|| self.json["code"].as_str()).unwrap_or_default()
    }

    /// The response, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The response, if it is an error of this status and code in the form of all errors (I14).
    #[track_caller]
    pub fn expect_error(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.text);
        assert_eq!(self.json["success"], false);
        assert!(self.json["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", self.text);
        assert!(self.json["error"]["details"].is_array(), "{}", self.text);
        assert_eq!(self.json["request_id"].as_str(), self.headers.get("x-request-id").and_then(|id| id.to_str().ok()));
        self
    }

    /// A text member of the body.
    #[track_caller]
    pub fn str(&self, name: &str) -> String {
        self.json[name].as_str().unwrap_or_else(|| panic!("no `{name}` in {}", self.text)).to_owned()
    }
}

impl Client {
    /// Somebody without a key.
    pub fn new(address: SocketAddr) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(std::time::Duration::from_secs(240))
            .build()
            .expect("a client can be built");
        Self { http, base: format!("http://{address}"), key: None, organization: None }
    }

    /// The same, with this key.
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    /// The same, in this organization (for operators).
    pub fn in_organization(&self, id: &str) -> Self {
        Self { organization: Some(id.to_owned()), ..self.clone() }
    }

    /// The same, naming no organization.
    pub fn without_organization(&self) -> Self {
        Self { organization: None, ..self.clone() }
    }

    /// What another program needs to call the same host with the same key.
    pub fn address_and_key(&self) -> (String, String) {
        (self.base.clone(), self.key.clone().unwrap_or_default())
    }

    /// A request that can still be changed.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse::<reqwest::Method>().expect("a method");
        let mut request = self.http.request(method, self.url(path));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        request
    }

    fn url(&self, path: &str) -> String {
        let mut url = reqwest::Url::parse(&format!("{}{path}", self.base)).expect("a path");
        if let Some(organization) = &self.organization {
            url.query_pairs_mut().append_pair("organization", organization);
        }
        url.into()
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Response {
        send(self.request("GET", path)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Response {
        send(self.request("DELETE", path)).await
    }

    /// `POST` of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.post_bytes(path, "application/json", body.to_string().into_bytes()).await
    }

    /// `PUT` of JSON.
    pub async fn put(&self, path: &str, body: &Value) -> Response {
        send(self.request("PUT", path).header("content-type", "application/json").body(body.to_string())).await
    }

    /// `PATCH` with JSON.
    pub async fn patch(&self, path: &str, body: &Value) -> Response {
        send(self.request("PATCH", path).header("content-type", "application/json").body(body.to_string())).await
    }

    /// `POST` of bytes.
    pub async fn post_bytes(&self, path: &str, content_type: &str, body: Vec<u8>) -> Response {
        send(self.request("POST", path).header("content-type", content_type).body(body)).await
    }

    /// `PUT` of bytes.
    pub async fn put_bytes(&self, path: &str, body: Vec<u8>) -> Response {
        send(self.request("PUT", path).header("content-type", "application/wasm").body(body)).await
    }
}

/// Sends a request; no response is a failure of the test.
#[track_caller]
pub fn send(request: reqwest::RequestBuilder) -> impl Future<Output = Response> {
    let place = std::panic::Location::caller();
    async move {
        let response = request.send().await.unwrap_or_else(|error| panic!("no response, asked at {place}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap_or_default();
        Response { status, headers, json: serde_json::from_str(&text).unwrap_or(Value::Null), text }
    }
}
