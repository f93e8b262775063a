//! States that break no rule: the guest in each of its modes, and a VMCS with every feature on.

use crate::audit::Finding;
use crate::registers::*;
use crate::vmx::audit::{audit, Features, Processor, View};
use crate::vmx::capabilities::{Allowed, Capabilities};
use crate::vmx::controls::{Entry, Exit, Pin, Primary, Secondary};
use crate::vmx::fields::*;
use std::collections::BTreeMap;
use std::vec::Vec;

/// Access rights of a 16-bit or 32-bit data segment, its limit below 1 MB.
pub const DATA: u64 = 0x93;
/// Access rights of a code segment.
pub const CODE: u64 = 0x9b;
/// Access rights: G and D/B.
pub const FLAT: u64 = 0xc000;
/// Access rights: G and L.
pub const FLAT_64: u64 = 0xa000;
/// Access rights: a segment that can't be used.
pub const UNUSABLE: u64 = 0x1_0000;
/// The VMCS revision identifier, and the address of a VMCS.
pub const REVISION: u32 = 4;
/// See [`REVISION`].
pub const LINKED_VMCS: u64 = 0x7000;
/// Where the virtual-APIC page is.
pub const VIRTUAL_APIC: u64 = 0x4000;

const PIN_ONE: u32 = 0x16;
const PRIMARY_ONE: u32 = 0x0400_6172;
const EXIT_ONE: u32 = 0x0003_6dfb;
const ENTRY_ONE: u32 = 0x11fb;

/// A VMCS in a map.
#[derive(Clone)]
pub struct State {
    fields: BTreeMap<u64, u64>,
    memory: BTreeMap<u64, u32>,
    pub processor: Processor,
}

impl View for State {
    fn read(&self, encoding: u64) -> u64 {
        self.fields.get(&encoding).copied().unwrap_or_default()
    }

    fn memory(&self, address: u64) -> Option<u32> {
        self.memory.get(&address).copied()
    }
}

impl State {
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        audit(self, &self.processor, &mut |finding| findings.push(finding));
        findings
    }

    pub fn with_encoding(&self, encoding: u64, value: u64) -> Self {
        let mut state = self.clone();
        state.fields.insert(encoding, value);
        state
    }

    pub fn with(&self, field: &impl Readable, value: u64) -> Self {
        self.with_encoding(field.field().encoding, value)
    }

    /// With other bits in a field.
    pub fn toggle(&self, field: &impl Readable, bits: impl Into<u64>) -> Self {
        self.with(field, self.read(field.field().encoding) ^ bits.into())
    }

    pub fn with_memory(&self, address: u64, value: u32) -> Self {
        let mut state = self.clone();
        state.memory.insert(address, value);
        state
    }

    fn set(&mut self, values: &[(u64, u64)]) {
        self.fields.extend(values.iter().copied());
    }

    fn set_segment(&mut self, segment: &SegmentFields, selector: u64, limit: u64, access_rights: u64) {
        self.set(&[
            (segment.selector.encoding, selector),
            (segment.base.encoding, 0),
            (segment.limit.encoding, limit),
            (segment.access_rights.encoding, access_rights),
        ]);
    }
}

/// A processor with every feature of VMX.
pub fn processor() -> Processor {
    let allowed = |one: u32, all: u32| Allowed(u64::from(one | all) << 32 | u64::from(one));
    Processor {
        capabilities: Capabilities {
            basic: u64::from(REVISION) | 1 << 55,
            misc: 4 << 16 | 0b111 << 6 | 5,
            pin: allowed(PIN_ONE, Pin::all().bits()),
            primary: allowed(PRIMARY_ONE, Primary::all().bits()),
            secondary: allowed(0, Secondary::all().bits()),
            tertiary: 0b1,
            exit: allowed(EXIT_ONE, Exit::all().bits()),
            secondary_exit: 0b1000,
            entry: allowed(ENTRY_ONE, Entry::all().bits()),
            vm_functions: 1,
            cr0_fixed0: 0x8000_0021,
            cr0_fixed1: 0xffff_ffff,
            cr4_fixed0: 0x2000,
            cr4_fixed1: 0xb7_27ff,
            ept_vpid: 0xf01_0673_4141,
        },
        physical_bits: 39,
        linear_bits: 48,
        efer: 0xd01,
        perf_global_ctrl: 0x7_0000_00ff,
        features: Features::SGX | Features::RTM | Features::BUS_LOCK_DETECTION,
    }
}

