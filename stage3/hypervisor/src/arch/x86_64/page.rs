//! Pages that hardware structures live in.
//!
//! The host maps all memory one to one, so the address of such a page is its HPA.

use alloc::boxed::Box;
use core::ops::{Deref, DerefMut};

/// Bytes in a page.
pub const PAGE_SIZE: u64 = 4096;

/// Host-physical address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hpa(pub u64);

/// `N` bytes on a page boundary, zeroed.
#[repr(C, align(4096))]
struct Bytes<const N: usize>([u8; N]);

/// One zeroed 4 KiB page (or `N` bytes of neighbouring pages) that is handed to the processor by address.
/// It never moves.
pub struct Page<const N: usize = 4096>(Box<Bytes<N>>);

impl<const N: usize> Page<N> {
    /// A page of zeros.
    pub fn zeroed() -> Self {
        const { assert!(N.is_multiple_of(PAGE_SIZE as usize)) };
        Self::filled(0)
    }

    /// A page with every byte set to `byte`.
    pub fn filled(byte: u8) -> Self {
        Self(Box::new(Bytes([byte; N])))
    }

    /// Its host-physical address: the host maps all memory one to one.
    pub fn hpa(&self) -> Hpa {
        Hpa(core::ptr::from_ref(&*self.0).addr() as u64)
    }
}

impl<const N: usize> Deref for Page<N> {
    type Target = [u8; N];

    fn deref(&self) -> &[u8; N] {
        &self.0 .0
    }
}

impl<const N: usize> DerefMut for Page<N> {
    fn deref_mut(&mut self) -> &mut [u8; N] {
        &mut self.0 .0
    }
}
