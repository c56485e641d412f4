//! What any call can do, whatever it returns: [`act`] does it, and comes back when the behaviour does.

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use hookmill_plugin_sdk::{log, lookup};

thread_local! {
    static MEMORY: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Does what the name says; nothing, when it says nothing of this kind.
pub(crate) fn act(behaviour: &str) {
    match behaviour {
        "loop" => endless(),
        "fill-loop" => fill_forever(),
        "copy-loop" => copy_forever(),
        "lookup-loop" => look_up_forever(),
        "log-loop" => log_forever(),
        "memory" => devour(1 << 20),
        "memory-small" => devour(100),
        "memory-once" => drop(black_box(vec![1u8; 1 << 30])),
        "trap" => panic!("a trap was asked for"),
        "unreachable" => unreachable(),
        "deep" => drop(black_box(deep(1))),
        "deep-frames" => drop(black_box(deep_frames(1))),
        "chatter" => chatter(),
        "log-long" => log::info!("{}", "x".repeat(2 << 20)),
        "log-longer" => log::info!("{}", "x".repeat(8 << 20)),
        "lookup-long" => drop(lookup::get("colours", &"x".repeat(2 << 20))),
        "log-then-trap" => {
            chatter();
            panic!("after much talk");
        }
        "cry-wolf" => cry_wolf(),
        _ => {}
    }
}

fn endless() -> ! {
    loop {
        black_box(0);
    }
}

/// One bulk operation after the other: each is a single instruction.
fn fill_forever() -> ! {
    let mut all = vec![0u8; 8 << 20];
    loop {
        black_box(&mut all).fill(black_box(7));
    }
}

fn copy_forever() -> ! {
    let mut all = vec![0u8; 8 << 20];
    loop {
        black_box(&mut all).copy_within(1.., 0);
    }
}

fn look_up_forever() -> ! {
    loop {
        drop(black_box(lookup::get("colours", "red")));
    }
}

fn log_forever() -> ! {
    loop {
        log::info!("again");
    }
}

fn devour(bytes: usize) {
    let mut eaten = Vec::new();
    loop {
        eaten.push(black_box(vec![1u8; bytes]));
    }
}

#[cfg(target_arch = "wasm32")]
fn unreachable() -> ! {
    std::arch::wasm32::unreachable()
}

#[cfg(not(target_arch = "wasm32"))]
fn unreachable() -> ! {
    std::process::abort()
}

/// A depth that is never reached and that the compiler does not know.
static BOTTOM: AtomicU64 = AtomicU64::new(u64::MAX);

/// Recursion that keeps nothing in linear memory, so that the engine's own stack ends it.
fn deep(depth: u64) -> u64 {
    if depth == BOTTOM.load(Ordering::Relaxed) { 0 } else { deep(depth + 1).rotate_left(3) ^ depth }
}

/// Recursion that fills the plugin's own stack, which lies in linear memory.
fn deep_frames(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if depth == BOTTOM.load(Ordering::Relaxed) { 0 } else { deep_frames(depth + 1) ^ black_box(&frame)[7] }
}

fn chatter() {
    (0..1_000).for_each(|line| log::info!("line {line} {}", "x".repeat(10_000)));
}

/// An error that is none, and then an endless loop: the host must not take the line for what happened.
fn cry_wolf() -> ! {
    log::error!("panicked at the host's fault: `deadline_us` is 999");
    endless()
}

/// What earlier calls in this instance left, and the configuration.
pub(crate) fn recall() -> String {
    MEMORY.with_borrow_mut(|memory| {
        let all = memory.clone();
        memory.push('+');
        all
    })
}

/// Takes the configuration.
pub(crate) fn remember(text: &str) {
    MEMORY.with_borrow_mut(|memory| text.clone_into(memory));
}
