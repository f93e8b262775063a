//! An entry of the redirection table: what an input of the I/O APIC sends, and to whom.

use crate::device::lapic::{Delivery, Destination, InterruptMessage, Trigger};

/// The destination is a logical one.
const LOGICAL: u32 = 1 << 11;
/// A level-triggered interrupt waits for its EOI. Read-only.
const REMOTE_IRR: u32 = 1 << 14;
/// Level-triggered.
const LEVEL: u32 = 1 << 15;
/// Nothing is sent.
const MASKED: u32 = 1 << 16;
/// Bits 31:0 that software sets: vector, delivery mode, destination mode, polarity (13), trigger, mask.
/// Not delivery status (12): messages are sent at once.
const WRITABLE: u32 = 0xff | 7 << 8 | LOGICAL | 1 << 13 | LEVEL | MASKED;
/// Lowest bit of the destination in bits 63:32.
const DESTINATION_SHIFT: u32 = 24;

/// The entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    low: u32,
    destination: u8,
}

impl Entry {
    pub(super) const fn new() -> Self {
        Self { low: MASKED, destination: 0 }
    }

    pub(super) const fn low(self) -> u32 {
        self.low
    }

    pub(super) const fn high(self) -> u32 {
        (self.destination as u32) << DESTINATION_SHIFT
    }

    /// Writes bits 31:0. An edge-triggered entry has no remote IRR.
    pub(super) fn set_low(&mut self, value: u32) {
        self.low = (value & WRITABLE) | (self.low & REMOTE_IRR);
        if !self.is_level() {
            self.low &= !REMOTE_IRR;
        }
    }

    /// Writes bits 63:32.
    pub(super) fn set_high(&mut self, value: u32) {
        self.destination = (value >> DESTINATION_SHIFT) as u8;
    }

    /// Whether the level of the input counts. The datasheet knows this for vectored interrupts only: NMI and
    /// the like are edge-triggered whatever the trigger bit says.
    pub(super) fn is_level(self) -> bool {
        let vectored = matches!(self.delivery(), Some(Delivery::Fixed | Delivery::LowestPriority));
        vectored && self.low & LEVEL != 0
    }

    /// Whether a rising edge sends a message.
    pub(super) fn takes_edge(self) -> bool {
        !self.is_level() && self.low & MASKED == 0
    }

    /// Whether an asserted level sends a message.
    pub(super) fn takes_level(self) -> bool {
        self.is_level() && self.low & (MASKED | REMOTE_IRR) == 0
    }

    /// Whether what is sent is NMI or INIT.
    pub(super) fn sends_signal(self) -> bool {
        self.low & MASKED == 0 && matches!(self.delivery(), Some(Delivery::Nmi | Delivery::Init))
    }

    /// Sends the message.
    pub(super) fn send(&mut self) -> Option<InterruptMessage> {
        let message = self.message();
        if self.is_level() {
            self.low |= REMOTE_IRR;
        }
        message
    }

    /// The message that is to be sent, unless the delivery mode is reserved.
    pub(super) fn message(self) -> Option<InterruptMessage> {
        let delivery = self.delivery()?;
        let trigger = if self.is_level() { Trigger::Level } else { Trigger::Edge };
        let destination = Destination::from_8_bits(self.destination, self.low & LOGICAL != 0);
        Some(InterruptMessage { destination, delivery, trigger, vector: self.low as u8 })
    }

    /// The interrupt `vector` ended; whether it was this one.
    pub(super) fn end(&mut self, vector: u8) -> bool {
        let waits = self.low & REMOTE_IRR != 0 && self.low as u8 == vector;
        if waits {
            self.low &= !REMOTE_IRR;
        }
        waits
    }

    /// Start-up messages come from local APICs only.
    fn delivery(self) -> Option<Delivery> {
        Delivery::decode(self.low).filter(|delivery| *delivery != Delivery::StartUp)
    }
}
