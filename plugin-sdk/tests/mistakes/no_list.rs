//! A registration that does not say what is exported.
//~ name the plugin's type and what it exports: export!(MyPlugin: mapping, qualification)

struct Solar;

hookmill_plugin_sdk::export!(Solar);
