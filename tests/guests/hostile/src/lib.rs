//! A plugin that misbehaves as its input says.
