//! What no compiler would make: components whose core module is written by hand.

use std::sync::Arc;

use hookmill_engine::contract::LookupError;
use hookmill_engine::{Engine, ItemError, Limits, ValueSets};
use hookmill_tests::Forge;
use serde_json::json;

use super::fixtures::{element, engine, format_rejection, format_results, limits, load, session};

/// The post-return function of `map`.
const POST: &str = r#"(export "cabi_post_hookmill:plugin/mapping@1.0.0#map") (param i32)"#;
const LOG: &str = r#"(import "hookmill:plugin/log@1.0.0" "write" (func $log (param i32 i32 i32)))"#;
const LOOKUP: &str = r#"(import "hookmill:plugin/lookup@1.0.0" "get" (func $get (param i32 i32 i32 i32 i32)))"#;
/// Nearly as much memory as the fixtures grant, in one piece.
const ALL: &str = r#"(memory (export "memory") 380)"#;
const ALL_BYTES: &str = "(i32.const 24903680)";

fn forge() -> Forge {
    Forge::new()
}

fn logging() -> Forge {
    forge().world("import hookmill:plugin/log@1.0.0;").import(LOG)
}

fn looking_up() -> Forge {
    forge().world("import hookmill:plugin/lookup@1.0.0;").import(LOOKUP)
}

/// Repeats an instruction without a loop, so that only the instruction itself can be interrupted.
fn straight(times: usize, instruction: &str) -> String {
    instruction.repeat(times)
}

/// Every table of the campaign has every key.
struct Everything;

impl ValueSets for Everything {
    fn get(&self, _table: &str, _key: &str) -> Result<Option<String>, LookupError> {
        Ok(Some("\"found\"".into()))
    }
}

/// Tries each component: is it admitted, and if so, what becomes of four good elements? Then a good plugin runs as ever.
pub async fn outcomes(limits: Limits, attacks: Vec<(&str, Forge)>) -> String {
    let engine = engine(limits);
    let mut told = String::new();
    for (name, forge) in attacks {
        told += &format!("{name}: {}\n", outcome(&engine, &forge).await);
        assert_eq!(engine.stats().instances_alive, 0, "{name}");
        assert_eq!(outcome(&engine, &Forge::new()).await, "4 of 4 good", "after {name}");
    }
    told
}

async fn outcome(engine: &Engine, forge: &Forge) -> String {
    let component = match forge.component() {
        Ok(component) => component,
        Err(error) => return format!("can't be made: {error}"),
    };
    let admitted = match engine.admit(component).await {
        Ok(admitted) => admitted,
        Err(rejection) => return format!("rejected: {}", format_rejection(&rejection)),
    };
    let component = load(engine, admitted.component).await.unwrap();
    let mut session = session(engine, &component, None).with_value_sets(Arc::new(Everything));
    let elements = (0..4).map(|n| element(&json!({ "n": n }))).collect();
    let ends: Vec<Result<(), ItemError>> =
        session.map(elements).await.unwrap().into_iter().map(|end| end.map(|_| ())).collect();
    let same = ends.iter().all(|end| end == &ends[0] || !is_first(end, &ends[0]));
    let told = format_results(&ends[..if same { 1 } else { ends.len() }]);
    if told == "1 of 1 good" { "4 of 4 good".to_owned() } else { told.replacen("0 of 1 good\n  item 0: ", "", 1) }
}

/// Whether two faults are of one kind.
fn is_first(end: &Result<(), ItemError>, first: &Result<(), ItemError>) -> bool {
    match (end, first) {
        (Err(ItemError::Fault(end)), Err(ItemError::Fault(first))) => end.kind != first.kind,
        (end, first) => end.is_ok() != first.is_ok(),
    }
}

