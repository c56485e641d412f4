//! A configuration without its derives.
//~ JsonSchema` is not satisfied
//~ Deserialize<'de>` is not satisfied

struct Solar;

impl hookmill_plugin_sdk::Configure for Solar {}
