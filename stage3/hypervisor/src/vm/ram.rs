//! A VM's memory: pieces of host memory, each a multiple of 2 MiB on a multiple of 2 MiB, so that nested page tables
//! map it with large pages.
//!
//! A large page holds what others left there until something in it is needed. Then it is made ready: filled with zeros, and
//! with the files that were placed in it. What is read of one without files before is zero; only what is written, and what
//! the guest itself touches, makes it ready.

mod operand;

use crate::arch::x86_64::backend;
use crate::arch::x86_64::nested_paging::{Format, NestedTables};
use crate::arch::x86_64::page::Hpa;
use crate::arch::x86_64::wide;
use crate::host::memory;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;
use machine::emulate::OperandSize;
use machine::memory::{Gpa, GuestMemory, LoadTarget, NotRam, RamLayout};
use machine::pages::{self, Files, LargePages, LARGE_PAGE};
use spin::Mutex;

/// Memory that is not given to guests (bytes): what the hypervisor itself may need for one more VM.
const HEADROOM: u64 = 4 << 20;

/// One piece.
struct Piece {
    /// Where it starts in the VM's memory (bytes from its start, as [`RamLayout::offset`] counts).
    offset: u64,
    /// The host memory (HPA).
    host: Range<u64>,
}

/// The memory of one VM.
pub struct GuestRam {
    layout: RamLayout,
    pieces: Vec<Piece>,
    /// Those that hold nothing but what is this VM's, and of its present life.
    ready: LargePages,
    /// Those that hold something of it, be it of an earlier life.
    used: LargePages,
    /// What goes into the others. Held by who makes one ready.
    files: Mutex<Files<'static>>,
}

impl GuestRam {
    /// Takes `bytes` of host memory, for a board with a VGA or one without. All of it reads as zero.
    ///
    /// # Errors
    /// How much there is, if that is not enough.
    pub fn new(bytes: u64, has_vga: bool) -> Result<Self, String> {
        let free = memory::free_bytes().saturating_sub(HEADROOM);
        let layout = RamLayout::new(bytes);
        let layout = if has_vga { layout.with_vga() } else { layout };
        if !bytes.is_multiple_of(LARGE_PAGE) {
            return Err("its memory is no multiple of 2 MiB: set `memory` in pxhv.toml to one".into());
        }
        let (ready, used) = (LargePages::new(bytes), LargePages::new(bytes));
        let mut ram = Self { layout, pieces: Vec::new(), ready, used, files: Mutex::default() };
        let mut offset = 0;
        while offset < bytes {
            let taken = if bytes > free { None } else { memory::take_for_guest(bytes - offset) };
            let Some(host) = taken else {
                return Err(format!(
                    "its memory of {} MiB does not fit: this computer has {} MiB left; lower `memory` in pxhv.toml",
                    bytes >> 20,
                    free >> 20
                ));
            };
            let length = host.end - host.start;
            ram.pieces.push(Piece { offset, host });
            offset += length;
        }
        Ok(ram)
    }

    /// Makes the large page of `gpa` ready for the guest. False if there is no RAM.
    pub fn prepare(&self, gpa: Gpa) -> bool {
        let offset = self.layout.offset(gpa, 1);
        offset.inspect(|offset| self.make_ready(*offset)).is_some()
    }

    /// Everything in it is forgotten: all of it reads as zero. The guest must not reach any of it.
    pub fn forget(&mut self) {
        self.ready.clear();
        self.files.get_mut().clear();
    }

    /// Fills a large page that was used with zeros, so that nothing of the VM is left there, of none of its lives, and forgets
    /// it. The guest must not reach any. False if none is left.
    pub fn erase_one(&mut self) -> bool {
        self.files.get_mut().clear();
        let Some(offset) = self.used.first() else { return false };
        self.zero(offset);
        self.ready.remove(offset);
        self.used.remove(offset);
        true
    }

    /// Makes the large page with `offset` ready, if it is not.
    #[inline]
    fn make_ready(&self, offset: u64) {
        if !self.ready.contains(offset) {
            self.make_first_use(offset);
        }
    }

    /// The same for one that was not ready a moment ago.
    #[cold]
    fn make_first_use(&self, offset: u64) {
        let files = self.files.lock();
        if self.ready.contains(offset) {
            return;
        }
        self.used.insert(offset);
        let is_full = |(_, part): (u64, &[u8])| part.len() as u64 == LARGE_PAGE;
        if !files.in_page(offset).any(is_full) {
            self.zero(offset);
        }
        for (at, part) in files.in_page(offset) {
            self.fill(at, part);
        }
        self.ready.insert(offset);
    }

    /// Whether nothing but zeros will be in the large page with `offset`. If not, it is ready now.
    #[inline]
    fn is_blank(&self, offset: u64) -> bool {
        !self.ready.contains(offset) && self.is_without_files(offset)
    }

    /// The same for one that was not ready a moment ago.
    #[cold]
    fn is_without_files(&self, offset: u64) -> bool {
        let is_blank = self.files.lock().in_page(offset).next().is_none();
        if !is_blank {
            self.make_first_use(offset);
        }
        is_blank
    }

    /// Copies `bytes` to `offset`. They lie in one large page.
    fn fill(&self, offset: u64, bytes: &[u8]) {
        if let Some(hpa) = self.host_offset(offset) {
            let to = core::ptr::with_exposed_provenance_mut::<u8>(hpa);
            // SAFETY: `host_offset` returned memory of this VM, which no Rust reference points to, and of which a large page
            // lies together; the slice bounds the other side.
            unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        }
    }