/// P3: whatever one instruction does, CPU time is bounded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless() {
    let fill = format!("(memory.fill (i32.const 0) (i32.const 7) {ALL_BYTES})");
    let copy = "(memory.copy (i32.const 0) (i32.const 1) (i32.const 24903679))";
    let table = "(table $t 90000 funcref)";
    let table_fill = "(table.fill $t (i32.const 0) (ref.null func) (i32.const 90000))";
    let table_copy = "(table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 89999))";
    let told = outcomes(
        limits(),
        vec![
            ("loop", forge().before_map("(loop $again (br $again))")),
            ("loop in the start function", forge().item("(func $start (loop $again (br $again))) (start $start)")),
            ("trap in the start function", forge().item("(func $start unreachable) (start $start)")),
            ("fill all memory, forever", forge().memory(ALL).before_map(&format!("(loop $again {fill} (br $again))"))),
            ("fill all memory, without a loop", forge().memory(ALL).before_map(&straight(2_000, &fill))),
            ("copy all memory, without a loop", forge().memory(ALL).before_map(&straight(2_000, copy))),
            ("fill a table, without a loop", forge().item(table).before_map(&straight(500, table_fill))),
            ("copy a table, without a loop", forge().item(table).before_map(&straight(200, table_copy))),
            ("grow by nothing", forge().before_map("(loop $again (drop (memory.grow (i32.const 0))) (br $again))")),
            ("grow too much", forge().before_map("(loop $again (drop (memory.grow (i32.const -1))) (br $again))")),
            ("tail calls", forge().before_map("(return_call $before)")),
            (
                "tail calls in a table",
                forge()
                    .item("(table $t funcref (elem $before)) (type $nothing (func))")
                    .before_map("(return_call_indirect $t (type $nothing) (i32.const 0))"),
            ),
            ("recursion", forge().before_map("(call $before)")),
            (
                "recursion with many results",
                forge()
                    .item(&format!("(func $many (result {}) (call $many))", "i64 ".repeat(900)))
                    .before_map(&format!("(call $many) {}", "drop ".repeat(900))),
            ),
            ("realloc", forge().realloc("(loop $again (br $again)) unreachable")),
            ("post-return", forge().item(&format!("(func {POST} (loop $again (br $again)))"))),
            ("log without a loop", logging().before_map(&straight(2_000, "(call $log (i32.const 0) (i32.const 131072) (i32.const 65536))"))),
            (
                "log a mebibyte, forever",
                logging().memory(ALL).before_map("(loop $again (call $log (i32.const 0) (i32.const 8388608) (i32.const 1048576)) (br $again))"),
            ),
            (
                "look up, forever",
                looking_up().before_map("(loop $again (call $get (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)) (br $again))"),
            ),
        ],
    )
    .await;
    insta::assert_snapshot!("endless", told);
}

/// P3: memory is one sum over all memories and tables, whatever a plugin does to have it counted wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory() {
    let pages = |count: u32| format!(r#"(memory (export "memory") {count})"#);
    let more = |count: usize, pages: u32| format!("(memory {pages})").repeat(count);
    // Each line grows and gives up when it is rejected; whoever gets more than 24 MiB traps.
    let cheat = "
        (drop (memory.grow $b (i32.const 300)))
        (drop (memory.grow $b (i32.const -1)))
        (drop (memory.grow $c (i32.const 300)))
        (if (i32.lt_u (i32.const 384) (i32.add (memory.size $b) (memory.size $c))) (then unreachable))";
    let table_cheat = "
        (drop (memory.grow $b (i32.const 300)))
        (drop (table.grow $t (ref.null func) (i32.const -1)))
        (drop (table.grow $t (ref.null func) (i32.const 1000000)))
        (drop (memory.grow $c (i32.const 300)))
        (if (i32.lt_u (i32.const 384) (i32.add (memory.size $b) (memory.size $c))) (then unreachable))";
    let two = "(memory $b 0) (memory $c 0)";
    let told = outcomes(
        limits(),
        vec![
            ("too much from the start", forge().memory(&pages(385))),
            ("too much in two", forge().memory(&pages(200)).item(&more(1, 200))),
            ("four memories", forge().item(&more(3, 1))),
            ("five memories", forge().item(&more(4, 1))),
            ("a hundred memories", forge().item(&more(99, 0))),
            ("four gigabytes of data's place", forge().item("(data (i32.const -1) \"x\")")),
            ("growth that is rejected, and then a trap", forge().before_map("(if (i32.eq (i32.const -1) (memory.grow (i32.const 1000))) (then unreachable))")),
            ("growth that is rejected, and no matter", forge().before_map("(drop (memory.grow (i32.const 1000)))")),
            ("forgotten growth", forge().item(two).before_map(cheat)),
            ("forgotten growth by a table", forge().item(two).item("(table $t 1 funcref)").before_map(table_cheat)),
            ("eight tables", forge().item(&"(table 1 funcref)".repeat(8))),
            ("nine tables", forge().item(&"(table 1 funcref)".repeat(9))),
            ("a table too large", forge().item("(table 100001 funcref)")),
            ("a table that grows", forge().item("(table $t 1 funcref)").before_map("(if (i32.eq (i32.const -1) (table.grow $t (ref.null func) (i32.const 100000))) (then unreachable))")),
            ("tables of references", forge().item(&"(table 90000 externref)".repeat(2))),
            ("shared memory", forge().item("(memory 1 1 shared)")),
            ("64-bit memory", forge().item("(memory i64 1)")),
            ("64-bit table", forge().item("(table i64 1 funcref)")),
            ("pages of one byte", forge().item("(memory 1 (pagesize 1))")),
        ],
    )
    .await;
    insta::assert_snapshot!("memory", told);
}

