//! The same interface twice.
//~ the name `mapping` is defined multiple times

#[derive(Default)]
struct Solar;

impl hookmill_plugin_sdk::Map for Solar {}

hookmill_plugin_sdk::export!(Solar: mapping, mapping);
