//! A plugin that misbehaves as its input says, in every export, for the tests of the sandbox.
//!
//! An item's JSON object has a key `do` that names the behaviour: the element for `map`, the lead for `enrich`, `qualify` and
//! `shape`, the response's body for `interpret`; `STAGE:BEHAVIOUR` is for that stage alone. The document is the behaviour of `compile`, and becomes the plan; a plan
//! `at-load:BEHAVIOUR` is the behaviour of `load`. `initialize` and `describe` get nothing to read, so theirs stands in the
//! component's bytes, to be written over (`mark`). `behave` has what any call can do, `stages` what only a result can be.
//! Without a behaviour the plugin is good: an element becomes a lead, its `email` and the rest under `custom`.

mod behave;
mod configure;
mod mark;
mod stages;

/// The plugin.
struct Hostile;

hookmill_plugin_sdk::export!(guest Hostile: mapping, enrichment, qualification, shaping, interpretation, configuration, lifecycle);
