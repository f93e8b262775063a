//! Interrupts of the host: COM1, COM2 and the keyboard through the 8259 pair, and the timer of the local APIC.
//!
//! Interrupts are off while hypervisor code runs. They are let in only while it waits ([`wait`]), while a guest
//! runs, and, on SVM, right after an exit ([`accept_pending`]).

use super::{apic, timer};
use crate::host::{console, keyboard};
use core::sync::atomic::{AtomicU64, Ordering};
use x86_64::instructions::port::{Port, PortWriteOnly};

/// Vector of IRQ 0; the 8259 pair takes 16 from here on.
const IRQ_BASE: u8 = 0x20;
/// Vector of the local APIC's timer.
pub const TIMER: u8 = 0x40;
/// Vector for interrupts that the local APIC withdrew; its low four bits are ones (Intel SDM, "Spurious
/// Interrupt").
pub const SPURIOUS: u8 = 0xff;
/// The PIT's interrupt line. It is let in while the clock is measured.
const IRQ_PIT: u8 = 0;
/// The keyboard's interrupt line.
const IRQ_KEYBOARD: u8 = 1;
/// COM2's interrupt line.
const IRQ_COM2: u8 = 3;
/// COM1's interrupt line.
const IRQ_COM1: u8 = 4;
/// Where the second 8259 is attached to the first one.
const IRQ_CASCADE: u8 = 2;

/// Command ports of the two 8259s; the mask is at the next port.
const PIC: [u16; 2] = [0x20, 0xa0];
/// OCW2: end of the interrupt in service with the highest priority.
const END_OF_INTERRUPT: u8 = 0x20;
/// OCW3: the next read of the command port gives the in-service register.
const READ_IN_SERVICE: u8 = 0x0b;

/// Interrupts nobody expected, and NMIs.
static UNEXPECTED: AtomicU64 = AtomicU64::new(0);

/// Sets interrupt controllers up. Interrupts stay off.
pub fn init() {
    init_pic();
    apic::init();
}

/// Initialises the 8259 pair to vectors from [`IRQ_BASE`] with only COM1, COM2 and keyboard unmasked (Intel 8259A data sheet).
fn init_pic() {
    /// ICW1: edge triggered, cascaded, ICW4 follows.
    const ICW1: u8 = 0x11;
    /// ICW4: 8086 mode, normal end of interrupt.
    const ICW4: u8 = 0x01;
    let enabled = [(1 << IRQ_KEYBOARD) | (1 << IRQ_COM2) | (1 << IRQ_COM1) | (1 << IRQ_CASCADE), 0_u8];
    let cascade = [1 << IRQ_CASCADE, IRQ_CASCADE];
    for (index, port) in PIC.into_iter().enumerate() {
        let mut command = PortWriteOnly::<u8>::new(port);
        let mut data = PortWriteOnly::<u8>::new(port + 1);
        // SAFETY: the sequence that the data sheet gives; the interrupt controllers belong to the hypervisor.
        unsafe {
            command.write(ICW1);
            data.write(IRQ_BASE + 8 * index as u8);
            data.write(cascade[index]);
            data.write(ICW4);
            data.write(!enabled[index]);
        }
    }
}

/// Lets the PIT's interrupt in, or no longer.
pub fn accept_pit(on: bool) {
    let mut mask = Port::<u8>::new(PIC[0] + 1);
    // SAFETY: the interrupt controllers belong to the hypervisor, which can take this interrupt at any time.
    unsafe {
        let others = mask.read() & !(1 << IRQ_PIT);
        mask.write(others | u8::from(!on) << IRQ_PIT);
    }
}

/// Serves the interrupt `vector`: acknowledges it and remembers what it is about.
pub fn serve(vector: u8) {
    match vector {
        TIMER => {
            timer::expired();
            apic::end_of_interrupt();
        }
        SPURIOUS => {}
        IRQ_BASE..TIMER => serve_irq(vector - IRQ_BASE),
        _ => {
            UNEXPECTED.fetch_add(1, Ordering::Relaxed);
            apic::end_of_interrupt();
        }
    }
}

fn serve_irq(irq: u8) {
    let (pic, input) = (usize::from(irq / 8), irq % 8);
    // SAFETY: reading the in-service register changes nothing.
    let in_service = unsafe {
        PortWriteOnly::new(PIC[pic]).write(READ_IN_SERVICE);
        Port::<u8>::new(PIC[pic]).read() & (1 << input) != 0
    };
    match irq {
        IRQ_COM1 | IRQ_COM2 => console::input_interrupt(),
        IRQ_KEYBOARD => {
            keyboard::interrupt();
            console::input_interrupt();
        }
        // It ended a sleep: that is all.
        IRQ_PIT => {}
        // The last input of each 8259 also stands for a request that was withdrawn: then nothing is in service there.
        _ if in_service => _ = UNEXPECTED.fetch_add(1, Ordering::Relaxed),
        _ => {}
    }
    // SAFETY: ending the interrupt is what its handler has to do.
    unsafe {
        if in_service {
            PortWriteOnly::new(PIC[pic]).write(END_OF_INTERRUPT);
        }
        if pic == 1 {
            PortWriteOnly::new(PIC[0]).write(END_OF_INTERRUPT);
        }
    }
}

/// Serves a non-maskable interrupt. Nothing of ours sends one, and memory and bus errors that use it are
/// not recoverable in any case: it is counted, and reported when the hypervisor has time.
pub fn serve_nmi() {
    UNEXPECTED.fetch_add(1, Ordering::Relaxed);
}

/// Takes the number of unexpected interrupts since the last call.
pub fn take_unexpected() -> u64 {
    UNEXPECTED.swap(0, Ordering::Relaxed)
}

/// Lets interrupts in that are already waiting.
pub fn accept_pending() {
    // STI lets interrupts in after the next instruction.
    // SAFETY: the handlers touch nothing that the interrupted code holds.
    unsafe { core::arch::asm!("sti", "nop", "cli", options(nomem, nostack)) };
}

/// Sleeps until an interrupt was served.
pub fn wait() {
    x86_64::instructions::interrupts::enable_and_hlt();
    x86_64::instructions::interrupts::disable();
}
