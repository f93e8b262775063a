//! Events into the guest: injection, re-injection of interrupted deliveries, and the interrupt window (AMD APM volume
//! 2, "Event Injection", "Virtual Interrupts").

use architecture::svm::vmcb::{intercept, virtual_interrupt, Vmcb, INTERCEPT_CR8_WRITE};
use machine::vcpu::{Event, Fault, InterruptWindow, DR6_BREAKPOINTS, DR6_BS, DR6_BT, RFLAGS_IF};

/// EVENTINJ and EXITINTINFO: the field is valid.
const VALID: u64 = 1 << 31;
/// EVENTINJ: the exception pushes the error code in bits 63:32.
const ERROR_CODE: u64 = 1 << 11;
const TYPE_EXTERNAL: u64 = 0 << 8;
const TYPE_NMI: u64 = 2 << 8;
const TYPE_EXCEPTION: u64 = 3 << 8;
const TYPE_SOFTWARE: u64 = 4 << 8;
/// Position of the three type bits.
const TYPE: u64 = 7 << 8;
const VECTOR: u64 = 0xff;
/// What is defined in EXITINTINFO: some processors leave old bits in the others.
const DEFINED: u64 = 0xffff_ffff_8000_0fff;

/// Vectors.
const DEBUG: u64 = 1;
/// See [`DEBUG`].
const NMI_VECTOR: u64 = 2;
/// Exceptions that an instruction raises on purpose: INT3 and INTO.
const BREAKPOINT: u64 = 3;
/// See [`BREAKPOINT`].
const OVERFLOW: u64 = 4;

/// Makes the guest take `event` at the next VMRUN.
pub fn inject(vmcb: &mut Vmcb, event: Event) {
    let event = match event {
        Event::Interrupt(vector) => TYPE_EXTERNAL | u64::from(vector),
        Event::Nmi => TYPE_NMI | NMI_VECTOR,
        Event::Fault(fault) => {
            // Behind its delivery there is no shadow.
            vmcb.interrupt_shadow &= !1;
            match fault {
                Fault::PageFault { address, .. } => vmcb.cr2 = address,
                Fault::TaskSwitchTrap => vmcb.dr6 |= DR6_BT,
                _ => {}
            }
            let error_code = fault.error_code().map_or(0, |code| ERROR_CODE | u64::from(code) << 32);
            TYPE_EXCEPTION | error_code | u64::from(fault.vector())
        }
    };
    vmcb.event_injection = VALID | event;
}

/// Makes the guest take the trap of a single step at the next VMRUN: the processor raises none after an exit.
pub fn inject_single_step(vmcb: &mut Vmcb) {
    vmcb.dr6 |= DR6_BS;
    vmcb.event_injection = VALID | TYPE_EXCEPTION | DEBUG;
}

/// The same for breakpoints that were met: bits of DR6.
pub fn inject_breakpoints(vmcb: &mut Vmcb, met: u64) {
    vmcb.dr6 = vmcb.dr6 & !DR6_BREAKPOINTS | met & DR6_BREAKPOINTS;
    vmcb.event_injection = VALID | TYPE_EXCEPTION | DEBUG;
}

/// An exit can interrupt the delivery of an event: then the event is delivered again. INT n, INT3 and INTO are not:
/// RIP still points to them, so they are executed again.
pub fn reinject(vmcb: &mut Vmcb) {
    let interrupted = vmcb.exit_interrupt_info;
    vmcb.event_injection = 0;
    if interrupted & VALID == 0 || interrupted & TYPE == TYPE_SOFTWARE {
        return;
    }
    let is_exception = interrupted & TYPE == TYPE_EXCEPTION;
    if is_exception && [BREAKPOINT, OVERFLOW].contains(&(interrupted & VECTOR)) {
        return;
    }
    vmcb.event_injection = interrupted & DEFINED;
}

/// Whether the last exit came in the middle of an event's delivery.
pub fn was_delivering(vmcb: &Vmcb) -> bool {
    vmcb.exit_interrupt_info & VALID != 0
}

/// Whether an external interrupt may be injected now.
pub fn interruptible(vmcb: &Vmcb) -> bool {
    vmcb.rflags & RFLAGS_IF != 0 && !in_shadow(vmcb) && vmcb.event_injection & VALID == 0
}

/// Whether something is to be injected at the next VMRUN.
pub fn is_injecting(vmcb: &Vmcb) -> bool {
    vmcb.event_injection & VALID != 0
}

/// Whether the guest is in the instruction after STI or MOV SS.
pub fn in_shadow(vmcb: &Vmcb) -> bool {
    vmcb.interrupt_shadow & 1 != 0
}

/// Opens or closes the interrupt window: a virtual interrupt is made pending, and its delivery is intercepted. It ignores
/// CR8: for an interrupt that CR8 holds back, writes to CR8 are intercepted instead. They are with both, because QEMU 7.2
/// aborts when a guest that has a virtual interrupt pending writes CR8.
pub fn set_window(vmcb: &mut Vmcb, window: InterruptWindow) {
    vmcb.virtual_interrupt &= virtual_interrupt::V_TPR | virtual_interrupt::V_INTR_MASKING;
    vmcb.intercept_3 &= !intercept::VINTR;
    vmcb.intercept_cr &= !INTERCEPT_CR8_WRITE;
    match window {
        InterruptWindow::Closed => {}
        InterruptWindow::Interruptible => {
            vmcb.virtual_interrupt |= virtual_interrupt::V_IRQ | virtual_interrupt::V_IGN_TPR;
            vmcb.intercept_3 |= intercept::VINTR;
            vmcb.intercept_cr |= INTERCEPT_CR8_WRITE;
        }
        InterruptWindow::Cr8Below(_) => vmcb.intercept_cr |= INTERCEPT_CR8_WRITE,
    }
}
