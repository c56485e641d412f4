//! A receiver's response with its body made readable: inflated where it came compressed, and in UTF-8 where it names another charset. What
//! can't be read stays as it came, with the reason, and is a response all the same.

use super::Pipeline;
use bytes::Bytes;
use hookmill_domain::body::{ResponseBody, ResponseHead, in_utf8, is_identity, is_readable, read_response};
use hookmill_outbound::OutboundResponse;
use std::ops::Deref;

/// A response as it is interpreted and logged.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    /// Its headers say what its body is now.
    readable: OutboundResponse,
    /// The bytes before they were decoded, where that made others of them.
    pub(crate) undecoded: Option<Bytes>,
    /// How the body came compressed, where it did.
    pub(crate) content_encoding: Option<String>,
    /// Why the body is not inflated or decoded.
    pub(crate) problem: Option<String>,
}

impl Deref for Response {
    type Target = OutboundResponse;

    fn deref(&self) -> &OutboundResponse {
        &self.readable
    }
}

impl Pipeline {
    /// Reads a response. Little is inflated from much, and much from little: that is never done on a thread that serves others.
    pub(crate) async fn read_response(&self, response: OutboundResponse) -> Response {
        let (encoding, content_type) = content_headers(&response);
        let head = head(&response, &encoding, &content_type);
        if is_readable(head, &response.body) {
            return Response::unchanged(response);
        }
        let (is_identity, bytes, bytes_max) =
            (is_identity(head), response.body.len(), self.settings.limits.response_inflated_bytes_max);
        let as_it_came = response.clone();
        let read = move || Response::read(response, bytes_max);
        let read = if is_identity { self.large().work(bytes, read).await } else { self.large().work_apart(read).await };
        read.unwrap_or_else(|error| Response { problem: Some(error.message), ..Response::unchanged(as_it_came) })
    }
}

impl Response {
    /// A response that is read as it came.
    pub(crate) fn unchanged(response: OutboundResponse) -> Self {
        Self { readable: response, undecoded: None, content_encoding: None, problem: None }
    }

    /// The same cut off, for tests.
    #[cfg(test)]
    pub(crate) fn cut_off(mut self, cut: hookmill_outbound::Cut) -> Self {
        (self.readable.truncated, self.readable.cut) = (true, Some(cut));
        self
    }

    /// A response with its body made readable; once inflated it has at most so many bytes.
    pub(crate) fn read(mut response: OutboundResponse, bytes_max: usize) -> Self {
        let (encoding, content_type) = content_headers(&response);
        let read = read_response(head(&response, &encoding, &content_type), &response.body, bytes_max);
        let ResponseBody { body, undecoded, is_inflated, is_cut, problem } = read;
        response.body = body.into();
        response.truncated |= is_cut;
        if is_inflated {
            response.headers.retain(|(name, _)| name != "content-encoding" && name != "content-length");
        }
        if undecoded.is_some() {
            let content_type = in_utf8(&content_type);
            response.headers.retain(|(name, _)| name != "content-type" && name != "content-length");
            response.headers.push(("content-type".to_owned(), content_type));
        }
        Self {
            undecoded: undecoded.map(Bytes::from),
            content_encoding: Some(encoding).filter(|encoding| !encoding.is_empty()),
            problem: problem.map(|problem| problem.message),
            readable: response,
        }
    }
}

fn head<'a>(response: &OutboundResponse, content_encoding: &'a str, content_type: &'a str) -> ResponseHead<'a> {
    ResponseHead { content_type, content_encoding, is_whole: !response.truncated }
}

/// The content encoding, which may stand in several headers, and the content type.
fn content_headers(response: &OutboundResponse) -> (String, String) {
    let encodings =
        response.headers.iter().filter(|(name, _)| name == "content-encoding").map(|(_, value)| value.as_str());
    (encodings.collect::<Vec<_>>().join(", "), response.header("content-type").unwrap_or_default().to_owned())
}
