//! Memory type range registers (Intel SDM, "Memory Type Range Registers (MTRRs)"; AMD APM, "Memory-Type
//! Range Registers").
//!
//! Guests program them and read them back, with the manual's checks. They have no effect: all RAM of
//! a VM is ordinary write-back memory of the host, and everything else exits.

use crate::memory::{HIGH_RAM_START, LOW_RAM_LIMIT};
use crate::vcpu::Fault;

/// IA32_MTRRCAP.
const CAPABILITIES: u32 = 0xfe;
/// IA32_MTRR_PHYSBASE0; base and mask of each range follow one another.
const VARIABLE: u32 = 0x200;
const VARIABLE_LAST: u32 = VARIABLE + 2 * RANGES as u32 - 1;
/// IA32_MTRR_DEF_TYPE.
const DEFAULT_TYPE: u32 = 0x2ff;

/// Number of variable ranges, IA32_MTRRCAP.VCNT.
const RANGES: usize = 8;
/// IA32_MTRRCAP: the fixed ranges exist.
const CAP_FIXED: u64 = 1 << 8;
/// IA32_MTRRCAP: write combining exists.
const CAP_WRITE_COMBINING: u64 = 1 << 10;

/// IA32_MTRR_DEF_TYPE.FE: fixed ranges enabled.
const FIXED_ENABLE: u64 = 1 << 10;
/// IA32_MTRR_DEF_TYPE.E: MTRRs enabled.
const ENABLE: u64 = 1 << 11;
/// Memory type field of default type and base registers.
const TYPE: u64 = 0xff;
/// IA32_MTRR_PHYSMASKn.V.
const VALID: u64 = 1 << 11;

/// Memory type UC.
const UNCACHEABLE: u8 = 0;
/// Memory type WB.
const WRITE_BACK: u8 = 6;

/// The fixed-range registers: their MSR and nothing else; each covers eight pieces of one size.
const FIXED: [u32; 11] = [0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f];
/// Index in [`FIXED`] of MTRRfix16K_A0000, the VGA window.
const FIXED_VGA: usize = 2;

/// The MTRRs of a virtual CPU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mtrrs {
    default_type: u64,
    fixed: [u64; FIXED.len()],
    /// PHYSBASE0, PHYSMASK0, PHYSBASE1 …
    variable: [u64; 2 * RANGES],
}

impl Mtrrs {
    /// As firmware leaves them for an operating system: RAM is write-back, the VGA window and the
    /// device space below 4 GiB are uncacheable.
    #[must_use]
    pub fn after_firmware(physical_bits: u32) -> Self {
        let mut mtrrs = Self {
            default_type: ENABLE | FIXED_ENABLE | u64::from(WRITE_BACK),
            fixed: [u64::from_ne_bytes([WRITE_BACK; 8]); FIXED.len()],
            variable: [0; 2 * RANGES],
        };
        mtrrs.fixed[FIXED_VGA] = u64::from_ne_bytes([UNCACHEABLE; 8]);
        let device_space = HIGH_RAM_START - LOW_RAM_LIMIT;
        mtrrs.variable[0] = LOW_RAM_LIMIT | u64::from(UNCACHEABLE);
        mtrrs.variable[1] = (page_frames(physical_bits) & !(device_space - 1)) | VALID;
        mtrrs
    }

    /// RDMSR; `None` if `index` is no MTRR.
    #[must_use]
    pub fn read(&self, index: u32) -> Option<u64> {
        match index {
            CAPABILITIES => Some(RANGES as u64 | CAP_FIXED | CAP_WRITE_COMBINING),
            DEFAULT_TYPE => Some(self.default_type),
            VARIABLE..=VARIABLE_LAST => self.variable.get((index - VARIABLE) as usize).copied(),
            _ => fixed_slot(index).map(|slot| self.fixed[slot]),
        }
    }

    /// WRMSR; `None` if `index` is no MTRR. The guest's physical addresses have `physical_bits` bits.
    #[must_use]
    pub fn write(&mut self, index: u32, value: u64, physical_bits: u32) -> Option<Result<(), Fault>> {
        let frames = page_frames(physical_bits);
        let (register, valid) = match index {
            // The capabilities are read-only.
            CAPABILITIES => return Some(Err(Fault::GeneralProtection)),
            DEFAULT_TYPE => {
                (&mut self.default_type, value & !(TYPE | FIXED_ENABLE | ENABLE) == 0 && is_type(value as u8))
            }
            VARIABLE..=VARIABLE_LAST => {
                let register = (index - VARIABLE) as usize;
                let is_base = register.is_multiple_of(2);
                let valid = if is_base {
                    value & !(frames | TYPE) == 0 && is_type(value as u8)
                } else {
                    value & !(frames | VALID) == 0
                };
                (&mut self.variable[register], valid)
            }
            _ => (&mut self.fixed[fixed_slot(index)?], value.to_ne_bytes().into_iter().all(is_type)),
        };
        Some(if valid {
            *register = value;
            Ok(())
        } else {
            Err(Fault::GeneralProtection)
        })
    }
}

fn fixed_slot(index: u32) -> Option<usize> {
    FIXED.iter().position(|&msr| msr == index)
}

/// The bits of a physical address above the offset in a 4 KiB page.
const fn page_frames(physical_bits: u32) -> u64 {
    const PAGE_OFFSET: u64 = 0xfff;
    let all = if physical_bits >= u64::BITS { u64::MAX } else { (1 << physical_bits) - 1 };
    all & !PAGE_OFFSET
}

/// UC, WC, WT, WP or WB.
const fn is_type(value: u8) -> bool {
    matches!(value, 0 | 1 | 4 | 5 | 6)
}

#[cfg(test)]
mod tests;
