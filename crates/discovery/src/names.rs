//! Names of keys and what they say, in any spelling: `firstName`, `First Name`, `lead.first_name` are one.

use super::meaning::Meaning;

/// What keys are called, without case and separators.
const KNOWN: [(Meaning, &[&str]); 15] = [
    (
        Meaning::ExternalId,
        &[
            "externalid",
            "leadid",
            "leadgenid",
            "uid",
            "uuid",
            "leaduuid",
            "submissionid",
            "responseid",
            "entryid",
            "recordid",
            "clickid",
            "lgid",
        ],
    ),
    (
        Meaning::FirstName,
        &["firstname", "fname", "givenname", "forename", "namefirst", "first", "vorname", "prenom", "nombre"],
    ),
    (Meaning::LastName, &["lastname", "lname", "surname", "familyname", "namelast", "last", "nachname", "apellido"]),
    (Meaning::FullName, &["fullname", "name", "namefull", "toname", "displayname", "completename", "personname"]),
    (
        Meaning::Email,
        &["email", "emailaddress", "mail", "mailaddress", "toemail", "workemail", "personalemail", "correo"],
    ),
    (
        Meaning::Phone,
        &[
            "phone",
            "phonenumber",
            "mobile",
            "mobilephone",
            "mobilenumber",
            "mobilephonenumber",
            "cell",
            "cellphone",
            "cellnumber",
            "cellphonenumber",
            "telephone",
            "telephonenumber",
            "tel",
            "telefon",
            "telefono",
            "telno",
            "dayphone",
            "daytimephone",
            "eveningphone",
            "homephone",
            "workphone",
            "workphonenumber",
            "businessphone",
            "whatsapp",
            "whatsappnumber",
            "contactnumber",
            "phoneno",
            "phonework",
            "phonehome",
            "phonemobile",
        ],
    ),
    (
        Meaning::Street,
        &[
            "street",
            "streetaddress",
            "address",
            "addressline",
            "addressline1",
            "addressstreet",
            "line",
            "line1",
            "street1",
            "streetline1",
            "mailingaddress",
            "propertyaddress",
            "strasse",
        ],
    ),
    (Meaning::City, &["city", "town", "locality", "addresscity", "suburb", "ort", "ville", "ciudad"]),
    (
        Meaning::State,
        &["state", "region", "province", "statecode", "stateprovince", "addressstate", "stateabbr", "usstate"],
    ),
    (
        Meaning::Zip,
        &[
            "zip",
            "zipcode",
            "postalcode",
            "postcode",
            "postal",
            "zippostal",
            "zippostalcode",
            "addresszip",
            "plz",
            "pincode",
        ],
    ),
    (Meaning::Country, &["country", "countrycode", "countryname", "addresscountry", "countryiso", "land"]),
    (Meaning::DateOfBirth, &["dateofbirth", "dob", "birthdate", "birthday", "birth", "bday", "geburtsdatum"]),
    (Meaning::Ip, &["ip", "ipaddress", "clientip", "remoteip", "userip", "leadip", "visitorip", "optinip", "ipaddr"]),
    (Meaning::Source, &["source", "leadsource", "sourcename", "sourcelabel", "trafficsource", "utmsource"]),
    (Meaning::Tags, &["tags", "tag", "labels"]),
];

/// Words before a name that say whose it is: the lead's.
const OF_THE_LEAD: [&str; 18] = [
    "sllead",
    "lead",
    "contact",
    "customer",
    "applicant",
    "visitor",
    "person",
    "subscriber",
    "prospect",
    "user",
    "client",
    "consumer",
    "whatisyour",
    "enteryour",
    "your",
    "primary",
    "homeowner",
    "buyer",
];

/// Words in a name that say that it is somebody else's.
const OF_OTHERS: [&str; 20] = [
    "from",
    "sender",
    "agent",
    "owner",
    "assigned",
    "support",
    "reply",
    "webhook",
    "campaign",
    "spouse",
    "partner",
    "coapplicant",
    "coborrower",
    "emergency",
    "referr",
    "manager",
    "seller",
    "rep",
    "bcc",
    "inbox",
];

/// What is around the keys of a person.
const PEOPLE: [&str; 27] = [
    "people",
    "contact",
    "contacts",
    "person",
    "customer",
    "visitor",
    "lead",
    "leads",
    "leaddata",
    "fields",
    "data",
    "user",
    "applicant",
    "form",
    "formdata",
    "subscriber",
    "prospect",
    "client",
    "homeowner",
    "consumer",
    "profile",
    "payload",
    "body",
    "fielddata",
    "answers",
    "usercolumndata",
    "attributes",
];

