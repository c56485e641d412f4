//! Snapshots against components that were made to spoil them: what can be prepared is then as if it had been initialised, and
//! what can't is told.

use wasmtime::component::TypedFunc;

use super::*;
use crate::load::deserialize;

/// The bounds of these tests: little enough that reaching them is quick.
fn limits() -> Limits {
    Limits { deadline_configure_ms: 300, snapshot_bytes_max: 1 << 20, memory_bytes_max: 4 << 20, ..Limits::default() }
}

/// A component around these parts, whose core instance `$i` exports `init`, and `probe` that gives an i32.
fn component(parts: &str) -> Vec<u8> {
    let text = format!(
        r#"(component {parts}
            (func $init (canon lift (core func $i "init")))
            (func $probe (result s32) (canon lift (core func $i "probe")))
            (instance $lifecycle (export "initialize" (func $init)))
            (export "hookmill:plugin/lifecycle@1.0.0" (instance $lifecycle))
            (export "probe" (func $probe)))"#
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// A component of one core module.
fn module(body: &str) -> Vec<u8> {
    component(&format!("(core module $m {body}) (core instance $i (instantiate $m))"))
}

/// What two probes in one new instance give. It is initialised here unless it was prepared.
fn probes(code: &[u8], initialize: bool) -> Vec<Result<i32, String>> {
    let (wasm, limits) = (Wasm::new(&base_config(&limits())).unwrap(), Arc::new(limits()));
    let component = deserialize(&wasm, code).unwrap();
    let mut linker = Linker::new(&wasm);
    imports::link(&mut linker).unwrap();
    let mut store = new_store(&wasm, &limits, InstancesMemory::new(usize::MAX));
    store.set_epoch_deadline(1_000_000);
    let instance = linker.instantiate(&mut store, &component).unwrap();
    if initialize {
        let interface = instance.get_export_index(&mut store, None, "hookmill:plugin/lifecycle@1.0.0").unwrap();
        let initialize = instance.get_export_index(&mut store, Some(&interface), "initialize").unwrap();
        instance.get_typed_func::<(), ()>(&mut store, initialize).unwrap().call(&mut store, ()).unwrap();
    }
    store.data_mut().assign(Arc::new(crate::lookup::NoValueSets), 1_700_000_000_000);
    let probe: TypedFunc<(), (i32,)> = instance.get_typed_func(&mut store, "probe").unwrap();
    let mut probe = || probe.call(&mut store, ()).map(|(value,)| value).map_err(|error| error.root_cause().to_string());
    vec![probe(), probe()]
}

/// It can be prepared, and its instances are then as if each had been initialised.
fn prepared(component: &[u8]) -> (usize, Vec<Result<i32, String>>) {
    let compiled = take_snapshot(component, &limits());
    let SnapshotStatus::Taken { snapshot_bytes } = compiled.snapshot_status else {
        panic!("{:?}", compiled.snapshot_status)
    };
    let as_it_is = Wasm::new(&base_config(&limits())).unwrap().precompile_component(component).unwrap();
    let (warm, cold) = (probes(&compiled.code, false), probes(&as_it_is, true));
    assert_eq!(warm, cold);
    assert_eq!(probes(&compiled.code, false), warm, "two instances differ");
    (snapshot_bytes, warm)
}

/// It can't be prepared, and this is why.
fn blocker(component: &[u8]) -> String {
    match take_snapshot(component, &limits()).snapshot_status {
        SnapshotStatus::Unavailable { reason } => reason,
        other => panic!("{other:?}"),
    }
}

fn values(component: &[u8]) -> Vec<i32> {
    prepared(component).1.into_iter().map(Result::unwrap).collect()
}

/// P4: memory and globals of every type are as `initialize` left them, and each instance has its own.
#[test]
fn keeps_memory_and_globals() {
    let counting = module(
        r#"(memory (export "memory") 1) (data (i32.const 8) "\05")
        (global $a (mut i32) (i32.const 1)) (global $b (mut i64) (i64.const 2))
        (global $c (mut f32) (f32.const 3)) (global $d (mut f64) (f64.const 4)) (global $e i32 (i32.const 100))
        (func (export "init")
            (global.set $a (i32.const 10)) (global.set $b (i64.const -1)) (global.set $c (f32.const -0))
            (global.set $d (f64.const 0.5)) (i32.store (i32.const 16) (i32.const 7)))
        (func (export "probe") (result i32)
            (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))
            (global.set $a (i32.add (global.get $a) (i32.const 1000)))
            (i32.add (i32.add (global.get $a) (i32.load (i32.const 8)))
                (i32.add (i32.add (i32.load (i32.const 16)) (global.get $e))
                    (i32.add (i32.wrap_i64 (global.get $b))
                        (i32.add (i32.reinterpret_f32 (global.get $c)) (i32.trunc_f64_s (f64.mul (global.get $d) (f64.const 4))))))))"#,
    );
    let first = 1_010 + 5 + 8 + 100 - 1 + i32::MIN + 2;
    assert_eq!(values(&counting), [first, first + 1_001]);
}

