//! The parts of a kernel: checked, and put into memory.

use super::elf::{Elf, Sections};
use super::space::usable;
use super::{Header, MultibootError, Preference, Relocation};
use crate::boot::memory_map::EXTENDED_START;
use crate::memory::{Gpa, LoadTarget, RamLayout};
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

/// A part of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Where it belongs (GPA).
    pub start: u64,
    /// Its content.
    pub bytes: &'a [u8],
    /// Its length in memory; what exceeds the content is zero.
    pub memory: u64,
}

impl Part<'_> {
    fn end(&self) -> u64 {
        self.start.saturating_add(self.memory)
    }
}

/// A kernel, ready to be loaded. It has one part at least.
#[derive(Debug)]
pub struct Image<'a> {
    /// Sorted by address, without overlaps.
    parts: Vec<Part<'a>>,
    entry: u64,
    sections: Option<Sections<'a>>,
    /// What is added to each address.
    moved: u64,
}

impl<'a> Image<'a> {
    /// The kernel in `file`, at the place in `layout` where it will run.
    pub fn new(file: &'a [u8], header: &Header, layout: RamLayout) -> Result<Self, MultibootError> {
        let (mut parts, own_entry, sections) = if let Some(addresses) = header.addresses {
            (vec![addresses.part(file)?], None, None)
        } else {
            let elf = Elf::parse(file)?;
            let (parts, entry) = elf.parts(file)?;
            (parts, Some(entry), elf.sections(file))
        };
        parts.retain(|part| part.memory > 0);
        parts.sort_unstable_by_key(|part| part.start);
        for pair in parts.windows(2) {
            if pair[0].end() > pair[1].start {
                return Err(MultibootError::Overlap { at: pair[1].start });
            }
        }
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
            return Err(MultibootError::BadElf("it has nothing to load"));
        };
        let entry = header.entry.map(u64::from).or(own_entry).unwrap_or_default();
        if !parts.iter().any(|part| part.start <= entry && entry < part.end()) {
            return Err(MultibootError::EntryOutside(entry));
        }
        let moved = match header.relocation {
            Some(relocation) => {
                place(first.start..last.end(), &relocation, layout)?.wrapping_sub(first.start)
            }
            None => 0,
        };
        for part in &mut parts {
            part.start = part.start.wrapping_add(moved);
            let (start, end) = (part.start, part.end());
            if !usable(layout).iter().any(|ram| ram.start <= start && end <= ram.end) {
                return Err(MultibootError::OutsideMemory { start, end, low_end: layout.low_end() });
            }
        }
        Ok(Self { parts, entry, sections, moved })
    }

    /// Puts the parts into `memory`, which is zero.
    pub fn place(&self, memory: &dyn LoadTarget<'a>) -> Result<(), MultibootError> {
        for part in &self.parts {
            memory.place(Gpa(part.start), part.bytes)?;
        }
        Ok(())
    }

    /// The memory of the parts, in order.
    pub fn used(&self) -> Vec<Range<u64>> {
        self.parts.iter().map(|part| part.start..part.end()).collect()
    }

    /// Where the kernel begins.
    pub fn base(&self) -> u64 {
        self.parts.first().map_or(0, |part| part.start)
    }

    /// First address behind the kernel.
    pub fn end(&self) -> u64 {
        self.parts.last().map_or(0, Part::end)
    }

    /// Where the CPU starts.
    pub fn entry(&self) -> u64 {
        self.entry.wrapping_add(self.moved)
    }

    /// The sections of an ELF file.
    pub fn sections(&self) -> Option<Sections<'a>> {
        self.sections
    }
}

/// The place for a kernel that is made for `own` and can run elsewhere.
fn place(own: Range<u64>, wish: &Relocation, layout: RamLayout) -> Result<u64, MultibootError> {
    let bytes = own.end - own.start;
    let alignment = u64::from(wish.alignment);
    // Never below 1 MiB, where the boot information is.
    let from = EXTENDED_START.max(wish.min.into());
    let end = layout.low_end().min(wish.max.into());
    let lowest = from.next_multiple_of(alignment);
    let fits = lowest.saturating_add(bytes) <= end;
    let highest = end.saturating_sub(bytes) / alignment * alignment;
    let own_fits = own.start >= from && own.end <= end && own.start.is_multiple_of(alignment);
    match wish.preference {
        Preference::None if own_fits => Ok(own.start),
        Preference::None | Preference::Lowest if fits => Ok(lowest),
        Preference::Highest if fits => Ok(highest),
        _ => Err(MultibootError::NoPlace { bytes }),
    }
}
