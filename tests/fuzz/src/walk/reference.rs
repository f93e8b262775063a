//! The naive walk.

use machine::memory::{Gpa, GuestMemory};
use machine::testing::{AccessError, TestRam};
use machine::vcpu::{Access, CpuState, Fault, MemoryFault};

/// Bytes that are compared at once.
const PART: usize = 64;

/// A paging mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// 32-bit paging.
    Legacy,
    Pae,
    /// 4-level paging.
    Long,
}

impl Paging {
    pub fn entry_bytes(self) -> usize {
        if self == Self::Legacy {
            4
        } else {
            8
        }
    }

    /// Lowest bit of the linear address that indexes the table, and the number of bits: for each level.
    fn levels(self) -> &'static [(u32, u32)] {
        match self {
            Self::Legacy => &[(22, 10), (12, 10)],
            Self::Pae => &[(30, 2), (21, 9), (12, 9)],
            Self::Long => &[(39, 9), (30, 9), (21, 9), (12, 9)],
        }
    }
}

fn bit(value: u64, number: u32) -> bool {
    value >> number & 1 != 0
}

/// Bits `high` to `low` of `value`, at their place.
fn bits(value: u64, high: u32, low: u32) -> u64 {
    (low..=high).filter(|number| bit(value, *number)).fold(0, |sum, number| sum | 1 << number)
}

/// What a walk leads to.
pub struct Expected {
    pub result: Result<Gpa, AccessError>,
    /// The entries that have an accessed bit, in order.
    used: Vec<u64>,
    /// The entry that is not present, if that is why it fails.
    pub missing: Option<u64>,
}

impl Expected {
    pub fn of(
        mode: Paging,
        state: &CpuState,
        cpl: u8,
        physical_bits: u32,
        ram: &TestRam,
        linear: u64,
        access: Access,
    ) -> Self {
        let walk = Walk { mode, state, user: cpl == 3, physical_bits, linear, access };
        let mut expected = Self { result: Ok(Gpa(0)), used: Vec::new(), missing: None };
        expected.result = walk.result(ram, &mut expected);
        expected
    }

    /// Nothing but accessed and dirty bits of the entries on the way may change; after a success they are set.
    pub fn check_bits(&self, before: &[u8], after: &[u8], access: Access) {
        let places =
            before.chunks(PART).zip(after.chunks(PART)).enumerate().filter(|(_, (old, new))| old != new);
        for at in places.flat_map(|(part, _)| part * PART..(part + 1) * PART) {
            let (old, new) = (before[at], after[at]);
            let may = if self.used.contains(&(at as u64)) { 0x60 } else { 0 };
            assert_eq!((old ^ new) & !may, 0, "{at:#x}: {old:#x} became {new:#x}");
            assert_eq!(old & !new, 0, "{at:#x}: a bit was cleared");
        }
        if self.result.is_ok() {
            for at in &self.used {
                assert!(bit(after[*at as usize].into(), 5), "{at:#x} is not marked as accessed");
            }
            let page = *self.used.last().expect("a page") as usize;
            assert!(access != Access::Write || bit(after[page].into(), 6), "the page is not marked as dirty");
        }
    }
}

struct Walk<'a> {
    mode: Paging,
    state: &'a CpuState,
    user: bool,
    physical_bits: u32,
    linear: u64,
    access: Access,
}

