//! The local vector table: what happens at interrupts that start inside the processor or at its two
//! interrupt pins (Intel SDM, "Local Vector Table").

use super::{Delivery, LocalApic};

/// Delivery mode.
const DELIVERY: u32 = 7 << 8;
/// Delivery status, read-only and always idle.
const STATUS: u32 = 1 << 12;
/// Active low. It is kept and has no effect: pins are given as asserted or not.
const POLARITY: u32 = 1 << 13;
/// A level-triggered interrupt waits for its EOI. Read-only.
pub(super) const REMOTE_IRR: u32 = 1 << 14;
/// Level-triggered.
const LEVEL: u32 = 1 << 15;
/// No interrupt is accepted from this source.
pub(super) const MASKED: u32 = 1 << 16;
/// Timer mode.
const TIMER_MODE: u32 = 3 << 17;
/// An entry, not masked: ExtINT.
pub(super) const EXT_INT: u32 = 7 << 8;
/// An entry, not masked: NMI.
pub(super) const NMI: u32 = 4 << 8;
/// Vector.
const VECTOR: u32 = 0xff;

/// Number of entries.
pub(super) const ENTRIES: usize = 6;

/// The sources of local interrupts, in the order of their registers. There is no thermal sensor and no
/// performance counter: their entries can be written and are never used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Timer,
    Thermal,
    Performance,
    Lint0,
    Lint1,
    Error,
}

impl Source {
    /// Bits of the entry that software sets.
    const fn writable_bits(self) -> u32 {
        VECTOR
            | MASKED
            | match self {
                Self::Timer => TIMER_MODE,
                Self::Thermal | Self::Performance => DELIVERY,
                Self::Lint0 | Self::Lint1 => DELIVERY | POLARITY | LEVEL,
                Self::Error => 0,
            }
    }

    /// Bits of the entry that are not reserved.
    pub(super) const fn defined_bits(self) -> u32 {
        let read_only = match self {
            Self::Lint0 | Self::Lint1 => STATUS | REMOTE_IRR,
            _ => STATUS,
        };
        self.writable_bits() | read_only
    }
}

/// The interrupt pins of the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lint {
    /// INTR of a processor without local APIC: the 8259A's output.
    Lint0,
    /// NMI of a processor without local APIC.
    Lint1,
}

/// The table as after reset: all masked.
pub(super) const RESET: [u32; ENTRIES] = [MASKED; ENTRIES];

impl LocalApic {
    /// An asserted or released interrupt pin. In the mode ExtINT a change of LINT0 has no effect by itself:
    /// see [`LocalApic::lint0_accepts_extint`].
    ///
    /// LINT1 is edge-triggered always, and LINT0 in all modes but Fixed.
    pub fn set_lint(&mut self, pin: Lint, asserted: bool) {
        let (source, before) = match pin {
            Lint::Lint0 => (Source::Lint0, core::mem::replace(&mut self.lint0, asserted)),
            Lint::Lint1 => (Source::Lint1, core::mem::replace(&mut self.lint1, asserted)),
        };
        if self.is_level(source) {
            self.offer_level();
        } else if asserted && !before {
            if self.is_enabled() {
                self.trigger(source);
            } else if pin == Lint::Lint1 {
                self.signals.nmi = true;
            }
        }
    }

    /// Whether the 8259A's output reaches the processor through LINT0: as an interrupt whose vector the
    /// 8259A gives.
    #[must_use]
    pub fn lint0_accepts_extint(&self) -> bool {
        let entry = self.entry(Source::Lint0);
        !self.is_enabled() || (entry & MASKED == 0 && Delivery::decode(entry) == Some(Delivery::ExtInt))
    }

    /// Whether a rising edge of LINT0 would be noticed now: not in the mode ExtINT, where its level counts.
    #[must_use]
    pub fn awaits_lint0(&self) -> bool {
        let entry = self.entry(Source::Lint0);
        let waits = self.is_level(Source::Lint0) && entry & REMOTE_IRR != 0;
        entry & MASKED == 0
            && !waits
            && match Delivery::decode(entry) {
                Some(Delivery::Fixed) => self.awaits_vector(entry as u8),
                Some(delivery @ (Delivery::Nmi | Delivery::Init)) => self.awaits_signal(delivery),
                _ => false,
            }
    }

    /// Whether LINT0 means NMI or INIT.
    #[must_use]
    pub fn lint0_can_signal(&self) -> bool {
        let entry = self.entry(Source::Lint0);
        let delivery = Delivery::decode(entry);
        self.is_enabled() && entry & MASKED == 0 && matches!(delivery, Some(Delivery::Nmi | Delivery::Init))
    }

    pub(super) const fn entry(&self, source: Source) -> u32 {
        self.lvt[source as usize]
    }

    /// Writes an entry. While the local APIC is disabled by software, masks can't be cleared.
    pub(super) fn write_lvt(&mut self, source: Source, value: u32) {
        let writable = source.writable_bits();
        let forced = if self.is_software_enabled() { 0 } else { MASKED };
        let entry = &mut self.lvt[source as usize];
        *entry = (value & writable) | (*entry & !writable) | forced;
        if !self.is_level(Source::Lint0) {
            self.lvt[Source::Lint0 as usize] &= !REMOTE_IRR;
        }
        self.offer_level();
    }

    pub(super) fn mask_all(&mut self) {
        for entry in &mut self.lvt {
            *entry |= MASKED;
        }
    }

    /// Does what the entry of `source` says.
    pub(super) fn trigger(&mut self, source: Source) {
        let entry = self.entry(source);
        if entry & MASKED != 0 {
            return;
        }
        match Delivery::decode(entry) {
            Some(Delivery::Fixed) => self.accept_vector(entry as u8, false),
            Some(Delivery::Nmi) => self.signals.nmi = true,
            Some(Delivery::Init) => self.accept_init(),
            // Reserved modes; SMI, which this processor has not; ExtINT, where the pin's level counts.
            _ => {}
        }
    }

    /// LINT0's level-triggered interrupt was served.
    pub(super) fn end_level(&mut self, vector: u8) {
        let entry = &mut self.lvt[Source::Lint0 as usize];
        if *entry & REMOTE_IRR != 0 && *entry as u8 == vector {
            *entry &= !REMOTE_IRR;
            self.offer_level();
        }
    }

    fn is_level(&self, source: Source) -> bool {
        let entry = self.entry(source);
        source == Source::Lint0 && entry & LEVEL != 0 && Delivery::decode(entry) == Some(Delivery::Fixed)
    }

    /// Accepts a level-triggered interrupt from LINT0, if there is one that is not accepted yet.
    fn offer_level(&mut self) {
        let entry = self.entry(Source::Lint0);
        if self.lint0 && self.is_level(Source::Lint0) && entry & (MASKED | REMOTE_IRR) == 0 {
            self.accept_vector(entry as u8, true);
            if self.irr.contains(entry as u8) {
                self.lvt[Source::Lint0 as usize] |= REMOTE_IRR;
            }
        }
    }
}
