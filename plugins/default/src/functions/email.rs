//! E-mail addresses: whether a text is one, its usual form, and its parts.

use std::borrow::Cow;

use hookmill_json::Value;

use super::call::Call;
use super::error::FunctionError;
use super::spec::{EmptyInput, Kind, Run, Spec, example};
use super::text::lower;

/// What holds for all functions that read an address: a blank one is nobody's mistake.
const ADDRESS: Spec = Spec {
    reads_people: true,
    on_empty: EmptyInput::of(["missing", "null", "\"\"", "not_an_email", "[]", "wrong_type"]),
    errors: &[("not_an_email", "the text is not an e-mail address")],
    ..Spec::USUAL
};

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "email",
        summary: "Checks an e-mail address and writes it in lower case, without `mailto:` and space around it.",
        examples: &[
            example("email", r#"" Me@Example.COM ""#, r#""me@example.com""#),
            example("email", r#""\u200bMAILTO:me@example.com""#, r#""me@example.com""#),
            example("email", r#""no address""#, "not_an_email"),
        ],
        run: Run::Filled(|text, _| Ok(lower(address(text)?))),
        ..ADDRESS
    },
    Spec {
        name: "is_email",
        summary: "Says whether a text is an e-mail address.",
        gives: Kind::Boolean,
        on_empty: EmptyInput::of(["missing", "null", "false", "false", "[]", "wrong_type"]),
        errors: &[],
        examples: &[example("is_email", r#""a@b.example""#, "true"), example("is_email", r#""a@b""#, "false")],
        run: Run::Read(|text, _| Ok(Some(Value::Bool(check_address(text).is_ok())))),
        ..ADDRESS
    },
    Spec {
        name: "email_domain",
        summary: "Takes the domain of an e-mail address, in lower case.",
        examples: &[example("email_domain", r#""Me@Mail.Example.com""#, r#""mail.example.com""#)],
        run: Run::Filled(|text, _| Ok(lower(split(address(text)?).1))),
        ..ADDRESS
    },
    Spec {
        name: "email_local",
        summary: "Takes what stands before the `@` of an e-mail address, in lower case.",
        examples: &[example("email_local", r#""Me+x@example.com""#, r#""me+x""#)],
        run: Run::Filled(|text, _| Ok(lower(split(address(text)?).0))),
        ..ADDRESS
    },
    Spec {
        name: "email_without_plus",
        summary: "Writes an e-mail address in lower case, without what stands from a `+` to the `@`.",
        examples: &[
            example("email_without_plus", r#""Me+spam@example.com""#, r#""me@example.com""#),
            example("email_without_plus", r#""+@example.com""#, r#""+@example.com""#),
        ],
        run: Run::Filled(without_plus),
        ..ADDRESS
    },
];

/// RFC 5321, 4.5.3.1: the whole address without angle brackets.
const ADDRESS_BYTES_MAX: usize = 254;
/// RFC 5321, 4.5.3.1: the part before `@`.
const LOCAL_BYTES_MAX: usize = 64;
/// RFC 1035: one label of a domain.
const LABEL_BYTES_MAX: usize = 63;

/// In a form, a `+` that is not encoded stands for a space.
const SPACE_FOR_PLUS: &str = "is not an e-mail address: a space stands before the `@`, as when a form has a `+` that is not encoded; \
    its sender must write `%2B`, or the document puts it back: `{replace: {what: ' ', with: '+'}}` before `email`";

/// The address without space around it, in lower case, or why it is none.
pub fn normalize(text: &str) -> Result<String, &'static str> {
    check_address(text).map(str::to_lowercase)
}

fn address(text: &str) -> Result<&str, FunctionError> {
    check_address(text).map_err(|reason| FunctionError::of_text("not_an_email", text, reason))
}

fn split(address: &str) -> (&str, &str) {
    address.rsplit_once('@').unwrap_or((address, ""))
}

fn without_plus<'a>(text: &'a str, _: &Call<'_, '_>) -> Result<Cow<'a, str>, FunctionError> {
    let address = address(text)?;
    let (local, domain) = split(address);
    match local.split_once('+') {
        Some((before, _)) if !before.is_empty() => Ok(format!("{before}@{domain}").to_lowercase().into()),
        _ => Ok(lower(address)),
    }
}

/// The address without space and `mailto:` before it, or why it is none.
fn check_address(text: &str) -> Result<&str, &'static str> {
    let address = without_scheme(text.trim()).trim_start();
    check_form(address)?;
    // In lower case it may be longer, and have other characters.
    if !address.is_ascii() {
        check_form(&address.to_lowercase())?;
    }
    Ok(address)
}

fn check_form(text: &str) -> Result<(), &'static str> {
    if text.len() > ADDRESS_BYTES_MAX {
        return Err("is not an e-mail address: it is longer than 254 bytes");
    }
    let (local, domain) = text.rsplit_once('@').ok_or("is not an e-mail address: it has no `@`")?;
    if is_local(&local.replace(' ', "+")) && !is_local(local) {
        return Err(SPACE_FOR_PLUS);
    }
    if !is_local(local) {
        return Err(
            "is not an e-mail address: what stands before the `@` is empty, too long or has a forbidden character; write one address alone",
        );
    }
    if !is_domain(domain) {
        return Err("is not an e-mail address: what stands behind the `@` is not a domain such as example.com");
    }
    Ok(())
}

/// The scheme of a link stands in any case.
fn without_scheme(text: &str) -> &str {
    const SCHEME: &str = "mailto:";
    match text.split_at_checked(SCHEME.len()) {
        Some((scheme, address)) if scheme.eq_ignore_ascii_case(SCHEME) => address,
        _ => text,
    }
}

fn is_local(local: &str) -> bool {
    let allowed =
        |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii() && !c.is_whitespace();
    !local.is_empty()
        && local.len() <= LOCAL_BYTES_MAX
        && local.split('.').all(|piece| !piece.is_empty() && piece.chars().all(|c| allowed(c) && !c.is_control()))
}

fn is_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let top_is_a_name =
        labels.last().is_some_and(|top| top.chars().count() > 1 && !top.chars().all(|c| c.is_ascii_digit()));
    labels.len() > 1 && top_is_a_name && labels.into_iter().all(is_label)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= LABEL_BYTES_MAX
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn m4_an_address_that_is_written_is_read_as_it_is(
            text: String,
            odd in "(mailto:)?[aZé İΣß.+@ -]{1,8}@[aZéİΣß.-]{1,12}",
            long in "İ{20,40}@a\\.example",
        ) {
            for text in [text, odd, long] {
                if let Ok(address) = normalize(&text) {
                    prop_assert_eq!(normalize(&address), Ok(address));
                }
            }
        }
    }

    #[test]
    fn m4_addresses_are_told_from_others() {
        for good in [
            "a@b.co",
            "Me.You+tag@Sub.Example.COM",
            " x@y.example ",
            "mailto:a@b.example",
            "MAILTO:a@b.example",
            "ü@münchen.de",
            "o'n@x.ie",
        ] {
            assert!(normalize(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b.co",
            "a@",
            "a@b",
            "a@b.",
            "a@.co",
            "a b@c.de",
            "a@b c.de",
            "a@@b.de",
            ".a@b.de",
            "a..b@c.de",
            "a.@b.de",
            "a@-b.de",
            "a@b-.de",
            "a@1.2.3.4",
            "a@b.c",
            "a@b_c.de",
            "<a@b.de>",
            "a,b@c.de",
            "a@b.de,c@d.de",
        ] {
            assert!(normalize(bad).is_err(), "{bad}");
        }
        assert!(normalize(&format!("{}@b.de", "a".repeat(65))).is_err());
        assert!(normalize(&format!("a@{}.de", "b".repeat(64))).is_err());
        assert!(normalize(&format!("a@{}de", "b.".repeat(126))).is_err());
        assert_eq!(normalize(" Me@Example.COM").as_deref(), Ok("me@example.com"));
        assert!(normalize("ann leads@example.com").unwrap_err().contains("%2B"));
        assert!(!normalize("a,b c@example.com").unwrap_err().contains("%2B"));
    }
}