    /// Fills the large page with `offset` with zeros.
    fn zero(&self, offset: u64) {
        let start = offset / LARGE_PAGE * LARGE_PAGE;
        if let Some((hpa, together)) = self.locate_offset(start) {
            let to = core::ptr::with_exposed_provenance_mut(hpa as usize);
            // SAFETY: the range was taken out of the free memory for this VM, as a multiple of large pages, and neither its
            // guest nor anybody else reaches it before it is ready, or any more.
            unsafe { wide::zero(to, LARGE_PAGE.min(together) as usize) };
        }
    }

    /// Maps the memory to the places that the layout gives it, closed.
    pub fn map<F: Format>(&self, tables: &mut NestedTables<F>) {
        for region in self.layout.regions() {
            let mut gpa = region.start;
            while gpa < region.end {
                let (hpa, together) = self.locate(Gpa(gpa)).expect("RAM regions are RAM");
                let bytes = together.min(region.end - gpa);
                tables.map(Gpa(gpa), Hpa(hpa), bytes);
                gpa += bytes;
            }
        }
    }

    /// HPA of the RAM at `gpa`, and how many bytes lie together from there on in host memory.
    fn locate(&self, gpa: Gpa) -> Option<(u64, u64)> {
        self.locate_offset(self.layout.offset(gpa, 1)?)
    }

    /// The same for an offset into the VM's memory.
    fn locate_offset(&self, offset: u64) -> Option<(u64, u64)> {
        let at = self.pieces.partition_point(|piece| piece.offset <= offset).checked_sub(1)?;
        let Piece { offset: start, host } = &self.pieces[at];
        let hpa = host.start + (offset - start);
        (hpa < host.end).then(|| (hpa, host.end - hpa))
    }

    /// Offset of the operand of `size` bytes at `gpa`, a multiple of them: then no large page ends within it.
    fn aligned(&self, gpa: Gpa, size: OperandSize) -> Result<u64, NotRam> {
        let bytes = size.bytes();
        let offset = self.layout.offset(gpa, bytes).filter(|_| gpa.0.is_multiple_of(bytes as u64));
        offset.ok_or(NotRam { gpa, bytes })
    }

    /// HPA of what is at `offset`.
    fn host_offset(&self, offset: u64) -> Option<usize> {
        self.locate_offset(offset).map(|(hpa, _)| hpa as usize)
    }

    /// Calls `copy` with an offset into the memory and the part of the access for each large page of it.
    fn for_each_page(
        &self,
        gpa: Gpa,
        bytes: usize,
        mut copy: impl FnMut(u64, Range<usize>),
    ) -> Result<(), NotRam> {
        let start = self.layout.offset(gpa, bytes).ok_or(NotRam { gpa, bytes })?;
        let mut done = 0;
        while done < bytes {
            let offset = start + done as u64;
            let end = done + pages::together(offset, bytes - done);
            copy(offset, done..end);
            done = end;
        }
        Ok(())
    }
}

impl Drop for GuestRam {
    fn drop(&mut self) {
        for piece in self.pieces.drain(..) {
            memory::give_back(piece.host);
        }
    }
}

impl backend::GuestRam for GuestRam {
    fn host_address(&self, gpa: Gpa) -> Option<u64> {
        let (hpa, _) = self.locate(gpa).filter(|_| self.prepare(gpa))?;
        Some(hpa)
    }
}

impl GuestMemory for GuestRam {
    fn layout(&self) -> RamLayout {
        self.layout
    }

    fn read(&self, gpa: Gpa, buffer: &mut [u8]) -> Result<(), NotRam> {
        self.for_each_page(gpa, buffer.len(), |offset, part| {
            let part = &mut buffer[part];
            if self.is_blank(offset) {
                return part.fill(0);
            }
            if let Some(hpa) = self.host_offset(offset) {
                let from = core::ptr::with_exposed_provenance::<u8>(hpa);
                // SAFETY: as for `fill`.
                unsafe { from.copy_to_nonoverlapping(part.as_mut_ptr(), part.len()) };
            }
        })
    }

    fn write(&self, gpa: Gpa, bytes: &[u8]) -> Result<(), NotRam> {
        self.for_each_page(gpa, bytes.len(), |offset, part| {
            self.make_ready(offset);
            self.fill(offset, &bytes[part]);
        })
    }

    fn load(&self, gpa: Gpa, size: OperandSize) -> Result<u64, NotRam> {
        let offset = self.aligned(gpa, size)?;
        if self.is_blank(offset) {
            return Ok(0);
        }
        let hpa = self.host_offset(offset).ok_or(NotRam { gpa, bytes: size.bytes() })?;
        // SAFETY: `aligned` and `host_offset` gave aligned memory of this VM, which no Rust reference points to and which stays
        // the VM's while `self` is borrowed.
        Ok(unsafe { operand::load(hpa, size) })
    }

    fn compare_exchange(&self, gpa: Gpa, size: OperandSize, old: u64, new: u64) -> Result<bool, NotRam> {
        let offset = self.aligned(gpa, size)?;
        self.make_ready(offset);
        let hpa = self.host_offset(offset).ok_or(NotRam { gpa, bytes: size.bytes() })?;
        // SAFETY: as for `load`.
        Ok(unsafe { operand::compare_exchange(hpa, size, old, new) })
    }
}

impl LoadTarget<'static> for GuestRam {
    /// In large pages that are ready it is copied at once.
    fn place(&self, gpa: Gpa, file: &'static [u8]) -> Result<(), NotRam> {
        let mut files = self.files.lock();
        self.for_each_page(gpa, file.len(), |offset, part| {
            if self.ready.contains(offset) {
                self.fill(offset, &file[part]);
            } else {
                files.place(offset, &file[part]);
            }
        })
    }
}
