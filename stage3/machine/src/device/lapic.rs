//! The local APIC of one processor (Intel SDM, volume 3, "Advanced Programmable Interrupt Controller
//! (APIC)"; AMD APM, volume 2, chapter of the same name), in xAPIC and x2APIC mode.
//!
//! It is plain data: whoever drives it routes the messages that [`ApicEffects`] holds to the local APICs
//! that [`LocalApic::matches`] names, calls [`LocalApic::advance`] at [`LocalApic::next_deadline`] and
//! before each look at [`LocalApic::pending`], and carries NMI, INIT and start-up to the processor. Register
//! accesses advance by themselves.
//!
//! The timer's clock runs at [`TIMER_HZ`] before division. CPUID leaf 15h, if a guest sees it, has to show
//! this as the frequency of the crystal.

mod access;
mod base;
mod command;
mod lvt;
mod message;
mod registers;
mod signals;
#[cfg(test)]
mod tests;
mod timer;
mod vectors;

pub use access::{APIC_BASE, TSC_DEADLINE, X2APIC};
pub use base::Mode;
pub use lvt::Lint;
pub use message::{Delivery, Destination, InterruptMessage, Trigger};
pub use timer::TIMER_HZ;

use crate::memory::Gpa;
use crate::time::{Instant, TscScale};
use crate::vcpu::Fault;
use base::ApicBase;
use lvt::{Source, ENTRIES};
use registers::{RECEIVE_ILLEGAL_VECTOR, SOFTWARE_ENABLE, SPURIOUS_VECTOR, SUPPRESS_BROADCAST};
use signals::Signals;
use timer::Timer;
use vectors::Vectors;

/// Whether an MSR is one of a local APIC, in some mode.
#[must_use]
pub fn is_msr(index: u32) -> bool {
    matches!(index, APIC_BASE | TSC_DEADLINE) || X2APIC.contains(&index)
}

/// The first vector that an interrupt can have.
const FIRST_VECTOR: u8 = 16;
/// Priority class, the half of a vector or priority that decides.
const CLASS: u8 = 0xf0;
/// Bits of the task-priority register.
const TASK_PRIORITY: u32 = 0xff;

/// What a write to a register asks of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ApicEffects {
    /// A message to be routed: to every local APIC that matches, or to one of them for
    /// [`Delivery::LowestPriority`]. The sender may be among them.
    pub message: Option<InterruptMessage>,
    /// Vector of a level-triggered interrupt that ended, for the I/O APICs.
    pub eoi: Option<u8>,
}

/// A local APIC.
#[derive(Clone, Debug)]
pub struct LocalApic {
    id: u32,
    scale: TscScale,
    base: ApicBase,
    signals: Signals,
    lint0: bool,
    lint1: bool,
    tpr: u8,
    /// Logical destination in xAPIC mode.
    ldr: u8,
    dfr: u32,
    svr: u32,
    irr: Vectors,
    isr: Vectors,
    tmr: Vectors,
    /// Errors since the last write to the error status register, and what that write showed.
    errors: u32,
    esr: u32,
    icr: u64,
    lvt: [u32; ENTRIES],
    timer: Timer,
}

impl LocalApic {
    /// The local APIC with this ID after power-on, of a processor with `physical_bits` of physical address
    /// and a time-stamp counter of this `scale`. All processors but the bootstrap processor wait for a
    /// start-up message.
    #[must_use]
    pub const fn new(id: u32, is_bsp: bool, physical_bits: u8, scale: TscScale) -> Self {
        Self {
            id,
            scale,
            base: ApicBase::new(is_bsp, physical_bits),
            signals: Signals::new(!is_bsp),
            lint0: false,
            lint1: false,
            tpr: 0,
            ldr: 0,
            dfr: u32::MAX,
            svr: SPURIOUS_VECTOR,
            irr: Vectors::EMPTY,
            isr: Vectors::EMPTY,
            tmr: Vectors::EMPTY,
            errors: 0,
            esr: 0,
            icr: 0,
            lvt: lvt::RESET,
            timer: Timer::new(),
        }
    }

    /// The state in which firmware hands the bootstrap processor over to an operating system: virtual wire
    /// mode (Intel MultiProcessor Specification 1.4, section 3.6.2.2), that is enabled, with the 8259A at
    /// LINT0 and NMI at LINT1.
    pub fn set_virtual_wire_mode(&mut self) {
        self.svr |= SOFTWARE_ENABLE;
        self.write_lvt(Source::Lint0, lvt::EXT_INT);
        self.write_lvt(Source::Lint1, lvt::NMI);
    }

    /// The APIC ID.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// IA32_APIC_BASE.
    #[must_use]
    pub const fn base(&self) -> u64 {
        self.base.value()
    }

    /// Writes IA32_APIC_BASE. A local APIC that gets disabled forgets everything.
    ///
    /// # Errors
    /// #GP for reserved bits and for transitions between the modes that don't exist.
    pub fn set_base(&mut self, value: u64) -> Result<(), Fault> {
        self.base.set(value)?;
        if !self.is_enabled() {
            self.clear();
        }
        Ok(())
    }

