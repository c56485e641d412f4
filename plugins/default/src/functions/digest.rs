//! Digests and ids. A digest is of the exact text: what should not count (case, space) is taken away before.

use std::borrow::Cow;

use hmac::{Hmac, Mac};
use hookmill_json::Value;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::call::Call;
use super::error::FunctionError;
use super::spec::{ArgumentKind, EmptyInput, Kind, Lists, Run, Spec, example, required, usually};

/// A blank text has no digest: everybody's would be the same.
const DIGEST: Spec = Spec { gives: Kind::Text, ..Spec::USUAL };

const ZERO_UUID: &str = "\"01010101-0101-4101-8101-010101010101\"";

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "sha256",
        summary: "Gives the SHA-256 of the exact text, in hexadecimal digits; a blank text stays as it is.",
        on_empty: EmptyInput::of([
            "missing",
            "null",
            "\"\"",
            "\"5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9\"",
            "[]",
            "wrong_type",
        ]),
        examples: &[example(
            "sha256",
            r#""abc""#,
            r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#,
        )],
        run: Run::Filled(|text, _| Ok(hex::encode(Sha256::digest(text)).into())),
        ..DIGEST
    },
    Spec {
        name: "sha1",
        summary: "Gives the SHA-1 of the exact text, in hexadecimal digits; a blank text stays as it is.",
        on_empty: EmptyInput::of([
            "missing",
            "null",
            "\"\"",
            "\"b6589fc6ab0dc82cf12099d1c2d40ab994e8410c\"",
            "[]",
            "wrong_type",
        ]),
        examples: &[example("sha1", r#""abc""#, r#""a9993e364706816aba3e25717850c26c9cd0d89d""#)],
        run: Run::Filled(|text, _| Ok(hex::encode(Sha1::digest(text)).into())),
        ..DIGEST
    },
    Spec {
        name: "md5",
        summary: "Gives the MD5 of the exact text, in hexadecimal digits; a blank text stays as it is.",
        on_empty: EmptyInput::of([
            "missing",
            "null",
            "\"\"",
            "\"cfcd208495d565ef66e7dff9f98764da\"",
            "[]",
            "wrong_type",
        ]),
        examples: &[example("md5", r#""abc""#, r#""900150983cd24fb0d6963f7d28e17f72""#)],
        run: Run::Filled(|text, _| Ok(hex::encode(Md5::digest(text)).into())),
        ..DIGEST
    },
    Spec {
        name: "hmac",
        summary: "Gives the HMAC of the exact text under a key, in hexadecimal digits; a blank text stays as it is.",
        parameters: &[
            required("key", ArgumentKind::Template, "the key, such as `{{ campaign.values.secret }}`"),
            usually("with", ArgumentKind::Word(&["sha256", "sha1", "md5"]), "sha256", "the digest under it"),
        ],
        on_empty: EmptyInput::of([
            "missing",
            "null",
            "\"\"",
            "\"089c386a9149b5cce5972bfe0f05c8d6e92de22e902457b3a23a69a79f85fa97\"",
            "[]",
            "wrong_type",
        ]),
        errors: &[("no_key", "the key is blank")],
        examples: &[
            example(
                "{hmac: key}",
                r#""The quick brown fox jumps over the lazy dog""#,
                r#""f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8""#,
            ),
            example(
                "{hmac: {key: key, with: md5}}",
                r#""The quick brown fox jumps over the lazy dog""#,
                r#""80070713463e7749b90c2dc24911e275""#,
            ),
            example("{hmac: '{{ gone }}'}", r#""a""#, "no_key"),
        ],
        run: Run::Filled(hmac),
        ..DIGEST
    },
    Spec {
        name: "uuid",
        summary: "Gives a random UUID (version 4) for a value that is missing or blank; a replay gives the same one.",
        takes: Kind::Any,
        gives: Kind::Any,
        lists: Lists::Whole,
        parameters: &[usually("always", ArgumentKind::Flag, "false", "whether a value that is there is replaced, too")],
        on_empty: EmptyInput::of([ZERO_UUID, ZERO_UUID, ZERO_UUID, "0", ZERO_UUID, ZERO_UUID]),
        examples: &[
            example("uuid", "missing", ZERO_UUID),
            example("uuid", r#""L-1""#, r#""L-1""#),
            example("{uuid: {always: true}}", r#""L-1""#, ZERO_UUID),
        ],
        run: Run::Any(|value, call| match value {
            Some(value) if !value.is_blank() && !call.flag(0) => Ok(Some(value)),
            _ => Ok(Some(Value::text(uuid_of(call.context.random_bytes(), 4)))),
        }),
        ..DIGEST
    },
    Spec {
        name: "uuid_of",
        summary: "Gives the UUID of a name (version 5): always the same for the same text.",
        parameters: &[usually(
            "namespace",
            ArgumentKind::Word(&["dns", "url", "oid", "x500"]),
            "url",
            "the namespace of RFC 9562 in which it is a name",
        )],
        on_empty: EmptyInput::of([
            "missing",
            "null",
            "\"\"",
            "\"6af613b6-569c-5c22-9c37-2ed93f31d3af\"",
            "[]",
            "wrong_type",
        ]),
        examples: &[example("{uuid_of: dns}", r#""www.example.com""#, r#""2ed6657d-e927-568b-95e1-2665a8aea6a2""#)],
        run: Run::Filled(|text, call| Ok(name_uuid(text, call.word(0)).into())),
        ..DIGEST
    },
];

fn hmac<'a>(text: &'a str, call: &Call<'_, '_>) -> Result<Cow<'a, str>, FunctionError> {
    let key = super::template::fill_argument(call, 0)?;
    if key.trim().is_empty() {
        return Err(FunctionError::new("no_key", "`hmac` has no key: what its template names is missing or blank"));
    }
    Ok(match call.word(1) {
        1 => mac::<Hmac<Sha1>>(&key, text),
        2 => mac::<Hmac<Md5>>(&key, text),
        _ => mac::<Hmac<Sha256>>(&key, text),
    }
    .into())
}

/// A key may have any length, so there is always a digest.
fn mac<M: Mac + hmac::digest::KeyInit>(key: &str, text: &str) -> String {
    let made = <M as Mac>::new_from_slice(key.as_bytes()).map(|mac| mac.chain_update(text).finalize().into_bytes());
    made.map(hex::encode).unwrap_or_default()
}

fn name_uuid(name: &str, namespace: usize) -> String {
    // RFC 9562, appendix A: the namespaces differ in their first four bytes only.
    let mut space = [0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8];
    space[3] += [0_u8, 1, 2, 4].get(namespace).copied().unwrap_or(0);
    let digest = Sha1::new().chain_update(space).chain_update(name).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid_of(bytes, 5)
}

fn uuid_of(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = bytes[6] & 0x0f | version << 4;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex::encode(bytes);
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}
