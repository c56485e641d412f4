//! Compressed bodies, inflated up to a bound: a bomb costs no more than the bound.

use crate::error::{BodyError, Fault};
use crate::head::Coding;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use std::borrow::Cow;
use std::io::{Error, ErrorKind, Read};

/// What gzip begins with (RFC 1952).
const GZIP_MARK: [u8; 2] = [0x1f, 0x8b];

/// The bytes themselves.
pub(crate) fn inflate(coding: Coding, body: &[u8], bytes_max: usize) -> Result<Cow<'_, [u8]>, BodyError> {
    match coding {
        Coding::Identity => Ok(Cow::Borrowed(body)),
        Coding::Gzip => {
            check_gzip(body)?;
            let mut decoder = MultiGzDecoder::new(body);
            let bytes = bounded(&mut decoder, bytes_max, "gzip")?;
            whole(bytes, decoder.into_inner(), "gzip")
        }
        Coding::Deflate if is_zlib(body) => {
            let mut decoder = ZlibDecoder::new(body);
            let bytes = bounded(&mut decoder, bytes_max, "deflate")?;
            whole(bytes, decoder.into_inner(), "deflate")
        }
        // The standard says that `deflate` has zlib's frame; many leave it away.
        Coding::Deflate => {
            let mut decoder = DeflateDecoder::new(body);
            let bytes = bounded(&mut decoder, bytes_max, "deflate")?;
            whole(bytes, decoder.into_inner(), "deflate")
        }
    }
}

/// A body inflated as far as it goes.
pub(crate) enum Inflated {
    /// To its end.
    Whole(Vec<u8>),
    /// To the bound; there is more.
    Beyond(Vec<u8>),
    /// Until it turned out not to be what it claims, or to be cut.
    Broken(Vec<u8>, BodyError),
}

/// As much of a body as comes out of it, within the bound. A body without a byte is whole, however it is said to be compressed.
pub(crate) fn inflate_prefix(coding: Coding, body: &[u8], bytes_max: usize) -> Inflated {
    let (mut bytes, error) = match coding {
        _ if body.is_empty() => (Vec::new(), None),
        Coding::Identity => (body.to_vec(), None),
        Coding::Gzip => match check_gzip(body) {
            Ok(()) => read_beyond(MultiGzDecoder::new(body), bytes_max, "gzip"),
            Err(error) => (Vec::new(), Some(error)),
        },
        Coding::Deflate if is_zlib(body) => read_beyond(ZlibDecoder::new(body), bytes_max, "deflate"),
        Coding::Deflate => read_beyond(DeflateDecoder::new(body), bytes_max, "deflate"),
    };
    if coding != Coding::Identity && bytes_max < bytes.len() {
        bytes.truncate(bytes_max);
        return Inflated::Beyond(bytes);
    }
    match error {
        None => Inflated::Whole(bytes),
        Some(error) => Inflated::Broken(bytes, error),
    }
}

/// Rejects what is not gzip from its first bytes on, before a decoder takes it for one that was cut off.
fn check_gzip(body: &[u8]) -> Result<(), BodyError> {
    let is_other = body.iter().zip(GZIP_MARK).any(|(byte, mark)| *byte != mark);
    if is_other { Err(broken("gzip", "it does not begin like gzip")) } else { Ok(()) }
}

/// Whether the first two bytes are zlib's.
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [first, second, ..] if first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0)
}

fn bounded(decoder: impl Read, bytes_max: usize, coding: &str) -> Result<Vec<u8>, BodyError> {
    let (bytes, broken) = read_beyond(decoder, bytes_max, coding);
    if let Some(error) = broken {
        return Err(error);
    }
    if bytes_max < bytes.len() {
        let message = format!("the body has more than {bytes_max} bytes once inflated (inflated_bytes_max)");
        return Err(BodyError::new(Fault::TooLarge, "body_too_large", message).hint("send it in parts"));
    }
    Ok(bytes)
}