/// A real-mode guest at reset, with controls as this hypervisor's.
pub fn real() -> State {
    let mut state = State { fields: BTreeMap::new(), memory: BTreeMap::new(), processor: processor() };
    state.memory.insert(VIRTUAL_APIC + 0x80, 0x30);
    let pin = Pin::EXTERNAL_INTERRUPT_EXITING
        | Pin::NMI_EXITING
        | Pin::VIRTUAL_NMIS
        | Pin::ACTIVATE_VMX_PREEMPTION_TIMER;
    let primary = Primary::HLT_EXITING
        | Primary::USE_TPR_SHADOW
        | Primary::USE_IO_BITMAPS
        | Primary::USE_MSR_BITMAPS
        | Primary::ACTIVATE_SECONDARY_CONTROLS;
    let secondary = Secondary::ENABLE_EPT | Secondary::UNRESTRICTED_GUEST | Secondary::ENABLE_VPID;
    let exit = Exit::SAVE_DEBUG_CONTROLS
        | Exit::HOST_ADDRESS_SPACE_SIZE
        | Exit::ACKNOWLEDGE_INTERRUPT_ON_EXIT
        | Exit::LOAD_IA32_PAT
        | Exit::LOAD_IA32_EFER;
    let entry = Entry::LOAD_DEBUG_CONTROLS | Entry::LOAD_IA32_PAT | Entry::LOAD_IA32_EFER;
    state.set(&[
        (PIN_BASED_CONTROLS.encoding, (PIN_ONE | pin.bits()).into()),
        (PRIMARY_PROCESSOR_BASED_CONTROLS.encoding, (PRIMARY_ONE | primary.bits()).into()),
        (SECONDARY_PROCESSOR_BASED_CONTROLS.encoding, secondary.bits().into()),
        (VM_EXIT_CONTROLS.encoding, (EXIT_ONE | exit.bits()).into()),
        (VM_ENTRY_CONTROLS.encoding, (ENTRY_ONE | entry.bits()).into()),
        (VIRTUAL_PROCESSOR_IDENTIFIER.encoding, 1),
        (ADDRESS_OF_IO_BITMAP_A.encoding, 0x1000),
        (ADDRESS_OF_IO_BITMAP_B.encoding, 0x2000),
        (ADDRESS_OF_MSR_BITMAPS.encoding, 0x3000),
        (VIRTUAL_APIC_ADDRESS.encoding, VIRTUAL_APIC),
        (EPT_POINTER.encoding, 0x501e),
        (VMCS_LINK_POINTER.encoding, u64::MAX),
        (HOST_CR0.encoding, 0x8001_0031),
        (HOST_CR3.encoding, 0x6000),
        (HOST_CR4.encoding, 0x2020),
        (HOST_IA32_EFER.encoding, 0xd01),
        (HOST_IA32_PAT.encoding, 0x0007_0406_0007_0406),
        (HOST_CS_SELECTOR.encoding, 0x08),
        (HOST_TR_SELECTOR.encoding, 0x18),
        (HOST_RIP.encoding, 0x20_0000),
        (GUEST_CR0.encoding, CR0_NE | CR0_ET),
        (GUEST_CR4.encoding, CR4_VMXE),
        (GUEST_IA32_PAT.encoding, 0x0007_0406_0007_0406),
        (GUEST_DR7.encoding, 0x400),
        (GUEST_RIP.encoding, 0xfff0),
        (GUEST_RFLAGS.encoding, RFLAGS_FIXED),
        (GUEST_GDTR_LIMIT.encoding, 0xffff),
        (GUEST_IDTR_LIMIT.encoding, 0xffff),
    ]);
    state.set_segment(&GUEST_CS, 0xf000, 0xffff, CODE);
    for segment in [GUEST_SS, GUEST_DS, GUEST_ES, GUEST_FS, GUEST_GS] {
        state.set_segment(&segment, 0, 0xffff, DATA);
    }
    state.set_segment(&GUEST_LDTR, 0, 0xffff, 0x82);
    state.set_segment(&GUEST_TR, 0, 0xffff, 0x8b);
    state
}

/// A guest in protected mode without paging.
pub fn protected() -> State {
    let mut state = real().with(&GUEST_CR0, CR0_NE | CR0_ET | CR0_PE);
    state.set_segment(&GUEST_CS, 0x08, 0xffff_ffff, CODE | FLAT);
    for segment in [GUEST_SS, GUEST_DS, GUEST_ES, GUEST_FS, GUEST_GS] {
        state.set_segment(&segment, 0x10, 0xffff_ffff, DATA | FLAT);
    }
    state
}

