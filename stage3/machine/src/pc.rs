//! The board: which device answers at which port, and which interrupt line it drives.
//!
//! All devices here are 8 bits wide but for PCI and firmware configuration. A wider access is split into
//! bytes at consecutive ports, and a byte that no device claims floats high.
//!
//! Time: whoever drives the board calls [`Pc::advance`] at [`Pc::next_deadline`], and before it looks at
//! [`Pc::interrupt_pending`]; port accesses advance by themselves. Interrupt lines follow the timers at
//! these moments only. Nothing gets lost by that: the interrupt controller remembers an edge just as long
//! as the line stays high, which is known whenever it is looked at. So there is no deadline for an edge
//! that is masked or already requested, and an idle guest sleeps as long as it wants to.

mod accesses;
mod cpu;
mod disks;
mod effects;
mod floppies;
mod interrupts;
mod lines;
mod memory_mapped;
mod ports;
mod restart;
#[cfg(test)]
mod tests;

pub use crate::device::i8042::Key;
pub use disks::DISKS_MAX;
pub use effects::{Effects, Output, PowerEvent, ResetSource};
pub use memory_mapped::IOAPIC;
pub use ports::{is_free_port, DebugPorts};

use crate::device::ata::Channel;
use crate::device::dma::Dma;
use crate::device::floppy::Floppy;
use crate::device::fw_cfg::{File, FwCfg};
use crate::device::i8042::I8042;
use crate::device::lapic::LocalApic;
use crate::device::pci::Pci;
use crate::device::pic::Which;
use crate::device::pit::Pit;
use crate::device::power_management::{PowerManagement, SCI_IRQ};
use crate::device::reset_control::ResetControl;
use crate::device::rtc::Rtc;
use crate::device::system_control::SystemControl;
use crate::device::uart::Uart;
use crate::device::vga::Vga;
use crate::memory::RamLayout;
use crate::port::PortMap;
use crate::time::{Instant, TscScale};
use alloc::vec::Vec;
use interrupts::Interrupts;
use lines::Due;
use ports::Device;
#[cfg(test)]
use ports::PORTS;

/// What a PC depends on.
#[derive(Clone, Copy, Debug)]
pub struct PcConfig {
    /// Its memory. With one for it, there is a VGA.
    pub layout: RamLayout,
    /// Number of its CPUs.
    pub cpus: u16,
    /// What its clock shows when it is powered on first, at [`Instant`] zero: seconds since 1970 (UTC).
    pub wall_clock: u64,
    /// The rate of its CPU's time-stamp counter.
    pub tsc: TscScale,
    /// Bits of its CPU's physical addresses.
    pub physical_bits: u8,
    /// Its debug ports.
    pub debug: DebugPorts,
}

/// What a PC for tests depends on: its TSC has 1 GHz.
#[cfg(test)]
pub(crate) fn test_config(memory: u64) -> PcConfig {
    PcConfig {
        layout: RamLayout::new(memory),
        cpus: 1,
        wall_clock: 1_700_000_000,
        tsc: TscScale::from_khz(1_000_000),
        physical_bits: 40,
        debug: DebugPorts::default(),
    }
}

/// A PC for tests.
#[cfg(test)]
pub(crate) fn test_pc(memory: u64) -> Pc {
    Pc::new(&test_config(memory))
}

/// What a PC has whose guest begins with its firmware.
#[derive(Clone, Debug)]
pub struct Firmware {
    /// Its code, which can be read below 4 GiB too.
    pub rom: &'static [u8],
    /// What it finds in the firmware configuration.
    pub files: Vec<File>,
}

/// A PC but for CPU and memory.
#[derive(Clone, Debug)]
pub struct Pc {
    ports: PortMap<Device>,
    interrupts: Interrupts,
    pci: Pci,
    fw_cfg: FwCfg,
    power: PowerManagement,
    pit: Pit,
    keyboard: I8042,
    system_control: SystemControl,
    clock: Rtc,
    uart: Uart,
    dma: Dma,
    floppy: Floppy,
    rom: &'static [u8],
    ata: [Channel; 2],
    reset_control: ResetControl,
    vga: Option<Vga>,
    due: Due,
    /// There is a disk in some drive.
    has_media: bool,
}

impl Pc {
    /// A PC as its firmware leaves it to an operating system.
    #[must_use]
    pub fn new(config: &PcConfig) -> Self {
        let mut lapic = LocalApic::new(0, true, config.physical_bits, config.tsc);
        lapic.set_virtual_wire_mode();
        let mut pc = Self {
            ports: ports::map(config.debug, config.layout.has_vga()),
            interrupts: Interrupts::new(lapic),
            pci: Pci::new(),
            power: PowerManagement::new(),
            pit: Pit::new(),
            keyboard: I8042::new(),
            system_control: SystemControl::new(),
            clock: Rtc::new(config.layout, config.wall_clock),
            uart: Uart::new(),
            dma: Dma::new(),
            floppy: Floppy::new(),
            fw_cfg: FwCfg::new(config.layout, config.cpus),
            rom: &[],
            ata: Default::default(),
            reset_control: ResetControl::default(),
            vga: config.layout.has_vga().then(Vga::new),
            due: Due::default(),
            has_media: false,
        };
        // Firmware does this because the ACPI tables say so.
        pc.interrupts.pic.write_trigger(Which::Slave, 1 << (SCI_IRQ - 8));
        // The timer's output is high already: that is no edge.
        pc.carry_timer(Instant(0));
        pc
    }

    /// Gives a PC that was just powered on its firmware.
    pub fn install(&mut self, firmware: Firmware) {
        self.rom = firmware.rom;
        for file in firmware.files {
            self.fw_cfg.add(file);
        }
    }

    /// Whether a program wants to go on where it is after `reset`, of the CPU alone: that is how programs for the 80286
    /// leave protected mode ("Shutdown status byte" of the IBM Technical Reference of the PC/AT). Only firmware that
    /// looks at this byte can do so.
    #[must_use]
    pub fn goes_on_after(&self, reset: ResetSource) -> bool {
        !self.rom.is_empty() && reset.is_of_the_cpu() && self.clock.shutdown_status() != 0
    }

    /// Somebody presses the power button: the guest is asked to switch itself off.
    pub fn press_power_button(&mut self, now: Instant) {
        self.advance(now);
        self.power.press_power_button();
        self.carry_power(now);
    }

    /// Whether the serial port takes a byte now without losing one.
    #[must_use]
    pub fn can_receive(&self) -> bool {
        self.uart.ready()
    }

    /// A byte from outside for the serial port.
    pub fn receive(&mut self, now: Instant, byte: u8) {
        self.advance(now);
        self.uart.receive(now, byte);
        self.carry_uart(now);
    }

    /// The display adapter, if there is one.
    #[must_use]
    pub const fn vga(&self) -> Option<&Vga> {
        self.vga.as_ref()
    }

    /// Whether the keyboard takes a key now without losing one: the guest has read what was typed before.
    #[must_use]
    pub const fn can_type(&self) -> bool {
        self.keyboard.is_idle()
    }

    /// Somebody presses a key of the keyboard (`down`; again, if it repeats) or lets it go.
    pub fn key(&mut self, now: Instant, key: Key, down: bool) {
        self.advance(now);
        self.keyboard.key(key, down);
        self.carry_keyboard();
    }

    /// The keyboard's indicators that are lit: Scroll, Num and Caps Lock in bits 0 to 2.
    #[must_use]
    pub const fn keyboard_indicators(&self) -> u8 {
        self.keyboard.indicators()
    }
}
