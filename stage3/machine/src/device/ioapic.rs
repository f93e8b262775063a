//! The I/O APIC: an 82093AA (Intel datasheet 290566) with 24 inputs, and with the EOI register of the later
//! ones (version 20h, as in Intel's I/O controller hubs).
//!
//! After each change of a line, write or EOI, whoever drives it takes all messages out
//! ([`IoApic::take_message`]) and routes them.
//!
//! * An input is given as asserted or not: the polarity bits are kept and have no effect.
//! * An edge that comes while the input is masked is lost, as the datasheet says under "Interrupt Mask".
//! * A message counts as accepted when it is sent, so remote IRR is set with it.

mod redirection;
#[cfg(test)]
mod tests;

use crate::device::lapic::InterruptMessage;
use crate::port::Size;
use redirection::Entry;

/// Inputs.
pub const PINS: u8 = 24;
/// Bytes of guest-physical memory that the registers take.
pub const BYTES: u32 = 0x1000;

/// Offset of the index register.
const IOREGSEL: u32 = 0x00;
/// Offset of the data register.
const IOWIN: u32 = 0x10;
/// Offset of the EOI register.
const EOI: u32 = 0x40;

/// Indirect register: ID in bits 27:24.
const ID: u8 = 0x00;
/// Indirect register: version and number of the last entry.
const VERSION: u8 = 0x01;
/// Indirect register: arbitration ID, which follows the ID.
const ARBITRATION: u8 = 0x02;
/// First indirect register of the redirection table: two for each input, the lower half first.
const TABLE: u8 = 0x10;

/// Version 20h: there is an EOI register.
const VERSION_VALUE: u32 = 0x20 | (PINS as u32 - 1) << 16;
/// Lowest bit of the ID.
const ID_SHIFT: u32 = 24;
/// The ID has four bits.
const ID_BITS: u8 = 0x0f;

/// The I/O APIC.
#[derive(Clone, Debug)]
pub struct IoApic {
    id: u8,
    select: u8,
    entries: [Entry; PINS as usize],
    /// Inputs that are asserted, bit n for input n.
    lines: u32,
    /// Inputs that have a message to send.
    ready: u32,
}

impl Default for IoApic {
    fn default() -> Self {
        Self::new()
    }
}

impl IoApic {
    /// The state after reset: all inputs are masked.
    #[must_use]
    pub const fn new() -> Self {
        Self { id: 0, select: 0, entries: [Entry::new(); PINS as usize], lines: 0, ready: 0 }
    }

    /// Reads from byte `offset` of the registers. Only aligned 32-bit accesses are defined; others read that
    /// part of the register, and zero where none is.
    #[must_use]
    pub fn read(&self, offset: u32, size: Size) -> u32 {
        let value = match offset & !0xf {
            IOREGSEL => self.select.into(),
            IOWIN => self.read_indirect(),
            _ => 0,
        };
        value.checked_shr(8 * (offset & 15)).unwrap_or(0) & size.mask()
    }

    /// Writes to byte `offset` of the registers. Index and EOI register have eight bits and take all sizes;
    /// the data register takes 32 bits and ignores other writes.
    pub fn write(&mut self, offset: u32, size: Size, value: u32) {
        match offset {
            IOREGSEL => self.select = value as u8,
            IOWIN if size == Size::Dword => self.write_indirect(value),
            EOI => self.end_of_interrupt(value as u8),
            _ => {}
        }
    }

    /// Asserts or releases input `pin`. Inputs that don't exist are ignored.
    pub fn set_line(&mut self, pin: u8, asserted: bool) {
        if pin >= PINS {
            return;
        }
        let bit = 1 << pin;
        let rises = asserted && self.lines & bit == 0;
        if asserted {
            self.lines |= bit;
        } else {
            self.lines &= !bit;
        }
        if rises && self.entries[usize::from(pin)].takes_edge() {
            self.ready |= bit;
        }
        self.settle(pin);
    }

    /// The message that a rising edge of input `pin` would send now.
    #[must_use]
    pub fn message_at_edge(&self, pin: u8) -> Option<InterruptMessage> {
        let entry = self.entries.get(usize::from(pin))?;
        if entry.takes_edge() || entry.takes_level() {
            entry.message()
        } else {
            None
        }
    }

    /// Whether an input sends NMI or INIT messages.
    #[must_use]
    pub fn can_signal(&self) -> bool {
        self.entries.iter().any(|entry| entry.sends_signal())
    }

    /// A local APIC broadcasts the end of a level-triggered interrupt. Inputs that are still asserted
    /// interrupt again.
    pub fn end_of_interrupt(&mut self, vector: u8) {
        for pin in 0..PINS {
            if self.entries[usize::from(pin)].end(vector) {
                self.settle(pin);
            }
        }
    }

    /// The next message to be sent.
    pub fn take_message(&mut self) -> Option<InterruptMessage> {
        while self.ready != 0 {
            let pin = self.ready.trailing_zeros();
            self.ready &= !(1 << pin);
            if let Some(message) = self.entries.get_mut(pin as usize).and_then(Entry::send) {
                return Some(message);
            }
        }
        None
    }

    fn read_indirect(&self) -> u32 {
        match self.select {
            ID | ARBITRATION => u32::from(self.id) << ID_SHIFT,
            VERSION => VERSION_VALUE,
            index => match self.entries.get(entry_of(index)) {
                Some(entry) if index & 1 == 0 => entry.low(),
                Some(entry) => entry.high(),
                None => 0,
            },
        }
    }

    fn write_indirect(&mut self, value: u32) {
        if self.select == ID {
            self.id = (value >> ID_SHIFT) as u8 & ID_BITS;
        }
        let index = entry_of(self.select);
        if let Some(entry) = self.entries.get_mut(index) {
            if self.select & 1 == 0 {
                entry.set_low(value);
            } else {
                entry.set_high(value);
            }
            self.settle(index as u8);
        }
    }

    /// Finds out whether a level-triggered input has a message to send.
    fn settle(&mut self, pin: u8) {
        let entry = &self.entries[usize::from(pin)];
        if entry.is_level() {
            let bit = 1 << pin;
            self.ready &= !bit;
            if entry.takes_level() {
                self.ready |= self.lines & bit;
            }
        }
    }
}

/// Number of the input whose entry is at an index; too large if it is none.
fn entry_of(index: u8) -> usize {
    usize::from(index.checked_sub(TABLE).unwrap_or(u8::MAX) / 2)
}
