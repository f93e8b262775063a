//! The floppy disk controller: an 82077AA in AT mode (Intel, "82077AA CHMOS Single-Chip Floppy Disk Controller"), with
//! two drives.
//!
//! It works at once: heads do not take time to move, and a transfer begins as soon as its DMA channel is ready. Data
//! goes by DMA only; a transfer that was told to do without ends with an overrun. The SCAN commands are not there:
//! no system uses them. Disks have sectors of 512 bytes as their size says, and take no other format; marks of deleted
//! data are not kept.

mod command;
mod drive;
mod registers;
#[cfg(test)]
mod tests;
mod transfer;

pub use drive::Geometry;

use crate::device::dma::Dma;
use crate::medium::Medium;
use crate::memory::GuestMemory;
use command::Command;
use core::ops::Range;
use drive::Drive;
use registers::{dir, dor, dsr, msr, port, st0};
use transfer::Transfer;

/// Ports of the controller, but for [`DIGITAL_INPUT`].
pub const PORTS: Range<u16> = 0x3f0..0x3f6;
/// The digital input register; configuration control, when written.
pub const DIGITAL_INPUT: u16 = 0x3f7;
/// Drives.
pub const DRIVES: usize = 2;
/// The DMA channel of its data.
pub const DMA_CHANNEL: usize = 2;

/// What an absent register reads as.
const FLOATING: u8 = 0xff;
/// Drives that the registers know.
const SELECTABLE: usize = 4;

/// Bytes of a command or of a result.
#[derive(Clone, Copy, Debug, Default)]
struct Bytes {
    bytes: [u8; 10],
    length: usize,
}

impl Bytes {
    fn of(bytes: &[u8]) -> Self {
        let mut all = Self::default();
        for byte in bytes {
            all.push(*byte);
        }
        all
    }

    /// Appends a byte; no command and no result has more than fit.
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }
}

/// What the data register is for.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// It takes a command; these bytes came already.
    Command(Bytes),
    /// It waits for its DMA channel.
    Execution(Transfer),
    /// It gives a result, from this byte on.
    Result(Bytes, usize),
}

impl Phase {
    const IDLE: Self = Self::Command(Bytes { bytes: [0; 10], length: 0 });
}

/// What CONFIGURE, SPECIFY and PERPENDICULAR MODE set; DUMPREG shows all of it.
#[derive(Clone, Copy, Debug, Default)]
struct Settings {
    /// SPECIFY: rates, and whether data goes without DMA.
    specify: [u8; 2],
    /// CONFIGURE: implied seeks, FIFO, polling.
    configure: u8,
    precompensation: u8,
    perpendicular: u8,
    /// FIFO and precompensation survive a reset.
    is_locked: bool,
    /// The last track's end: EOT of the last transfer, or sectors of the last FORMAT.
    last_sector: u8,
}

/// The controller and its drives.
#[derive(Clone, Debug)]
pub struct Floppy {
    drives: [Drive; DRIVES],
    output: u8,
    rate: u8,
    tape: u8,
    phase: Phase,
    settings: Settings,
    /// Status of each drive that SENSE INTERRUPT STATUS has not told yet.
    sense: [Option<u8>; SELECTABLE],
    interrupts: bool,
}

impl Default for Floppy {
    fn default() -> Self {
        Self::new()
    }
}

impl Floppy {
    /// The controller after power-on, with empty drives.
    #[must_use]
    pub fn new() -> Self {
        Self {
            drives: [Drive::default(), Drive::default()],
            output: dor::NO_RESET | dor::DMA,
            rate: 0,
            tape: 0,
            phase: Phase::IDLE,
            settings: Settings { configure: command::CONFIGURE_DEFAULT, ..Settings::default() },
            sense: [None; SELECTABLE],
            interrupts: false,
        }
    }

    /// Puts a disk into a drive. Returns the one that was there; or `medium`, if no disk has its size or there is no
    /// such drive.
    pub fn insert(&mut self, drive: usize, medium: Medium) -> Option<Medium> {
        match self.drives.get_mut(drive) {
            Some(drive) => drive.insert(medium),
            None => Some(medium),
        }
    }

    /// The disks in the drives.
    pub fn media(&self) -> impl Iterator<Item = &Medium> {
        self.drives.iter().filter_map(Drive::medium)
    }

    /// The same, to give them memory.
    pub fn media_mut(&mut self) -> impl Iterator<Item = &mut Medium> {
        self.drives.iter_mut().filter_map(Drive::medium_mut)
    }

