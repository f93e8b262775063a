//! The virtual machine control block as an object, and its segment registers in neutral form.

use crate::arch::x86_64::page::Hpa;
use alloc::boxed::Box;
use architecture::svm::vmcb::{Vmcb, VmcbSegment};
use core::ops::{Deref, DerefMut};
use machine::vcpu::Segment;
use zerocopy::FromZeros;

/// For the VMCB, which packs the attributes as [`Segment::attributes`] does.
pub fn to_vmcb(segment: &Segment) -> VmcbSegment {
    let Segment { selector, attributes, limit, base } = *segment;
    VmcbSegment { selector, attributes, limit, base }
}

/// The other way.
pub fn from_vmcb(segment: &VmcbSegment) -> Segment {
    let VmcbSegment { selector, attributes, limit, base } = *segment;
    Segment { selector, attributes, limit, base }
}

/// A VMCB at an address that the processor knows: it never moves.
pub struct VmcbPage(Box<Vmcb>);

impl VmcbPage {
    /// A VMCB of zeros.
    pub fn new() -> Self {
        Self(Box::new(Vmcb::new_zeroed()))
    }

    /// Its address for VMRUN: the host maps all memory one to one.
    pub fn hpa(&self) -> Hpa {
        Hpa(core::ptr::from_ref(&*self.0).addr() as u64)
    }
}

impl Deref for VmcbPage {
    type Target = Vmcb;

    #[inline]
    fn deref(&self) -> &Vmcb {
        &self.0
    }
}

impl DerefMut for VmcbPage {
    #[inline]
    fn deref_mut(&mut self) -> &mut Vmcb {
        &mut self.0
    }
}
