//! The instruction emulator against this computer's processor: the same instruction, executed and emulated,
//! leaves the same registers, flags and memory.
//!
//! It does so in 64-bit and in 32-bit code. Operands are in two pages, which in the emulated guest are RAM and a
//! device. The cases come from a seed; `PXHV_SEED` and `PXHV_CASES` in the environment choose others.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

mod allocations;
mod generate;
mod guest;
mod processor;
mod processor32;
mod random;

use generate::{Case, Mode};
use guest::{Guest, BUFFER, PAGES};
use processor::Processor;
use processor32::Processor32;
use random::Random;

/// CF, PF, AF, ZF, SF, DF and OF.
const FLAGS: u64 = 0xcd5;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// One test, since the memory has its address for itself.
#[test]
fn emulated_like_executed() {
    let mut processor = Processor::new(BUFFER, PAGES);
    let mut processor32 = Processor32::new();
    machine::emulate::init();
    compare(Mode::Bits64, &mut processor, Processor::execute);
    compare(Mode::Bits32, &mut processor, |processor, case| processor32.execute(case, processor.memory));
}

fn compare(
    mode: Mode,
    processor: &mut Processor,
    mut execute: impl FnMut(&mut Processor, &Case) -> guest::Result,
) {
    let seed = number("PXHV_SEED", 1);
    let mut random = Random::new(seed);
    let mut guest = Guest::new(mode);
    for count in 0..number("PXHV_CASES", 100_000) {
        let case = Case::new(mode, &mut random, processor.memory);
        guest.set_memory(processor.memory);
        let allocations = allocations::count();
        let emulated = guest.emulate(&case);
        assert_eq!(allocations::count(), allocations, "the heap is not used after init");
        let executed = execute(processor, &case);
        let name = || format!("case {count} of seed {seed} in {mode:?}: {case:x?}");
        assert_eq!(emulated.registers, executed.registers, "{}", name());
        assert_eq!(emulated.flags & FLAGS, executed.flags & FLAGS, "{}", name());
        assert!(guest.memory() == *processor.memory, "memory differs: {}", name());
    }
}
