//! MSRs that kernels expect of every AMD processor, with what they read on one where nothing special
//! is set up (AMD APM, volume 2, and the BIOS and Kernel Developer's Guides).

use crate::vcpu::Fault;

/// SYSCFG: memory encryption, and extensions of the MTRRs; all off.
const SYSCFG: u32 = 0xc001_0010;
/// HWCR, hardware configuration.
const HWCR: u32 = 0xc001_0015;
/// NB_CFG, northbridge configuration: access to the extended configuration space of PCI; off.
const NB_CFG: u32 = 0xc001_001f;
/// Interrupt pending message: the C1E idle state; off.
const INTERRUPT_PENDING: u32 = 0xc001_0055;
/// DE_CFG, decode configuration.
const DE_CFG: u32 = 0xc001_1029;

/// HWCR.TscFreqSel: the TSC runs at the frequency of P-state 0, whatever the present one is.
const HWCR_TSC_FREQUENCY: u64 = 1 << 24;
/// HWCR bits that guests set and that change nothing that they could notice: TLB cache (3) and flush
/// filter (6) disable, IGNNE emulation (8), and TscFreqSel.
const HWCR_ACCEPTED: u64 = 1 << 3 | 1 << 6 | 1 << 8 | HWCR_TSC_FREQUENCY;
/// NB_CFG.EnableCf8ExtCfg: port CF8h takes four more bits of a PCI address. Linux sets it without asking
/// whether there is PCI.
const NB_CFG_EXTENDED_CF8: u64 = 1 << 46;
/// DE_CFG: LFENCE waits for all instructions before it. The host sets this on every CPU that has it.
const DE_CFG_LFENCE_SERIALIZES: u64 = 1 << 1;

/// RDMSR; `None` if there is no MSR `index`.
pub const fn read(index: u32) -> Option<u64> {
    match index {
        SYSCFG | NB_CFG | INTERRUPT_PENDING => Some(0),
        HWCR => Some(HWCR_TSC_FREQUENCY),
        DE_CFG => Some(DE_CFG_LFENCE_SERIALIZES),
        _ => None,
    }
}

/// WRMSR; `None` if there is no MSR `index`. What is accepted is not kept.
pub const fn write(index: u32, value: u64) -> Option<Result<(), Fault>> {
    let accepted = match index {
        SYSCFG | INTERRUPT_PENDING => 0,
        HWCR => HWCR_ACCEPTED,
        NB_CFG => NB_CFG_EXTENDED_CF8,
        DE_CFG => DE_CFG_LFENCE_SERIALIZES,
        _ => return None,
    };
    Some(if value & !accepted == 0 { Ok(()) } else { Err(Fault::GeneralProtection) })
}
