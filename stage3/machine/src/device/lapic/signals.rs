//! Messages: which ones are for this local APIC, and what they do. NMI, INIT, start-up and ExtINT
//! wait here until the processor looks.

use super::registers::RECEIVE_ILLEGAL_VECTOR;
use super::{Delivery, Destination, InterruptMessage, LocalApic, Mode, Trigger, FIRST_VECTOR};

/// Destination format: flat model.
const FLAT: u32 = 0xf;
/// Destination format: cluster model.
const CLUSTER: u32 = 0;
/// Cluster number that names all clusters.
const ALL_CLUSTERS: u32 = 0xf;

/// What waits for the processor.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "they are flip-flops, each on its own")]
pub(super) struct Signals {
    pub(super) nmi: bool,
    init: bool,
    start_up: Option<u8>,
    ext_int: bool,
    /// The processor has had INIT and runs nothing until a start-up message comes.
    waits: bool,
}

impl Signals {
    pub(super) const fn new(waits: bool) -> Self {
        Self { nmi: false, init: false, start_up: None, ext_int: false, waits }
    }

    /// What is left when the local APIC is reset.
    pub(super) const fn after_reset(self) -> Self {
        Self { init: self.init, start_up: self.start_up, ..Self::new(self.waits) }
    }
}

impl LocalApic {
    /// Whether a message to `destination` is for this local APIC.
    #[must_use]
    pub fn matches(&self, destination: Destination) -> bool {
        match (self.mode(), destination) {
            (Mode::Disabled, _) => false,
            (_, Destination::All) => true,
            (_, Destination::Others(sender)) => sender != self.id,
            (Mode::Xapic, Destination::Physical(id)) => id == self.id & 0xff,
            (Mode::X2apic, Destination::Physical(id)) => id == self.id,
            (Mode::Xapic, Destination::Logical(set)) => self.matches_xapic_logical(set),
            (Mode::X2apic, Destination::Logical(set)) => {
                let own = self.x2apic_logical_id();
                set >> 16 == own >> 16 && set & own & 0xffff != 0
            }
        }
    }

    /// Logical ID in x2APIC mode: the cluster in bits 31:16, one bit for the processor in 15:0.
    pub(super) const fn x2apic_logical_id(&self) -> u32 {
        (self.id >> 4 << 16) | 1 << (self.id & 15)
    }

    fn matches_xapic_logical(&self, set: u32) -> bool {
        let own = u32::from(self.ldr);
        match self.dfr >> 28 {
            FLAT => set & own != 0 && set <= 0xff,
            CLUSTER => {
                let cluster = set >> 4;
                (cluster == own >> 4 || cluster == ALL_CLUSTERS) && set & own & 0xf != 0
            }
            _ => false,
        }
    }

    /// Receives a message that [`LocalApic::matches`]. A local APIC that software disabled takes no
    /// interrupts, but NMI, INIT and start-up all the same.
    pub fn accept(&mut self, message: &InterruptMessage) {
        if !self.is_enabled() {
            return;
        }
        match message.delivery {
            Delivery::Fixed | Delivery::LowestPriority => self.accept_fixed(message.vector, message.trigger),
            Delivery::Nmi => self.signals.nmi = true,
            Delivery::Init => self.accept_init(),
            Delivery::StartUp => self.accept_start_up(message.vector),
            Delivery::ExtInt => self.signals.ext_int |= self.is_software_enabled(),
            // This processor has no system management mode.
            Delivery::Smi => {}
        }
    }

    /// Whether a message would make a difference now, if it came.
    #[must_use]
    pub fn awaits(&self, message: &InterruptMessage) -> bool {
        let listens = self.is_software_enabled();
        self.matches(message.destination)
            && match message.delivery {
                Delivery::Fixed | Delivery::LowestPriority => listens && self.awaits_vector(message.vector),
                Delivery::ExtInt => listens && !self.signals.ext_int,
                delivery => self.awaits_signal(delivery),
            }
    }

    /// Whether one more interrupt with this vector would be noticed now.
    pub(super) fn awaits_vector(&self, vector: u8) -> bool {
        if vector < FIRST_VECTOR {
            self.errors & RECEIVE_ILLEGAL_VECTOR == 0
        } else {
            !self.irr.contains(vector)
        }
    }

    /// The same for what no register can hold back.
    pub(super) const fn awaits_signal(&self, delivery: Delivery) -> bool {
        match delivery {
            Delivery::Nmi => !self.signals.nmi,
            Delivery::Init => !self.signals.init,
            Delivery::StartUp => self.signals.waits && self.signals.start_up.is_none(),
            _ => false,
        }
    }

    pub(super) fn accept_fixed(&mut self, vector: u8, trigger: Trigger) {
        if self.is_software_enabled() {
            self.accept_vector(vector, trigger == Trigger::Level);
        }
    }

    pub(super) fn accept_init(&mut self) {
        self.signals.init = true;
        self.signals.start_up = None;
        self.signals.waits = !self.base.is_bsp();
    }

    /// The first start-up message after INIT counts, all others are ignored.
    fn accept_start_up(&mut self, page: u8) {
        if self.signals.waits && self.signals.start_up.is_none() {
            self.signals.start_up = Some(page);
        }
    }

    /// Whether an NMI waits; takes it.
    pub fn take_nmi(&mut self) -> bool {
        core::mem::take(&mut self.signals.nmi)
    }

    /// Whether INIT waits; takes it and resets the local APIC (but for IA32_APIC_BASE). The processor then
    /// goes to its state after INIT; unless it is the bootstrap processor it runs nothing
    /// until [`LocalApic::take_start_up`] has an answer.
    pub fn take_init(&mut self) -> bool {
        let init = core::mem::take(&mut self.signals.init);
        if init {
            self.clear();
        }
        init
    }

    /// Whether the processor may run nothing before a start-up message.
    #[must_use]
    pub const fn waits_for_start_up(&self) -> bool {
        self.signals.waits
    }

    /// The page (bits 19:12 of the address) at which a processor that waits shall start in real mode, with
    /// IP zero. INIT is to be taken first.
    pub fn take_start_up(&mut self) -> Option<u8> {
        if self.signals.init {
            return None;
        }
        let page = self.signals.start_up.take()?;
        self.signals.waits = false;
        Some(page)
    }

    /// Whether a message asked for an interrupt with a vector from the 8259A; takes it.
    pub fn take_ext_int(&mut self) -> bool {
        core::mem::take(&mut self.signals.ext_int)
    }

    /// Whether anything waits that the processor has to be woken up for: not interrupts
    /// ([`LocalApic::pending`]), but NMI, INIT, a start-up message, or ExtINT. A processor that waits for its
    /// start-up message leaves all others waiting.
    #[must_use]
    pub const fn has_signal(&self) -> bool {
        let Signals { nmi, init, start_up, ext_int, waits } = self.signals;
        init || if waits { start_up.is_some() } else { nmi || ext_int }
    }
}
