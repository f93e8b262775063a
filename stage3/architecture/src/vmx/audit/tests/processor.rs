//! What the auditor takes from CPUID and from the capability MSRs.

use crate::cpuid::CpuidResult;
use crate::vmx::audit::{Features, Processor};
use crate::vmx::capabilities::{Capabilities, Invalidation};
use std::vec::Vec;

/// A newer processor: 5-level paging, all features.
fn newer(leaf: u32, subleaf: u32) -> CpuidResult {
    result(match (leaf, subleaf) {
        (0, _) => [0x1f, 0, 0, 0],
        (7, 0) => [2, 1 << 2 | 1 << 11, 1 << 24, 0],
        (7, 1) => [1 << 26, 0, 0, 0],
        (10, _) => [8 << 8, 0, 0, 3],
        (0x8000_0001, _) => [0, 0, 0, 1 << 20],
        (0x8000_0008, _) => [0x3934, 0, 0, 0],
        _ => [0; 4],
    })
}

fn result([eax, ebx, ecx, edx]: [u32; 4]) -> CpuidResult {
    CpuidResult { eax, ebx, ecx, edx }
}

#[test]
fn cpuid_is_read() {
    let processor = Processor::new(Capabilities::default(), &newer);
    assert_eq!((processor.physical_bits, processor.linear_bits), (52, 57));
    assert_eq!(processor.efer, 0xd01);
    assert_eq!(processor.perf_global_ctrl, 0x1_0007_0000_00ff);
    assert_eq!(processor.features.bits(), Features::all().bits());
}

#[test]
fn leaves_above_the_last_one_are_not_asked_for() {
    let older = |leaf: u32, _: u32| match leaf {
        0 => [6, 0, 0, 0],
        1..=6 | 0x8000_0001 => [0; 4],
        0x8000_0008 => [0x3024, 0, 0, 0],
        // Intel's processors answer with their last basic leaf.
        _ => [u32::MAX; 4],
    };
    let processor = Processor::new(Capabilities::default(), &|leaf, subleaf| result(older(leaf, subleaf)));
    assert_eq!((processor.physical_bits, processor.linear_bits), (36, 48));
    assert_eq!(processor.efer, 0x501);
    assert_eq!(processor.features.bits(), 0);
}

#[test]
fn only_capability_msrs_that_exist_are_read() {
    let read = |present: &[(u32, u64)]| {
        let asked = std::cell::RefCell::new(Vec::new());
        let capabilities = Capabilities::read(|index| {
            asked.borrow_mut().push(index);
            present.iter().find(|(msr, _)| *msr == index).map_or(0, |(_, value)| *value)
        });
        let mut asked = asked.into_inner();
        asked.sort_unstable();
        (capabilities, asked)
    };
    let oldest = [0x480, 0x481, 0x482, 0x483, 0x484, 0x485, 0x486, 0x487, 0x488, 0x489];
    let (_, asked) = read(&[(0x480, 1)]);
    assert_eq!(asked, oldest);
    let everything = u64::MAX << 32;
    let (newest, asked) = read(&[
        (0x480, 1 << 55 | 0x8000_0004),
        (0x485, 4 << 16 | 5),
        (0x48b, everything),
        (0x48c, 1 << 32 | 1 << 41 | 1 << 26),
        (0x48e, everything),
        (0x48f, everything),
    ]);
    let expected = [
        0x480, 0x485, 0x486, 0x487, 0x488, 0x489, 0x48b, 0x48c, 0x48d, 0x48e, 0x48f, 0x490, 0x491, 0x492,
        0x493,
    ];
    assert_eq!(asked, expected);
    assert_eq!((newest.revision(), newest.preemption_timer_rate(), newest.cr3_targets()), (4, 5, 4));
    assert_eq!(newest.invvpid(), Some(Invalidation::SingleContext));
    assert_eq!(newest.invept(), Some(Invalidation::AllContext));
}
