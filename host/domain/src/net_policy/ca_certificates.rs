//! The certificate authorities that an endpoint trusts instead of the public ones.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use x509_parser::certificate::X509Certificate;
use x509_parser::error::PEMError;
use x509_parser::pem::Pem;

use crate::clock::Timestamp;

/// How many bytes the certificates of an endpoint may have, as text.
pub const CA_CERTIFICATES_BYTES_MAX: usize = 64 * 1_024;
/// How many certificates an endpoint may have.
pub const CA_CERTIFICATES_MAX: usize = 16;
/// How much of a certificate's subject a message repeats.
const SUBJECT_CHARS_MAX: usize = 100;

/// What each block begins with.
const BEGIN: &str = "-----BEGIN ";

/// Certificates of authorities as PEM, checked: each is one, and none had expired when they were saved.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaCertificates(Arc<str>);

/// Why a text is not such certificates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaCertificatesError {
    /// It is too long.
    #[error("have {bytes} bytes; at most {CA_CERTIFICATES_BYTES_MAX} are kept (CA_CERTIFICATES_BYTES_MAX)")]
    TooLong {
        /// How many bytes it has.
        bytes: usize,
    },
    /// There are too many.
    #[error("are {count} certificates; at most {CA_CERTIFICATES_MAX} are kept (CA_CERTIFICATES_MAX)")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// There is none.
    #[error("have no certificate; give PEM, which begins with -----BEGIN CERTIFICATE-----")]
    None,
    /// One of the blocks is something else.
    #[error("have a block `{label}`; give certificates alone, and never a private key")]
    Label {
        /// What the block says it is.
        label: String,
    },
    /// A certificate can't be read.
    #[error("can't be read: certificate {number}: {cause}")]
    Unreadable {
        /// Which one, counted from 1.
        number: usize,
        /// What the parser says.
        cause: String,
    },
    /// A certificate has expired.
    #[error("have expired: certificate {number} ({subject}) was valid until {until}")]
    Expired {
        /// Which one, counted from 1.
        number: usize,
        /// Whose it is.
        subject: String,
        /// Until when it was valid.
        until: String,
    },
    /// A certificate is a server's, not an authority's.
    #[error(
        "have one that is not an authority's: certificate {number} ({subject}); give the certificate that signs the server's"
    )]
    NotAuthority {
        /// Which one, counted from 1.
        number: usize,
        /// Whose it is.
        subject: String,
    },
}

