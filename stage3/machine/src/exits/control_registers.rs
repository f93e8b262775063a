//! MOV to CR0 and to CR4, CLTS and LMSW (Intel SDM, volume 2, "MOV—Move to/from Control Registers", and volume 3, "PDPTE
//! Registers"; AMD APM, volume 2, "System-Control Registers" and "Long Mode Consistency Checks").

#[cfg(test)]
mod tests;

use crate::cpuid::{CpuVendor, CpuidPolicy};
use crate::memory::{Gpa, GuestMemory};
use crate::vcpu::{
    ControlRegister, CpuState, Fault, Vcpu, CR0_AM, CR0_CD, CR0_ET, CR0_FPU, CR0_NE, CR0_NW, CR0_PE, CR0_PG,
    CR0_WP, CR4_CET, CR4_LA57, CR4_PAE, CR4_PCIDE, CR4_PGE, CR4_PSE, CR4_SMEP, EFER_LMA, EFER_LME,
    SEGMENT_LONG,
};

/// The bits of CR0 that mean something.
const CR0_DEFINED: u64 = CR0_PE | CR0_FPU | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG;
/// Type in a segment's attributes.
const TYPE: u16 = 0xf;
/// Type of TR: 16-bit TSS, busy.
const BUSY_16_BIT_TSS: u16 = 3;

/// The bits of CR3 that locate the page-directory-pointer table of PAE paging.
const CR3_PAE_TABLE: u64 = 0xffff_ffe0;
/// PDPTE: present.
const PDPTE_PRESENT: u64 = 1 << 0;
/// PDPTE: reserved bits, those above the physical-address width aside.
const PDPTE_RESERVED: u64 = 0b1_1110_0110;

/// The guest moves `value` to `register`. If it may not, nothing changes.
pub fn write<V: Vcpu>(
    register: ControlRegister,
    value: u64,
    vcpu: &mut V,
    cpuid: &CpuidPolicy,
    memory: &dyn GuestMemory,
) -> Result<(), Fault> {
    let old = vcpu.state();
    let new = after(register, value, &old, cpuid)?;
    if breaks_a_rule(&new, &old) {
        return Err(Fault::GeneralProtection);
    }
    if cpuid.vendor() == CpuVendor::Intel && loads_pdptes(&new, &old) {
        vcpu.set_pdptes(&pdptes(new.cr3, cpuid.physical_address_bits(), memory)?);
    }
    let value = match register {
        ControlRegister::Cr0 => new.cr0,
        ControlRegister::Cr4 => new.cr4,
    };
    vcpu.set_control_register(register, value);
    Ok(())
}

/// The state that the move wants. CR4 bits of features that CPUID does not show are reserved.
fn after(
    register: ControlRegister,
    value: u64,
    old: &CpuState,
    cpuid: &CpuidPolicy,
) -> Result<CpuState, Fault> {
    match register {
        ControlRegister::Cr0 if value >> 32 == 0 => {
            // Reserved bits of the lower half are ignored; ET is always 1.
            let cr0 = value & CR0_DEFINED | CR0_ET;
            let active = old.efer & EFER_LME != 0 && cr0 & CR0_PG != 0;
            let efer = old.efer & !EFER_LMA | if active { EFER_LMA } else { 0 };
            Ok(CpuState { cr0, efer, ..*old })
        }
        ControlRegister::Cr4 if value & !cpuid.cr4_allowed() == 0 => Ok(CpuState { cr4: value, ..*old }),
        _ => Err(Fault::GeneralProtection),
    }
}

/// Whether the move that makes `new` of `old` is one that causes #GP.
fn breaks_a_rule(new: &CpuState, old: &CpuState) -> bool {
    let (cr0, cr4) = (new.cr0, new.cr4);
    let paging_goes_on = cr0 & CR0_PG != 0 && old.cr0 & CR0_PG == 0;
    let paging_goes_off = cr0 & CR0_PG == 0 && old.cr0 & CR0_PG != 0;
    let to_long_mode = paging_goes_on && new.efer & EFER_LME != 0;
    let stays_long = old.efer & EFER_LMA != 0 && new.efer & EFER_LMA != 0;
    let pcids_go_on = cr4 & CR4_PCIDE != 0 && old.cr4 & CR4_PCIDE == 0;
    let in_64_bit_segment = new.cs.attributes & SEGMENT_LONG != 0;
    [
        cr0 & CR0_PG != 0 && cr0 & CR0_PE == 0,
        cr0 & CR0_NW != 0 && cr0 & CR0_CD == 0,
        cr0 & CR0_WP == 0 && cr4 & CR4_CET != 0,
        to_long_mode && cr4 & CR4_PAE == 0,
        to_long_mode && in_64_bit_segment,
        to_long_mode && new.tr.attributes & TYPE == BUSY_16_BIT_TSS,
        paging_goes_off && old.efer & EFER_LMA != 0 && in_64_bit_segment,
        paging_goes_off && cr4 & CR4_PCIDE != 0,
        stays_long && cr4 & CR4_PAE == 0,
        stays_long && (cr4 ^ old.cr4) & CR4_LA57 != 0,
        pcids_go_on && (new.efer & EFER_LMA == 0 || new.cr3 & 0xfff != 0),
    ]
    .contains(&true)
}

/// PAE paging is in use in `state`.
pub const fn is_pae_paging(state: &CpuState) -> bool {
    state.cr0 & CR0_PG != 0 && state.cr4 & CR4_PAE != 0 && state.efer & EFER_LMA == 0
}

/// The move that makes `new` of `old` loads the page-directory pointers.
const fn loads_pdptes(new: &CpuState, old: &CpuState) -> bool {
    const LOADS_CR0: u64 = CR0_CD | CR0_NW | CR0_PG;
    const LOADS_CR4: u64 = CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP;
    is_pae_paging(new) && ((new.cr0 ^ old.cr0) & LOADS_CR0 != 0 || (new.cr4 ^ old.cr4) & LOADS_CR4 != 0)
}

/// The page-directory pointers that CR3 leads to; #GP for reserved bits, which is also what memory that does not exist
/// reads as.
pub fn pdptes(cr3: u64, physical_bits: u32, memory: &dyn GuestMemory) -> Result<[u64; 4], Fault> {
    let mut table = [0; 32];
    memory.read(Gpa(cr3 & CR3_PAE_TABLE), &mut table).map_err(|_| Fault::GeneralProtection)?;
    let reserved = PDPTE_RESERVED | u64::MAX << physical_bits;
    let mut pdptes = [0; 4];
    for (pdpte, bytes) in pdptes.iter_mut().zip(table.chunks_exact(8)) {
        *pdpte = bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
        if *pdpte & PDPTE_PRESENT != 0 && *pdpte & reserved != 0 {
            return Err(Fault::GeneralProtection);
        }
    }
    Ok(pdptes)
}
