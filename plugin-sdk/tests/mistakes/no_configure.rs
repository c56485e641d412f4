//! `configuration` is exported, and the type is not a configuration.
//~ `configuration` is exported, but `Solar` does not implement `hookmill_plugin_sdk::Configure`
//~ derive `serde::Deserialize` and `schemars::JsonSchema` for `Solar`

struct Solar;

impl hookmill_plugin_sdk::Map for Solar {}

hookmill_plugin_sdk::export!(Solar: mapping, configuration);
