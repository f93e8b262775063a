//! Events for the guest: injection at VM entry, and deliveries that an exit interrupted (Intel SDM, "VM-Entry Controls
//! for Event Injection", "Information for VM Exits That Occur During Event Delivery").

use super::guest_state::{add_to_dr6, set_cr2};
use super::vcpu::VmxVcpu;
use super::vmcs::Vmcs;
use architecture::vmx::controls::Primary;
use architecture::vmx::fields::*;
use architecture::vmx::interruptibility::{BLOCKING_BY_MOV_SS, BLOCKING_BY_NMI, BLOCKING_BY_STI};
use architecture::vmx::interruption::*;
use machine::vcpu::{
    Event, EventKind, Fault, TaskSwitchCause, CR0_PE, DR6_BREAKPOINTS, DR6_BT, DR7_LOCAL, RFLAGS_IF,
    RFLAGS_TF,
};

const NMI_VECTOR: u32 = 2;

/// GUEST_PENDING_DEBUG_EXCEPTIONS: BS, a single-step trap.
const PENDING_SINGLE_STEP: u64 = 1 << 14;
/// The same: at least one of the breakpoints in bits 3:0 is enabled.
const PENDING_BREAKPOINT: u64 = 1 << 12;

/// What VM entry delivers.
#[derive(Clone, Copy)]
struct EntryEvent {
    /// VM_ENTRY_INTERRUPTION_INFORMATION.
    information: u32,
    /// For [`ERROR_CODE`].
    error_code: u32,
    /// For the three types that are instructions (INT n, INT1; INT3 and INTO).
    instruction_length: u32,
}

/// Events that wait for a VM entry.
#[derive(Default)]
pub struct Events {
    /// For the next one.
    next: Option<EntryEvent>,
    /// An NMI, for the next one at which the guest takes NMIs.
    nmi: bool,
    /// A debug trap is pending at the next one. It comes before interrupts and NMIs, and an entry that injects one of them
    /// would lose it ("Delivery of Pending Debug Exceptions after VM Entry").
    debug_trap: bool,
}

impl Events {
    /// An NMI waits until the guest takes it.
    pub fn nmi_waits(&self) -> bool {
        self.nmi
    }

    /// If the exit came in the middle of an event's delivery, notes that event to deliver it again. Returns whether
    /// it was so.
    pub fn keep_interrupted_delivery(&mut self, vmcs: &mut Vmcs) -> bool {
        let information = vmcs.read(&IDT_VECTORING_INFORMATION);
        if information & VALID == 0 {
            return false;
        }
        if information & TYPE == TYPE_NMI {
            // It blocks NMIs already, and VM entry refuses to deliver one then.
            unblock_nmis(vmcs);
            self.nmi = true;
            return true;
        }
        // Bits 30:12 are undefined here and reserved at VM entry.
        let information = information & (VALID | ERROR_CODE | TYPE | VECTOR);
        let is_software = matches!(
            information & TYPE,
            TYPE_SOFTWARE_INTERRUPT | TYPE_PRIVILEGED_SOFTWARE_EXCEPTION | TYPE_SOFTWARE_EXCEPTION
        );
        self.next = Some(EntryEvent {
            information,
            error_code: if information & ERROR_CODE != 0 { vmcs.read(&IDT_VECTORING_ERROR_CODE) } else { 0 },
            instruction_length: if is_software { vmcs.read(&VM_EXIT_INSTRUCTION_LENGTH) } else { 0 },
        });
        true
    }
}

/// The event whose delivery a task gate turned into a task switch: it is delivered with the switch.
pub fn through_task_gate(vmcs: &mut Vmcs) -> TaskSwitchCause {
    let information = vmcs.read(&IDT_VECTORING_INFORMATION);
    let kind = match information & TYPE {
        TYPE_EXTERNAL_INTERRUPT => EventKind::Interrupt,
        TYPE_NMI => {
            block_nmis(vmcs);
            EventKind::Interrupt
        }
        TYPE_HARDWARE_EXCEPTION => EventKind::Exception,
        _ => EventKind::Software,
    };
    let has_error_code = information & ERROR_CODE != 0;
    let error_code = has_error_code.then(|| vmcs.read(&IDT_VECTORING_ERROR_CODE));
    TaskSwitchCause::Gate { vector: (information & VECTOR) as u8, kind, error_code }
}

/// VM-exit interruption information says NMI.
pub const fn is_nmi(information: u32) -> bool {
    information & TYPE == TYPE_NMI
}

/// NMIs are blocked (again): the IRET that would unblock them did not complete.
pub fn block_nmis(vmcs: &mut Vmcs) {
    let interruptibility = vmcs.read(&GUEST_INTERRUPTIBILITY_STATE);
    vmcs.write(&GUEST_INTERRUPTIBILITY_STATE, interruptibility | BLOCKING_BY_NMI);
}

/// NMIs are taken again: IRET was executed, even if it asks for a task switch.
pub fn unblock_nmis(vmcs: &mut Vmcs) {
    let interruptibility = vmcs.read(&GUEST_INTERRUPTIBILITY_STATE);
    vmcs.write(&GUEST_INTERRUPTIBILITY_STATE, interruptibility & !BLOCKING_BY_NMI);
}

impl VmxVcpu {
    /// [`machine::vcpu::Vcpu::inject`].
    pub(super) fn set_next_event(&mut self, event: Event) {
        let (information, error_code) = match event {
            Event::Nmi => {
                self.events.nmi = true;
                return;
            }
            Event::Interrupt(vector) => (TYPE_EXTERNAL_INTERRUPT | u32::from(vector), 0),
            Event::Fault(fault) => self.exception(fault),
        };
        let information = VALID | information;
        self.events.next = Some(EntryEvent { information, error_code, instruction_length: 0 });
    }