    /// Takes the disks out of the drives.
    pub fn eject_all(&mut self) -> impl Iterator<Item = Medium> + '_ {
        self.drives.iter_mut().filter_map(Drive::eject)
    }

    /// The kinds of the drives as CMOS RAM names them: the first one in the upper half of the byte.
    #[must_use]
    pub fn cmos_types(&self) -> u8 {
        self.drives[0].cmos_type() << 4 | self.drives[1].cmos_type()
    }

    /// Level of the interrupt line.
    #[must_use]
    pub const fn irq(&self) -> bool {
        self.interrupts && self.output & dor::DMA != 0
    }

    /// Reads `port`.
    pub fn read(&mut self, port: u16) -> u8 {
        match port {
            port::DIGITAL_OUTPUT => self.output,
            port::TAPE_DRIVE => self.tape,
            port::MAIN_STATUS => self.main_status(),
            port::DATA => self.read_data(),
            DIGITAL_INPUT => self.digital_input(),
            // Status A and B are of the PS/2.
            _ => FLOATING,
        }
    }

    /// Writes `port`. Returns whether [`Floppy::transfer`] has something to do.
    pub fn write(&mut self, port: u16, value: u8) -> bool {
        match port {
            port::DIGITAL_OUTPUT => {
                let before = core::mem::replace(&mut self.output, value);
                if value & dor::NO_RESET == 0 {
                    self.stop();
                } else if before & dor::NO_RESET == 0 {
                    self.reset();
                }
            }
            port::TAPE_DRIVE => self.tape = value & 0b11,
            // Data rate select.
            port::MAIN_STATUS => {
                self.rate = value & dsr::RATE;
                if value & dsr::RESET != 0 {
                    self.stop();
                    self.reset();
                }
            }
            port::DATA => self.write_data(value),
            DIGITAL_INPUT => self.rate = value & dsr::RATE,
            _ => {}
        }
        self.is_transferring()
    }

    /// Whether a transfer waits for its DMA channel.
    #[must_use]
    pub const fn is_transferring(&self) -> bool {
        matches!(self.phase, Phase::Execution(_))
    }

    /// Does the transfer that waits, if there is one and its DMA channel is ready.
    pub fn transfer(&mut self, dma: &mut Dma, memory: &dyn GuestMemory) {
        if let Phase::Execution(transfer) = self.phase {
            if transfer.needs_no_dma() || dma.is_ready(DMA_CHANNEL) {
                let result = self.run(transfer, dma, memory);
                self.answer_with_interrupt(&result);
            }
        }
    }

    fn main_status(&self) -> u8 {
        if self.output & dor::NO_RESET == 0 {
            return 0;
        }
        match &self.phase {
            Phase::Command(bytes) if bytes.length == 0 => msr::REQUEST,
            Phase::Command(_) => msr::REQUEST | msr::BUSY,
            Phase::Execution(_) => msr::BUSY,
            Phase::Result(..) => msr::REQUEST | msr::TO_PROCESSOR | msr::BUSY,
        }
    }

    /// Whether the disk of the selected drive was changed.
    fn digital_input(&self) -> u8 {
        let selected = usize::from(self.output & dor::DRIVE);
        let has_motor = self.output >> (4 + selected) & 1 != 0;
        let changed = self.drives.get(selected).is_none_or(|drive| drive.is_changed);
        // Without motor no drive is on the cable. The other bits belong to the hard disk.
        !dir::CHANGED | if has_motor && changed { dir::CHANGED } else { 0 }
    }

    fn read_data(&mut self) -> u8 {
        let Phase::Result(bytes, at) = self.phase else { return FLOATING };
        self.interrupts = false;
        self.phase = if at + 1 < bytes.length { Phase::Result(bytes, at + 1) } else { Phase::IDLE };
        bytes.bytes[at % bytes.bytes.len()]
    }

    fn write_data(&mut self, value: u8) {
        if self.output & dor::NO_RESET == 0 {
            return;
        }
        let Phase::Command(mut bytes) = self.phase else { return };
        bytes.push(value);
        self.phase = Phase::Command(bytes);
        let Some(command) = Command::decode(bytes.bytes[0]) else {
            return self.answer(&[st0::INVALID]);
        };
        if bytes.length == command.length() {
            self.phase = Phase::IDLE;
            self.execute(command, &bytes.bytes);
        }
    }

    /// The processor is to read this.
    fn answer(&mut self, bytes: &[u8]) {
        self.phase = Phase::Result(Bytes::of(bytes), 0);
    }

    fn answer_with_interrupt(&mut self, bytes: &[u8]) {
        self.answer(bytes);
        self.interrupts = true;
    }

    /// Reset begins: whatever was going on ends.
    fn stop(&mut self) {
        self.phase = Phase::IDLE;
        self.sense = [None; SELECTABLE];
        self.interrupts = false;
    }

    /// Reset ends. A controller that polls finds all drives to have become ready.
    fn reset(&mut self) {
        if !self.settings.is_locked {
            let kept = self.settings.configure & command::KEPT;
            self.settings.configure = command::CONFIGURE_DEFAULT | kept;
            self.settings.precompensation = 0;
        }
        self.settings.perpendicular &= !command::PERPENDICULAR_MODE;
        if self.settings.configure & command::NO_POLLING == 0 {
            self.sense = core::array::from_fn(|drive| Some(st0::READY_CHANGED | drive as u8));
            self.interrupts = true;
        }
    }
}
