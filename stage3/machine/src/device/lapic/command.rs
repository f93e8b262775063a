//! Sending interrupts to other processors (Intel SDM, "Issuing Interprocessor Interrupts").

use super::registers::{COMMAND_BITS, SEND_ILLEGAL_VECTOR};
use super::{ApicEffects, Delivery, Destination, InterruptMessage, LocalApic, Mode, Trigger, FIRST_VECTOR};

/// The destination is a logical one.
const LOGICAL: u32 = 1 << 11;
/// INIT level: clear for the old de-assert message.
const ASSERT: u32 = 1 << 14;
/// Level-triggered; counts in the de-assert message only.
const LEVEL: u32 = 1 << 15;

/// Destination shorthand, bits 19:18.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shorthand {
    None,
    Myself,
    All,
    Others,
}

impl Shorthand {
    const fn decode(command: u32) -> Self {
        match command >> 18 & 3 {
            0 => Self::None,
            1 => Self::Myself,
            2 => Self::All,
            _ => Self::Others,
        }
    }
}

impl LocalApic {
    /// Writes the interrupt command register, and sends.
    ///
    /// What the manual calls invalid is not sent: reserved delivery modes, other modes than Fixed to the
    /// sender itself or to all, vectors below 16 (an error as well), INIT de-assert (obsolete).
    pub(super) fn command(&mut self, value: u64) -> ApicEffects {
        let command = value as u32;
        self.icr = value & (u64::MAX << 32 | u64::from(COMMAND_BITS));
        let Some(delivery) = Delivery::decode(command) else { return ApicEffects::default() };
        let vector = command as u8;
        let fixed = delivery == Delivery::Fixed;
        match delivery {
            Delivery::Fixed | Delivery::LowestPriority if vector < FIRST_VECTOR => {
                self.error(SEND_ILLEGAL_VECTOR);
                return ApicEffects::default();
            }
            Delivery::Init if command & (ASSERT | LEVEL) == LEVEL => return ApicEffects::default(),
            Delivery::ExtInt => return ApicEffects::default(),
            _ => {}
        }
        let destination = match Shorthand::decode(command) {
            Shorthand::None => self.command_destination(),
            Shorthand::Myself if fixed => {
                self.accept_fixed(vector, Trigger::Edge);
                return ApicEffects::default();
            }
            Shorthand::All if fixed => Destination::All,
            Shorthand::Myself | Shorthand::All => return ApicEffects::default(),
            Shorthand::Others => Destination::Others(self.id),
        };
        let message = InterruptMessage { destination, delivery, trigger: Trigger::Edge, vector };
        ApicEffects { message: Some(message), ..ApicEffects::default() }
    }

    /// Writes the self-IPI register.
    pub(super) fn self_ipi(&mut self, vector: u8) {
        if vector < FIRST_VECTOR {
            self.error(SEND_ILLEGAL_VECTOR);
        } else {
            self.accept_fixed(vector, Trigger::Edge);
        }
    }

    fn command_destination(&self) -> Destination {
        let logical = self.icr as u32 & LOGICAL != 0;
        let destination = (self.icr >> 32) as u32;
        if self.base.mode() == Mode::X2apic {
            Destination::from_32_bits(destination, logical)
        } else {
            Destination::from_8_bits((destination >> 24) as u8, logical)
        }
    }
}
