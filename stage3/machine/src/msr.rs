//! The model-specific registers of a virtual CPU.
//!
//! Whatever is not named here does not exist: reading or writing it is #GP(0), as on a processor.

mod amd;
#[cfg(test)]
mod tests;

use crate::cpuid::{CpuVendor, CpuidPolicy};
use crate::memory::GuestMemory;
use crate::mtrr::Mtrrs;
use crate::pvclock::PvClock;
use crate::vcpu::{Fault, Vcpu, CR0_PG, EFER_LMA, EFER_LME};

/// IA32_TIME_STAMP_COUNTER.
pub const TSC: u32 = 0x10;
/// IA32_PLATFORM_ID (Intel).
const PLATFORM_ID: u32 = 0x17;
/// IA32_TSC_ADJUST: how far writes have moved the TSC.
const TSC_ADJUST: u32 = 0x3b;
/// IA32_BIOS_SIGN_ID: revision of the microcode.
const BIOS_SIGN_ID: u32 = 0x8b;
/// IA32_MCG_CAP: what there is for machine checks.
const MCG_CAP: u32 = 0x179;
/// IA32_MCG_STATUS: about the present machine check.
const MCG_STATUS: u32 = 0x17a;
/// IA32_MISC_ENABLE. Intel's, but kernels for tests of processors use it with any.
const MISC_ENABLE: u32 = 0x1a0;
/// IA32_PAT.
const PAT: u32 = 0x277;
/// EFER.
const EFER: u32 = 0xc000_0080;
/// IA32_TSC_AUX: what RDTSCP and RDPID return.
pub const TSC_AUX: u32 = 0xc000_0103;

/// MSRs that the guest reads and writes without an exit. They only matter to the guest's own
/// instructions, the host uses none of them, and the processor checks what is written.
/// [`TSC_AUX`] is one of them where [`CpuidPolicy::has_rdtscp`].
pub const PASS_THROUGH: &[u32] = &[
    0x174,       // IA32_SYSENTER_CS: part of the state that VM entry and exit (or VMLOAD) switch
    0x175,       // IA32_SYSENTER_ESP: the same
    0x176,       // IA32_SYSENTER_EIP: the same
    0xc000_0081, // STAR: SYSCALL, which the host does not use
    0xc000_0082, // LSTAR: the same
    0xc000_0083, // CSTAR: the same
    0xc000_0084, // SFMASK: the same
    0xc000_0100, // FS.base: switched with the segment; written at each change of process
    0xc000_0101, // GS.base: the same
    0xc000_0102, // KERNEL_GS_BASE: SWAPGS, which the host does not use
];

/// IA32_MISC_ENABLE: fast strings.
const FAST_STRINGS: u64 = 1 << 0;
/// IA32_MISC_ENABLE: what a guest may change. Thermal control (3), SpeedStep (16) and xTPR messages (23) are
/// the host's affair, MONITOR (18) is hidden. The limit of CPUID's leaves (22) and the switch of
/// execute-disable (34) are there for firmware, before an operating system starts. So the bits are kept,
/// without effect.
const MISC_KEPT: u64 = FAST_STRINGS | 1 << 3 | 1 << 16 | 1 << 18 | 1 << 22 | 1 << 23 | 1 << 34;
/// IA32_MISC_ENABLE: performance monitoring available (bit 7), branch trace storage unavailable
/// (11), processor event-based sampling unavailable (12). Writes to them are ignored.
const MISC_READ_ONLY: u64 = 1 << 7 | MISC_UNAVAILABLE;
/// The part of [`MISC_READ_ONLY`] that reads as one.
const MISC_UNAVAILABLE: u64 = 1 << 11 | 1 << 12;

/// Whether a write to MSR `index` can set the TSC.
#[must_use]
pub const fn sets_tsc(index: u32) -> bool {
    matches!(index, TSC | TSC_ADJUST)
}

/// MSRs that live in the virtual PC and not in the processor.
#[derive(Clone, Debug)]
pub struct MsrState {
    misc_enable: u64,
    tsc_adjust: u64,
    mtrrs: Mtrrs,
    /// The paravirtual clock.
    pub clock: PvClock,
}

impl MsrState {
    /// The state in which firmware hands over to an operating system.
    #[must_use]
    pub fn after_firmware(cpuid: &CpuidPolicy, clock: PvClock) -> Self {
        Self {
            misc_enable: FAST_STRINGS,
            tsc_adjust: 0,
            mtrrs: Mtrrs::after_firmware(cpuid.physical_address_bits()),
            clock,
        }
    }

