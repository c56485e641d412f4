//! No mistake: what the others lack, so that a broken way of compiling is not taken for their errors.

#[derive(Default)]
struct Solar;

impl hookmill_plugin_sdk::Map for Solar {}

hookmill_plugin_sdk::export!(Solar: mapping);
