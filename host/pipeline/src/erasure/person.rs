//! Who a person is: the leads that have the address that is given, and the other addresses by which these leads are known.

use crate::Pipeline;
use hookmill_domain::lead::IdentityHash;
use hookmill_domain::person::{Address, Person};
use hookmill_store::erasures::OpenErasure;
use hookmill_store::organizations::Organization;
use hookmill_store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How many addresses of a person are looked for.
const ADDRESSES_MAX: usize = 20;
/// How many submissions of each lead are looked at for addresses.
const SUBMISSIONS_MAX: i64 = 1_000;

/// A person, and the leads that they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownPerson {
    /// The person, as texts name one.
    pub(crate) person: Person,
    /// The leads.
    pub(crate) lead_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Fields {
    email: Option<serde_json::Value>,
    phone: Option<serde_json::Value>,
}

impl KnownPerson {
    /// A person of whom an address is given, and nothing else is known yet.
    pub(crate) fn named(address: Address) -> Self {
        Self { person: Person { addresses: vec![address] }, lead_ids: Vec::new() }
    }

    /// The person of an erasure.
    pub(crate) fn read(erasure: &OpenErasure) -> Result<Self, StoreError> {
        serde_json::from_slice(&erasure.person).map_err(|error| StoreError::corrupt("erasures", &erasure.id, error))
    }
}

impl Pipeline {
    /// The leads of a person, and what else they are known by. An address that another lead has is not this person's alone, and not looked for.
    pub(crate) async fn know_person(
        &self,
        store: &Store,
        organization: &Organization,
        named: KnownPerson,
    ) -> Result<KnownPerson, StoreError> {
        let KnownPerson { mut person, .. } = named;
        let given: Vec<Address> = person.addresses.iter().take(1).cloned().collect();
        let hashes: Vec<IdentityHash> = given.iter().flat_map(|one| one.identities(&organization.salt)).collect();
        let known = store.known_leads(&organization.id, &hashes).await?;
        // Where two submissions were processed at one moment, the id is all that leads to the lead.
        let derived = given.iter().flat_map(|one| one.lead_ids(&organization.salt));
        let mut lead_ids: Vec<String> = known.into_values().chain(derived).collect();
        lead_ids.sort();
        lead_ids.dedup();
        for lead_id in &lead_ids {
            for address in addresses_of_lead(store, organization, lead_id).await? {
                if person.addresses.len() < ADDRESSES_MAX && !person.addresses.contains(&address) {
                    person.addresses.push(address);
                }
            }
        }
        Ok(KnownPerson { person, lead_ids })
    }
}

/// The addresses that submissions of a lead have and that lead to it alone.
async fn addresses_of_lead(
    store: &Store,
    organization: &Organization,
    lead_id: &str,
) -> Result<Vec<Address>, StoreError> {
    let range = ("", "zzzz");
    let ids = store.submissions_of_lead(&organization.id, lead_id, range, SUBMISSIONS_MAX).await?;
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut addresses: Vec<Address> = Vec::new();
    for lead in store.leads_of_submissions(&organization.id, &ids).await? {
        for address in addresses_in(&lead) {
            if addresses.len() < ADDRESSES_MAX && !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    let salt = &organization.salt;
    let hashes: Vec<IdentityHash> = addresses.iter().flat_map(|address| address.identities(salt)).collect();
    let known: HashMap<IdentityHash, String> = store.known_leads(&organization.id, &hashes).await?;
    let is_its = |address: &Address| {
        address.identities(salt).iter().any(|hash| known.get(hash).is_some_and(|found| found == lead_id))
    };
    addresses.retain(is_its);
    Ok(addresses)
}

/// The addresses of a mapped lead.
fn addresses_in(lead: &[u8]) -> Vec<Address> {
    let Ok(Fields { email, phone }) = serde_json::from_slice(lead) else { return Vec::new() };
    let text = |value: Option<serde_json::Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    let email = text(email).and_then(|text| Address::of(Some(&text), None).ok());
    let phone = text(phone).and_then(|text| Address::of(None, Some(&text)).ok());
    email.into_iter().chain(phone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l12_a_lead_has_addresses() {
        let addresses = addresses_in(br#"{"email":"Ann@x.example","phone":"+15125550100","custom":{}}"#);
        assert_eq!(addresses, [Address::Email("ann@x.example".into()), Address::Phone("+15125550100".into())]);
        for none in [&b"{}"[..], b"[]", br#"{"email":null,"phone":5}"#, br#"{"email":"nobody","phone":""}"#] {
            assert!(addresses_in(none).is_empty());
        }
    }
}