    /// Interruption information and error code of an exception. In real mode it pushes none, and VM entry checks that.
    fn exception(&self, fault: Fault) -> (u32, u32) {
        match fault {
            Fault::PageFault { address, .. } => set_cr2(address),
            Fault::TaskSwitchTrap => add_to_dr6(DR6_BT),
            _ => {}
        }
        let information = TYPE_HARDWARE_EXCEPTION | u32::from(fault.vector());
        let protected = self.vmcs.read(&GUEST_CR0) & CR0_PE != 0;
        match fault.error_code().filter(|_| protected) {
            Some(error_code) => (information | ERROR_CODE, error_code),
            None => (information, 0),
        }
    }

    /// [`machine::vcpu::Vcpu::interruptible`].
    pub(super) fn takes_interrupts(&self) -> bool {
        if self.events.next.is_some() || self.events.debug_trap {
            return false;
        }
        let interruptibility = self.vmcs.read(&GUEST_INTERRUPTIBILITY_STATE);
        !self.nmi_is_due()
            && interruptibility & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS) == 0
            && self.vmcs.read(&GUEST_RFLAGS) & RFLAGS_IF != 0
    }

    /// [`machine::vcpu::Vcpu::takes_nmi`].
    pub(super) fn nmi_is_due(&self) -> bool {
        self.events.nmi && self.vmcs.read(&GUEST_INTERRUPTIBILITY_STATE) & BLOCKING_BY_NMI == 0
    }

    /// Hands the next event to the processor. It clears [`VALID`] there when it has delivered the event.
    pub(super) fn write_next_event(&mut self) {
        if self.events.nmi {
            self.take_up_nmi();
        }
        self.events.debug_trap = false;
        let Some(event) = self.events.next.take() else { return };
        self.vmcs.write(&VM_ENTRY_EXCEPTION_ERROR_CODE, event.error_code);
        self.vmcs.write(&VM_ENTRY_INSTRUCTION_LENGTH, event.instruction_length);
        self.vmcs.write(&VM_ENTRY_INTERRUPTION_INFORMATION, event.information);
    }

    /// Makes the waiting NMI the next event if the guest takes it now; else asks for an exit when it does.
    fn take_up_nmi(&mut self) {
        let blocking = BLOCKING_BY_STI | BLOCKING_BY_MOV_SS | BLOCKING_BY_NMI;
        let blocked = self.vmcs.read(&GUEST_INTERRUPTIBILITY_STATE) & blocking != 0;
        if !blocked && self.events.next.is_none() && !self.events.debug_trap {
            let information = VALID | TYPE_NMI | NMI_VECTOR;
            self.events.next = Some(EntryEvent { information, error_code: 0, instruction_length: 0 });
            self.events.nmi = false;
        }
        self.set_primary_control(Primary::NMI_WINDOW_EXITING, self.events.nmi);
    }

    /// Ends what lasts for one instruction, as the completion of an instruction does: the shadow of STI and MOV SS. If
    /// the guest single-steps, its trap is due.
    pub(super) fn end_instruction(&mut self) {
        let interruptibility = self.vmcs.read(&GUEST_INTERRUPTIBILITY_STATE);
        let shadow = BLOCKING_BY_STI | BLOCKING_BY_MOV_SS;
        if interruptibility & shadow != 0 {
            self.vmcs.write(&GUEST_INTERRUPTIBILITY_STATE, interruptibility & !shadow);
        }
        if self.vmcs.read(&GUEST_RFLAGS) & RFLAGS_TF != 0 {
            self.set_debug_trap(PENDING_SINGLE_STEP);
        }
    }

    /// [`machine::vcpu::Vcpu::trap_breakpoints`].
    pub(super) fn set_breakpoint_trap(&mut self, met: u64) {
        self.set_debug_trap(met & DR6_BREAKPOINTS | PENDING_BREAKPOINT);
    }

    /// Makes a debug trap pending, beside what is.
    fn set_debug_trap(&mut self, bits: u64) {
        let pending = self.vmcs.read(&GUEST_PENDING_DEBUG_EXCEPTIONS);
        self.vmcs.write(&GUEST_PENDING_DEBUG_EXCEPTIONS, pending | bits);
        self.events.debug_trap = true;
    }

    /// Ends what a task switch ends: the shadow of STI and MOV SS, and a single step of the old task.
    pub(super) fn end_task(&mut self) {
        let interruptibility = self.vmcs.read(&GUEST_INTERRUPTIBILITY_STATE);
        let shadow = BLOCKING_BY_STI | BLOCKING_BY_MOV_SS;
        self.vmcs.write(&GUEST_INTERRUPTIBILITY_STATE, interruptibility & !shadow);
        self.vmcs.write(&GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
        let dr7 = self.vmcs.read(&GUEST_DR7);
        self.vmcs.write(&GUEST_DR7, dr7 & !DR7_LOCAL);
    }

    /// Forgets all events and what blocks them, as at reset.
    pub(super) fn reset_events(&mut self) {
        self.events = Events::default();
        self.set_primary_control(Primary::INTERRUPT_WINDOW_EXITING, false);
        self.set_primary_control(Primary::NMI_WINDOW_EXITING, false);
        self.vmcs.write(&VM_ENTRY_INTERRUPTION_INFORMATION, 0);
        self.vmcs.write(&GUEST_INTERRUPTIBILITY_STATE, 0);
        self.vmcs.write(&GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
    }
}
