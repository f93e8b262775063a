//! Where the page tables of a guest lead to, for whoever looks at a guest from outside: the operator, or the hypervisor
//! that reads memory at an address of the guest's. It leaves no accessed bits behind, and asks for no rights: it shows
//! them. From the guest-physical address on, the hypervisor's `GuestRam::locate` knows the host's.

use crate::linear::{AccessError, Entry, EntryKind, Linear};
use crate::memory::{Gpa, GuestMemory};
use crate::vcpu::CpuState;
use core::fmt;

/// Levels that there are at most.
const LEVELS: usize = 4;

/// The way from a linear to a guest-physical address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translation {
    linear: u64,
    entries: [Option<Entry>; LEVELS],
    /// How it ends.
    pub end: End,
}

/// How the way through the page tables ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Paging is off: the address is guest-physical.
    Unpaged(Gpa),
    /// The address is in a page.
    Page {
        /// Where it is.
        gpa: Gpa,
        /// Bytes of the page: 4 KiB, 2 MiB, 4 MiB or 1 GiB.
        bytes: u64,
        /// What all levels allow.
        rights: Rights,
    },
    /// The last entry is not present.
    NotPresent,
    /// The last entry has a bit set that must be zero.
    Reserved,
    /// The next entry, of this level, would be there, outside of RAM.
    NotRam {
        /// As [`Entry::level`].
        level: u32,
        /// Where it would be.
        place: Gpa,
    },
    /// The address is not canonical.
    NotCanonical,
}

/// What the entries of all levels allow together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Writes; but for the supervisor without CR0.WP, who can write in any case.
    pub write: bool,
    /// User mode.
    pub user: bool,
    /// Instruction fetches.
    pub execute: bool,
}

impl Translation {
    /// The entries on the way, from the highest level on.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
    }

    /// The guest-physical address, if there is one.
    #[must_use]
    pub const fn gpa(&self) -> Option<Gpa> {
        match self.end {
            End::Unpaged(gpa) | End::Page { gpa, .. } => Some(gpa),
            _ => None,
        }
    }
}

/// Translates `linear` as a CPU in `state` does whose guest-physical addresses have `physical_bits`.
pub fn translate(state: &CpuState, physical_bits: u32, memory: &dyn GuestMemory, linear: u64) -> Translation {
    let tables = Linear::new(state, 0, physical_bits, memory);
    let mut entries = [None; LEVELS];
    if !tables.is_address(linear) {
        return Translation { linear, entries, end: End::NotCanonical };
    }
    let mut rights = Rights { write: true, user: true, execute: true };
    let (mut count, mut bytes) = (0, None);
    let mut stop = None;
    let found = tables.descend(linear, |entry| {
        if let Some(place) = entries.get_mut(count) {
            *place = Some(entry);
        }
        count += 1;
        match entry.kind {
            EntryKind::NotPresent => stop = Some(End::NotPresent),
            EntryKind::Reserved => stop = Some(End::Reserved),
            EntryKind::Table { has_rights: false } => {}
            EntryKind::Table { has_rights: true } => rights.restrict(&entry),
            EntryKind::Page(size) => {
                rights.restrict(&entry);
                bytes = Some(size);
            }
        }
        // Any error ends the way.
        stop.map_or(Ok(()), |_| Err(AccessError::Changed))
    });
    let end = match (found, stop, bytes) {
        (_, Some(stop), _) => stop,
        (Ok(gpa), _, Some(bytes)) => End::Page { gpa, bytes, rights },
        (Ok(gpa), _, None) => End::Unpaged(gpa),
        (Err(AccessError::NotRam(fault)), ..) => {
            let above = entries.iter().flatten().last().map_or(tables.levels() + 1, |entry| entry.level);
            End::NotRam { level: above - 1, place: fault.gpa }
        }
        // Neither comes from reading tables.
        (Err(AccessError::Changed | AccessError::Fault(_)), ..) => End::NotPresent,
    };
    Translation { linear, entries, end }
}

/// All of it in one line, for the operator.
impl fmt::Display for Translation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.linear)?;
        for Entry { level, place, value, .. } in self.entries() {
            write!(f, ", {} entry at {place} = {value:#x}", table_name(*level))?;
        }
        match self.end {
            End::Unpaged(_) => f.write_str(", without paging"),
            End::Page { gpa, .. } => write!(f, ", address {gpa}"),
            End::NotPresent => f.write_str(" not present"),
            End::Reserved => f.write_str(" with a reserved bit"),
            End::NotRam { level, place } => {
                write!(f, ", {} entry at {place} which is no memory", table_name(level))
            }
            End::NotCanonical => f.write_str(" not canonical"),
        }
    }
}

/// The manuals' name of the tables of a level, 1 to 4.
#[must_use]
pub const fn table_name(level: u32) -> &'static str {
    match level {
        1 => "PT",
        2 => "PD",
        3 => "PDPT",
        _ => "PML4",
    }
}

