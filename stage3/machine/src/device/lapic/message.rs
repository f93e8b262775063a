//! Interrupt messages: what local APICs, I/O APICs and message-signalled interrupts send each other.

/// What a message does to the processor that receives it (Intel SDM, "Interrupt Command Register").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The interrupt with the message's vector.
    Fixed,
    /// The same, for one of the destinations only: the one that runs at the lowest priority.
    LowestPriority,
    /// System management interrupt.
    Smi,
    /// Non-maskable interrupt.
    Nmi,
    /// Resets the processor to its state after INIT.
    Init,
    /// Starts a processor that waits after INIT, at page `vector` of real-mode memory.
    StartUp,
    /// An interrupt whose vector the 8259A gives.
    ExtInt,
}

impl Delivery {
    /// From bits 10:8 of `register`, which is where ICR, LVT and redirection entries have it.
    #[must_use]
    pub const fn decode(register: u32) -> Option<Self> {
        match register >> 8 & 7 {
            0 => Some(Self::Fixed),
            1 => Some(Self::LowestPriority),
            2 => Some(Self::Smi),
            4 => Some(Self::Nmi),
            5 => Some(Self::Init),
            6 => Some(Self::StartUp),
            7 => Some(Self::ExtInt),
            _ => None,
        }
    }
}

/// Whether the source of an interrupt waits for its EOI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// It does not.
    Edge,
    /// It does: the EOI is broadcast to the I/O APICs.
    Level,
}

/// Which local APICs a message is for. Broadcast addresses have become [`Destination::All`] already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The one with this APIC ID.
    Physical(u32),
    /// Those whose logical destination register matches this set.
    Logical(u32),
    /// Every one.
    All,
    /// Every one but the sender, which has this APIC ID.
    Others(u32),
}

impl Destination {
    /// Eight bits of destination, as in xAPIC mode, an I/O APIC or an MSI address.
    #[must_use]
    pub const fn from_8_bits(destination: u8, logical: bool) -> Self {
        match (destination, logical) {
            (destination, true) => Self::Logical(destination as u32),
            (u8::MAX, false) => Self::All,
            (destination, false) => Self::Physical(destination as u32),
        }
    }

    /// 32 bits of destination, as in x2APIC mode.
    #[must_use]
    pub const fn from_32_bits(destination: u32, logical: bool) -> Self {
        match (destination, logical) {
            (u32::MAX, _) => Self::All,
            (destination, true) => Self::Logical(destination),
            (destination, false) => Self::Physical(destination),
        }
    }
}

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterruptMessage {
    /// To whom.
    pub destination: Destination,
    /// What it does.
    pub delivery: Delivery,
    /// Whether an EOI is expected.
    pub trigger: Trigger,
    /// Vector, or page for [`Delivery::StartUp`].
    pub vector: u8,
}