/// P2: only the features that every host has, and that are bounded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn features() {
    let told = outcomes(
        limits(),
        vec![
            ("vectors", forge().before_map("(drop (i8x16.splat (i32.const 1)))")),
            (
                "relaxed vectors",
                forge().before_map(
                    "(drop (i8x16.relaxed_swizzle (i8x16.splat (i32.const 1)) (i8x16.splat (i32.const 1))))",
                ),
            ),
            (
                "garbage collection",
                forge().item("(type $s (struct (field i32)))").before_map("(drop (struct.new $s (i32.const 1)))"),
            ),
            (
                "function references",
                forge()
                    .item("(type $f (func)) (elem declare func $before)")
                    .before_map("(drop (ref.as_non_null (ref.func $before)))"),
            ),
            ("exceptions", forge().item("(tag $t)").before_map("(throw $t)")),
            ("atomics", forge().item("(memory $s 1 1 shared)").before_map("(drop (i32.atomic.load $s (i32.const 0)))")),
            ("atomics without sharing", forge().before_map("(drop (i32.atomic.load (i32.const 0)))")),
            (
                "waiting for memory",
                forge().before_map("(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))"),
            ),
            ("wide arithmetic", forge().before_map("(i64.mul_wide_u (i64.const 1) (i64.const 1)) drop drop")),
            (
                "stack switching",
                forge()
                    .item("(type $f (func)) (type $k (cont $f)) (elem declare func $before)")
                    .before_map("(drop (cont.new $k (ref.func $before)))"),
            ),
        ],
    )
    .await;
    insta::assert_snapshot!("features", told);
}

