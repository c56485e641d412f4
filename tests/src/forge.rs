//! Components made by hand: a core module as text, a world as WIT, and the canonical ABI between them. What no compiler
//! would make can be made so: wrong pointers, imports of any name, memories without number.

use crate::world::workspace;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A component on its way.
#[derive(Debug, Clone)]
pub struct Forge {
    world: String,
    packages: Vec<String>,
    imports: String,
    memory: String,
    items: String,
    realloc: String,
    map: String,
}

/// Hands out memory upwards and never takes it back; grows when there is none.
const REALLOC: &str = "
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
    (global.set $heap (i32.add (local.get $at) (local.get 3)))
    (block $enough
        (br_if $enough (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $enough (i32.ne (i32.const -1) (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get 3) (i32.const 16))))))
        unreachable)
    (local.get $at)";

/// What `map` does when it is good: each element becomes no lead. A result is 56 bytes, and zero means just that.
pub const GOOD: &str = "
    (local $made i32)
    (local.set $made (call $realloc (i32.const 0) (i32.const 0) (i32.const 8)
        (i32.add (i32.const 8) (i32.mul (i32.const 56) (i32.load offset=116 (local.get 0))))))
    (i32.store (local.get $made) (i32.add (local.get $made) (i32.const 8)))
    (i32.store offset=4 (local.get $made) (i32.load offset=116 (local.get 0)))
    (local.get $made)";

impl Default for Forge {
    fn default() -> Self {
        Self::new()
    }
}

impl Forge {
    /// A good plugin that maps everything to nothing.
    pub fn new() -> Self {
        Self {
            world: "export hookmill:plugin/mapping@1.0.0;".to_owned(),
            packages: Vec::new(),
            imports: String::new(),
            memory: r#"(memory (export "memory") 4)"#.to_owned(),
            items: String::new(),
            realloc: REALLOC.to_owned(),
            map: GOOD.to_owned(),
        }
    }

    /// Adds to the world: an import or export, as WIT.
    pub fn world(mut self, wit: &str) -> Self {
        self.world.push_str(wit);
        self
    }

    /// A package that the world needs.
    pub fn package(mut self, wit: &str) -> Self {
        self.packages.push(wit.to_owned());
        self
    }

    /// Imports of the core module.
    pub fn import(mut self, wat: &str) -> Self {
        self.imports.push_str(wat);
        self
    }

    /// Other memories than the usual four pages.
    pub fn memory(mut self, wat: &str) -> Self {
        self.memory = wat.to_owned();
        self
    }

    /// More functions, tables, globals and so on.
    pub fn item(mut self, wat: &str) -> Self {
        self.items.push_str(wat);
        self
    }

    /// Another body of `cabi_realloc`, of (old, old size, alignment, new size).
    pub fn realloc(mut self, wat: &str) -> Self {
        self.realloc = wat.to_owned();
        self
    }

    /// Another body of `map`, of (arguments), that returns where the list's place and length are.
    pub fn map(mut self, wat: &str) -> Self {
        self.map = wat.to_owned();
        self
    }

    /// Something that `map` does before it is good.
    pub fn before_map(self, wat: &str) -> Self {
        // Locals come first in a function, so this code is in a function of its own.
        let good = GOOD.replacen("(local.set $made", "(call $before) (local.set $made", 1);
        self.item(&format!("(func $before {wat})")).map(&good)
    }

    /// The core module as text.
    pub fn module(&self) -> String {
        let Self { imports, memory, items, realloc, map, .. } = self;
        format!(
            r#"(module {imports} {memory} (global $heap (mut i32) (i32.const 4096)) {items}
            (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc})
            (func $map (export "hookmill:plugin/mapping@1.0.0#map") (param i32) (result i32) {map}))"#
        )
    }

    /// The component, or why it can't be made.
    pub fn component(&self) -> Result<Vec<u8>, String> {
        let module = wat::parse_str(self.module()).map_err(|error| error.to_string())?;
        self.build_component(module)
    }

    /// The component of another core module in the same world.
    pub fn build_component(&self, mut module: Vec<u8>) -> Result<Vec<u8>, String> {
        self.describe_world(&mut module)?;
        let encoder = ComponentEncoder::default().validate(false).module(&module);
        let encoded = encoder.and_then(|mut encoder| encoder.encode());
        encoded.map_err(|error| format!("{error:#}"))
    }

    /// The core module alone, with its world in it.
    pub fn core_module(&self) -> Result<Vec<u8>, String> {
        let mut module = wat::parse_str(self.module()).map_err(|error| error.to_string())?;
        self.describe_world(&mut module)?;
        Ok(module)
    }

    fn describe_world(&self, module: &mut Vec<u8>) -> Result<(), String> {
        let format_error = |error: &dyn std::fmt::Display| format!("{error:#}");
        let mut resolve = Resolve::default();
        resolve.push_dir(workspace().join("wit/v1")).map_err(|error| format_error(&error))?;
        for (number, package) in self.packages.iter().enumerate() {
            resolve.push_str(format!("{number}.wit"), package).map_err(|error| format_error(&error))?;
        }
        let world = format!("package test:forged; world forged {{ {} }}", self.world);
        let package = resolve.push_str("forged.wit", &world).map_err(|error| format_error(&error))?;
        let world = resolve.select_world(&[package], Some("forged")).map_err(|error| format_error(&error))?;
        embed_component_metadata(module, &resolve, world, StringEncoding::UTF8).map_err(|error| format_error(&error))
    }
}