/// P4: whatever a NaN carries, an instance of a snapshot finds it.
#[test]
fn keeps_the_bits_of_numbers() {
    let nan = module(
        r#"(global $a (mut f32) (f32.const 0)) (global $b (mut f64) (f64.const 0))
        (func (export "init") (global.set $a (f32.const -nan:0x200001)) (global.set $b (f64.const nan:0x4000000000123)))
        (func (export "probe") (result i32)
            (i32.xor (i32.reinterpret_f32 (global.get $a)) (i32.wrap_i64 (i64.reinterpret_f64 (global.get $b)))))"#,
    );
    assert_eq!(values(&nan)[0], 0xffa0_0001_u32 as i32 ^ 0x123);
}

/// P4: memory that was grown is there, zeros and all, and grows on.
#[test]
fn keeps_sizes() {
    let grown = module(
        r#"(memory (export "memory") 1)
        (func (export "init") (drop (memory.grow (i32.const 3))) (i32.store8 (i32.const 200000) (i32.const 1)))
        (func (export "probe") (result i32)
            (i32.add (i32.mul (memory.grow (i32.const 1)) (i32.const 10)) (i32.load8_u (i32.const 200000))))"#,
    );
    let (snapshot_bytes, values) = prepared(&grown);
    assert_eq!((snapshot_bytes, values), (1, vec![Ok(41), Ok(51)]));
    let untouched = module(r#"(func (export "init")) (func (export "probe") (result i32) (i32.const 3))"#);
    assert_eq!(prepared(&untouched).0, 0);
}

/// P4: segments are there once: what was active is spent, what is passive can still be used.
#[test]
fn keeps_segments() {
    let bulk = module(
        r#"(memory (export "memory") 1) (data $active (i32.const 0) "abcd") (data $passive "wxyz") (data "")
        (func (export "init")
            (memory.init $passive (i32.const 4) (i32.const 0) (i32.const 4))
            (memory.copy (i32.const 8) (i32.const 0) (i32.const 8))
            (memory.fill (i32.const 0) (i32.const 0) (i32.const 8)))
        (func (export "probe") (result i32)
            (if (i32.load (i32.const 100)) (then (memory.init $active (i32.const 0) (i32.const 0) (i32.const 1))))
            (memory.init $passive (i32.const 100) (i32.const 2) (i32.const 2))
            (i32.add (i32.load (i32.const 12)) (i32.load (i32.const 0))))"#,
    );
    let (_, found) = prepared(&bulk);
    assert_eq!(found[0], Ok(i32::from_le_bytes(*b"wxyz")));
    assert!(found[1].as_ref().unwrap_err().contains("out of bounds"), "{found:?}");
}

/// P4: what starts by itself has started, once; a memory, a global and a table that modules share are kept where they are
/// defined, with what others put there.
#[test]
fn keeps_what_modules_share() {
    let shared = component(
        r#"(core module $owner
            (memory (export "memory") 1) (memory (export "second") 1) (global (export "count") (mut i32) (i32.const 0))
            (table (export "table") 4 funcref) (func $own (result i32) (i32.const 11)) (elem (i32.const 0) $own)
            (func (export "idle")) (data (i32.const 0) "\01\02"))
        (core module $user
            (import "o" "memory" (memory $first 1)) (import "o" "second" (memory $second 1))
            (import "o" "count" (global $count (mut i32))) (import "o" "table" (table 1 funcref))
            (memory $third 2)
            (type $give (func (result i32)))
            (func $given (result i32) (i32.const 22)) (elem (i32.const 1) $given)
            (data (memory $first) (i32.const 1) "\09") (data (memory $second) (i32.const 8) "\07") (data (memory $third) (i32.const 70000) "\03")
            (func $start (global.set $count (i32.add (global.get $count) (i32.const 1000))))
            (start $start)
            (func (export "init")
                (global.set $count (i32.add (global.get $count) (i32.load8_u $second (i32.const 8))))
                (i32.store8 $second (i32.const 8) (i32.const 50)) (i32.store8 $first (i32.const 0) (i32.const 100)))
            (func (export "probe") (result i32)
                (global.set $count (i32.add (global.get $count) (i32.const 1)))
                (i32.add (i32.add (global.get $count) (i32.load8_u $second (i32.const 8)))
                    (i32.add (i32.add (i32.load8_u $first (i32.const 0)) (i32.load8_u $first (i32.const 1)))
                        (i32.add (i32.load8_u $third (i32.const 70000))
                            (i32.add (call_indirect (type $give) (i32.const 0)) (call_indirect (type $give) (i32.const 1))))))))
        (core module $unused (memory 1) (global (mut i32) (i32.const 0)) (data (i32.const 0) "x"))
        (core instance $o (instantiate $owner))
        (core instance $i (instantiate $user (with "o" (instance $o))))"#,
    );
    let first = 1_008 + 50 + 100 + 9 + 3 + 11 + 22;
    assert_eq!(values(&shared), [first, first + 1]);
}

