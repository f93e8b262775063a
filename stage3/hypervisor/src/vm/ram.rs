//! A VM's memory: pieces of host memory, each a multiple of 2 MiB on a multiple of 2 MiB, so that nested page tables
//! map it with large pages.

use crate::arch::x86_64::nested_paging::{Format, NestedTables};
use crate::arch::x86_64::page::Hpa;
use crate::host::memory;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, AtomicU8, Ordering::SeqCst};
use machine::emulate::OperandSize;
use machine::memory::{Gpa, GuestMemory, NotRam, RamLayout};

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
}

impl GuestRam {
    /// Takes `bytes` of host memory, for a board with a VGA or one without. It holds what it held before.
    ///
    /// # Errors
    /// How much there is, if that is not enough.
    pub fn new(bytes: u64, has_vga: bool) -> Result<Self, String> {
        let free = memory::free_bytes().saturating_sub(HEADROOM);
        let layout = RamLayout::new(bytes);
        let layout = if has_vga { layout.with_vga() } else { layout };
        let mut ram = Self { layout, pieces: Vec::new() };
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

    /// Fills the large page that starts `offset` bytes into the memory with zeros, so that nothing of another VM, or of an
    /// earlier life of this one, is left. Returns the offset of the next one, if there is one.
    pub fn clear(&self, offset: u64) -> Option<u64> {
        let at = self.pieces.partition_point(|piece| piece.offset <= offset).checked_sub(1)?;
        let Piece { offset: start, host } = &self.pieces[at];
        let hpa = host.start + (offset - start);
        let end = (hpa + memory::LARGE_PAGE).min(host.end);
        let words = (end.checked_sub(hpa)? / 8) as usize;
        let to = core::ptr::with_exposed_provenance_mut::<u64>(hpa as usize);
        // SAFETY: the range was taken out of the free memory for this VM, and no CPU runs it now.
        unsafe { to.write_bytes(0, words) };
        let next = offset + (end - hpa);
        (next < self.bytes()).then_some(next)
    }

    /// How much it is.
    fn bytes(&self) -> u64 {
        self.pieces.last().map_or(0, |last| last.offset + (last.host.end - last.host.start))
    }

    /// Maps the memory to the places that the layout gives it.
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

    /// HPA of the RAM at `gpa`.
    pub fn host_address(&self, gpa: Gpa) -> Option<u64> {
        self.locate(gpa).map(|(hpa, _)| hpa)
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

    /// HPA of the operand of `size` bytes at `gpa`, a multiple of them: then no piece ends within it.
    fn aligned(&self, gpa: Gpa, size: OperandSize) -> Result<usize, NotRam> {
        let bytes = size.bytes();
        let offset = self.layout.offset(gpa, bytes).filter(|_| gpa.0.is_multiple_of(bytes as u64));
        let (hpa, _) = offset.and_then(|offset| self.locate_offset(offset)).ok_or(NotRam { gpa, bytes })?;
        Ok(hpa as usize)
    }

    /// Calls `copy` with an HPA, an offset into the access and a length for each piece of the access.
    fn for_each_piece(
        &self,
        gpa: Gpa,
        bytes: usize,
        mut copy: impl FnMut(u64, usize, usize),
    ) -> Result<(), NotRam> {
        let offset = self.layout.offset(gpa, bytes).ok_or(NotRam { gpa, bytes })?;
        let mut done = 0;
        while done < bytes {
            let (hpa, together) = self.locate_offset(offset + done as u64).ok_or(NotRam { gpa, bytes })?;
            let length = (together as usize).min(bytes - done);
            copy(hpa, done, length);
            done += length;
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

impl GuestMemory for GuestRam {
    fn layout(&self) -> RamLayout {
        self.layout
    }

    fn read(&self, gpa: Gpa, buffer: &mut [u8]) -> Result<(), NotRam> {
        self.for_each_piece(gpa, buffer.len(), |hpa, at, length| {
            let from = core::ptr::with_exposed_provenance::<u8>(hpa as usize);
            // SAFETY: `locate` returned memory of this VM, which no Rust reference points to, and of which this many
            // bytes lie together; the slice bounds the other side.
            unsafe { from.copy_to_nonoverlapping(buffer[at..at + length].as_mut_ptr(), length) };
        })
    }

    fn write(&self, gpa: Gpa, bytes: &[u8]) -> Result<(), NotRam> {
        self.for_each_piece(gpa, bytes.len(), |hpa, at, length| {
            let to = core::ptr::with_exposed_provenance_mut::<u8>(hpa as usize);
            // SAFETY: as for `read`.
            unsafe { to.copy_from_nonoverlapping(bytes[at..at + length].as_ptr(), length) };
        })
    }

    fn load(&self, gpa: Gpa, size: OperandSize) -> Result<u64, NotRam> {
        let hpa = self.aligned(gpa, size)?;
        macro_rules! load {
            ($atomic:ty, $value:ty) => {{
                let place = core::ptr::with_exposed_provenance_mut::<$value>(hpa);
                // SAFETY: as for `compare_exchange`.
                unsafe { <$atomic>::from_ptr(place) }.load(SeqCst).into()
            }};
        }
        Ok(match size {
            OperandSize::Byte => load!(AtomicU8, u8),
            OperandSize::Word => load!(AtomicU16, u16),
            OperandSize::Dword => load!(AtomicU32, u32),
            OperandSize::Qword => load!(AtomicU64, u64),
        })
    }

    fn compare_exchange(&self, gpa: Gpa, size: OperandSize, old: u64, new: u64) -> Result<bool, NotRam> {
        let hpa = self.aligned(gpa, size)?;
        macro_rules! exchange {
            ($atomic:ty, $value:ty) => {{
                let place = core::ptr::with_exposed_provenance_mut::<$value>(hpa);
                // SAFETY: `aligned` returned aligned memory of this VM, which no Rust reference points to and which
                // stays the VM's while `self` is borrowed.
                let place = unsafe { <$atomic>::from_ptr(place) };
                place.compare_exchange(old as $value, new as $value, SeqCst, SeqCst).is_ok()
            }};
        }
        Ok(match size {
            OperandSize::Byte => exchange!(AtomicU8, u8),
            OperandSize::Word => exchange!(AtomicU16, u16),
            OperandSize::Dword => exchange!(AtomicU32, u32),
            OperandSize::Qword => exchange!(AtomicU64, u64),
        })
    }
}
