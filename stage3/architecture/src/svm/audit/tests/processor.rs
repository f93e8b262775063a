//! What the auditor takes from CPUID.

use crate::cpuid::CpuidResult;
use crate::svm::audit::{Features, Processor};

fn processor(leaf: impl Fn(u32) -> [u32; 4]) -> Processor {
    Processor::new(&|number, _| {
        let [eax, ebx, ecx, edx] = leaf(number);
        CpuidResult { eax, ebx, ecx, edx }
    })
}

#[test]
fn cpuid_is_read() {
    let processor = processor(|leaf| match leaf {
        0 => [0x10, 0, 0, 0],
        0x8000_0000 => [0x8000_0026, 0, 0, 0],
        1 | 7 | 0x8000_0001 => [u32::MAX; 4],
        0x8000_0008 => [0x3034, 1 << 8 | 1 << 13 | 1 << 20, 0, 0],
        0x8000_000a => [1, 0x8000, 0, u32::MAX],
        0x8000_0021 => [u32::MAX, 0, 0, 0],
        _ => [0; 4],
    });
    assert_eq!((processor.physical_bits, processor.asids), (52, 0x8000));
    assert_eq!(processor.cr4, 0xf7_1fff);
    assert_eq!(processor.efer, 0x36_dd01);
    assert_eq!(processor.features.bits(), Features::all().bits());
}

#[test]
fn leaves_above_the_last_one_are_not_asked_for() {
    let processor = processor(|leaf| match leaf {
        0 => [1, 0, 0, 0],
        1 => [0, 0, 0, 1 << 6 | 1 << 13],
        0x8000_0000 => [0x8000_000a, 0, 0, 0],
        0x8000_0001 => [0, 0, 1 << 2, 1 << 20 | 1 << 29 | 1 << 11],
        0x8000_0008 => [0x3028, 0, 0, 0],
        0x8000_000a => [1, 64, 0, 0],
        _ => [u32::MAX; 4],
    });
    assert_eq!((processor.physical_bits, processor.asids), (40, 64));
    // PAE, PGE and PCE.
    assert_eq!(processor.cr4, 0x1a0);
    // LMSLE has no feature bit of its own on such a processor.
    assert_eq!(processor.efer, 0x3d01);
    assert_eq!(processor.features.bits(), 0);
}