impl CaCertificates {
    /// Checks a text of PEM.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, CaCertificatesError> {
        if CA_CERTIFICATES_BYTES_MAX < text.len() {
            return Err(CaCertificatesError::TooLong { bytes: text.len() });
        }
        let blocks = blocks(text)?;
        match blocks.len() {
            0 => return Err(CaCertificatesError::None),
            count if CA_CERTIFICATES_MAX < count => return Err(CaCertificatesError::TooMany { count }),
            _ => {}
        }
        for (at, block) in blocks.iter().enumerate() {
            check(at + 1, block, now)?;
        }
        Ok(Self(text.trim().into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Each certificate in DER.
    pub fn to_der(&self) -> Vec<Vec<u8>> {
        blocks(&self.0).unwrap_or_default().into_iter().map(|block| block.contents).collect()
    }
}

fn blocks(text: &str) -> Result<Vec<Pem>, CaCertificatesError> {
    let mut blocks = Vec::new();
    for block in Pem::iter_from_buffer(text.as_bytes()) {
        let number = blocks.len() + 1;
        let block = block.map_err(|error| unreadable(number, &pem_cause(&error)))?;
        if block.label != "CERTIFICATE" {
            return Err(CaCertificatesError::Label { label: block.label.chars().take(SUBJECT_CHARS_MAX).collect() });
        }
        blocks.push(block);
    }
    // What stands in the middle of a line is passed over by the parser.
    if text.matches(BEGIN).count() != blocks.len() {
        return Err(unreadable(blocks.len() + 1, "its -----BEGIN does not stand at the start of a line"));
    }
    Ok(blocks)
}

fn check(number: usize, block: &Pem, now: Timestamp) -> Result<(), CaCertificatesError> {
    let certificate = block.parse_x509().map_err(|error| unreadable(number, &error.to_string()))?;
    let subject = || certificate.subject().to_string().chars().take(SUBJECT_CHARS_MAX).collect();
    let until = Timestamp(certificate.validity().not_after.timestamp().saturating_mul(1_000));
    if until.0 < now.0 {
        return Err(CaCertificatesError::Expired { number, subject: subject(), until: until.rfc3339() });
    }
    if !is_authority(&certificate) {
        return Err(CaCertificatesError::NotAuthority { number, subject: subject() });
    }
    Ok(())
}

fn is_authority(certificate: &X509Certificate<'_>) -> bool {
    let signs = match certificate.key_usage() {
        Ok(Some(usage)) => usage.value.key_cert_sign(),
        Ok(None) => true,
        Err(_) => false,
    };
    certificate.is_ca() && signs
}

fn unreadable(number: usize, cause: &str) -> CaCertificatesError {
    CaCertificatesError::Unreadable { number, cause: cause.chars().take(SUBJECT_CHARS_MAX).collect() }
}

fn pem_cause(error: &PEMError) -> String {
    match error {
        PEMError::Base64DecodeError => "its base64 is broken".to_owned(),
        PEMError::IncompletePEM => "its -----END CERTIFICATE----- is missing".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose};

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn block(label: &str, der: &[u8]) -> String {
        let lines: Vec<String> =
            STANDARD.encode(der).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    }

    fn pem(change: impl FnOnce(&mut CertificateParams)) -> String {
        let mut params = CertificateParams::new(vec!["ca.example".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        change(&mut params);
        block("CERTIFICATE", params.self_signed(&KeyPair::generate().unwrap()).unwrap().der())
    }

    /// W8: authorities are taken, with text around them, and come back as they are dialled with.
    #[test]
    fn w8_authorities_are_taken() {
        let good = pem(|_| {});
        let two = format!(
            "# our CA\n{good}\nand the next\n{}",
            pem(|params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign])
        );
        assert_eq!(CaCertificates::parse(&good, NOW).unwrap().to_der().len(), 1);
        let kept = CaCertificates::parse(&two, NOW).unwrap();
        assert_eq!(kept.to_der().len(), 2);
        let read: CaCertificates = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
        assert_eq!(read, kept);
    }

    /// W8: what is not an authority's certificate, or is no longer one, is named.
    #[test]
    fn w8_what_is_not_an_authority_is_named() {
        let good = pem(|_| {});
        let server = pem(|params| params.is_ca = IsCa::NoCa);
        let signs_nothing = pem(|params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature]);
        let old = pem(|params| params.not_after = rcgen::date_time_ymd(2020, 1, 2));
        let key = block("PRIVATE KEY", &KeyPair::generate().unwrap().serialize_der());
        let broken = good.replacen("MII", "MI?", 1);
        let table = [
            (String::new(), "have no certificate"),
            ("not PEM".to_owned(), "have no certificate"),
            (server, "not an authority's: certificate 1"),
            (signs_nothing, "not an authority's: certificate 1"),
            (format!("{good}{old}"), "have expired: certificate 2"),
            (format!("{good}{key}"), "have a block `PRIVATE KEY`"),
            (good.repeat(CA_CERTIFICATES_MAX + 1), "are 17 certificates; at most 16"),
            (" ".repeat(CA_CERTIFICATES_BYTES_MAX + 1), "have 65537 bytes"),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
                "can't be read: certificate 1",
            ),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n".to_owned(), "can't be read: certificate 1"),
            (broken, "can't be read: certificate 1"),
            (format!("{good}x{good}"), "can't be read: certificate 2"),
        ];
        for (text, expected) in table {
            let error = CaCertificates::parse(&text, NOW).expect_err(expected).to_string();
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}