/// What comes out of a decoder, up to one byte more than the bound, and what broke it off.
fn read_beyond(decoder: impl Read, bytes_max: usize, coding: &str) -> (Vec<u8>, Option<BodyError>) {
    let mut bytes = Vec::new();
    let room = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let read = decoder.take(room).read_to_end(&mut bytes);
    (bytes, read.err().map(|error| broken(coding, reason(&error))))
}

fn whole<'a>(bytes: Vec<u8>, rest: &[u8], coding: &str) -> Result<Cow<'a, [u8]>, BodyError> {
    if rest.is_empty() {
        return Ok(Cow::Owned(bytes));
    }
    Err(broken(coding, &format!("{} bytes follow its end", rest.len())))
}

fn reason(error: &Error) -> &'static str {
    if error.kind() == ErrorKind::UnexpectedEof {
        "it was cut off"
    } else {
        "its bytes are damaged, or of another coding"
    }
}

fn broken(coding: &str, why: &str) -> BodyError {
    let message = format!("the body is not {coding}, as Content-Encoding says it is: {why}");
    BodyError::new(Fault::Syntax, "content_encoding_broken", message)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    pub(crate) fn packed(mut encoder: impl Read) -> Vec<u8> {
        let mut bytes = Vec::new();
        encoder.read_to_end(&mut bytes).unwrap();
        bytes
    }

    pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
        packed(GzEncoder::new(body, Compression::fast()))
    }

    fn code(coding: Coding, body: &[u8], bytes_max: usize) -> Option<&'static str> {
        inflate(coding, body, bytes_max).err().map(|error| error.code)
    }

    #[test]
    fn i10_a_bomb_stops_at_the_bound() {
        let bomb = gzip(&vec![b' '; 1 << 22]);
        assert!(bomb.len() < 1 << 15);
        assert_eq!(code(Coding::Gzip, &bomb, 1 << 20), Some("body_too_large"));
        assert_eq!(code(Coding::Gzip, &bomb, (1 << 22) - 1), Some("body_too_large"));
        assert_eq!(code(Coding::Gzip, &bomb, 1 << 22), None);
    }

    #[test]
    fn i10_what_is_cut_or_followed_is_rejected() {
        let good = gzip(b"{\"a\":1}");
        let two = [good.clone(), good.clone()].concat();
        assert_eq!(inflate(Coding::Gzip, &two, 99).unwrap().as_ref(), b"{\"a\":1}{\"a\":1}");
        for end in 0..good.len() {
            assert_eq!(code(Coding::Gzip, &good[..end], 99), Some("content_encoding_broken"), "{end}");
        }
        let more = [good, b"x".to_vec()].concat();
        assert_eq!(code(Coding::Gzip, &more, 99), Some("content_encoding_broken"));
        let more = [packed(ZlibEncoder::new(&b"{}"[..], Compression::fast())), b"x".to_vec()].concat();
        assert_eq!(code(Coding::Deflate, &more, 99), Some("content_encoding_broken"));
        assert_eq!(code(Coding::Gzip, b"{}", 99), Some("content_encoding_broken"));
    }

    proptest! {
        #[test]
        fn i10_what_was_compressed_comes_back(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let zlib = packed(ZlibEncoder::new(&body[..], Compression::best()));
            let raw = packed(DeflateEncoder::new(&body[..], Compression::best()));
            let gzip = gzip(&body);
            for (coding, packed) in [(Coding::Gzip, &gzip), (Coding::Deflate, &zlib), (Coding::Deflate, &raw)] {
                let inflated = inflate(coding, packed, 300).unwrap();
                prop_assert_eq!(inflated.as_ref(), &body[..]);
            }
        }

        #[test]
        fn i10_any_bytes_inflate_within_the_bound_or_are_rejected(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            for coding in [Coding::Gzip, Coding::Deflate] {
                prop_assert!(inflate(coding, &body, 50).map_or(true, |bytes| bytes.len() <= 50));
            }
        }
    }
}
