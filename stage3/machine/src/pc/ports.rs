//! Which device answers at which port.

use super::disks;
use crate::device::dma;
use crate::device::floppy;
use crate::device::fw_cfg;
use crate::device::i8042::Register;
use crate::device::pic::Which;
use crate::device::power_management;
use crate::device::rtc;
use crate::device::uart;
use crate::device::vga;
use crate::port::PortMap;
use core::ops::Range;

/// What answers at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Device {
    Pic(Which),
    PicTrigger,
    Pit,
    Keyboard(Register),
    PortB,
    Clock,
    PostCode,
    PortA,
    Uart,
    FwCfg,
    FwCfgAddress,
    Dma(dma::Group),
    /// The controller's first port of this range.
    Floppy(u16),
    /// The command block of a channel.
    Ata(u8),
    /// Its control register.
    AtaControl(u8),
    PowerManagement,
    ResetControl,
    /// The range of ports starts here.
    Vga(u16),
    DebugExit,
    DebugConsole,
}

/// Ports of devices for kernels under development, which a PC may have or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DebugPorts {
    /// A write ends the VM.
    pub exit: Option<u16>,
    /// Bytes written join the console.
    pub console: Option<u16>,
}

/// Ports of the PCI configuration mechanism, which answers to wide accesses there.
pub(super) const PCI_PORTS: Range<u16> = 0xcf8..0xd00;

/// Whether no device of a board, or of one with disks, is at `port`.
#[must_use]
pub fn is_free_port(port: u16) -> bool {
    let others = disks::PORTS.iter().chain([&PCI_PORTS]).chain(&vga::PORTS);
    !PORTS.iter().map(|(range, _)| range).chain(others).any(|range| range.contains(&port))
}

/// The ports of a board with these debug ports. One that is taken is left out.
pub(super) fn map(debug: DebugPorts, has_vga: bool) -> PortMap<Device> {
    let mut ports = PortMap::default();
    for (range, device) in PORTS {
        let registered = ports.register(range.clone(), *device);
        debug_assert!(registered.is_ok(), "{device:?} overlaps another device");
    }
    for range in vga::PORTS.into_iter().filter(|_| has_vga) {
        let registered = ports.register(range.clone(), Device::Vga(range.start));
        debug_assert!(registered.is_ok(), "the VGA overlaps another device");
    }
    for (port, device) in [(debug.exit, Device::DebugExit), (debug.console, Device::DebugConsole)] {
        if let Some((port, end)) = port.and_then(|port| Some((port, port.checked_add(1)?))) {
            if is_free_port(port) {
                // Both at the same port: the first one has it.
                let _ = ports.register(port..end, device);
            }
        }
    }
    ports
}

/// The ports of the devices.
pub(super) const PORTS: &[(Range<u16>, Device)] = &[
    (dma::FIRST_PORTS, Device::Dma(dma::Group::First)),
    (0x20..0x22, Device::Pic(Which::Master)),
    (0x40..0x44, Device::Pit),
    (0x60..0x61, Device::Keyboard(Register::Data)),
    (0x61..0x62, Device::PortB),
    (0x64..0x65, Device::Keyboard(Register::Command)),
    (0x70..0x70 + rtc::PORTS, Device::Clock),
    (0x80..0x81, Device::PostCode),
    (dma::PAGE_PORTS, Device::Dma(dma::Group::Page)),
    (0x92..0x93, Device::PortA),
    (0xa0..0xa2, Device::Pic(Which::Slave)),
    (dma::SECOND_PORTS, Device::Dma(dma::Group::Second)),
    (floppy::PORTS, Device::Floppy(floppy::PORTS.start)),
    (floppy::DIGITAL_INPUT..floppy::DIGITAL_INPUT + 1, Device::Floppy(floppy::DIGITAL_INPUT)),
    (0x3f8..0x3f8 + uart::PORTS, Device::Uart),
    (0x4d0..0x4d2, Device::PicTrigger),
    (fw_cfg::PORTS, Device::FwCfg),
    (fw_cfg::DMA_PORTS, Device::FwCfgAddress),
    (power_management::BASE..power_management::BASE + power_management::PORTS, Device::PowerManagement),
    (0xcf9..0xcfa, Device::ResetControl),
];
