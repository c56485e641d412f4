//! Leads from Facebook's lead ads: the answers of a form are a list of names and values, in which JSONPath finds them.

use hookmill_plugin_sdk::types::{Context, Failure, Inbound, Mapped};
use hookmill_plugin_sdk::{Map, NewLead, export};

/// Needs no configuration.
#[derive(Debug, Default)]
pub struct Facebook;

impl Map for Facebook {
    fn map(&self, _context: &Context, element: &Inbound) -> Result<Mapped, Failure> {
        let form = element.tree()?;
        let name = form.select("$.field_data[?@.name=='full_name'].values[0]")?;
        let email = form.select("$.field_data[?@.name=='email'].values[0]")?;
        let phone = form.select("$.field_data[?@.name=='phone_number'].values[0]")?;
        let interests = form.select("$.field_data[?@.name=='interests'].values[*]")?;
        if email.first().is_blank() && phone.first().is_blank() {
            return Err(Failure::new("no_contact", "the form has neither `email` nor `phone_number`"));
        }
        let (id, form_id) = (form.select("$.id")?, form.select("$.form_id")?);
        let name = name.first().text().unwrap_or_default();
        let (first, last) = name.trim().rsplit_once(' ').unwrap_or((name.trim(), ""));
        let lead = NewLead::new()
            .external_id(id.first())
            .first_name((!first.is_empty()).then_some(first))
            .last_name((!last.is_empty()).then_some(last))
            .email(email.first().text().map(|email| email.to_lowercase()))
            .phone(phone.first())
            .tags(interests.iter().filter_map(|interest| interest.text()))
            .custom("form_id", form_id.first());
        Ok(lead.into())
    }
}

export!(Facebook: mapping);
