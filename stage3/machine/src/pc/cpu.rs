//! The side of the board that the CPU sees: interrupts, and its local APIC.

use super::Pc;
use crate::device::lapic::Mode;
use crate::time::Instant;
use crate::vcpu::Fault;

impl Pc {
    /// Whether an interrupt waits for the CPU that its task priority does not hold back.
    #[must_use]
    pub fn interrupt_pending(&self) -> bool {
        self.interrupts.pending()
    }

    /// The CPU's interrupt acknowledge cycle: the vector to deliver.
    pub fn acknowledge_interrupt(&mut self) -> u8 {
        self.interrupts.acknowledge()
    }

    /// The priority class of an interrupt that only the task priority holds back.
    #[must_use]
    pub fn held_back_class(&self) -> Option<u8> {
        self.interrupts.lapic.held_back_class()
    }

    /// CR8, which is the upper half of the local APIC's task priority.
    #[must_use]
    pub const fn cr8(&self) -> u8 {
        self.interrupts.lapic.cr8()
    }

    /// The CPU wrote CR8.
    pub fn set_cr8(&mut self, value: u8) {
        if value != self.cr8() {
            self.interrupts.lapic.set_cr8(value);
            self.interrupts.changed = true;
        }
    }

    /// Whether a non-maskable interrupt, INIT or start-up message waits for the CPU.
    #[must_use]
    pub const fn has_signal(&self) -> bool {
        self.interrupts.lapic.has_signal()
    }

    /// Whether [`Pc::has_signal`] is or can become true while the CPU executes nothing.
    #[must_use]
    pub fn can_signal(&self) -> bool {
        self.has_signal() || self.interrupts.can_signal()
    }

    /// Whether a non-maskable interrupt waits for the CPU; takes it.
    pub fn take_nmi(&mut self) -> bool {
        let waits = self.interrupts.lapic.take_nmi();
        self.interrupts.changed |= waits;
        waits
    }

    /// Whether an INIT message waits for the CPU; takes it.
    pub fn take_init(&mut self) -> bool {
        let waits = self.interrupts.lapic.take_init();
        self.interrupts.changed |= waits;
        waits
    }

    /// Whether the local APIC is there for the CPU: CPUID shows it.
    #[must_use]
    pub fn has_lapic(&self) -> bool {
        self.interrupts.lapic.mode() != Mode::Disabled
    }

    /// RDMSR of a register of the local APIC.
    ///
    /// # Errors
    /// #GP if there is none with this index.
    pub fn read_lapic_msr(&mut self, now: Instant, index: u32) -> Result<u64, Fault> {
        self.advance(now);
        let value = self.interrupts.lapic.read_msr(now, index);
        self.carry_lapic();
        value
    }

    /// WRMSR of a register of the local APIC, when the guest's time-stamp counter is `tsc`.
    ///
    /// # Errors
    /// #GP if there is none with this index, or the value is not allowed in it.
    pub fn write_lapic_msr(&mut self, now: Instant, tsc: u64, index: u32, value: u64) -> Result<(), Fault> {
        self.advance(now);
        let effects = self.interrupts.lapic.write_msr(now, tsc, index, value)?;
        self.interrupts.apply(effects);
        self.carry_lapic();
        Ok(())
    }

    /// The guest set its time-stamp counter to `tsc`.
    pub fn tsc_changed(&mut self, now: Instant, tsc: u64) {
        self.interrupts.lapic.tsc_changed(now, tsc);
        self.carry_lapic();
    }
}