/// A guest with PAE paging.
pub fn pae() -> State {
    protected()
        .with(&GUEST_CR0, CR0_NE | CR0_ET | CR0_PE | CR0_PG)
        .with(&GUEST_CR4, CR4_VMXE | CR4_PAE)
        .with(&GUEST_PDPTE0, 0x1001)
}

/// The same guest on a processor where guests are not unrestricted.
pub fn restricted() -> State {
    pae().toggle(&SECONDARY_PROCESSOR_BASED_CONTROLS, Secondary::UNRESTRICTED_GUEST.bits())
}

/// A guest in virtual-8086 mode.
pub fn virtual_8086() -> State {
    let mut state = pae().with(&GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_VM);
    for segment in [GUEST_CS, GUEST_SS, GUEST_DS, GUEST_ES, GUEST_FS, GUEST_GS] {
        state.set_segment(&segment, 0x1000, 0xffff, 0xf3);
        state.set(&[(segment.base.encoding, 0x1_0000)]);
    }
    state
}

/// A guest in 64-bit mode.
pub fn long() -> State {
    let mut state = pae()
        .toggle(&VM_ENTRY_CONTROLS, Entry::IA_32E_MODE_GUEST.bits())
        .with(&GUEST_CR4, CR4_VMXE | CR4_PAE | CR4_PCIDE)
        .with(&GUEST_IA32_EFER, EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)
        .with(&GUEST_RIP, 0xffff_ffff_8100_0000);
    state.set_segment(&GUEST_CS, 0x10, 0xffff_ffff, CODE | FLAT_64);
    state
}

/// A guest in 64-bit mode, ring 3, whose data segments can't be used.
pub fn user() -> State {
    let mut state = long().with(&GUEST_RIP, 0x40_0000).with(&GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
    state.set_segment(&GUEST_CS, 0x33, 0xffff_ffff, 0x60 | CODE | FLAT_64);
    state.set_segment(&GUEST_SS, 0x2b, 0xffff_ffff, 0x60 | DATA | FLAT);
    for segment in [GUEST_DS, GUEST_ES, GUEST_FS, GUEST_GS, GUEST_LDTR] {
        state.set_segment(&segment, 0, 0, UNUSABLE);
    }
    state
}

/// The 64-bit guest with all that VMX has switched on.
pub fn everything() -> State {
    let secondary = Secondary::all() - Secondary::VIRTUALIZE_X2APIC_MODE;
    let entry = Entry::all() - Entry::ENTRY_TO_SMM - Entry::DEACTIVATE_DUAL_MONITOR_TREATMENT;
    let mut state = long();
    state.set(&[
        (PIN_BASED_CONTROLS.encoding, (PIN_ONE | Pin::all().bits()).into()),
        (PRIMARY_PROCESSOR_BASED_CONTROLS.encoding, (PRIMARY_ONE | Primary::all().bits()).into()),
        (SECONDARY_PROCESSOR_BASED_CONTROLS.encoding, secondary.bits().into()),
        (VM_EXIT_CONTROLS.encoding, (EXIT_ONE | Exit::all().bits()).into()),
        (VM_ENTRY_CONTROLS.encoding, (ENTRY_ONE | entry.bits()).into()),
        (TERTIARY_PROCESSOR_BASED_CONTROLS.encoding, 0b1),
        (SECONDARY_VM_EXIT_CONTROLS.encoding, 0b1000),
        (VM_FUNCTION_CONTROLS.encoding, 1),
        (TSC_MULTIPLIER.encoding, 1 << 48),
        (VM_EXIT_MSR_STORE_COUNT.encoding, 2),
        (VM_EXIT_MSR_STORE_ADDRESS.encoding, 0x8000),
        (VM_EXIT_MSR_LOAD_COUNT.encoding, 2),
        (VM_EXIT_MSR_LOAD_ADDRESS.encoding, 0x9000),
        (VM_ENTRY_MSR_LOAD_COUNT.encoding, 2),
        (VM_ENTRY_MSR_LOAD_ADDRESS.encoding, 0xa000),
    ]);
    state
}

#[test]
fn a_valid_state_breaks_no_rule() {
    for (name, state) in [
        ("real mode", real()),
        ("protected mode", protected()),
        ("PAE paging", pae()),
        ("without unrestricted guest", restricted()),
        ("virtual-8086 mode", virtual_8086()),
        ("64-bit mode", long()),
        ("ring 3", user()),
        ("everything", everything()),
    ] {
        assert_eq!(state.findings(), [], "{name}");
    }
}
