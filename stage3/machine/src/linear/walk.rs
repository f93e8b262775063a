//! From a linear to a guest-physical address: the guest's page tables.

use super::entry::{Entry, EntryKind, NO_EXECUTE, USER, WRITABLE};
use super::segment::{CPL_USER, RFLAGS_AC};
use super::{not_ram, AccessError, Linear, Width};
use crate::emulate::OperandSize;
use crate::memory::Gpa;
use crate::vcpu::{Access, Fault, CR0_PG, CR4_PAE, EFER_LMA, EFER_NXE};

/// Entry: present.
const PRESENT: u64 = 1 << 0;
/// Entry: it was used.
const ACCESSED: u64 = 1 << 5;
/// Entry of a page: it was written.
const DIRTY: u64 = 1 << 6;
/// Entry of a directory: it maps a page itself.
const PAGE_SIZE: u64 = 1 << 7;
/// Entry of 64 bits: the address in it.
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;
/// Entry of PAE paging: bits 62 to 52, which are the guest's own in long mode.
const PAE_RESERVED: u64 = 0x7ff0_0000_0000_0000;
/// Page-directory-pointer entry of PAE paging: reserved bits below the address. Bit 5 is one of them by the manuals,
/// but a processor that takes it for an accessed bit sets it itself (QEMU's does), and then must not stumble on it.
const PDPTE_RESERVED: u64 = 0x1c6;
/// Bit of the address in an entry for a large page that is PAT.
const LARGE_PAT: u64 = 1 << 12;

/// Bits of an entry for a 4 MiB page that are the upper part of its address, or reserved.
const LARGE_LEGACY: u64 = 0x3f_e000;

/// Error code of a page fault: the page was present.
const ERROR_PROTECTION: u32 = 1 << 0;
/// Error code: it was a write.
const ERROR_WRITE: u32 = 1 << 1;
/// Error code: in user mode.
const ERROR_USER: u32 = 1 << 2;
/// Error code: a reserved bit was set.
const ERROR_RESERVED: u32 = 1 << 3;
/// Error code: it was a fetch.
const ERROR_FETCH: u32 = 1 << 4;

/// CR0.WP.
const CR0_WP: u64 = 1 << 16;
/// CR4.PSE.
const CR4_PSE: u64 = 1 << 4;
/// CR4.SMEP.
const CR4_SMEP: u64 = 1 << 20;
/// CR4.SMAP.
const CR4_SMAP: u64 = 1 << 21;

/// Shape of the page tables.
struct Format {
    /// log2 of the bytes of an entry.
    entry_shift: u32,
    /// log2 of the entries of a table.
    index_bits: u32,
    /// Number of levels.
    levels: u32,
}

const LEGACY: Format = Format { entry_shift: 2, index_bits: 10, levels: 2 };
const PAE: Format = Format { entry_shift: 3, index_bits: 9, levels: 3 };
const LONG: Format = Format { entry_shift: 3, index_bits: 9, levels: 4 };

