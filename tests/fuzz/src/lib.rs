//! What is fuzzed: a function for each part that takes what a guest or a file brings. It makes sense of arbitrary
//! bytes, uses the part with it, and checks what must hold whatever they are.
//!
//! `cargo xtask fuzz` runs them under libFuzzer, which looks for bytes that reach new code. The tests of this crate run
//! them on random bytes for a moment.

mod board;
mod boot;
mod cpu;
mod emulate;
mod exits;
mod image;
mod monitor;
#[cfg(test)]
mod tests;
mod walk;

use arbitrary::{Result, Unstructured};
use std::fmt::Debug;
use std::sync::LazyLock;

/// A part of pxHV, used as the bytes say. They may end early: that is no finding.
pub type Target = fn(&mut Unstructured) -> Result<()>;

/// All of them, by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("image", image::run),
    ("boot", boot::run),
    ("board", board::run),
    ("exits", exits::run),
    ("emulate", emulate::run),
    ("walk", walk::run),
    ("monitor", monitor::run),
];

/// Whether each step is printed, to see what led to a finding.
static VERBOSE: LazyLock<bool> = LazyLock::new(|| std::env::var_os("PXHV_FUZZ_VERBOSE").is_some());

/// Prints a step.
fn tell(step: &dyn Debug) {
    if *VERBOSE {
        println!("{step:x?}");
    }
}

/// Runs `target` on `bytes`.
pub fn run(target: Target, bytes: &[u8]) {
    // Out of bytes is the usual end.
    let _ = target(&mut Unstructured::new(bytes));
}
