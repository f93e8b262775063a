//! The host bridge: a function that can do nothing but say that a bus is here. Operating systems look for
//! its class before they believe in the bus.

use super::ConfigSpace;
use crate::port::Size;

/// Vendor and device ID.
const ID: u8 = 0x00;
/// Command register.
const COMMAND: u8 = 0x04;
/// Revision and class code.
const CLASS: u8 = 0x08;

/// Vendor 8086h, device 0D57h: no real part. Virtual machines without a chipset of their own
/// (crosvm, Firecracker, Cloud Hypervisor and others) use it for a host bridge that needs no driver.
const VIRTUAL_HOST_BRIDGE: u32 = 0x0d57_8086;
/// Base class 06h (bridge), subclass 00h (host); no programming interface, revision 0.
const CLASS_HOST_BRIDGE: u32 = 0x0600_0000;
/// Command: answers in memory space, masters the bus. A host bridge always does.
const COMMAND_DECODE: u32 = 0b110;

/// Its registers: none can be written.
pub(super) fn config_space() -> ConfigSpace {
    ConfigSpace::default()
        .with(ID, Size::Dword, VIRTUAL_HOST_BRIDGE, 0)
        .with(COMMAND, Size::Word, COMMAND_DECODE, 0)
        .with(CLASS, Size::Dword, CLASS_HOST_BRIDGE, 0)
}