impl Linear<'_> {
    /// Translates `linear`, checks the rights of `access`, and sets the accessed and dirty bits as the processor does.
    pub(crate) fn walk(&self, linear: u64, access: Access) -> Result<Gpa, AccessError> {
        // What all levels allow.
        let mut rights = WRITABLE | USER;
        let mut no_execute = 0;
        self.descend(linear, |entry| {
            let mut used = ACCESSED;
            match entry.kind {
                EntryKind::NotPresent => return Err(self.page_fault(linear, access, 0)),
                EntryKind::Reserved => {
                    return Err(self.page_fault(linear, access, ERROR_PROTECTION | ERROR_RESERVED));
                }
                EntryKind::Table { has_rights: false } => return Ok(()),
                EntryKind::Table { has_rights: true } => {
                    rights &= entry.value;
                    no_execute |= entry.value & NO_EXECUTE;
                }
                EntryKind::Page(_) => {
                    rights &= entry.value;
                    no_execute |= entry.value & NO_EXECUTE;
                    if !self.allows(rights | no_execute, access) {
                        return Err(self.page_fault(linear, access, ERROR_PROTECTION));
                    }
                    if access == Access::Write {
                        used |= DIRTY;
                    }
                }
            }
            if entry.value & used == used || !self.marks {
                Ok(())
            } else {
                self.mark(&entry, used)
            }
        })
    }

    /// Goes down the page tables to the page of `linear` and calls `visit` with each entry on the way; returns where
    /// `linear` is. `visit` must end it at an entry that leads nowhere.
    pub(crate) fn descend(
        &self,
        linear: u64,
        mut visit: impl FnMut(Entry) -> Result<(), AccessError>,
    ) -> Result<Gpa, AccessError> {
        if self.state.cr0 & CR0_PG == 0 {
            return Ok(Gpa(linear & Width::Bits32.mask()));
        }
        let format = self.format();
        let mut table = self.state.cr3 & if format.levels == PAE.levels { 0xffff_ffe0 } else { ADDRESS };
        if format.levels == LEGACY.levels {
            table &= Width::Bits32.mask();
        }
        let mut level = format.levels;
        loop {
            level -= 1;
            let shift = 12 + level * format.index_bits;
            let index = (linear >> shift) & ((1 << format.index_bits) - 1);
            let place = Gpa(table + (index << format.entry_shift));
            let value = self.entry(place, &format)?;
            let is_page = level == 0 || self.is_large(value, level, &format);
            let kind = if value & PRESENT == 0 {
                EntryKind::NotPresent
            } else if value & self.reserved(level, is_page, shift, &format) != 0 {
                EntryKind::Reserved
            } else if is_page {
                EntryKind::Page(1 << shift)
            } else {
                EntryKind::Table { has_rights: !(format.levels == PAE.levels && level == 2) }
            };
            visit(Entry { level: level + 1, place, value, kind })?;
            if is_page {
                let offset = (1 << shift) - 1;
                return Ok(Gpa((frame(value, level, &format) & !offset) | (linear & offset)));
            }
            table = value
                & ADDRESS
                & if format.levels == LEGACY.levels { Width::Bits32.mask() } else { u64::MAX };
        }
    }

    /// The shape of the page tables in use.
    const fn format(&self) -> Format {
        if self.state.cr4 & CR4_PAE == 0 {
            LEGACY
        } else if self.state.efer & EFER_LMA == 0 {
            PAE
        } else {
            LONG
        }
    }

    /// Number of their levels.
    pub const fn levels(&self) -> u32 {
        self.format().levels
    }

    /// Sets the bits `used` of `entry`, unless another CPU changed it meanwhile.
    fn mark(&self, entry: &Entry, used: u64) -> Result<(), AccessError> {
        let size = if self.state.cr4 & CR4_PAE == 0 { OperandSize::Dword } else { OperandSize::Qword };
        match self.memory.compare_exchange(entry.place, size, entry.value, entry.value | used) {
            Ok(true) => Ok(()),
            Ok(false) => Err(AccessError::Changed),
            Err(_) => Err(not_ram(entry.place, Access::Write)),
        }
    }

    fn entry(&self, place: Gpa, format: &Format) -> Result<u64, AccessError> {
        let size =
            if format.entry_shift == LEGACY.entry_shift { OperandSize::Dword } else { OperandSize::Qword };
        self.memory.load(place, size).map_err(|_| not_ram(place, Access::Read))
    }

    const fn is_large(&self, entry: u64, level: u32, format: &Format) -> bool {
        let exists = match format.levels {
            2 => self.state.cr4 & CR4_PSE != 0,
            3 => level == 1,
            _ => level <= 2,
        };
        exists && entry & PAGE_SIZE != 0
    }

    /// The bits that must be zero in an entry.
    const fn reserved(&self, level: u32, is_page: bool, shift: u32, format: &Format) -> u64 {
        if format.levels == LEGACY.levels {
            return if is_page && level == 1 {
                LARGE_LEGACY & (u64::MAX << self.first_beyond_pse_36())
            } else {
                0
            };
        }
        let beyond_memory =
            ADDRESS & (u64::MAX << if self.physical_bits < 52 { self.physical_bits } else { 52 });
        let no_execute = if self.state.efer & EFER_NXE == 0 { NO_EXECUTE } else { 0 };
        if format.levels == PAE.levels && level == 2 {
            return beyond_memory | PDPTE_RESERVED | PAE_RESERVED | NO_EXECUTE;
        }
        let of_format = if format.levels == PAE.levels { PAE_RESERVED } else { 0 };
        let of_size = if is_page && level > 0 {
            ADDRESS & !LARGE_PAT & ((1 << shift) - 1)
        } else if format.levels == LONG.levels && level == 3 {
            PAGE_SIZE
        } else {
            0
        };
        beyond_memory | no_execute | of_format | of_size
    }

    /// Of the bits that hold the upper part of the address of a 4 MiB page, from bit 32 at bit 13 on, the first that
    /// is beyond guest-physical memory: addresses have 40 bits at most there ("PSE-36").
    const fn first_beyond_pse_36(&self) -> u32 {
        let width = if self.physical_bits < 40 { self.physical_bits } else { 40 };
        13 + width.saturating_sub(32)
    }

    const fn allows(&self, rights: u64, access: Access) -> bool {
        let state = self.state;
        let user = self.cpl == CPL_USER;
        let writable = rights & WRITABLE != 0 || (!user && state.cr0 & CR0_WP == 0);
        let reachable = if user {
            rights & USER != 0
        } else {
            rights & USER == 0 || state.cr4 & CR4_SMAP == 0 || state.rflags & RFLAGS_AC != 0
        };
        // Without EFER.NXE the bit is reserved, or not there.
        let executable = rights & NO_EXECUTE == 0;
        match access {
            Access::Fetch if user => executable && rights & USER != 0,
            Access::Fetch => executable && (rights & USER == 0 || state.cr4 & CR4_SMEP == 0),
            Access::Read => reachable,
            Access::Write => reachable && writable,
        }
    }

    fn page_fault(&self, linear: u64, access: Access, mut error_code: u32) -> AccessError {
        if access == Access::Write {
            error_code |= ERROR_WRITE;
        }
        if self.cpl == CPL_USER {
            error_code |= ERROR_USER;
        }
        let state = self.state;
        let no_execute = state.cr4 & CR4_PAE != 0 && state.efer & EFER_NXE != 0;
        if access == Access::Fetch && (no_execute || state.cr4 & CR4_SMEP != 0) {
            error_code |= ERROR_FETCH;
        }
        AccessError::Fault(Fault::PageFault { address: linear, error_code })
    }
}

/// The address of the page that `entry` maps, with PSE-36's eight more bits for 4 MiB pages.
const fn frame(entry: u64, level: u32, format: &Format) -> u64 {
    if format.levels == LEGACY.levels && level == 1 {
        (entry & 0xffc0_0000) | (entry >> 13 & 0xff) << 32
    } else {
        entry & ADDRESS
    }
}
