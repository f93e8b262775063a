//! The leaves of the hypervisor itself.
//!
//! At 40000000h a guest finds the interface of KVM (Linux: Documentation/virt/kvm/x86/cpuid.rst), of
//! which pxHV has the clock: every stock Linux knows it and then needs no calibration. pxHV's own
//! name follows at 40000100h, the next place where guests look.

use super::{signature, CpuidResult};
use crate::exits::HYPERCALLS;

const KVM_SIGNATURE: u32 = 0x4000_0000;
const KVM_FEATURES: u32 = 0x4000_0001;
const OWN_SIGNATURE: u32 = 0x4000_0100;
/// EAX: [`VERSION`]. EBX: the hypercalls that exist, see [`HYPERCALLS`].
const OWN_VERSION: u32 = 0x4000_0101;
/// EAX: the rate of the TSC in kHz, as pxHV measured it.
const OWN_TSC: u32 = 0x4000_0102;

/// KVM_FEATURE_NOP_IO_DELAY: port 80h needs no writes to pass the time.
const NOP_IO_DELAY: u32 = 1 << 1;
/// KVM_FEATURE_CLOCKSOURCE2: the clock of [`crate::pvclock`].
const CLOCKSOURCE2: u32 = 1 << 3;
/// KVM_FEATURE_CLOCKSOURCE_STABLE_BIT: its stable flag can be trusted.
const CLOCKSOURCE_STABLE: u32 = 1 << 24;

/// The version of pxHV: major << 16 | minor << 8 | patch.
pub const VERSION: u32 = decimal(env!("CARGO_PKG_VERSION_MAJOR")) << 16
    | decimal(env!("CARGO_PKG_VERSION_MINOR")) << 8
    | decimal(env!("CARGO_PKG_VERSION_PATCH"));

/// A leaf of the hypervisor range; those that don't exist are zero. The TSC runs at `tsc_khz`.
pub const fn leaf(leaf: u32, tsc_khz: u32) -> CpuidResult {
    match leaf {
        KVM_SIGNATURE => signature(KVM_FEATURES, b"KVMKVMKVM\0\0\0"),
        KVM_FEATURES => {
            CpuidResult { eax: NOP_IO_DELAY | CLOCKSOURCE2 | CLOCKSOURCE_STABLE, ebx: 0, ecx: 0, edx: 0 }
        }
        OWN_SIGNATURE => signature(OWN_TSC, b"pxHVpxHVpxHV"),
        OWN_VERSION => CpuidResult { eax: VERSION, ebx: HYPERCALLS, ecx: 0, edx: 0 },
        OWN_TSC => CpuidResult { eax: tsc_khz, ebx: 0, ecx: 0, edx: 0 },
        _ => CpuidResult { eax: 0, ebx: 0, ecx: 0, edx: 0 },
    }
}

const fn decimal(digits: &str) -> u32 {
    let digits = digits.as_bytes();
    let mut value = 0;
    let mut i = 0;
    while i < digits.len() {
        value = value * 10 + (digits[i] - b'0') as u32;
        i += 1;
    }
    value
}
