//! An ATA channel with one or two hard disks: programmed I/O, addresses of 28 and 48 bits, and cylinder, head and sector
//! (ATA/ATAPI-6; for the latter ATA-5).
//!
//! A drive is never busy: what a command asks for is done when it is written. The drive's signal that it interrupts is
//! up until the guest reads its status or gives it another command.

mod commands;
mod drive;
mod geometry;
mod identify;
mod registers;
mod task_file;
#[cfg(test)]
mod tests;
mod transfer;

pub use drive::Drive;
pub use geometry::{Geometry, Translation};

use alloc::boxed::Box;
use registers::{command, control, device, status, Register};

/// Ports of the command block, of which the first is Data.
pub const COMMAND_PORTS: u16 = 8;
/// What an empty channel's lines read as.
const FLOATING: u16 = 0xffff;

/// The channel: two drives at most share its lines.
#[derive(Clone, Debug, Default)]
pub struct Channel {
    /// Boxed: a board is moved about on small stacks.
    drives: [Option<Box<Drive>>; 2],
    control: u8,
    /// The drive that was selected last.
    second: bool,
    /// The interrupt line fell since this was asked for.
    dropped: bool,
}

impl Channel {
    /// A channel with these drives; the first is device 0.
    #[must_use]
    pub fn new(drives: [Option<Drive>; 2]) -> Self {
        let mut channel = Self { drives: drives.map(|drive| drive.map(Box::new)), ..Self::default() };
        let alone = channel.drives[1].is_none();
        for (number, drive) in channel.drives.iter_mut().enumerate() {
            if let Some(drive) = drive {
                drive.jumper(number as u8, alone);
            }
        }
        channel.reset();
        channel
    }

    /// Gives the drives back.
    #[must_use]
    pub fn into_drives(self) -> [Option<Box<Drive>>; 2] {
        self.drives
    }

    /// The drives.
    pub fn drives(&self) -> impl Iterator<Item = &Drive> {
        self.drives.iter().flatten().map(|drive| &**drive)
    }

    /// The drives, to give their media memory.
    pub fn drives_mut(&mut self) -> impl Iterator<Item = &mut Drive> {
        self.drives.iter_mut().flatten().map(|drive| &mut **drive)
    }

    /// Reads a word of data.
    pub fn read_data(&mut self) -> u16 {
        let mut word = [0; 2];
        self.read_data_string(&mut word);
        u16::from_le_bytes(word)
    }

    /// Reads words of data until `bytes` is full.
    pub fn read_data_string(&mut self, bytes: &mut [u8]) {
        match self.selected() {
            Some(drive) => drive.read_data_string(bytes),
            None => bytes.fill(FLOATING as u8),
        }
    }

    /// Writes a word of data.
    pub fn write_data(&mut self, word: u16) {
        if let Some(drive) = self.selected() {
            drive.write_data(word);
        }
    }

    /// Reads the register of the command block at `offset`, from 1 on.
    pub fn read(&mut self, offset: u16) -> u8 {
        let Some(register) = Register::at(offset) else { return FLOATING as u8 };
        if register == Register::StatusCommand {
            let status = self.status();
            if let Some(drive) = self.selected() {
                drive.acknowledge();
            }
            return status;
        }
        let high_order = self.control & control::HIGH_ORDER != 0;
        let at = usize::from(self.second);
        // Where only one drive is, it answers for the other.
        let drive = self.drives[at].as_ref().or(self.drives[1 - at].as_ref());
        drive.map_or(FLOATING as u8, |drive| drive.read(register, high_order))
    }

    /// Writes the register of the command block at `offset`, from 1 on.
    pub fn write(&mut self, offset: u16, value: u8) {
        self.control &= !control::HIGH_ORDER;
        match Register::at(offset) {
            None => {}
            _ if self.control & control::RESET != 0 => {}
            Some(Register::StatusCommand) => self.command(value),
            Some(register) => {
                if register == Register::Device {
                    self.second = value & device::SELECT != 0;
                }
                for drive in self.drives_mut() {
                    drive.write(register, value);
                }
            }
        }
    }

    /// Status, or Alternate Status, which acknowledges no interrupt.
    #[must_use]
    pub fn status(&self) -> u8 {
        if self.control & control::RESET != 0 {
            return status::BUSY;
        }
        // For a device 1 that is not there device 0 answers with zero.
        self.drives[usize::from(self.second)].as_ref().map_or(0, |drive| drive.status())
    }

    /// Writes the Device Control register.
    pub fn write_control(&mut self, value: u8) {
        let before = core::mem::replace(&mut self.control, value);
        if before & !value & control::RESET != 0 {
            self.reset();
        }
    }

    /// Level of the interrupt line.
    #[must_use]
    pub fn irq(&self) -> bool {
        let quiet = self.control & (control::NO_INTERRUPT | control::RESET) != 0;
        !quiet && self.drives[usize::from(self.second)].as_ref().is_some_and(|drive| drive.interrupts())
    }

    /// Whether the interrupt line fell for a moment since the last call.
    pub const fn take_drop(&mut self) -> bool {
        core::mem::replace(&mut self.dropped, false)
    }

    fn selected(&mut self) -> Option<&mut Drive> {
        self.drives[usize::from(self.second)].as_deref_mut()
    }

    fn command(&mut self, code: u8) {
        self.dropped |= self.irq();
        if code == command::DIAGNOSTIC {
            // For both drives, whichever is selected; device 0 tells.
            self.reset();
            if let Some(drive) = self.selected() {
                drive.interrupt();
            }
        } else if let Some(drive) = self.selected() {
            drive.execute(code);
        }
    }

    /// Software reset: device 0 is selected.
    fn reset(&mut self) {
        self.second = false;
        for drive in self.drives_mut() {
            drive.reset();
        }
    }
}
