//! E-mail addresses: whether a text is one, and its usual form.

/// RFC 5321, 4.5.3.1: the whole address without angle brackets.
const ADDRESS_BYTES_MAX: usize = 254;
/// RFC 5321, 4.5.3.1: the part before `@`.
const LOCAL_BYTES_MAX: usize = 64;
/// RFC 1035: one label of a domain.
const LABEL_BYTES_MAX: usize = 63;

/// The address without space around it, in lower case, or why it is none.
pub fn normalized(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    if text.len() > ADDRESS_BYTES_MAX {
        return Err("this is no e-mail address: it is longer than 254 bytes");
    }
    let (local, domain) = text.rsplit_once('@').ok_or("this is no e-mail address: it has no `@`")?;
    if !is_local(local) {
        return Err(
            "this is no e-mail address: what stands before the `@` is empty, too long or has a forbidden character",
        );
    }
    if !is_domain(domain) {
        return Err("this is no e-mail address: what stands behind the `@` is no domain such as example.com");
    }
    Ok(text.to_lowercase())
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
    use super::*;

    #[test]
    fn m4_addresses_are_told_from_others() {
        for good in
            ["a@b.co", "Me.You+tag@Sub.Example.COM", " x@y.example ", "mailto:a@b.example", "ü@münchen.de", "o'n@x.ie"]
        {
            assert!(normalized(good).is_ok(), "{good}");
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
            assert!(normalized(bad).is_err(), "{bad}");
        }
        assert!(normalized(&format!("{}@b.de", "a".repeat(65))).is_err());
        assert!(normalized(&format!("a@{}.de", "b".repeat(64))).is_err());
        assert!(normalized(&format!("a@{}de", "b.".repeat(126))).is_err());
        assert_eq!(normalized(" Me@Example.COM").as_deref(), Ok("me@example.com"));
    }
}
