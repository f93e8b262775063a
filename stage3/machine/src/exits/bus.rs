//! The board as exit handlers see it.

use crate::emulate::Mmio;
use crate::memory::GuestMemory;
use crate::pc::{Effects, Pc};
use crate::port::Size;
use crate::time::Instant;
use crate::vcpu::Fault;

/// What answers port instructions.
pub trait PortBus {
    /// IN.
    fn read_port(&mut self, now: Instant, port: u16, size: Size) -> u32;
    /// INS as often as elements of `size` fit into `bytes`.
    fn read_port_string(&mut self, now: Instant, port: u16, size: Size, bytes: &mut [u8]) {
        for element in bytes.chunks_exact_mut(size.bytes().into()) {
            let value = self.read_port(now, port, size).to_le_bytes();
            for (to, from) in element.iter_mut().zip(value) {
                *to = from;
            }
        }
    }
    /// OUT.
    fn write_port(&mut self, now: Instant, port: u16, size: Size, value: u32) -> Effects;
    /// Lets devices reach `memory`, after a write that led to [`Effects::transfer`].
    fn transfer(&mut self, memory: &dyn GuestMemory);
}

/// What answers ports, device memory and the MSRs of the local APIC.
pub trait Board: PortBus + Mmio {
    /// Whether CPUID shows a local APIC.
    fn has_lapic(&self) -> bool;
    /// RDMSR of a register of the local APIC.
    ///
    /// # Errors
    /// The fault that the instruction causes.
    fn read_lapic_msr(&mut self, now: Instant, index: u32) -> Result<u64, Fault>;
    /// WRMSR of a register of the local APIC, when the guest's time-stamp counter is `tsc`.
    ///
    /// # Errors
    /// The fault that the instruction causes.
    fn write_lapic_msr(&mut self, now: Instant, tsc: u64, index: u32, value: u64) -> Result<(), Fault>;
    /// The guest set its time-stamp counter to `tsc`.
    fn tsc_changed(&mut self, now: Instant, tsc: u64);
    /// Whether an NMI or INIT waits for the CPU, or a device's line may become one.
    fn can_signal(&self) -> bool;
}

impl PortBus for Pc {
    fn read_port(&mut self, now: Instant, port: u16, size: Size) -> u32 {
        self.read_port(now, port, size)
    }

    fn read_port_string(&mut self, now: Instant, port: u16, size: Size, bytes: &mut [u8]) {
        self.read_port_string(now, port, size, bytes);
    }

    fn write_port(&mut self, now: Instant, port: u16, size: Size, value: u32) -> Effects {
        self.write_port(now, port, size, value)
    }

    fn transfer(&mut self, memory: &dyn GuestMemory) {
        self.transfer(memory);
    }
}

impl Board for Pc {
    fn has_lapic(&self) -> bool {
        self.has_lapic()
    }

    fn read_lapic_msr(&mut self, now: Instant, index: u32) -> Result<u64, Fault> {
        self.read_lapic_msr(now, index)
    }

    fn write_lapic_msr(&mut self, now: Instant, tsc: u64, index: u32, value: u64) -> Result<(), Fault> {
        self.write_lapic_msr(now, tsc, index, value)
    }

    fn tsc_changed(&mut self, now: Instant, tsc: u64) {
        self.tsc_changed(now, tsc);
    }

    fn can_signal(&self) -> bool {
        self.can_signal()
    }
}

/// Bytes for the console, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Output {
    bytes: [u8; Self::CAPACITY],
    length: u8,
}

impl Output {
    /// Bytes that one exit can print at most.
    pub const CAPACITY: usize = 32;

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// How many more bytes have a place.
    #[must_use]
    pub const fn room(&self) -> usize {
        Self::CAPACITY - self.length as usize
    }

    /// Bytes that an instruction, or one element of a string, can print at most: it is split into no more than this many
    /// accesses.
    const OF_ONE: usize = Self::CAPACITY / 2;

    /// Whether all that one more element can print has a place.
    #[must_use]
    pub const fn has_room_for_one(&self) -> bool {
        self.room() >= Self::OF_ONE
    }

    /// Appends `bytes`; those that find no room are dropped.
    pub fn extend(&mut self, bytes: &[u8]) {
        for (place, byte) in self.bytes.iter_mut().skip(usize::from(self.length)).zip(bytes) {
            *place = *byte;
            self.length += 1;
        }
    }
}