/// P4: components inside the component do not stand in the way as long as they are only names for what is there.
#[test]
fn keeps_what_is_wrapped() {
    let wrapped = component(
        r#"(core module $m (global $g (mut i32) (i32.const 0)) (memory (export "memory") 1)
            (func (export "init") (global.set $g (i32.const 5))) (func (export "probe") (result i32) (global.get $g)))
        (core instance $i (instantiate $m))
        (type $t (record (field "a" u8)))
        (func $inner (result s32) (canon lift (core func $i "probe")))
        (component $shim (import "f" (func $f (result s32))) (type (list u8)) (export "g" (func $f)))
        (instance $wrapped (instantiate $shim (with "f" (func $inner))))
        (export "wrapped" (instance $wrapped))
        (alias export $wrapped "g" (func $again))
        (export "again" (func $again))"#,
    );
    assert_eq!(values(&wrapped), [5, 5]);
}

/// P4: the log may be written to, and tables of the organization are not there yet.
#[test]
fn imports_are_the_same_for_all() {
    let asking = component(
        r#"(import "hookmill:plugin/log@1.0.0" (instance $log
            (type $l (enum "debug" "info" "warn" "error")) (export "level" (type $level (eq $l)))
            (export "write" (func (param "level" $level) (param "message" string)))))
        (import "hookmill:plugin/lookup@1.0.0" (instance $lookup
            (type $e (enum "not-granted" "unknown")) (export "lookup-error" (type $error (eq $e)))
            (export "get" (func (param "table" string) (param "key" string) (result (result (option string) (error $error)))))))
        (core module $memory (memory (export "memory") 1) (global $top (mut i32) (i32.const 1024))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                (global.set $top (i32.add (global.get $top) (local.get 3))) (i32.sub (global.get $top) (local.get 3))))
        (core instance $mem (instantiate $memory))
        (core func $write (canon lower (func $log "write") (memory (core memory $mem "memory"))))
        (core func $get (canon lower (func $lookup "get") (memory (core memory $mem "memory")) (realloc (core func $mem "realloc"))))
        (core module $m (import "m" "memory" (memory 1))
            (import "h" "write" (func $write (param i32 i32 i32))) (import "h" "get" (func $get (param i32 i32 i32 i32 i32)))
            (func $start (call $write (i32.const 1) (i32.const 0) (i32.const 4))) (start $start)
            (func (export "init")
                (call $write (i32.const 1) (i32.const 0) (i32.const 4))
                (call $get (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))
            (func (export "probe") (result i32)
                (i32.add (i32.mul (i32.load8_u (i32.const 64)) (i32.const 10)) (i32.load8_u (i32.const 68)))))
        (core instance $i (instantiate $m (with "m" (instance $mem))
            (with "h" (instance (export "write" (func $write)) (export "get" (func $get))))))"#,
    );
    assert_eq!(values(&asking), [10, 10], "an error, of the kind not-granted");
}

