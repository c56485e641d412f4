//! `mapping` is exported, and nothing implements it.
//~ `mapping` is exported, but `Solar` does not implement `hookmill_plugin_sdk::Map`
//~ needs `impl Map for Solar`
//~ or take `mapping` out of `export!`

#[derive(Default)]
struct Solar;

hookmill_plugin_sdk::export!(Solar: mapping);