    /// How the registers are accessed now.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.base.mode()
    }

    /// Where the registers are in guest-physical memory now; `None` unless in xAPIC mode.
    #[must_use]
    pub fn mmio_page(&self) -> Option<Gpa> {
        self.base.page()
    }

    /// Lets the timer act if it came due. Cheap if it did not.
    pub fn advance(&mut self, now: Instant) {
        if self.timer.expire(now) {
            self.trigger(Source::Timer);
        }
    }

    /// When [`LocalApic::advance`] must be called at the latest, so that no interrupt comes late. `None` also
    /// if the timer's interrupt is masked or waiting already: then its end makes no difference.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let entry = self.entry(Source::Timer);
        self.timer.due().filter(|_| entry & lvt::MASKED == 0 && self.awaits_vector(entry as u8))
    }

    /// When the timer ends, whether that makes a difference or not. From then on [`LocalApic::advance`] must
    /// be called before [`LocalApic::acknowledge`]: it decides which of the two was first.
    #[must_use]
    pub fn timer_end(&self) -> Option<Instant> {
        self.timer.due()
    }

    /// The guest's time-stamp counter was set, to `tsc`: a TSC deadline comes at another time now.
    pub fn tsc_changed(&mut self, now: Instant, tsc: u64) {
        self.advance(now);
        self.timer.tsc_changed(now, tsc, &self.scale);
        self.advance(now);
    }

    /// The priority class (1 to 15) of an interrupt that is requested and that only the task priority holds
    /// back.
    #[must_use]
    pub fn held_back_class(&self) -> Option<u8> {
        let serving = self.isr.highest().unwrap_or(0) & CLASS;
        let held_back = |vector: &u8| vector & CLASS > serving && vector & CLASS <= self.tpr & CLASS;
        self.irr.highest().filter(held_back).map(|vector| vector >> 4)
    }

    /// The vector of the interrupt that the processor has to take, if any: the highest one requested, if its
    /// priority class is above that of [`LocalApic::processor_priority`].
    #[must_use]
    pub fn pending(&self) -> Option<u8> {
        self.irr.highest().filter(|vector| vector & CLASS > self.processor_priority() & CLASS)
    }

    /// The processor takes an interrupt: its vector, which is in service from now on. If nothing is
    /// [`LocalApic::pending`] (any more) this is the spurious vector, and nothing is in service.
    pub fn acknowledge(&mut self) -> u8 {
        let Some(vector) = self.pending() else { return (self.svr & SPURIOUS_VECTOR) as u8 };
        self.irr.remove(vector);
        self.isr.insert(vector);
        vector
    }

    /// CR8: the priority class of the task-priority register, 0 to 15.
    #[must_use]
    pub const fn cr8(&self) -> u8 {
        self.tpr >> 4
    }

    /// Writes bits 3:0 to CR8.
    pub const fn set_cr8(&mut self, value: u8) {
        self.tpr = value << 4;
    }

    /// The processor-priority register.
    #[must_use]
    pub fn processor_priority(&self) -> u8 {
        let serving = self.isr.highest().unwrap_or(0);
        if self.tpr & CLASS >= serving & CLASS {
            self.tpr
        } else {
            serving & CLASS
        }
    }

    /// The arbitration-priority register: among several destinations of a lowest-priority message, the one
    /// with the least value receives it.
    #[must_use]
    pub fn arbitration_priority(&self) -> u8 {
        let serving = self.isr.highest().unwrap_or(0) & CLASS;
        let requested = self.irr.highest().unwrap_or(0) & CLASS;
        if self.tpr & CLASS >= requested && self.tpr & CLASS > serving {
            self.tpr
        } else {
            (self.tpr & CLASS).max(serving).max(requested)
        }
    }

    const fn is_enabled(&self) -> bool {
        !matches!(self.base.mode(), Mode::Disabled)
    }

    const fn is_software_enabled(&self) -> bool {
        self.svr & SOFTWARE_ENABLE != 0
    }

    /// Back to the state after reset, but for IA32_APIC_BASE, the pins and what the processor waits for.
    fn clear(&mut self) {
        let (base, lint0, lint1) = (self.base, self.lint0, self.lint1);
        let signals = self.signals.after_reset();
        *self = Self { base, signals, lint0, lint1, ..Self::new(self.id, false, 0, self.scale) };
    }

    /// Takes a vector into the request register.
    fn accept_vector(&mut self, vector: u8, level: bool) {
        if vector < FIRST_VECTOR {
            self.error(RECEIVE_ILLEGAL_VECTOR);
            return;
        }
        self.irr.insert(vector);
        if level {
            self.tmr.insert(vector);
        } else {
            self.tmr.remove(vector);
        }
    }

    /// Ends the interrupt with the highest priority; returns its vector if the I/O APICs have to know.
    fn end_of_interrupt(&mut self) -> Option<u8> {
        let vector = self.isr.highest()?;
        self.isr.remove(vector);
        self.end_level(vector);
        (self.tmr.contains(vector) && self.svr & SUPPRESS_BROADCAST == 0).then_some(vector)
    }

    /// Remembers an error. The first one since the last write to the error status register interrupts.
    fn error(&mut self, error: u32) {
        let first = self.errors == 0;
        self.errors |= error;
        if first {
            self.trigger(Source::Error);
        }
    }
}
