//! The stage's verb instead of the interface's name.
//~ `map` is not an interface of the contract; a plugin exports some of: mapping, enrichment, qualification

#[derive(Default)]
struct Solar;

impl hookmill_plugin_sdk::Map for Solar {}

hookmill_plugin_sdk::export!(Solar: map);
