//! The virtual-machine control structure as an object: memory that belongs to the processor while it lives.

use super::super::page::{Hpa, Page};
use super::instructions::{vmclear, vmptrld, vmread, vmread_present, vmwrite, vmwrite_present, VmFail};
use alloc::rc::Rc;
use architecture::vmx::fields::{Field, Readable, Width};
use core::cell::Cell;

/// Which VMCS is current on this CPU; zero if none is.
pub type CurrentVmcs = Rc<Cell<Hpa>>;

/// A VMCS. It is used on the CPU it was made on only (and the [`Rc`] keeps it there), since that CPU caches parts
/// of it.
pub struct Vmcs {
    region: Page,
    current: CurrentVmcs,
}

impl Vmcs {
    /// A VMCS in the state "clear".
    pub fn new(revision: u32, current: &CurrentVmcs) -> Result<Self, VmFail> {
        let mut region = Page::zeroed();
        region[..4].copy_from_slice(&revision.to_le_bytes());
        // SAFETY: the region starts with the revision identifier and is used for nothing else until `drop`.
        unsafe { vmclear(region.hpa()) }?;
        Ok(Self { region, current: current.clone() })
    }

    /// Makes it the current VMCS if it is not.
    pub fn make_current(&self) {
        let hpa = self.region.hpa();
        if self.current.get() != hpa {
            // SAFETY: `new` made the region a VMCS, and it stays one until `drop` clears it.
            match unsafe { vmptrld(hpa) } {
                Ok(()) => self.current.set(hpa),
                Err(fail) => panic!("VMPTRLD refused a VMCS that VMCLEAR took: {fail}"),
            }
        }
    }

    /// The value of `field`.
    pub fn read<F: Readable>(&self, field: &F) -> <F::Width as Width>::Value {
        let field = field.field();
        match self.read_encoding(field.encoding) {
            Some(value) => F::Width::from_register(value),
            None => panic!("this CPU's VMCS has no field {}", field.name),
        }
    }

    /// The value of the field with this encoding; `None` if this CPU has no such field.
    pub fn read_encoding(&self, encoding: u64) -> Option<u64> {
        self.make_current();
        vmread(encoding)
    }

    /// Sets `field` to `value`.
    ///
    /// Safe, although a wrong address in a control or host-state field is not: those are written in
    /// [`super::setup`] and [`super::host_state`] only, from objects that live as long as the virtual CPU.
    pub fn write<W: Width>(&mut self, field: &Field<W>, value: W::Value) {
        self.make_current();
        // SAFETY: see above.
        let written = unsafe { vmwrite(field.encoding, W::to_register(value)) };
        assert!(written, "this CPU's VMCS has no field {}", field.name);
    }
}

/// The value of a field that every processor has, of the VMCS that is current: right after an exit, the one of the virtual
/// CPU that exited.
#[inline]
pub fn read_current<F: Readable>(field: &F) -> <F::Width as Width>::Value {
    F::Width::from_register(vmread_present(field.field().encoding))
}

/// Sets such a field: one of the guest's state, or a value that no control or host state depends on.
#[inline]
pub fn write_current<W: Width>(field: &Field<W>, value: W::Value) {
    // SAFETY: as for `Vmcs::write`.
    unsafe { vmwrite_present(field.encoding, W::to_register(value)) };
}

impl Drop for Vmcs {
    fn drop(&mut self) {
        let hpa = self.region.hpa();
        // SAFETY: after this the processor writes nothing more to the region, so that its memory can be freed.
        if let Err(fail) = unsafe { vmclear(hpa) } {
            panic!("VMCLEAR of a VMCS: {fail}");
        }
        if self.current.get() == hpa {
            self.current.set(Hpa::default());
        }
    }
}
