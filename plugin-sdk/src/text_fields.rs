//! The standard fields of a lead that hold a text: one list for who reads a lead and for who makes one.

/// Calls a macro with each field's name and what it is.
macro_rules! for_each_text_field {
    ($callback:ident) => {
        $callback! {
            external_id: "The source's own id for the lead.";
            first_name: "The first name.";
            last_name: "The last name.";
            email: "The e-mail address.";
            phone: "The phone number, E.164.";
            street: "Street and number.";
            city: "The city.";
            state: "The state or province.";
            zip: "The postal code, as text.";
            country: "The country, ISO 3166-1 alpha-2.";
            date_of_birth: "The date of birth, `YYYY-MM-DD`.";
            ip: "The person's address, IPv4 or IPv6.";
            source: "The source label.";
        }
    };
}

pub(crate) use for_each_text_field;
