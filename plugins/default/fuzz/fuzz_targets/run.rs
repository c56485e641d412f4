//! Documents of the grammar through all five exports, on any JSON and any response.
#![no_main]

#[path = "../../tests/it/exercise.rs"]
mod exercise;
#[allow(dead_code, unused_imports, reason = "the tests need more of it")]
#[path = "../../tests/it/grammar/mod.rs"]
mod grammar;
#[allow(dead_code, reason = "the tests need more of it")]
#[path = "../../tests/it/fixtures.rs"]
mod fixtures;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| exercise::Exercise::drawn(bytes).run());