const STREAMS: &str = r#"
    (import "wasi:io/streams@0.2.0" (instance $streams (export "output-stream" (type (sub resource)))))
    (alias export $streams "output-stream" (type $stream))
    (import "wasi:cli/stdout@0.2.0" (instance $stdout
        (alias outer 1 $stream (type $s)) (export "output-stream" (type $t (eq $s)))
        (export "get-stdout" (func (result (own $t))))))
    (core func $open (canon lower (func $stdout "get-stdout")))
    (core func $close (canon resource.drop $stream))"#;

fn with_a_stream(init: &str) -> Vec<u8> {
    component(&format!(
        r#"{STREAMS}
        (core module $m (import "h" "open" (func $open (result i32))) (import "h" "close" (func $close (param i32)))
            (global $g (mut i32) (i32.const 0))
            (func (export "init") {init})
            (func (export "probe") (result i32) (call $close (call $open)) (global.get $g)))
        (core instance $i (instantiate $m (with "h" (instance (export "open" (func $open)) (export "close" (func $close))))))"#
    ))
}

/// P4: an open stream would dangle; one that was closed again leaves nothing behind.
#[test]
fn handles_block_a_snapshot() {
    assert!(blocker(&with_a_stream("(global.set $g (call $open))")).contains("WASI resource"));
    assert_eq!(values(&with_a_stream("(call $close (call $open)) (global.set $g (i32.const 3))")), [3, 3]);
    let own = component(
        r#"(type $r (resource (rep i32))) (core func $new (canon resource.new $r))
        (core module $m (import "h" "new" (func $new (param i32) (result i32)))
            (func (export "init") (drop (call $new (i32.const 1)))) (func (export "probe") (result i32) (i32.const 0)))
        (core instance $i (instantiate $m (with "h" (instance (export "new" (func $new))))))"#,
    );
    assert!(blocker(&own).contains("resources of its own"));
}

/// P4: clock and randomness are the same in `initialize` for all, and an instance then goes on as if it had not asked.
#[test]
fn clocks_and_randomness_start_anew() {
    let asking = component(
        r#"(import "wasi:random/random@0.2.0" (instance $random (export "get-random-u64" (func (result u64)))))
        (import "wasi:clocks/wall-clock@0.2.0" (instance $clock
            (type $d (record (field "seconds" u64) (field "nanoseconds" u32))) (export "datetime" (type $datetime (eq $d)))
            (export "now" (func (result $datetime)))))
        (core module $memory (memory (export "memory") 1))
        (core instance $mem (instantiate $memory))
        (core func $random (canon lower (func $random "get-random-u64")))
        (core func $now (canon lower (func $clock "now") (memory (core memory $mem "memory"))))
        (core module $m (import "m" "memory" (memory 1))
            (import "h" "random" (func $random (result i64))) (import "h" "now" (func $now (param i32)))
            (global $first (mut i64) (i64.const 0)) (global $started (mut i64) (i64.const 9))
            (func (export "init")
                (global.set $first (call $random)) (call $now (i32.const 64)) (global.set $started (i64.load (i32.const 64))))
            (func (export "probe") (result i32)
                (call $now (i32.const 64))
                (i32.add (i32.eq (i32.wrap_i64 (call $random)) (i32.wrap_i64 (global.get $first)))
                    (i32.add (i32.wrap_i64 (global.get $started)) (i32.wrap_i64 (i64.load (i32.const 64)))))))
        (core instance $i (instantiate $m (with "m" (instance $mem))
            (with "h" (instance (export "random" (func $random)) (export "now" (func $now))))))"#,
    );
    assert_eq!(values(&asking)[0], 1_700_000_000 + 1);
}

