//! How interrupts get from a device's line to the CPU.
//!
//! ```text
//! IRQ n ─┬─ 8259A pair ── INTR ─┬─ LINT0 ── local APIC ── CPU
//!        │                      └─ input 0 ┐                │
//!        └─ I/O APIC input n (IRQ 0: 2) ───┴── messages ────┘
//! ```
//!
//! An operating system uses one of the two ways and masks the other.

use crate::device::ioapic::IoApic;
use crate::device::lapic::{ApicEffects, Delivery, InterruptMessage, Lint, LocalApic};
use crate::device::pic::{Pic, Which};

/// The timer's line, as the 8259A counts.
const TIMER_IRQ: u8 = 0;
/// The I/O APIC input of [`TIMER_IRQ`]; the ACPI tables say so in an interrupt source override.
const TIMER_INPUT: u8 = 2;
/// The I/O APIC input of the 8259A pair's output.
const INTR_INPUT: u8 = 0;

/// The interrupt controllers.
#[derive(Clone, Debug)]
pub(super) struct Interrupts {
    pub pic: Pic,
    pub ioapic: IoApic,
    pub lapic: LocalApic,
    /// A message asked for an interrupt with a vector from the 8259A.
    ext_int: bool,
    /// The lines that are asserted.
    lines: u16,
    /// The 8259A's output, as [`Interrupts::settle`] found it.
    intr: bool,
    /// What the CPU has to know of them may have changed.
    pub changed: bool,
}

impl Interrupts {
    pub fn new(lapic: LocalApic) -> Self {
        Self {
            pic: Pic::new(),
            ioapic: IoApic::new(),
            lapic,
            ext_int: false,
            lines: 0,
            intr: false,
            changed: true,
        }
    }

    /// Asserts or releases the interrupt line `irq` (0 to 15). Mostly it is as it was, and nothing happens.
    pub fn set_line(&mut self, irq: u8, asserted: bool) {
        let lines = self.lines & !(1 << irq) | u16::from(asserted) << irq;
        if lines == self.lines {
            return;
        }
        self.lines = lines;
        self.pic.set_line(irq, asserted);
        self.ioapic.set_line(input(irq), asserted);
        self.settle();
    }

    /// Whether a rising edge of `irq` would make a difference to the CPU now. It has to come back for no
    /// other one. The timer's line is the one that also falls in the meantime without being looked at.
    pub fn awaits(&self, irq: u8) -> bool {
        self.awaits_input(input(irq))
            || (self.lapic.lint0_accepts_extint() && self.pic.awaits(irq))
            || ((self.lapic.awaits_lint0() || self.awaits_input(INTR_INPUT))
                && self.pic.passes_edge(irq, TIMER_IRQ))
    }

    fn awaits_input(&self, input: u8) -> bool {
        self.ioapic.message_at_edge(input).is_some_and(|message| {
            let waits = message.delivery == Delivery::ExtInt && self.ext_int;
            !waits && self.lapic.awaits(&message)
        })
    }

    /// Carries what 8259A and I/O APIC say to the others, after each change of one.
    pub fn settle(&mut self) {
        self.changed = true;
        self.set_intr(self.pic.interrupt_pending());
        while let Some(message) = self.ioapic.take_message() {
            self.route(&message);
        }
    }

    /// The 8259A's output. Mostly it is as it was, and nothing happens.
    fn set_intr(&mut self, intr: bool) {
        if intr != self.intr {
            self.intr = intr;
            self.lapic.set_lint(Lint::Lint0, intr);
            self.ioapic.set_line(INTR_INPUT, intr);
        }
    }

    /// Does what a write to the local APIC asks for.
    pub fn apply(&mut self, effects: ApicEffects) {
        self.changed = true;
        if let Some(message) = &effects.message {
            self.route(message);
        }
        if let Some(vector) = effects.eoi {
            self.ioapic.end_of_interrupt(vector);
            self.settle();
        }
    }

    fn route(&mut self, message: &InterruptMessage) {
        if self.lapic.matches(message.destination) {
            self.lapic.accept(message);
            self.ext_int |= self.lapic.take_ext_int();
        }
    }

    /// Reads an 8259A that is in poll mode: this acknowledges an interrupt.
    pub fn poll(&mut self, which: Which) -> u8 {
        let value = self.pic.poll(which);
        self.settle();
        value
    }

    /// Whether the CPU has an interrupt to take, if it is not masked.
    pub fn pending(&self) -> bool {
        self.external() || self.lapic.pending().is_some()
    }

    /// The vector of the interrupt that the CPU takes.
    pub fn acknowledge(&mut self) -> u8 {
        if !self.external() {
            self.changed = true;
            return self.lapic.acknowledge();
        }
        self.ext_int = false;
        let vector = self.pic.acknowledge();
        // INTR drops during the cycle: if another request waits, its inputs see a new edge.
        self.set_intr(false);
        self.settle();
        vector
    }

    /// Whether a device's line may become an NMI or INIT.
    pub fn can_signal(&self) -> bool {
        self.ioapic.can_signal() || self.lapic.lint0_can_signal()
    }

    /// Whether the 8259A's request reaches the CPU.
    fn external(&self) -> bool {
        debug_assert_eq!(self.intr, self.pic.interrupt_pending());
        self.ext_int || (self.intr && self.lapic.lint0_accepts_extint())
    }
}

/// The I/O APIC input of an interrupt line.
const fn input(irq: u8) -> u8 {
    if irq == TIMER_IRQ {
        TIMER_INPUT
    } else {
        irq
    }
}