/// P3, P4: what a plugin returns is taken over by the canonical ABI, which believes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn returns() {
    // Where the list's place and length are: at 64.
    let list = |place: i64, length: i64| {
        format!(
            "(i32.store (i32.const 64) (i32.const {place})) (i32.store (i32.const 68) (i32.const {length})) (i32.const 64)"
        )
    };
    // Four results at 1024, of which the first is what the stores make it.
    let first = |stores: &str| format!("{stores} {}", list(1024, 4));
    let failure = |place: i64, length: i64| {
        first(&format!(
            "(i32.store8 (i32.const 1024) (i32.const 1)) (i32.store (i32.const 1028) (i32.const {place})) (i32.store (i32.const 1032) (i32.const {length}))"
        ))
    };
    let aliases = "
        (local $n i32)
        (loop $next
            (i32.store8 (i32.add (i32.const 1024) (i32.mul (local.get $n) (i32.const 56))) (i32.const 1))
            (i32.store (i32.add (i32.const 1028) (i32.mul (local.get $n) (i32.const 56))) (i32.const 8388608))
            (i32.store (i32.add (i32.const 1032) (i32.mul (local.get $n) (i32.const 56))) (i32.const 16000000))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $n) (i32.const 4))))";
    let told = outcomes(
        limits(),
        vec![
            ("result outside of memory", forge().map("(i32.const -8)")),
            ("result at the edge of memory", forge().map("(i32.const 262140)")),
            ("result not aligned", forge().map("(i32.const 65)")),
            ("list outside of memory", forge().map(&list(-4096, 4))),
            ("list not aligned", forge().map(&list(1025, 4))),
            ("list longer than memory", forge().map(&list(1024, 100_000_000))),
            ("list whose size overflows", forge().map(&list(1024, 76_695_845))),
            ("list of all ones", forge().map(&list(1024, 4_294_967_295))),
            ("empty list outside of memory", forge().map(&list(-4, 0))),
            ("list that overlaps its place", forge().map(&list(64, 4))),
            ("no such case", forge().map(&first("(i32.store8 (i32.const 1024) (i32.const 7))"))),
            ("string outside of memory", forge().map(&failure(-16, 16))),
            ("string that lies about its length", forge().map(&failure(0, 2_147_483_647))),
            ("string that is not UTF-8", forge().item(r#"(data (i32.const 512) "\ff\fe\80")"#).map(&failure(512, 3))),
            ("string with a surrogate", forge().item(r#"(data (i32.const 512) "\ed\a0\80")"#).map(&failure(512, 3))),
            ("string cut in a character", forge().item(r#"(data (i32.const 512) "\f0\9f\98")"#).map(&failure(512, 3))),
            ("one large string four times", forge().memory(ALL).map(&format!("{aliases} {}", list(1024, 4)))),
            ("leads without number", forge().memory(ALL).map(&first("(i32.store (i32.const 1028) (i32.const 8388608)) (i32.store (i32.const 1032) (i32.const 4000))"))),
            ("realloc: outside of memory", forge().realloc("(i32.const -16)")),
            ("realloc: at the edge", forge().realloc("(i32.const 262143)")),
            ("realloc: not aligned", forge().realloc("(i32.const 1025)")),
            ("realloc: always the same place", forge().realloc("(i32.const 1024)")),
            ("realloc: nothing", forge().realloc("(i32.const 0)")),
            ("realloc: trap", forge().realloc("unreachable")),
            ("realloc: calls out", logging().realloc("(call $log (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 1024)")),
            ("realloc: asks for itself", looking_up().realloc("(call $get (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)) (i32.const 1024)")),
            (
                "realloc: calls out while a look-up is answered",
                looking_up()
                    .item("(global $busy (mut i32) (i32.const 0))")
                    .before_map(
                        "(global.set $busy (i32.const 1)) (call $get (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64))",
                    )
                    .realloc(
                        "(if (global.get $busy) (then (call $get (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64))))
                        (global.set $heap (i32.add (global.get $heap) (i32.add (local.get 3) (i32.const 16))))
                        (i32.and (i32.sub (global.get $heap) (local.get 3)) (i32.const -16))",
                    ),
            ),
            ("post-return: trap", forge().item(&format!("(func {POST} unreachable)"))),
            ("post-return: calls out", logging().item(&format!("(func {POST} (call $log (i32.const 0) (i32.const 0) (i32.const 1)))"))),
            ("log: outside of memory", logging().before_map("(call $log (i32.const 0) (i32.const -16) (i32.const 16))")),
            ("log: longer than memory", logging().before_map("(call $log (i32.const 0) (i32.const 0) (i32.const -1))")),
            ("log: more than crosses", logging().memory(ALL).before_map("(call $log (i32.const 0) (i32.const 1048576) (i32.const 20000000))")),
            ("log: no such level", logging().before_map("(call $log (i32.const 9) (i32.const 0) (i32.const 1))")),
            ("log: no UTF-8", logging().item(r#"(data (i32.const 512) "\ff")"#).before_map("(call $log (i32.const 0) (i32.const 512) (i32.const 1))")),
            ("lookup: result outside of memory", looking_up().before_map("(call $get (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const -8))")),
            ("lookup: result not aligned", looking_up().before_map("(call $get (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 65))")),
        ],
    )
    .await;
    insta::assert_snapshot!("returns", told);
}
