//! The commands: their bytes, and those that move no data.

use super::registers::{st0, st3};
use super::transfer::{Kind, Transfer};
use super::{Floppy, Phase, DRIVES};

/// CONFIGURE: seeks are implied by transfers.
const IMPLIED_SEEK: u8 = 1 << 6;
/// CONFIGURE: drives are not polled.
pub(super) const NO_POLLING: u8 = 1 << 4;
/// CONFIGURE: the FIFO is off, which is how it begins.
pub(super) const CONFIGURE_DEFAULT: u8 = 1 << 5;
/// CONFIGURE: what a reset leaves alone in any case.
pub(super) const KEPT: u8 = IMPLIED_SEEK | NO_POLLING;
/// PERPENDICULAR MODE: its bits that a reset clears.
pub(super) const PERPENDICULAR_MODE: u8 = 0b11;
/// PERPENDICULAR MODE: bits 5:2 are to be written.
const OVERWRITE: u8 = 1 << 7;
/// The version of an enhanced controller.
const VERSION: u8 = 0x90;
/// LOCK: on, and not off; RELATIVE SEEK: inwards; transfers: of both sides.
const OPTION: u8 = 1 << 7;
/// The head in the second byte of a command.
const HEAD: u8 = 1 << 2;
/// Steps that RECALIBRATE makes at most.
const STEPS_MAX: u8 = 79;

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Transfer(Kind),
    Configure,
    Dumpreg,
    Lock,
    Perpendicular,
    ReadId,
    Recalibrate,
    RelativeSeek,
    Seek,
    SenseDrive,
    SenseInterrupt,
    Specify,
    Version,
}

impl Command {
    /// The command that begins with this byte.
    pub(super) fn decode(byte: u8) -> Option<Self> {
        // Bits 7:5 are options, of which each command has some.
        Some(match byte {
            0x03 => Self::Specify,
            0x04 => Self::SenseDrive,
            0x07 => Self::Recalibrate,
            0x08 => Self::SenseInterrupt,
            0x0e => Self::Dumpreg,
            0x0f => Self::Seek,
            0x10 => Self::Version,
            0x12 => Self::Perpendicular,
            0x13 => Self::Configure,
            0x14 | 0x94 => Self::Lock,
            0x8f | 0xcf => Self::RelativeSeek,
            _ => match byte & 0b1_1111 {
                0x02 if byte & 0x80 == 0 => Self::Transfer(Kind::ReadTrack),
                // Marks of deleted data are not kept: 09h is the same.
                0x05 | 0x09 if byte & 0x20 == 0 => Self::Transfer(Kind::Write),
                0x06 => Self::Transfer(Kind::Read),
                0x0a if byte & 0xa0 == 0 => Self::ReadId,
                0x0c => Self::Transfer(Kind::ReadDeleted),
                0x0d if byte & 0xa0 == 0 => Self::Transfer(Kind::Format),
                0x16 => Self::Transfer(Kind::Verify),
                _ => return None,
            },
        })
    }

    /// Its bytes.
    pub(super) const fn length(self) -> usize {
        match self {
            Self::Transfer(Kind::Format) => 6,
            Self::Transfer(_) => 9,
            Self::Configure => 4,
            Self::RelativeSeek | Self::Seek | Self::Specify => 3,
            Self::Perpendicular | Self::ReadId | Self::Recalibrate | Self::SenseDrive => 2,
            Self::Dumpreg | Self::Lock | Self::SenseInterrupt | Self::Version => 1,
        }
    }
}

impl Floppy {
    /// Executes a command of these bytes.
    pub(super) fn execute(&mut self, command: Command, bytes: &[u8; 10]) {
        let selected = bytes[1] & (HEAD | 0b11);
        let drive = bytes[1] & 0b11;
        match command {
            Command::Transfer(kind) => self.begin(kind, bytes),
            Command::Configure => {
                (self.settings.configure, self.settings.precompensation) = (bytes[2] & 0x7f, bytes[3]);
            }
            Command::Dumpreg => self.dump_registers(),
            Command::Lock => {
                self.settings.is_locked = bytes[0] & OPTION != 0;
                self.answer(&[u8::from(self.settings.is_locked) << 4]);
            }
            Command::Perpendicular => self.set_perpendicular(bytes[1]),
            Command::ReadId => self.read_id(selected, bytes[0]),
            Command::Recalibrate => self.recalibrate(drive),
            Command::RelativeSeek => {
                let is_inwards = bytes[0] & 0x40 != 0;
                let from = self.drives.get(usize::from(drive)).map_or(0, |drive| drive.cylinder);
                let steps = bytes[2];
                let to = if is_inwards { from.saturating_add(steps) } else { from.saturating_sub(steps) };
                self.seek(drive, selected & HEAD, to);
            }
            Command::Seek => self.seek(drive, selected & HEAD, bytes[2]),
            Command::SenseDrive => {
                let at_track_0 = self.drives.get(usize::from(drive)).is_some_and(|drive| drive.cylinder == 0);
                let track_0 = if at_track_0 { st3::TRACK_0 } else { 0 };
                self.answer(&[st3::ALWAYS | track_0 | selected]);
            }
            Command::SenseInterrupt => self.sense_interrupt(),
            Command::Specify => self.settings.specify = [bytes[1], bytes[2]],
            Command::Version => self.answer(&[VERSION]),
        }
    }

