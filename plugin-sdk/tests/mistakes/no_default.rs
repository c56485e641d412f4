//! A plugin without configuration must know how to begin.
//~ `Solar` takes no configuration, so it must be `Default`
//~ derive `Default` for `Solar`, or implement `Configure` and add `configuration` to `export!`

struct Solar;

impl hookmill_plugin_sdk::Map for Solar {}

hookmill_plugin_sdk::export!(Solar: mapping);
