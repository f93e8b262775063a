//! The instruction emulator against real execution: the same instruction, executed and emulated, leaves the same
//! registers, flags and memory.
//!
//! It is executed by this computer's processor, in 64-bit and in 32-bit code, and by a computer of its own in the modes
//! that Linux gives no program. Operands are in two pages, which in the emulated guest are RAM and a device. The cases
//! come from a seed; `PXHV_SEED` and `PXHV_CASES` in the environment choose others.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

mod allocations;
mod forms;
mod generate;
mod guest;
mod machine;
mod mode;
mod processor;
mod processor32;
mod random;

use generate::Case;
use guest::{Guest, BUFFER};
use machine::{Before, Machine, WINDOW};
use mode::Mode;
use processor::Processor;
use processor32::Processor32;
use random::Random;

/// One test, since the memory has its address for itself.
#[test]
fn emulated_like_executed() {
    let mut processor = Processor::new(BUFFER);
    let mut processor32 = Processor32::new();
    ::machine::emulate::init();
    compare_with_host(Mode::Bits64, &mut processor, Processor::execute);
    compare_with_host(Mode::Compatibility, &mut processor, |processor, case| {
        processor32.execute(case, processor.memory)
    });
}

#[test]
fn emulated_like_executed_without_an_operating_system() {
    ::machine::emulate::init();
    for mode in Mode::OF_MACHINE {
        compare_with_machine(mode);
    }
}

fn compare_with_host(
    mode: Mode,
    processor: &mut Processor,
    mut execute: impl FnMut(&mut Processor, &Case) -> guest::Result,
) {
    let (seed, count) = seed_and_count();
    let mut random = Random::new(seed);
    let mut guest = Guest::new(mode);
    for number in 0..count {
        let case = Case::new(mode, &mut random, processor.memory);
        guest.set_memory(0, processor.memory);
        let allocations = allocations::count();
        let emulated = guest.emulate(&case, [0; 4]);
        assert_eq!(allocations::count(), allocations, "the heap is not used after init");
        let executed = execute(processor, &case);
        let name = format!("case {number} of seed {seed}: {case:x?}");
        emulated.assert_like(&executed, &case, &name);
        assert!(guest.memory() == *processor.memory, "memory differs: {name}");
    }
}

fn compare_with_machine(mode: Mode) {
    let (seed, count) = seed_and_count();
    let mut random = Random::new(seed);
    let mut cases = Vec::new();
    for _ in 0..count {
        let mut memory = [(); WINDOW].map(|()| random.next() as u8);
        let ports = (random.next() as u32).to_le_bytes();
        let case = Case::new(mode, &mut random, &mut memory);
        cases.push(Before { case, memory, ports });
    }
    let machine = Machine::execute(mode, &cases);
    let mut guest = Guest::new(mode);
    let start = mode.space().start as usize;
    for (number, Before { case, memory, ports }) in cases.iter().enumerate() {
        guest.set_memory(start, memory);
        let emulated = guest.emulate(case, *ports);
        let (executed, memory) = machine.result(number, case);
        let name = format!("case {number} of seed {seed}: {case:x?}");
        emulated.assert_like(&executed, case, &name);
        let mut expected = [0; guest::MEMORY];
        expected[start..start + WINDOW].copy_from_slice(memory);
        assert!(guest.memory() == expected, "memory differs: {name}");
    }
}

fn seed_and_count() -> (u64, u64) {
    let number = |variable: &str| std::env::var(variable).ok().and_then(|text| text.parse().ok());
    (number("PXHV_SEED").unwrap_or(1), number("PXHV_CASES").unwrap_or(100_000))
}
