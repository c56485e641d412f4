//! A plugin of the lower layer without its trait.
//~ `Solar: hookmill_plugin_sdk::mapping::Guest` is not satisfied

struct Solar;

hookmill_plugin_sdk::export!(guest Solar: mapping);
