//! The rules that MOV to CR0 and MOV to CR4 follow (Intel SDM, volume 2, "MOV—Move to/from Control Registers", and
//! volume 3, "PDPTE Registers").

use core::arch::x86_64::__cpuid;
use machine::memory::{Gpa, GuestMemory};
use machine::vcpu::{Fault, CR0_CD, CR0_ET, CR0_NE, CR0_NW, CR0_PE, CR0_PG, CR4_PAE, EFER_LMA, EFER_LME};

/// CR0.WP.
const CR0_WP: u64 = 1 << 16;
/// CR0.AM.
const CR0_AM: u64 = 1 << 18;
/// CR0.MP, CR0.EM and CR0.TS.
const CR0_FPU: u64 = 0b1110;
/// The bits of CR0 that mean something.
pub const CR0_DEFINED: u64 = CR0_PE | CR0_FPU | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG;

/// CR4.PSE.
const CR4_PSE: u64 = 1 << 4;
/// CR4.PGE.
const CR4_PGE: u64 = 1 << 7;
/// CR4.LA57.
const CR4_LA57: u64 = 1 << 12;
/// CR4.PCIDE.
const CR4_PCIDE: u64 = 1 << 17;
/// CR4.SMEP.
const CR4_SMEP: u64 = 1 << 20;
/// CR4.CET.
const CR4_CET: u64 = 1 << 23;

/// L in the access rights of a segment.
pub const LONG: u32 = 1 << 13;
/// Type in the access rights of a segment.
const TYPE: u32 = 0xf;
/// Type of TR: 16-bit TSS, busy.
const BUSY_16_BIT_TSS: u32 = 3;

/// The bits of CR3 that locate the page-directory-pointer table of PAE paging.
const CR3_PAE_TABLE: u64 = 0xffff_ffe0;
/// PDPTE: present.
const PDPTE_PRESENT: u64 = 1 << 0;
/// PDPTE: reserved bits, those above the physical-address width aside.
const PDPTE_RESERVED: u64 = 0b1_1110_0110;

/// The state that decides about paging, as the guest sees it.
#[derive(Clone, Copy, Debug)]
pub struct Paging {
    pub cr0: u64,
    pub cr3: u64,
    pub cr4: u64,
    pub efer: u64,
    pub cs_access_rights: u32,
    pub tr_access_rights: u32,
}

impl Paging {
    const fn is_64bit_code(&self) -> bool {
        self.efer & EFER_LMA != 0 && self.cs_access_rights & LONG != 0
    }

    /// #GP if a MOV that makes this of `old` breaks a rule.
    pub fn check_after(&self, old: &Self) -> Result<(), Fault> {
        let (cr0, cr4) = (self.cr0, self.cr4);
        let paging_goes_on = cr0 & CR0_PG != 0 && old.cr0 & CR0_PG == 0;
        let paging_goes_off = cr0 & CR0_PG == 0 && old.cr0 & CR0_PG != 0;
        let to_ia32e = paging_goes_on && self.efer & EFER_LME != 0;
        let stays_ia32e = old.efer & EFER_LMA != 0 && self.efer & EFER_LMA != 0;
        let pcids_go_on = cr4 & CR4_PCIDE != 0 && old.cr4 & CR4_PCIDE == 0;
        let faults = [
            cr0 & CR0_PG != 0 && cr0 & CR0_PE == 0,
            cr0 & CR0_NW != 0 && cr0 & CR0_CD == 0,
            cr0 & CR0_WP == 0 && cr4 & CR4_CET != 0,
            to_ia32e && cr4 & CR4_PAE == 0,
            to_ia32e && self.cs_access_rights & LONG != 0,
            to_ia32e && self.tr_access_rights & TYPE == BUSY_16_BIT_TSS,
            paging_goes_off && old.is_64bit_code(),
            paging_goes_off && cr4 & CR4_PCIDE != 0,
            stays_ia32e && cr4 & CR4_PAE == 0,
            stays_ia32e && (cr4 ^ old.cr4) & CR4_LA57 != 0,
            pcids_go_on && (self.efer & EFER_LMA == 0 || self.cr3 & 0xfff != 0),
        ];
        if faults.contains(&true) {
            Err(Fault::GeneralProtection)
        } else {
            Ok(())
        }
    }

    /// A MOV that makes this of `old` loads the four page-directory pointers of PAE paging.
    pub const fn loads_pdptes_after(&self, old: &Self) -> bool {
        const LOADS_CR0: u64 = CR0_CD | CR0_NW | CR0_PG;
        const LOADS_CR4: u64 = CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP;
        let pae_paging = self.cr0 & CR0_PG != 0 && self.cr4 & CR4_PAE != 0 && self.efer & EFER_LMA == 0;
        pae_paging && ((self.cr0 ^ old.cr0) & LOADS_CR0 != 0 || (self.cr4 ^ old.cr4) & LOADS_CR4 != 0)
    }

    /// Those pointers; #GP for reserved bits, which is also what memory that does not exist reads as.
    pub fn read_pdptes(&self, memory: &dyn GuestMemory) -> Result<[u64; 4], Fault> {
        let mut table = [0; 32];
        memory.read(Gpa(self.cr3 & CR3_PAE_TABLE), &mut table).map_err(|_| Fault::GeneralProtection)?;
        let reserved = PDPTE_RESERVED | u64::MAX << physical_address_bits();
        let mut pdptes = [0; 4];
        for (pdpte, bytes) in pdptes.iter_mut().zip(table.chunks_exact(8)) {
            for byte in bytes.iter().rev() {
                *pdpte = *pdpte << 8 | u64::from(*byte);
            }
            if *pdpte & PDPTE_PRESENT != 0 && *pdpte & reserved != 0 {
                return Err(Fault::GeneralProtection);
            }
        }
        Ok(pdptes)
    }
}

/// Width of physical addresses on this CPU (at most 52).
pub fn physical_address_bits() -> u32 {
    __cpuid(0x8000_0008).eax & 0xff
}
