//! The standard fields of a lead, the same in document, contract and API.

/// The standard field of the date of birth.
pub const DATE_OF_BIRTH: &str = "date_of_birth";
/// The standard fields that hold one text, in the order in which a lead is written. `tags` follow, then `custom`.
pub const TEXT_FIELDS: [&str; 13] = [
    EXTERNAL_ID,
    "first_name",
    "last_name",
    "email",
    "phone",
    "street",
    "city",
    "state",
    "zip",
    "country",
    DATE_OF_BIRTH,
    "ip",
    "source",
];

/// The standard field whose text is another system's, so that it is repeated as it came. The other texts are of people: characters that
/// nobody sees are taken out of them.
pub const EXTERNAL_ID: &str = "external_id";

/// The field that holds a list of texts.
pub const TAGS: &str = "tags";

/// The field that holds everything else.
pub const CUSTOM: &str = "custom";
