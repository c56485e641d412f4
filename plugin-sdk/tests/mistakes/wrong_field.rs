//! A float is not a field: its digits would be made up.
//~ a lead's field can't be set to `{float}`
//~ `custom_value(name, &value)?`

fn lead() -> hookmill_plugin_sdk::types::MappedLead {
    hookmill_plugin_sdk::NewLead::new().custom("bill", 1.5).build()
}
