//! Components that ask for the world outside, as JavaScript, Python and `wasm32-wasip2` tools make them: they get one with nothing in
//! it, nothing to wait for, and no end of the host's process (P5).

use hookmill_engine::Limits;
use hookmill_tests::Forge;

use super::fixtures::limits;
use super::forged::outcomes;

const IO: &str = "package wasi:io@0.2.0;
    interface error { resource error; }
    interface poll {
        resource pollable { ready: func() -> bool; block: func(); }
        poll: func(in: list<borrow<pollable>>) -> list<u32>;
    }
    interface streams {
        use error.{error};
        use poll.{pollable};
        variant stream-error { last-operation-failed(error), closed }
        resource input-stream {
            blocking-read: func(len: u64) -> result<list<u8>, stream-error>;
            subscribe: func() -> pollable;
        }
        resource output-stream {
            write: func(contents: list<u8>) -> result<_, stream-error>;
            write-zeroes: func(len: u64) -> result<_, stream-error>;
            blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
            blocking-write-zeroes-and-flush: func(len: u64) -> result<_, stream-error>;
            blocking-splice: func(src: borrow<input-stream>, len: u64) -> result<u64, stream-error>;
            subscribe: func() -> pollable;
        }
    }";
const CLOCKS: &str = "package wasi:clocks@0.2.0;
    interface monotonic-clock {
        use wasi:io/poll@0.2.0.{pollable};
        now: func() -> u64;
        subscribe-duration: func(when: u64) -> pollable;
    }
    interface wall-clock { record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime; }";
const CLI: &str = "package wasi:cli@0.2.0;
    interface exit { exit: func(status: result); }
    interface environment { get-environment: func() -> list<tuple<string, string>>; get-arguments: func() -> list<string>; }
    interface stdin { use wasi:io/streams@0.2.0.{input-stream}; get-stdin: func() -> input-stream; }
    interface stdout { use wasi:io/streams@0.2.0.{output-stream}; get-stdout: func() -> output-stream; }
    interface stderr { use wasi:io/streams@0.2.0.{output-stream}; get-stderr: func() -> output-stream; }";
const RANDOM: &str = "package wasi:random@0.2.0;
    interface random { get-random-bytes: func(len: u64) -> list<u8>; get-random-u64: func() -> u64; }";
const SOCKETS: &str = "package wasi:sockets@0.2.0;
    interface network {
        resource network;
        enum error-code {
            unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout, concurrency-conflict,
            not-in-progress, would-block, invalid-state, new-socket-limit, address-not-bindable, address-in-use,
            remote-unreachable, connection-refused, connection-reset, connection-aborted, datagram-too-large,
            name-unresolvable, temporary-resolver-failure, permanent-resolver-failure
        }
        enum ip-address-family { ipv4, ipv6 }
    }
    interface instance-network { use network.{network}; instance-network: func() -> network; }
    interface tcp { resource tcp-socket; }
    interface tcp-create-socket {
        use network.{error-code, ip-address-family};
        use tcp.{tcp-socket};
        create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
    }
    interface udp { resource udp-socket; }
    interface udp-create-socket {
        use network.{error-code, ip-address-family};
        use udp.{udp-socket};
        create-udp-socket: func(address-family: ip-address-family) -> result<udp-socket, error-code>;
    }
    interface ip-name-lookup {
        use network.{network, error-code};
        resource resolve-address-stream;
        resolve-addresses: func(network: borrow<network>, name: string) -> result<resolve-address-stream, error-code>;
    }";
const FILES: &str = "package wasi:filesystem@0.2.0;
    interface types { resource descriptor; }
    interface preopens { use types.{descriptor}; get-directories: func() -> list<tuple<descriptor, string>>; }";