impl Walk<'_> {
    fn result(&self, ram: &TestRam, expected: &mut Expected) -> Result<Gpa, AccessError> {
        let mut table = match self.mode {
            Paging::Legacy => bits(self.state.cr3, 31, 12),
            Paging::Pae => bits(self.state.cr3, 31, 5),
            Paging::Long => bits(self.state.cr3, 51, 12),
        };
        let (mut writable, mut user, mut executable) = (true, true, true);
        for &(shift, width) in self.mode.levels() {
            let index = self.linear >> shift & ((1 << width) - 1);
            let place = table + index * self.mode.entry_bytes() as u64;
            let mut bytes = [0; 8];
            let not_ram = AccessError::NotRam(MemoryFault { gpa: Gpa(place), access: Access::Read });
            ram.read(Gpa(place), &mut bytes[..self.mode.entry_bytes()]).map_err(|_| not_ram)?;
            let entry = u64::from_le_bytes(bytes);
            if !bit(entry, 0) {
                expected.missing = Some(place);
                return self.fault(false, false);
            }
            let is_page = shift == 12 || self.is_large(entry, shift);
            if self.has_reserved(entry, shift, is_page) {
                return self.fault(true, true);
            }
            if !(self.mode == Paging::Pae && shift == 30) {
                expected.used.push(place);
                writable &= bit(entry, 1);
                user &= bit(entry, 2);
                executable &= self.mode == Paging::Legacy || !bit(entry, 63);
            }
            if is_page {
                if !self.is_allowed(writable, user, executable) {
                    return self.fault(true, false);
                }
                let mut page = bits(entry, 51, shift);
                if self.mode == Paging::Legacy {
                    page = bits(entry, 31, shift);
                    if shift == 22 {
                        page |= bits(entry, 20, 13) << (32 - 13);
                    }
                }
                return Ok(Gpa(page | bits(self.linear, shift - 1, 0)));
            }
            table = bits(entry, 51, 12);
        }
        unreachable!("the last level has pages only")
    }

    fn is_large(&self, entry: u64, shift: u32) -> bool {
        bit(entry, 7)
            && match self.mode {
                Paging::Legacy => bit(self.state.cr4, 4),
                Paging::Pae => shift == 21,
                Paging::Long => shift == 21 || shift == 30,
            }
    }

    fn has_reserved(&self, entry: u64, shift: u32, is_page: bool) -> bool {
        let is_large = is_page && shift > 12;
        if self.mode == Paging::Legacy {
            // "M is the minimum of 40 and the physical-address width": bits 21 to M - 19.
            return is_large && bits(entry, 21, self.physical_bits.min(40) - 19) != 0;
        }
        let above = self.physical_bits < 52 && bits(entry, 51, self.physical_bits) != 0;
        let no_execute = bit(entry, 63) && !bit(self.state.efer, 11);
        let of_mode = match (self.mode, shift) {
            // Bit 5 is let pass, for processors that set it.
            (Paging::Pae, 30) => bits(entry, 2, 1) | bits(entry, 8, 6) | bits(entry, 63, 52),
            (Paging::Pae, _) => bits(entry, 62, 52),
            (_, 39) => bits(entry, 7, 7),
            _ => 0,
        };
        let of_size = if is_large { bits(entry, shift - 1, 13) } else { 0 };
        above || no_execute || of_mode != 0 || of_size != 0
    }

    /// "Determination of Access Rights".
    fn is_allowed(&self, writable: bool, user: bool, executable: bool) -> bool {
        let CpuState { cr0, cr4, rflags, .. } = *self.state;
        // WP, SMEP, and SMAP unless RFLAGS.AC is set: what they keep the supervisor from.
        let (protects, keeps_execution) = (bit(cr0, 16), bit(cr4, 20));
        let keeps_access = bit(cr4, 21) && !bit(rflags, 18);
        match (self.user, self.access) {
            (true, Access::Read) => user,
            (true, Access::Write) => user && writable,
            (true, Access::Fetch) => user && executable,
            (false, Access::Read) => !(user && keeps_access),
            (false, Access::Write) => !(user && keeps_access) && (writable || !protects),
            (false, Access::Fetch) => executable && !(user && keeps_execution),
        }
    }

    fn fault(&self, present: bool, reserved: bool) -> Result<Gpa, AccessError> {
        let names_fetches = bit(self.state.cr4, 20) || (bit(self.state.cr4, 5) && bit(self.state.efer, 11));
        let flags = [
            present,
            self.access == Access::Write,
            self.user,
            reserved,
            self.access == Access::Fetch && names_fetches,
        ];
        let error_code = flags.iter().rev().fold(0, |code, flag| code << 1 | u32::from(*flag));
        Err(AccessError::Fault(Fault::PageFault { address: self.linear, error_code }))
    }
}
