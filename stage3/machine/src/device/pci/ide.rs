//! An IDE controller: the function by which systems with a PCI bus find the disks at the ISA ports. It has no registers
//! of its own but those that say that both channels are there, and masters no bus.

use super::ConfigSpace;
use crate::port::Size;

/// Vendor and device ID.
const ID: u8 = 0x00;
/// Command and status.
const COMMAND: u8 = 0x04;
/// Revision and class code.
const CLASS: u8 = 0x08;
/// Timing of the primary and the secondary channel (Intel datasheet 290550, "82371FB (PIIX) and 82371SB (PIIX3)",
/// "IDETIM").
const TIMING: u8 = 0x40;

/// Vendor 8086h, device 7010h: the IDE function of the PIIX3.
const PIIX3_IDE: u32 = 0x7010_8086;
/// Base class 01h (mass storage), subclass 01h (IDE); programming interface 00h: both channels at the ISA ports, at no
/// others, and no bus master.
const CLASS_IDE: u32 = 0x0101_0000;
/// Command: answers at ports.
const COMMAND_PORTS: u32 = 1 << 0;
/// Both channels are decoded; nothing can change that.
const DECODE_BOTH: u32 = 0x8000_8000;
/// Timing bits, which are kept and have no effect.
const TIMING_BITS: u32 = 0x7fff_7fff;

/// Its registers.
#[must_use]
pub fn config_space() -> ConfigSpace {
    ConfigSpace::default()
        .with(ID, Size::Dword, PIIX3_IDE, 0)
        .with(COMMAND, Size::Word, COMMAND_PORTS, COMMAND_PORTS)
        .with(CLASS, Size::Dword, CLASS_IDE, 0)
        .with(TIMING, Size::Dword, DECODE_BOTH, TIMING_BITS)
}