/// A component that imports functions: (interface, function, type in the core module); in the text they are `$function`.
fn importing(functions: &[(&str, &str, &str)]) -> Forge {
    let packages = [IO, CLOCKS, CLI, RANDOM, SOCKETS, FILES];
    let mut forge = packages.into_iter().fold(Forge::new(), |forge, package| forge.package(package));
    for (interface, function, types) in functions {
        let name = function.rsplit(['.', ']']).next().unwrap_or_default();
        let text = format!(r#"(import "wasi:{interface}@0.2.0" "{function}" (func ${name} {types}))"#);
        forge = forge.world(&format!("import wasi:{interface}@0.2.0;")).import(&text);
    }
    forge
}

const SUBSCRIBE: (&str, &str, &str) = ("clocks/monotonic-clock", "subscribe-duration", "(param i64) (result i32)");
const BLOCK: (&str, &str, &str) = ("io/poll", "[method]pollable.block", "(param i32)");
const READY: (&str, &str, &str) = ("io/poll", "[method]pollable.ready", "(param i32) (result i32)");
const POLL: (&str, &str, &str) = ("io/poll", "poll", "(param i32 i32 i32)");
const STDOUT: (&str, &str, &str) = ("cli/stdout", "get-stdout", "(result i32)");
const STDERR: (&str, &str, &str) = ("cli/stderr", "get-stderr", "(result i32)");
const WRITE: (&str, &str, &str) = ("io/streams", "[method]output-stream.write", "(param i32 i32 i32 i32)");
const ZEROES: (&str, &str, &str) = ("io/streams", "[method]output-stream.write-zeroes", "(param i32 i64 i32)");

/// P5: no waiting, in whatever words; no end; and nothing outside.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_empty_world() {
    let hour = "(call $subscribe-duration (i64.const 3600000000000))";
    let now = "(call $subscribe-duration (i64.const 0))";
    let none = "(if (i32.load offset=4 (i32.const 64)) (then unreachable))";
    let denied = "(if (i32.ne (i32.const 1) (i32.load8_u (i32.const 64))) (then unreachable))";
    let told = outcomes(
        Limits { handles_max: 100, log_lines_max: 10, ..limits() },
        vec![
            ("sleep", importing(&[SUBSCRIBE, BLOCK]).before_map(&format!("(call $block {hour})"))),
            ("sleep for no time", importing(&[SUBSCRIBE, BLOCK]).before_map(&format!("(call $block {now})"))),
            ("poll", importing(&[SUBSCRIBE, POLL]).before_map(&format!("(i32.store (i32.const 512) {hour}) (call $poll (i32.const 512) (i32.const 1) (i32.const 64))"))),
            ("poll nothing", importing(&[POLL]).before_map("(call $poll (i32.const 0) (i32.const 0) (i32.const 64))")),
            ("poll four billion", importing(&[POLL]).before_map("(call $poll (i32.const 0) (i32.const -1) (i32.const 64))")),
            // A timer that can be asked is a clock, and a clock is what no run may depend on.
            ("ask a timer", importing(&[SUBSCRIBE, READY]).before_map(&format!("(local $timer i32) (local.set $timer {hour}) (loop $again (br_if $again (i32.eqz (call $ready (local.get $timer)))))"))),
            ("wait for output", importing(&[STDOUT, ("io/streams", "[method]output-stream.subscribe", "(param i32) (result i32)"), BLOCK]).before_map("(call $block (call $subscribe (call $get-stdout)))")),
            ("read what never comes", importing(&[("cli/stdin", "get-stdin", "(result i32)"), ("io/streams", "[method]input-stream.blocking-read", "(param i32 i64 i32)")]).before_map("(call $blocking-read (call $get-stdin) (i64.const -1) (i32.const 64)) (if (i32.ne (i32.const 1) (i32.load8_u (i32.const 64))) (then unreachable))")),
            ("exit well", importing(&[("cli/exit", "exit", "(param i32)")]).before_map("(call $exit (i32.const 0))")),
            ("exit badly", importing(&[("cli/exit", "exit", "(param i32)")]).before_map("(call $exit (i32.const 1))")),
            ("environment", importing(&[("cli/environment", "get-environment", "(param i32)")]).before_map(&format!("(call $get-environment (i32.const 64)) {none}"))),
            ("arguments", importing(&[("cli/environment", "get-arguments", "(param i32)")]).before_map(&format!("(call $get-arguments (i32.const 64)) {none}"))),
            ("directories", importing(&[("filesystem/preopens", "get-directories", "(param i32)")]).before_map(&format!("(call $get-directories (i32.const 64)) {none}"))),
            ("a socket", importing(&[("sockets/tcp-create-socket", "create-tcp-socket", "(param i32 i32)")]).before_map(&format!("(call $create-tcp-socket (i32.const 0) (i32.const 64)) {denied}"))),
            ("a datagram socket", importing(&[("sockets/udp-create-socket", "create-udp-socket", "(param i32 i32)")]).before_map(&format!("(call $create-udp-socket (i32.const 1) (i32.const 64)) {denied}"))),
            ("a host's address", importing(&[("sockets/instance-network", "instance-network", "(result i32)"), ("sockets/ip-name-lookup", "resolve-addresses", "(param i32 i32 i32 i32)")]).item(r#"(data (i32.const 512) "localhost")"#).before_map(&format!("(call $resolve-addresses (call $instance-network) (i32.const 512) (i32.const 9) (i32.const 64)) {denied}"))),
            ("the time, twice", importing(&[("clocks/monotonic-clock", "now", "(result i64)")]).before_map("(if (i64.ne (call $now) (i64.const 0)) (then unreachable))")),
            ("the date", importing(&[("clocks/wall-clock", "now", "(param i32)")]).before_map("(call $now (i32.const 64)) (if (i64.ne (i64.load (i32.const 64)) (i64.const 1700000000)) (then unreachable))")),
            // Handles: each is one, whatever it is for, and none is ever dropped.
            ("a hundred timers", importing(&[SUBSCRIBE]).before_map(&format!("(local $n i32) (loop $again (drop {hour}) (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 50))))"))),
            ("timers without number", importing(&[SUBSCRIBE]).before_map(&format!("(loop $again (drop {hour}) (br $again))"))),
            ("outputs without number", importing(&[STDOUT]).before_map("(loop $again (drop (call $get-stdout)) (br $again))")),
            ("a handle that is none", importing(&[BLOCK]).before_map("(call $block (i32.const 77))")),
            ("a handle of another kind", importing(&[STDOUT, BLOCK]).before_map("(call $block (call $get-stdout))")),
            ("randomness without number", importing(&[("random/random", "get-random-bytes", "(param i64 i32)")]).before_map("(call $get-random-bytes (i64.const -1) (i32.const 64))")),
            ("randomness, forever", importing(&[("random/random", "get-random-bytes", "(param i64 i32)")]).before_map("(loop $again (global.set $heap (i32.const 4096)) (call $get-random-bytes (i64.const 100000) (i32.const 64)) (br $again))")),
            ("print zeroes without number", importing(&[STDOUT, ZEROES]).before_map("(call $write-zeroes (call $get-stdout) (i64.const -1) (i32.const 64))")),
            ("print, forever", importing(&[STDOUT, WRITE]).before_map("(local $out i32) (local.set $out (call $get-stdout)) (loop $again (call $write (local.get $out) (i32.const 131072) (i32.const 60000) (i32.const 64)) (br $again))")),
            ("print an error, then trap", importing(&[STDERR, WRITE]).item(r#"(data (i32.const 512) "Traceback: all is lost")"#).before_map("(call $write (call $get-stderr) (i32.const 512) (i32.const 22) (i32.const 64)) unreachable")),
            ("http", Forge::new().package("package wasi:http@0.2.0; interface outgoing-handler { handle: func(); }").world("import wasi:http/outgoing-handler@0.2.0;").import(r#"(import "wasi:http/outgoing-handler@0.2.0" "handle" (func))"#)),
            ("a world of its own", Forge::new().package("package evil:net; interface socket { open: func() -> u32; }").world("import evil:net/socket;").import(r#"(import "evil:net/socket" "open" (func (result i32)))"#)),
        ],
    )
    .await;
    insta::assert_snapshot!("empty_world", told);
}