/// A name without what a loose comparison does not look at.
pub(super) fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What a key's name says; `around` is what the object is called that has it.
pub(super) fn meaning(own: &str, around: Option<&str>) -> Option<Meaning> {
    let (own, around) = (bare(own), around.map(bare));
    let around = around.as_deref().unwrap_or_default();
    if is_of_others(around) {
        return None;
    }
    match (own.as_str(), singular(around)) {
        ("address" | "value", "email") => return Some(Meaning::Email),
        ("number" | "value", "phone") => return Some(Meaning::Phone),
        ("first" | "last", around) if around != "name" => return None,
        ("full", "name") => return Some(Meaning::FullName),
        ("name", around) if !around.is_empty() && !PEOPLE.contains(&around) && !is_people(around) => return None,
        ("line" | "birth" | "land" | "tag" | "ort", "") => return None,
        _ => {}
    }
    known_name(&own).or_else(|| known_name(own.trim_end_matches('1'))).or_else(|| {
        let short = OF_THE_LEAD.into_iter().find_map(|word| own.strip_prefix(word)).filter(|rest| !rest.is_empty())?;
        known_name(short).or_else(|| known_name(short.trim_end_matches('1')))
    })
}

/// Whether a list of this name is most likely one of leads.
pub(super) fn is_of_people(name: &str) -> bool {
    const LISTS: [&str; 10] = [
        "people",
        "records",
        "entries",
        "submissions",
        "rows",
        "results",
        "attendees",
        "participants",
        "members",
        "registrants",
    ];
    let name = bare(name);
    LISTS.contains(&name.as_str()) || is_people(&name)
}

fn is_people(around: &str) -> bool {
    PEOPLE.contains(&around) || PEOPLE.iter().any(|word| around.strip_suffix('s') == Some(word))
}

fn singular(name: &str) -> &str {
    match name {
        "emails" | "emailaddresses" => "email",
        "phones" | "phonenumbers" => "phone",
        other => other,
    }
}

fn known_name(bare: &str) -> Option<Meaning> {
    KNOWN.iter().find(|(_, names)| names.contains(&bare)).map(|(meaning, _)| *meaning)
}

/// Whether a name says that a value is somebody else's than the lead's.
pub(super) fn is_of_others(name: &str) -> bool {
    let name = bare(name);
    OF_OTHERS.iter().any(|word| name.starts_with(word)) || name.contains("referr")
}

/// Keys of the envelope: they say where a lead goes and prove who sent it, and are nothing of the lead.
pub(super) fn is_of_the_envelope(name: &str) -> bool {
    const ENVELOPE: [&str; 9] =
        ["campaignid", "apikey", "googlekey", "secret", "token", "accesstoken", "authtoken", "password", "signature"];
    ENVELOPE.contains(&bare(name).as_str())
}

/// Objects of custom fields.
pub(super) fn is_spread(name: &str) -> bool {
    ["custom", "customfields", "customdata", "extrafields"].contains(&bare(name).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M11: a name is known in any spelling, and another's name is not the lead's.
    #[test]
    fn m11_keys_are_known_by_name() {
        let table = [
            ("First Name", None, Some(Meaning::FirstName)),
            ("lead.first_name", None, Some(Meaning::FirstName)),
            ("name.first", Some("fields"), Some(Meaning::FirstName)),
            ("first", Some("name"), Some(Meaning::FirstName)),
            ("first", Some("visit"), None),
            ("full_name", None, Some(Meaning::FullName)),
            ("name", None, Some(Meaning::FullName)),
            ("name", Some("visitor"), Some(Meaning::FullName)),
            ("name", Some("website"), None),
            ("campaign_name", None, None),
            ("sl_lead_email", None, Some(Meaning::Email)),
            ("address", Some("emails"), Some(Meaning::Email)),
            ("address", None, Some(Meaning::Street)),
            ("number", Some("phones"), Some(Meaning::Phone)),
            ("number", Some("house"), None),
            ("lead.phone_1", None, Some(Meaning::Phone)),
            ("PHONE_NUMBER", Some("user_column_data"), Some(Meaning::Phone)),
            ("What is your ZIP code?", None, Some(Meaning::Zip)),
            ("POSTAL_CODE", None, Some(Meaning::Zip)),
            ("__uid", None, Some(Meaning::ExternalId)),
            ("__source", None, Some(Meaning::Source)),
            ("dateOfBirth", None, Some(Meaning::DateOfBirth)),
            ("email", Some("agent"), None),
            ("from_email", None, None),
            ("debt", None, None),
        ];
        for (own, around, expected) in table {
            assert_eq!(meaning(own, around), expected, "{own} in {around:?}");
        }
    }
}
