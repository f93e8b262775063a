//! The auditor of VM entry: which fields of a VMCS break which rule (Intel SDM, "Checks on VMX Controls and Host-State
//! Area", "Checking and Loading Guest State").
//!
//! It is for software outside of SMM and in IA-32e mode. A control that the processor does not have is reported once,
//! and then counts as 0, as do the fields that exist only with it.

#![allow(clippy::wildcard_imports, reason = "the manual's tables: fields")]

mod apic;
mod controls;
mod ept;
mod event;
mod guest;
mod host;
mod non_register_state;
mod processor;
mod segments;
mod structures;
#[cfg(test)]
mod tests;

pub use processor::{Features, Processor};

use super::controls::{Entry, Exit, Pin, Primary, Secondary};
use super::fields::{Field, Readable, Width, *};
use crate::address::{beyond_physical, is_canonical};
use crate::audit::{Audited, Findings};
use crate::registers::{CR0_PE, RFLAGS_VM};

/// What the auditor looks at.
pub trait View {
    /// The field with this encoding. It is asked for no field that the processor lacks.
    fn read(&self, encoding: u64) -> u64;

    /// Four bytes at a physical address where software keeps a structure for the processor; `None` if it keeps none
    /// there.
    fn memory(&self, address: u64) -> Option<u32>;
}

/// Reports each rule that `vmcs` breaks on `processor`.
pub fn audit(vmcs: &dyn View, processor: &Processor, out: Findings<'_>) {
    let mut audit = Audit { vmcs, processor, controls: Controls::in_effect(vmcs, processor), out };
    audit.control_fields();
    audit.dependencies();
    audit.structures();
    audit.apic();
    audit.ept();
    audit.msr_areas();
    audit.event();
    audit.host();
    audit.guest_control_registers();
    audit.guest_msrs();
    audit.guest_cet();
    audit.segments();
    audit.guest_rip_and_rflags();
    audit.pdptes();
    audit.activity_state();
    audit.interruptibility_state();
    audit.pending_debug_exceptions();
    audit.link_pointer();
}

/// The controls that are on and that the processor has.
#[derive(Clone, Copy)]
struct Controls {
    pin: Pin,
    primary: Primary,
    secondary: Secondary,
    exit: Exit,
    entry: Entry,
}

impl Controls {
    fn in_effect(vmcs: &dyn View, processor: &Processor) -> Self {
        let can = &processor.capabilities;
        let read = |field: &Field<u32>| vmcs.read(field.encoding) as u32;
        let primary =
            Primary::from_bits_truncate(read(&PRIMARY_PROCESSOR_BASED_CONTROLS) & can.primary.may_be_one());
        let secondary = if primary.contains(Primary::ACTIVATE_SECONDARY_CONTROLS) {
            read(&SECONDARY_PROCESSOR_BASED_CONTROLS) & can.secondary.may_be_one()
        } else {
            0
        };
        Self {
            pin: Pin::from_bits_truncate(read(&PIN_BASED_CONTROLS) & can.pin.may_be_one()),
            primary,
            secondary: Secondary::from_bits_truncate(secondary),
            exit: Exit::from_bits_truncate(read(&VM_EXIT_CONTROLS) & can.exit.may_be_one()),
            entry: Entry::from_bits_truncate(read(&VM_ENTRY_CONTROLS) & can.entry.may_be_one()),
        }
    }
}

/// The state of an audit. The rules are in the modules, by the manual's sections.
struct Audit<'a> {
    vmcs: &'a dyn View,
    processor: &'a Processor,
    controls: Controls,
    out: Findings<'a>,
}

impl Audit<'_> {
    /// The value of a field.
    fn read<F: Readable>(&self, field: &F) -> <F::Width as Width>::Value {
        F::Width::from_register(self.vmcs.read(field.field().encoding))
    }

    /// A field to check.
    fn field<F: Readable>(&mut self, field: &F) -> Audited<'_>
    where
        <F::Width as Width>::Value: Into<u64>,
    {
        let value = self.read(field);
        Audited::new(field.field().name, value, self.out)
    }

    /// The bits that no physical address has.
    fn beyond_physical(&self) -> u64 {
        beyond_physical(self.processor.structure_address_bits())
    }

    /// A field that holds the address of a structure with this alignment.
    fn aligned(&mut self, field: &Field<u64>, alignment: u64) {
        let beyond = self.beyond_physical();
        self.field(field)
            .zeros(alignment - 1, "must be aligned")
            .zeros(beyond, "must not be wider than physical addresses");
    }

    /// A field that holds the address of a page.
    fn page(&mut self, field: &Field<u64>) {
        let beyond = self.beyond_physical();
        self.field(field)
            .zeros(0xfff, "bits 11:0 must be 0: the address of a page")
            .zeros(beyond, "must not be wider than physical addresses");
    }

    /// A field that holds a linear address.
    fn canonical(&mut self, field: &Field<Natural>) {
        let width = self.processor.linear_bits;
        let mut field = self.field(field);
        let holds = is_canonical(field.value(), width);
        field.must(holds, "must be canonical");
    }

    /// The guest will be in IA-32e mode.
    fn is_ia32e(&self) -> bool {
        self.controls.entry.contains(Entry::IA_32E_MODE_GUEST)
    }

    /// The guest will be in real mode.
    fn is_real_mode(&self) -> bool {
        self.read(&GUEST_CR0) & CR0_PE == 0
    }

    /// The guest will be in virtual-8086 mode.
    fn is_virtual_8086(&self) -> bool {
        self.read(&GUEST_RFLAGS) & RFLAGS_VM != 0
    }
}
