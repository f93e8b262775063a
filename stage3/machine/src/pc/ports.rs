//! Which device answers at which port.

use crate::device::i8042::Register;
use crate::device::pic::Which;
use crate::device::power_management;
use crate::device::rtc;
use crate::device::uart;
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
    PowerManagement,
    ResetControl,
}

/// The ports of the devices.
pub(super) const PORTS: &[(Range<u16>, Device)] = &[
    (0x20..0x22, Device::Pic(Which::Master)),
    (0x40..0x44, Device::Pit),
    (0x60..0x61, Device::Keyboard(Register::Data)),
    (0x61..0x62, Device::PortB),
    (0x64..0x65, Device::Keyboard(Register::Command)),
    (0x70..0x70 + rtc::PORTS, Device::Clock),
    (0x80..0x81, Device::PostCode),
    (0x92..0x93, Device::PortA),
    (0xa0..0xa2, Device::Pic(Which::Slave)),
    (0x3f8..0x3f8 + uart::PORTS, Device::Uart),
    (0x4d0..0x4d2, Device::PicTrigger),
    (power_management::BASE..power_management::BASE + power_management::PORTS, Device::PowerManagement),
    (0xcf9..0xcfa, Device::ResetControl),
];
