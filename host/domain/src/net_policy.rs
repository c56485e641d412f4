//! Where the host may send, and with which headers: the policy for URLs, headers and addresses, without any I/O.
//!
//! Text becomes a [`WebhookUrl`] or a [`HeaderList`] by passing the checks here, and nothing else can make one. A URL is read
//! by the WHATWG rules, the same that the client dials by, so every spelling of an address (`0x7f000001`, `127.1`) is the
//! address it means before [`block_reason`] checks it.

mod address;
mod allowed;
mod ca_certificates;
mod embedded;
mod headers;
mod ranges;
mod redirect;
mod response_view;
mod url;

pub use address::{AddressPolicy, BlockReason, block_reason};
pub use allowed::AllowedRange;
pub use ca_certificates::{CA_CERTIFICATES_BYTES_MAX, CA_CERTIFICATES_MAX, CaCertificates};
pub use headers::{
    HEADER_NAME_BYTES_MAX, HEADER_VALUE_BYTES_MAX, HEADERS_BYTES_MAX, HEADERS_MAX, HeaderError, HeaderList,
    is_connection_header,
};
pub use redirect::describe_redirect;
pub use url::{ECHO_BYTES_MIN, REQUEST_URL_BYTES_MAX, Schemes, URL_BYTES_MAX, UrlError, UrlView, WebhookUrl};