    /// Whether transfers move the head where they need it.
    pub(super) fn has_implied_seek(&self) -> bool {
        self.settings.configure & IMPLIED_SEEK != 0
    }

    /// A transfer: its drive is there, or it fails at once.
    fn begin(&mut self, kind: Kind, bytes: &[u8; 10]) {
        let transfer = Transfer::new(kind, bytes);
        self.settings.last_sector = transfer.last_sector();
        if self.has_implied_seek() && kind != Kind::Format {
            if let Some(drive) = self.drives.get_mut(transfer.drive()) {
                if drive.cylinder != transfer.cylinder() {
                    drive.seek(transfer.cylinder());
                }
            }
        }
        match self.refusal(&transfer) {
            Some(result) => self.answer_with_interrupt(&result),
            None => self.phase = Phase::Execution(transfer),
        }
    }

    /// Without DMA nobody moves the data.
    pub(super) const fn is_without_dma(&self) -> bool {
        self.settings.specify[1] & 1 != 0
    }

    fn read_id(&mut self, selected: u8, byte: u8) {
        let transfer = Transfer::new(Kind::Verify, &[byte, selected, 0, 0, 1, 2, 1, 0, 0, 0]);
        let result = self.identify(&transfer);
        self.answer_with_interrupt(&result);
    }

    fn recalibrate(&mut self, drive: u8) {
        let far = match self.drives.get_mut(usize::from(drive)) {
            Some(found) => {
                let left = found.cylinder.saturating_sub(STEPS_MAX);
                found.seek(left);
                left != 0
            }
            // There is no drive to find track 0.
            None => true,
        };
        let check = if far { st0::ABNORMAL | st0::EQUIPMENT_CHECK } else { 0 };
        self.seek_ends(drive, st0::SEEK_END | check | drive);
    }

    fn seek(&mut self, drive: u8, head: u8, cylinder: u8) {
        if let Some(drive) = self.drives.get_mut(usize::from(drive)) {
            drive.seek(cylinder);
        }
        self.seek_ends(drive, st0::SEEK_END | head | drive);
    }

    fn seek_ends(&mut self, drive: u8, status: u8) {
        self.sense[usize::from(drive)] = Some(status);
        self.interrupts = true;
    }

    /// Tells of the first drive that has something to tell.
    fn sense_interrupt(&mut self) {
        let Some(drive) = self.sense.iter().position(Option::is_some) else {
            return self.answer(&[st0::INVALID]);
        };
        let status = self.sense[drive].take().unwrap_or(st0::INVALID);
        let cylinder = if drive < DRIVES { self.drives[drive].cylinder } else { 0 };
        self.answer(&[status, cylinder]);
        // One interrupt stands for the four of a reset, but every seek has its own.
        let is_seek = |status: &u8| status & st0::READY_CHANGED != st0::READY_CHANGED;
        self.interrupts = self.sense.iter().flatten().any(is_seek);
    }

    fn set_perpendicular(&mut self, value: u8) {
        let drives = if value & OVERWRITE == 0 { self.settings.perpendicular } else { value };
        self.settings.perpendicular = (drives & 0b11_1100) | (value & PERPENDICULAR_MODE);
    }

    fn dump_registers(&mut self) {
        let settings = self.settings;
        let lock = u8::from(settings.is_locked) << 7;
        self.answer(&[
            self.drives[0].cylinder,
            self.drives[1].cylinder,
            0,
            0,
            settings.specify[0],
            settings.specify[1],
            settings.last_sector,
            lock | settings.perpendicular,
            settings.configure,
            settings.precompensation,
        ]);
    }
}