/// P4: whatever the tool can't snapshot is a reason, and nothing of it panics outside or hangs.
#[test]
fn reports_what_blocks_a_snapshot() {
    let with = |body: &str| module(&format!(r#"{body} (func (export "probe") (result i32) (i32.const 0))"#));
    let table = |init: &str| {
        with(&format!(r#"(table $t 2 funcref) (elem $e func $f) (func $f) (func (export "init") {init})"#))
    };
    let table = [
        (with(r#"(global (mut v128) (v128.const i64x2 1 2)) (memory (export "m") 1) (func (export "init"))"#), "v128"),
        (with(r#"(global (mut funcref) (ref.null func)) (func (export "init"))"#), "reference type"),
        (table("(drop (table.grow $t (ref.null func) (i32.const 1)))"), "table.grow"),
        (table("(table.set $t (i32.const 0) (ref.null func))"), "table.set"),
        (table("(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))"), "table.init"),
        (table("(table.fill $t (i32.const 0) (ref.null func) (i32.const 1))"), "table.fill"),
        (table("(elem.drop $e)"), "elem.drop"),
        (with(r#"(memory 1) (data $d "x") (func (export "init") (data.drop $d))"#), "data.drop"),
        (with(r#"(memory (export "__wizer_memory_0") 1) (func (export "init"))"#), "__wizer_"),
        (with(r#"(memory (export "memory") 1 1) (func (export "init"))"#), "grow by two pages"),
        (
            with(
                r#"(memory 64) (func (export "init") (i32.store8 (i32.const 0) (i32.const 1)) (i32.store8 (i32.const 1048576) (i32.const 1)))"#,
            ),
            "`snapshot_bytes_max` is 1048576",
        ),
        (with(r#"(func (export "init") (unreachable))"#), "`initialize` failed"),
        (with(r#"(func (export "init") (loop (br 0)))"#), "`deadline_us` is 300000"),
        (with(r#"(func $start (loop (br 0))) (start $start) (func (export "init"))"#), "`start` passed a limit"),
        (with(r#"(func $f (export "init") (call $f))"#), "`stack_bytes_max`"),
        (
            with(
                r#"(memory 1) (func (export "init") (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (unreachable))"#,
            ),
            "`memory_bytes_max` is 4194304",
        ),
    ];
    for (component, reason) in table {
        let found = blocker(&component);
        assert!(found.contains(reason), "{reason}: {found}");
    }
}

/// P4: the same of parts that are put together in ways which the tool does not know.
#[test]
fn reports_unusual_compositions() {
    const BODY: &str = r#"(func (export "init")) (func (export "probe") (result i32) (i32.const 0))"#;
    const ONCE: &str = "(core instance $i (instantiate $m))";
    let table = [
        (
            format!("(core module $m {BODY}) (core instance $j (instantiate $m)) (core instance $i (instantiate $m))"),
            "at most once",
        ),
        (
            format!("(component (core module)) (core module $m {BODY}) (core instance $i (instantiate $m))"),
            "nested components",
        ),
        (
            format!(
                "(core module $m {BODY}) (core instance $i (instantiate $m)) (instance $x) (export \"wasmtime:wizer/access\" (instance $x))"
            ),
            "wasmtime:wizer/access",
        ),
        (format!(r#"(core module $n (import "" "" (tag))) (core module $m {BODY}) {ONCE}"#), "failed"),
        (format!("(core module $m {BODY} (memory i64 1)) {ONCE}"), ""),
        (format!("(core module $m {BODY} (memory 1 (pagesize 1))) {ONCE}"), ""),
        (format!("(core module $m {BODY} (memory 1 2 shared)) {ONCE}"), ""),
        (format!("(core module $m {BODY} (type $s (struct)) (global (ref $s) (struct.new $s))) {ONCE}"), ""),
        (
            format!(
                "(core module $n (memory 1) (data (i32.const 0) \"x\")) (core module $m {BODY}) (core instance (instantiate $n)) (core instance $i (instantiate $m))"
            ),
            "failed",
        ),
        (
            format!(
                "(core module $n (global (mut i32) (i32.const 0))) (core module $m {BODY}) (core instance (instantiate $n)) (core instance $i (instantiate $m))"
            ),
            "failed",
        ),
    ];
    for (parts, reason) in table {
        let found = blocker(&component(&parts));
        assert!(found.contains(reason), "{reason}: {found}");
    }
    assert!(!blocker(b"\0asm\x0d\0\x01\0").is_empty());
    assert!(!blocker(b"not a component").is_empty());
}

/// P4: a snapshot with a hole is mapped as one piece, up to the limit: no instance copies it together.
#[test]
fn snapshots_are_mapped() {
    let hole = module(
        r#"(memory (export "memory") 64)
        (func (export "init") (i32.store8 (i32.const 100) (i32.const 1)) (i32.store8 (i32.const 1048675) (i32.const 2)))
        (func (export "probe") (result i32) (i32.load8_u (i32.const 1048675)))"#,
    );
    assert_eq!(prepared(&hole), (1 << 20, vec![Ok(2), Ok(2)]));
    let code = take_snapshot(&hole, &limits()).code;
    assert!(1 << 20 <= code.len(), "the code of {} bytes has no snapshot in it", code.len());
}

/// P3: the most expensive snapshot there can be, of bytes that lie too far apart to be one piece, is one, too.
#[test]
fn a_snapshot_of_many_pieces() {
    let holes = module(
        r#"(memory (export "memory") 64)
        (func (export "init") (local $i i32)
            (loop (i32.store8 (local.get $i) (i32.const 1))
                (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 6))) (i32.const 1048576)))))
        (func (export "probe") (result i32) (i32.load (i32.const 600000)))"#,
    );
    assert_eq!(values(&holes), [1, 1]);
}

/// P3: all that one instance may have can be kept: the accessors come on top.
#[test]
fn the_bounds_of_an_instance_are_not_in_the_way() {
    let full = module(
        r#"(memory (export "memory") 64) (func (export "init") (i32.store8 (i32.const 4194303) (i32.const 9)))
        (func (export "probe") (result i32) (i32.add (memory.size) (i32.load8_u (i32.const 4194303))))"#,
    );
    assert_eq!(values(&full), [73, 73]);
    let many =
        (0..29).map(|n| format!("(core module $m{n} (memory (export \"m\") 0)) (core instance (instantiate $m{n}))"));
    let body = r#"(core module $m (func (export "init")) (func (export "probe") (result i32) (i32.const 1))) (core instance $i (instantiate $m))"#;
    let parts: Vec<String> = many.collect();
    let four = format!("{} {body}", parts[..4].concat());
    assert_eq!(values(&component(&four)), [1, 1]);
    let bare: String = (0..29)
        .map(|n| format!("(core module $m{n} (func (export \"f\"))) (core instance (instantiate $m{n}))"))
        .collect();
    assert_eq!(values(&component(&format!("{bare} {body}"))), [1, 1]);
}
