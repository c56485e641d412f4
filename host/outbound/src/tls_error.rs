//! Why no trusted encrypted connection came about, in words a person can act on.

use hookmill_domain::clock::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

/// How many names of a certificate a message lists.
const NAMES_SHOWN_MAX: usize = 10;

/// What went wrong in TLS with this host. `has_own_roots` says whether its endpoint names the authorities to trust.
pub(super) fn describe(error: &Error, host: &str, has_own_roots: bool) -> String {
    match error {
        Error::InvalidCertificate(why) => describe_certificate(why, host, has_own_roots),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            format!(
                "`{host}` does not speak TLS on this port; use the port of its https, or http if that is what it speaks"
            )
        }
        Error::AlertReceived(AlertDescription::ProtocolVersion)
        | Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => format!("`{host}` speaks no version of TLS that is spoken here; it needs TLS 1.2 or 1.3"),
        Error::AlertReceived(AlertDescription::HandshakeFailure)
        | Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon | PeerIncompatible::NoKxGroupsInCommon) => {
            format!(
                "`{host}` and this host have no version of TLS or no cipher in common; it needs TLS 1.2 or 1.3 with AES-GCM or ChaCha20"
            )
        }
        Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            format!("`{host}` has no certificate for this name; check the name in the URL")
        }
        Error::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::BadCertificate) => {
            format!("`{host}` asks for a certificate of the client, and none is sent")
        }
        other => format!("TLS with `{host}` failed: {other}"),
    }
}

/// The same where the connection ended in the handshake.
pub(super) fn describe_end(host: &str) -> String {
    format!("`{host}` closed the connection during the TLS handshake; check that it speaks TLS on this port")
}

fn describe_certificate(error: &CertificateError, host: &str, has_own_roots: bool) -> String {
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the certificate of `{host}` has expired, on {}; it needs a new one", date(*not_after))
        }
        CertificateError::Expired => format!("the certificate of `{host}` has expired; it needs a new one"),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!(
                "the certificate of `{host}` is not valid before {}; check its clock and this host's",
                date(*not_before)
            )
        }
        CertificateError::NotValidForNameContext { presented, .. } => format!(
            "the certificate of `{host}` is not for this name, but for {}; use one of its names in the URL, or give the server a certificate for this one",
            names(presented)
        ),
        CertificateError::NotValidForName => format!("the certificate of `{host}` is not for this name"),
        CertificateError::UnknownIssuer if has_own_roots => {
            format!(
                "the certificate of `{host}` is not signed by an authority in the endpoint's `ca_certificates`, or the server leaves out one between them"
            )
        }
        CertificateError::UnknownIssuer => format!(
            "the certificate of `{host}` is signed by itself or by an authority that is not known here, or the server leaves out one between them; a private authority is given with the endpoint, as `ca_certificates`"
        ),
        CertificateError::Revoked => format!("the certificate of `{host}` is revoked; it needs a new one"),
        other => format!("the certificate of `{host}` is not valid: {other:?}"),
    }
}

/// `DnsName("a.example")` is how the library shows a name.
fn names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "none at all".to_owned();
    }
    let bare = |name: &String| match name.split_once('"') {
        Some((_, rest)) => rest.trim_end_matches([')', '"']).to_owned(),
        None => name.clone(),
    };
    let shown: Vec<String> = presented.iter().take(NAMES_SHOWN_MAX).map(|name| format!("`{}`", bare(name))).collect();
    let more = presented.len().saturating_sub(shown.len());
    let rest = if 0 < more { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &rest
}

fn date(time: UnixTime) -> String {
    let ms = i64::try_from(time.as_secs()).unwrap_or(i64::MAX / 1_000).saturating_mul(1_000);
    Timestamp(ms).rfc3339()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// W8: names are shown as they are written, and not all of hundreds.
    #[test]
    fn w8_names_of_a_certificate_are_bounded() {
        assert_eq!(
            names(&["DnsName(\"a.example\")".to_owned(), "IpAddress(10.0.0.1)".to_owned()]),
            "`a.example`, `IpAddress(10.0.0.1)`"
        );
        assert_eq!(names(&[]), "none at all");
        let many: Vec<String> = (0..200).map(|n| format!("DnsName(\"{n}.example\")")).collect();
        assert!(names(&many).ends_with("`9.example` and 190 more"), "{}", names(&many));
    }
}