    /// RDMSR.
    ///
    /// # Errors
    /// #GP if the guest has no MSR `index`.
    pub fn read<V: Vcpu>(&self, index: u32, vcpu: &V, cpuid: &CpuidPolicy) -> Result<u64, Fault> {
        let intel = cpuid.vendor() == CpuVendor::Intel;
        match index {
            TSC => Ok(vcpu.tsc()),
            TSC_ADJUST if cpuid.has_tsc_adjust() => Ok(self.tsc_adjust),
            // No microcode was loaded.
            BIOS_SIGN_ID => Ok(0),
            PAT => Ok(vcpu.pat()),
            EFER => Ok(vcpu.efer()),
            PLATFORM_ID if intel => Ok(0),
            // No banks that could report anything, and no machine check.
            MCG_CAP | MCG_STATUS if cpuid.has_machine_checks() => Ok(0),
            MISC_ENABLE => Ok(self.misc_enable | MISC_UNAVAILABLE),
            _ => self
                .mtrrs
                .read(index)
                .or_else(|| self.clock.read(index))
                .or_else(|| if intel { None } else { amd::read(index) })
                .ok_or(Fault::GeneralProtection),
        }
    }

    /// WRMSR.
    ///
    /// # Errors
    /// #GP if the guest has no MSR `index`, or `value` is not allowed in it.
    pub fn write<V: Vcpu>(
        &mut self,
        index: u32,
        value: u64,
        vcpu: &mut V,
        cpuid: &CpuidPolicy,
        memory: &dyn GuestMemory,
    ) -> Result<(), Fault> {
        let intel = cpuid.vendor() == CpuVendor::Intel;
        match index {
            TSC => {
                self.set_tsc(value, vcpu, memory);
                Ok(())
            }
            TSC_ADJUST if cpuid.has_tsc_adjust() => {
                let moved = value.wrapping_sub(self.tsc_adjust);
                self.set_tsc(vcpu.tsc().wrapping_add(moved), vcpu, memory);
                self.tsc_adjust = value;
                Ok(())
            }
            // Guests write zero before they ask for the revision.
            BIOS_SIGN_ID => Ok(()),
            PAT => write_pat(value, vcpu),
            EFER => write_efer(value, vcpu, cpuid),
            MCG_STATUS if cpuid.has_machine_checks() && value == 0 => Ok(()),
            MISC_ENABLE => self.write_misc_enable(value),
            _ => self
                .mtrrs
                .write(index, value, cpuid.physical_address_bits())
                .or_else(|| self.clock.write(index, value, memory).map(Ok))
                .or_else(|| if intel { None } else { amd::write(index, value) })
                .unwrap_or(Err(Fault::GeneralProtection)),
        }
    }

    /// Sets the TSC. IA32_TSC_ADJUST keeps the sum of such changes (Intel SDM, "IA32_TSC_ADJUST Register
    /// Support").
    fn set_tsc<V: Vcpu>(&mut self, value: u64, vcpu: &mut V, memory: &dyn GuestMemory) {
        let old = vcpu.tsc();
        vcpu.set_tsc(value);
        self.tsc_adjust = self.tsc_adjust.wrapping_add(value.wrapping_sub(old));
        self.clock.tsc_written(old, value, memory);
    }

    fn write_misc_enable(&mut self, value: u64) -> Result<(), Fault> {
        if value & !(MISC_KEPT | MISC_READ_ONLY) != 0 {
            return Err(Fault::GeneralProtection);
        }
        self.misc_enable = value & MISC_KEPT;
        Ok(())
    }
}

/// Each byte is a memory type: UC, WC, WT, WP, WB or UC-.
fn write_pat<V: Vcpu>(value: u64, vcpu: &mut V) -> Result<(), Fault> {
    if !value.to_ne_bytes().into_iter().all(|kind| matches!(kind, 0 | 1 | 4..=7)) {
        return Err(Fault::GeneralProtection);
    }
    vcpu.set_pat(value);
    Ok(())
}

/// LMA is read-only: the processor sets and clears it, and a write leaves it as it is. LME can't
/// change while paging is on.
fn write_efer<V: Vcpu>(value: u64, vcpu: &mut V, cpuid: &CpuidPolicy) -> Result<(), Fault> {
    let old = vcpu.efer();
    let reserved = value & !cpuid.efer_allowed() != 0;
    let switches_mode = (value ^ old) & EFER_LME != 0 && vcpu.cr0() & CR0_PG != 0;
    if reserved || switches_mode {
        return Err(Fault::GeneralProtection);
    }
    vcpu.set_efer((value & !EFER_LMA) | (old & EFER_LMA));
    Ok(())
}