impl Rights {
    fn restrict(&mut self, entry: &Entry) {
        self.write &= entry.is_writable();
        self.user &= entry.is_user();
        self.execute &= entry.is_executable();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::test_ram::TestRam;
    use crate::vcpu::{CR0_PE, CR0_PG, CR4_PAE, EFER_LMA, EFER_NXE};
    use std::string::ToString;
    use std::vec::Vec;

    const P: u64 = 1;
    const W: u64 = 2;
    const U: u64 = 4;
    const LARGE: u64 = 0x80;
    const NX: u64 = 1 << 63;

    fn ram(entries: &[(u64, u64)]) -> TestRam {
        let ram = TestRam::new(0x20_0000);
        for (place, entry) in entries {
            ram.write(Gpa(*place), &entry.to_le_bytes()).unwrap();
        }
        ram
    }

    fn long() -> CpuState {
        let (cr0, efer) = (CR0_PE | CR0_PG, EFER_LMA | EFER_NXE);
        CpuState { cr0, cr3: 0x1000, cr4: CR4_PAE, efer, ..CpuState::default() }
    }

    fn end(state: &CpuState, ram: &TestRam, linear: u64) -> End {
        translate(state, 40, ram, linear).end
    }

    #[test]
    fn it_shows_each_level_and_leaves_no_bits_behind() {
        let entries = [
            (0x1008, 0x2000 | P | W | U),
            (0x2010, 0x3000 | P | W),
            (0x3018, 0x4000 | P | U),
            (0x4020, 0x5000 | P | W | U | NX),
        ];
        let ram = ram(&entries);
        let linear = 1 << 39 | 2 << 30 | 3 << 21 | 4 << 12 | 5;
        let way = translate(&long(), 40, &ram, linear);
        let rights = Rights { write: false, user: false, execute: false };
        assert_eq!(way.end, End::Page { gpa: Gpa(0x5005), bytes: 0x1000, rights });
        assert_eq!(way.gpa(), Some(Gpa(0x5005)));
        let seen: Vec<_> = way.entries().map(|entry| (entry.level, entry.place.0, entry.value)).collect();
        let expected: Vec<_> =
            entries.iter().zip([4, 3, 2, 1]).map(|((place, value), level)| (level, *place, *value)).collect();
        assert_eq!(seen, expected);
        for (place, value) in entries {
            assert_eq!(ram.peek(place, 8), value.to_le_bytes());
        }
    }

    #[test]
    fn it_knows_the_sizes_of_pages() {
        let rights = Rights { write: true, user: true, execute: true };
        let all = P | W | U;
        let ram = ram(&[
            (0x1000, 0x2000 | all),
            (0x2000, 0x3000 | all),
            (0x2008, 1 << 30 | all | LARGE),
            (0x3008, 0x20_0000 | all | LARGE),
        ]);
        let page = |gpa, bytes| End::Page { gpa: Gpa(gpa), bytes, rights };
        assert_eq!(end(&long(), &ram, 0x20_1234), page(0x20_1234, 2 << 20));
        assert_eq!(end(&long(), &ram, 1 << 30 | 0x1234), page(1 << 30 | 0x1234, 1 << 30));
        let legacy = CpuState { cr4: 1 << 4, efer: 0, ..long() };
        ram.write(Gpa(0x1000), &(0x40_0000_u32 | all as u32 | LARGE as u32).to_le_bytes()).unwrap();
        assert_eq!(end(&legacy, &ram, 0x1234), page(0x40_1234, 4 << 20));
        let unpaged = CpuState { cr0: 0, ..legacy };
        assert_eq!(end(&unpaged, &ram, 0x1234), End::Unpaged(Gpa(0x1234)));
        // The pointers of PAE paging have no rights.
        let three_levels = CpuState { efer: EFER_NXE, ..long() };
        ram.write(Gpa(0x1000), &(0x3000 | P).to_le_bytes()).unwrap();
        assert_eq!(end(&three_levels, &ram, 0x20_1234), page(0x20_1234, 2 << 20));
    }

    #[test]
    fn it_says_why_there_is_no_page() {
        let ram = ram(&[
            (0x1000, 0x2000 | P),
            (0x2000, 0x3000 | P),
            (0x2008, 0x3000 | P | 1 << 45),
            (0x2010, 0x70_0000 | P),
        ]);
        assert_eq!(end(&long(), &ram, 0), End::NotPresent);
        assert_eq!(translate(&long(), 40, &ram, 0).entries().count(), 3);
        assert_eq!(end(&long(), &ram, 1 << 30), End::Reserved);
        assert_eq!(end(&long(), &ram, 2 << 30), End::NotRam { level: 2, place: Gpa(0x70_0000) });
        assert_eq!(end(&long(), &ram, 1 << 47), End::NotCanonical);
        assert_eq!(translate(&long(), 40, &ram, 1 << 47).gpa(), None);
    }

    #[test]
    fn the_operator_reads_how_far_an_address_gets() {
        let ram = ram(&[]);
        let text = |linear| translate(&long(), 40, &ram, linear).to_string();
        let set = |place, entry: u64| ram.write(Gpa(place), &entry.to_le_bytes()).unwrap();
        // Indices: 0, 1, 3, 5.
        let linear = 0x4060_5123;
        assert_eq!(text(linear), "0x40605123, PML4 entry at 0x1000 = 0x0 not present");
        set(0x1000, 0x2000 | P | W);
        set(0x2000 + 8, 0x7f_0000_0000 | P);
        let outside =
            "0x40605123, PML4 entry at 0x1000 = 0x2003, PDPT entry at 0x2008 = 0x7f00000001, PD entry at \
                       0x7f00000018 which is no memory";
        assert_eq!(text(linear), outside);
        set(0x2000 + 8, 0x3000 | P | 1 << 45);
        assert!(text(linear).ends_with("PDPT entry at 0x2008 = 0x200000003001 with a reserved bit"));
        set(0x2000 + 8, 0x3000 | P);
        set(0x3000 + 24, 0x20_0000 | P | LARGE);
        assert!(text(linear).ends_with("PD entry at 0x3018 = 0x200081, address 0x205123"));
        set(0x3000 + 24, 0x4000 | P);
        set(0x4000 + 40, 0x7_5000 | P);
        assert!(text(linear).ends_with("PT entry at 0x4028 = 0x75001, address 0x75123"));
        assert_eq!(text(1 << 47), "0x800000000000 not canonical");
        let unpaged = CpuState { cr0: 0, ..long() };
        assert_eq!(translate(&unpaged, 40, &ram, 5).to_string(), "0x5, without paging");
    }
}
