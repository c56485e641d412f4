//! Headers of destinations: their values may be credentials, so they are shown as a mask, and a mask that is given back keeps the value.

use hookmill_domain::endpoint::{AuthDraft, EndpointAuth};
use hookmill_domain::error::ApiError;
use std::collections::BTreeMap;

/// What stands for a value that is not shown.
pub const MASK: &str = "***";

/// Puts the stored value wherever the mask is given back; a mask without a stored value is rejected. `path` is
/// where the headers stand.
pub(crate) fn restore_masked(
    path: &str,
    given: &mut BTreeMap<String, String>,
    stored: Option<&BTreeMap<String, String>>,
) -> Result<(), ApiError> {
    for (name, value) in given.iter_mut().filter(|(_, value)| *value == MASK) {
        let stays = stored.and_then(|stored| stored.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)));
        let (_, stays) = stays.ok_or_else(|| {
            let message = format!("has `{MASK}` for `{name}`, but no value is stored; send the value");
            ApiError::invalid(path, message)
        })?;
        value.clone_from(stays);
    }
    Ok(())
}

/// Puts the stored secret of an authentication where the mask is given back; a mask without a stored secret of its kind is rejected.
pub(crate) fn restore_masked_secret(given: &mut AuthDraft, stored: Option<&EndpointAuth>) -> Result<(), ApiError> {
    let kind = given.kind;
    let Some(secret) = given.secret_mut().filter(|secret| secret.as_str() == MASK) else { return Ok(()) };
    let stored = stored.filter(|stored| stored.kind() == kind).ok_or_else(|| {
        let kind: &str = kind.into();
        ApiError::invalid(
            "auth",
            format!("has `{MASK}`, but no secret of the kind `{kind}` is stored; send the secret"),
        )
    })?;
    stored.secret().clone_into(secret);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_mask_keeps_the_stored_value() {
        let stored = headers(&[("Authorization", "secret")]);
        let mut given = headers(&[("authorization", MASK), ("x-new", "1")]);
        restore_masked("headers", &mut given, Some(&stored)).unwrap();
        assert_eq!(given, headers(&[("authorization", "secret"), ("x-new", "1")]));
        assert!(restore_masked("headers", &mut headers(&[("x-other", MASK)]), Some(&stored)).is_err());
        assert!(restore_masked("headers", &mut headers(&[("x-other", MASK)]), None).is_err());
    }
}
