//! IA32_APIC_BASE: whether there is a local APIC, how it is accessed and where (Intel SDM, "x2APIC State
//! Transitions").

use crate::memory::Gpa;
use crate::vcpu::Fault;

/// This is the bootstrap processor.
const BSP: u64 = 1 << 8;
/// x2APIC mode.
const EXTD: u64 = 1 << 10;
/// The local APIC is enabled.
const EN: u64 = 1 << 11;
/// Lowest bit of the address.
const ADDRESS_SHIFT: u32 = 12;
/// The address after reset.
const DEFAULT_ADDRESS: u64 = 0xfee0_0000;

/// How the local APIC is accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Not at all: the processor behaves as if it had none.
    Disabled,
    /// By memory accesses.
    Xapic,
    /// By RDMSR and WRMSR.
    X2apic,
}

/// The register.
#[derive(Clone, Copy, Debug)]
pub(super) struct ApicBase {
    value: u64,
    /// Bits that may be set.
    allowed: u64,
}

impl ApicBase {
    /// The state after reset.
    pub(super) const fn new(is_bsp: bool, physical_bits: u8) -> Self {
        let address = match 1_u64.checked_shl(physical_bits as u32) {
            Some(end) => end - 1,
            None => u64::MAX,
        };
        let allowed = (address >> ADDRESS_SHIFT << ADDRESS_SHIFT) | BSP | EXTD | EN;
        let bsp = if is_bsp { BSP } else { 0 };
        Self { value: DEFAULT_ADDRESS | EN | bsp, allowed }
    }

    pub(super) const fn value(&self) -> u64 {
        self.value
    }

    pub(super) const fn mode(&self) -> Mode {
        mode_of(self.value)
    }

    pub(super) const fn is_bsp(&self) -> bool {
        self.value & BSP != 0
    }

    /// The page with the registers, in xAPIC mode.
    pub(super) fn page(&self) -> Option<Gpa> {
        (self.mode() == Mode::Xapic).then_some(Gpa(self.value >> ADDRESS_SHIFT << ADDRESS_SHIFT))
    }

    /// WRMSR. x2APIC mode is entered from xAPIC mode, and left by disabling only.
    pub(super) fn set(&mut self, value: u64) -> Result<(), Fault> {
        let half_on = value & (EN | EXTD) == EXTD;
        let forbidden = matches!(
            (self.mode(), mode_of(value)),
            (Mode::Disabled, Mode::X2apic) | (Mode::X2apic, Mode::Xapic)
        );
        if value & !self.allowed != 0 || half_on || forbidden {
            return Err(Fault::GeneralProtection);
        }
        self.value = value;
        Ok(())
    }
}

const fn mode_of(value: u64) -> Mode {
    match (value & EN != 0, value & EXTD != 0) {
        (false, _) => Mode::Disabled,
        (true, false) => Mode::Xapic,
        (true, true) => Mode::X2apic,
    }
}
