//! The lead of 1 KB to XML.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use serde_json::Value;

use crate::digits;

pub fn transform(text: &str) -> Option<String> {
    let lead: Value = serde_json::from_str(text).ok()?;
    let (contact, address, income) = (&lead["contact"], &lead["address"], &lead["answers"][2]["value"]);
    let email = contact["emails"][0]["address"].as_str()?.to_lowercase();
    let state = address["state"].as_str()?;
    if !email.contains('@') || income.as_f64()? < 50_000.0 || !["CA", "TX", "NY"].contains(&state) {
        return None;
    }
    let phone = format!("+1{}", digits(contact["phones"][0]["number"].as_str()?));
    let mut writer = Writer::new(Vec::new());
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None))).ok()?;
    let inner = |writer: &mut Writer<Vec<u8>>| {
        element(writer, "firstName", contact["first_name"].as_str().unwrap_or_default().trim())?;
        element(writer, "lastName", contact["last_name"].as_str().unwrap_or_default().trim())?;
        element(writer, "email", &email)?;
        element(writer, "phone", &phone)?;
        writer.create_element("address").write_inner_content(|writer| {
            element(writer, "state", state)?;
            element(writer, "zip", address["postal"].as_str().unwrap_or_default())?;
            element(writer, "city", address["city"].as_str().unwrap_or_default())
        })?;
        element(writer, "income", &income.to_string())?;
        element(writer, "ip", lead["tracking"]["ip"].as_str().unwrap_or_default())
    };
    writer.create_element("lead").write_inner_content(inner).ok()?;
    String::from_utf8(writer.into_inner()).ok()
}

fn element(writer: &mut Writer<Vec<u8>>, name: &str, text: &str) -> std::io::Result<()> {
    writer.create_element(name).write_text_content(BytesText::new(text)).map(|_| ())
}
