//! The address that somebody may have meant who asked for one that is not here. It is named and nothing more: nobody is sent there, since a post
//! that goes somewhere by a guess may be lost or come twice.

use serde_json::{Map, Value};
use std::sync::Arc;

/// How many parts an address has at most that is compared with the others.
const PARTS_MAX: usize = 12;
/// How many bytes one of them has at most.
const PART_BYTES_MAX: usize = 128;
/// What all addresses of the API begin with.
const VERSION: &str = "v1";

/// Every address, with the names of its parts in braces, and its methods.
#[derive(Debug, Clone)]
pub(crate) struct Addresses(Arc<[(String, Vec<String>)]>);

impl Addresses {
    /// Those of the path items of the description.
    pub(crate) fn new(paths: &Map<String, Value>) -> Self {
        Self(paths.iter().map(|(address, item)| (address.clone(), methods(item))).collect())
    }

    /// The methods of an address, as people read them.
    pub(crate) fn methods(&self, address: &str) -> Option<String> {
        let (_, methods) = self.0.iter().find(|(known, _)| known == address)?;
        Some(methods.join(", "))
    }

    /// The one that this path is nearest to, with the path's own parts in place of names; none when it is near none.
    pub(crate) fn nearest(&self, path: &str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        if PARTS_MAX < parts.len() || parts.iter().any(|part| PART_BYTES_MAX < part.len()) {
            return None;
        }
        let with_version = [&[VERSION], parts.as_slice()].concat();
        let near = self.0.iter().filter_map(|(address, _)| {
            let plain = distance(address, &parts).map(|distance| (distance, &parts));
            // Its beginning may be what is missing.
            let completed = || distance(address, &with_version).map(|distance| (distance + 1, &with_version));
            let (distance, parts) = plain.or_else(completed)?;
            Some((distance, address, parts))
        });
        let (_, address, parts) =
            near.min_by_key(|(distance, address, _)| (*distance, address.matches('{').count()))?;
        Some(filled(address, parts))
    }
}

/// The methods of a path item of the description.
fn methods(item: &Value) -> Vec<String> {
    item.as_object().into_iter().flat_map(Map::keys).map(|name| name.to_uppercase()).collect()
}

/// How many letters differ in all; none when too many do in one part.
fn distance(address: &str, parts: &[&str]) -> Option<usize> {
    let names: Vec<&str> = address.split('/').filter(|name| !name.is_empty()).collect();
    if names.len() != parts.len() {
        return None;
    }
    let each = names.iter().zip(parts).map(|(name, part)| match name.starts_with('{') {
        true => Some(0),
        false => Some(strsim::osa_distance(name, &part.to_ascii_lowercase())).filter(|n| *n <= name.len() / 3),
    });
    each.sum()
}

fn filled(address: &str, parts: &[&str]) -> String {
    let names = address.split('/').filter(|name| !name.is_empty());
    let each = names.zip(parts).map(|(name, part)| if name.starts_with('{') { *part } else { name });
    format!("/{}", each.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn h3_the_nearest_address_is_found() {
        let addresses = [
            "/v1/leads",
            "/v1/campaigns",
            "/v1/campaigns/{campaign}",
            "/v1/campaigns/{campaign}/leads",
            "/v1/campaigns/{campaign}/fields",
            "/v1/rejected-requests",
            "/docs",
            "/healthz",
        ];
        let paths = addresses.into_iter().map(|address| (address.to_owned(), json!({ "get": {}, "post": {} })));
        let addresses = Addresses::new(&paths.collect());
        assert_eq!(addresses.methods("/v1/leads").as_deref(), Some("GET, POST"));
        assert_eq!(addresses.methods("/v1/lead"), None);
        for (path, expected) in [
            ("/v1/leads/", Some("/v1/leads")),
            ("//v1//leads", Some("/v1/leads")),
            ("/v1/lead", Some("/v1/leads")),
            ("/V1/Leads", Some("/v1/leads")),
            ("/leads", Some("/v1/leads")),
            ("/v2/leads", None),
            ("/v1/laeds", Some("/v1/leads")),
            ("/v1/campaign/SOLAR/leads", Some("/v1/campaigns/SOLAR/leads")),
            ("/v1/campaigns/SOLAR/lead", Some("/v1/campaigns/SOLAR/leads")),
            ("/v1/rejected_requests", Some("/v1/rejected-requests")),
            ("/health", Some("/healthz")),
            ("/v1/campaigns/SOLAR/leads/1", None),
            ("/", None),
            ("/wp-login.php", None),
        ] {
            assert_eq!(addresses.nearest(path).as_deref(), expected, "{path}");
        }
        assert_eq!(addresses.nearest(&"/a".repeat(50_000)), None);
        assert_eq!(addresses.nearest(&format!("/v1/{}", "a".repeat(60_000))), None);
    }
}
