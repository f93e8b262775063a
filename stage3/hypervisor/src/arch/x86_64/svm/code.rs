//! Where the guest's code is, for processors that do not tell the next RIP.
//!
//! The walk through the guest's page tables to a page that RIP was in is remembered with the entries that it went
//! through. It is right as long as they hold what they held.

use crate::arch::x86_64::backend::GuestRam;
use architecture::svm::vmcb::Vmcb;
use core::ptr;
use core::sync::atomic::{AtomicU64, AtomicU8, Ordering::Relaxed};
use machine::memory::Gpa;
use machine::translation::translate;
use machine::vcpu::{CpuState, CR0_PG, CR4_PAE, EFER_LMA, SEGMENT_LONG};

/// A page.
const PAGE: u64 = 4096;
/// First byte of the instructions that exit, without prefixes: CPUID, RDMSR, VMMCALL and most others.
const TWO_BYTES: u8 = 0x0f;
/// The same of HLT.
const HLT: u8 = 0xf4;
/// Levels of page tables.
const LEVELS: usize = 4;
/// Stands for the entry of a level that there is not.
static NO_ENTRY: AtomicU64 = AtomicU64::new(0);

/// An entry of the page tables, and what it held.
#[derive(Clone, Copy)]
struct Entry {
    place: *mut u64,
    value: u64,
}

impl Entry {
    const NONE: Self = Self { place: NO_ENTRY.as_ptr(), value: 0 };

    #[inline]
    fn is_same(&self) -> bool {
        // SAFETY: `remember` found it in the VM's RAM, aligned, which stays where it is as long as its virtual CPU lives; or it
        // is `NO_ENTRY`.
        unsafe { AtomicU64::from_ptr(self.place) }.load(Relaxed) == self.value
    }
}

/// Pages that are remembered.
const PAGES: usize = 8;

/// Pages of the guest's code, at places by their linear addresses.
pub struct CodePages([CodePage; PAGES]);

impl CodePages {
    /// None is known.
    pub const fn unknown() -> Self {
        Self([const { CodePage::unknown() }; PAGES])
    }

    /// The guest's CR0, CR4 or EFER changed, which decide on how it translates addresses.
    pub fn forget(&mut self) {
        for page in &mut self.0 {
            page.linear = None;
        }
    }

    /// The one that `rip` may be in.
    #[inline]
    pub fn at(&mut self, rip: u64) -> &mut CodePage {
        &mut self.0[(rip / PAGE) as usize % PAGES]
    }
}

/// One page.
pub struct CodePage {
    /// Its first linear address, if it is known.
    linear: Option<u64>,
    cr3: u64,
    cs_base: u64,
    cs_attributes: u16,
    /// What is added to RIP.
    base: u64,
    /// The bits of RIP that there are.
    width: u64,
    /// On the way there.
    entries: [Entry; LEVELS],
    page: *mut u8,
}

impl CodePage {
    const fn unknown() -> Self {
        Self {
            linear: None,
            cr3: 0,
            cs_base: 0,
            cs_attributes: 0,
            base: 0,
            width: u64::MAX,
            entries: [Entry::NONE; LEVELS],
            page: ptr::null_mut(),
        }
    }

    /// RIP behind the instruction of `length` bytes at RIP, if it is in this page and has no prefixes.
    #[inline]
    pub fn next_rip(&self, vmcb: &Vmcb, length: u64) -> Option<u64> {
        matches!(self.byte(vmcb)?, TWO_BYTES | HLT).then(|| self.advance(vmcb.rip, length))
    }

    /// The byte at RIP, if it is in this page.
    #[inline]
    fn byte(&self, vmcb: &Vmcb) -> Option<u8> {
        let address = vmcb.rip.wrapping_add(self.base);
        let [first, second, third, fourth] = &self.entries;
        let is_same = self.linear == Some(address & !(PAGE - 1))
            && vmcb.cr3 == self.cr3
            && vmcb.cs.base == self.cs_base
            && vmcb.cs.attributes == self.cs_attributes
            && first.is_same()
            && second.is_same()
            && third.is_same()
            && fourth.is_same();
        if !is_same {
            return None;
        }
        // SAFETY: `page` is a page of the VM's RAM, which stays where it is.
        let byte = unsafe { AtomicU8::from_ptr(self.page.add((address % PAGE) as usize)) };
        Some(byte.load(Relaxed))
    }

    /// RIP behind an instruction of `length` bytes at `rip`, which [`CodePage::byte`] or [`CodePage::remember`] looked at:
    /// outside of 64-bit code, EIP wraps around.
    #[inline]
    pub fn advance(&self, rip: u64, length: u64) -> u64 {
        rip.wrapping_add(length) & self.width
    }

    /// Remembers the page that RIP is in. With 32-bit paging, whose entries are half as wide, there is none.
    pub fn remember(&mut self, vmcb: &Vmcb, state: &CpuState, physical_bits: u32, ram: &dyn GuestRam) {
        self.linear = None;
        let is_64_bit = vmcb.efer & EFER_LMA != 0 && vmcb.cs.attributes & SEGMENT_LONG != 0;
        self.width = if is_64_bit { u64::MAX } else { u32::MAX.into() };
        let base = if is_64_bit { 0 } else { vmcb.cs.base };
        let linear = vmcb.rip.wrapping_add(base) & !(PAGE - 1);
        if linear > self.width || (state.cr0 & CR0_PG != 0 && state.cr4 & CR4_PAE == 0) {
            return;
        }
        let walk = translate(state, physical_bits, ram, linear);
        let host = |gpa: Gpa| Some(ptr::with_exposed_provenance_mut::<u8>(ram.host_address(gpa)? as usize));
        let Some(page) = walk.gpa().and_then(host) else { return };
        self.entries = [Entry::NONE; LEVELS];
        for (remembered, entry) in self.entries.iter_mut().zip(walk.entries()) {
            let Some(place) = host(entry.place) else { return };
            *remembered = Entry { place: place.cast(), value: entry.value };
        }
        (self.cr3, self.cs_base, self.cs_attributes) = (vmcb.cr3, vmcb.cs.base, vmcb.cs.attributes);
        (self.base, self.page, self.linear) = (base, page, Some(linear));
    }
}
