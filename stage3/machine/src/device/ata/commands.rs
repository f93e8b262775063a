//! What a drive does when a command is written (ATA/ATAPI-6, "Command descriptions").

use super::drive::Drive;
use super::geometry::Geometry;
use super::registers::{command, device, error};
use super::task_file::Addressing::{self, Extended, Short};
use super::transfer::Direction;

/// Most sectors of a block of the multiple commands.
pub const MULTIPLE_MAX: u8 = 16;

/// CHECK POWER MODE: the drive rests.
const RESTS: u8 = 0x00;
/// CHECK POWER MODE: it is active or idle.
const ACTIVE: u8 = 0xff;

/// Subcommands of SET FEATURES.
mod feature {
    pub const WRITE_CACHE: u8 = 0x02;
    pub const TRANSFER_MODE: u8 = 0x03;
    pub const NO_LOOK_AHEAD: u8 = 0x55;
    pub const KEEP_SETTINGS: u8 = 0x66;
    pub const NO_WRITE_CACHE: u8 = 0x82;
    pub const LOOK_AHEAD: u8 = 0xaa;
    pub const REVERT_SETTINGS: u8 = 0xcc;
}

/// Transfer modes that there are: PIO by default, and with flow control up to mode 4.
const TRANSFER_MODES: [core::ops::RangeInclusive<u8>; 2] = [0x00..=0x01, 0x08..=0x0c];

impl Drive {
    /// Executes a command.
    pub(super) fn execute(&mut self, code: u8) {
        self.begin();
        match code {
            command::READ | command::READ_ONCE => self.access(Direction::In, Short, 1),
            command::READ_EXT => self.access(Direction::In, Extended, 1),
            command::READ_MULTIPLE => self.access(Direction::In, Short, self.settings.multiple),
            command::READ_MULTIPLE_EXT => self.access(Direction::In, Extended, self.settings.multiple),
            command::WRITE | command::WRITE_ONCE => self.access(Direction::Out, Short, 1),
            command::WRITE_EXT => self.access(Direction::Out, Extended, 1),
            command::WRITE_MULTIPLE => self.access(Direction::Out, Short, self.settings.multiple),
            command::WRITE_MULTIPLE_EXT => self.access(Direction::Out, Extended, self.settings.multiple),
            command::VERIFY | command::VERIFY_ONCE => self.verify(Short),
            command::VERIFY_EXT => self.verify(Extended),
            command::IDENTIFY => {
                self.buffer = self.identification();
                self.identify();
            }
            _ => {
                if self.without_data(code) {
                    self.complete();
                    self.interrupt();
                } else {
                    self.fail(error::ABORT);
                }
            }
        }
    }

    fn access(&mut self, direction: Direction, addressing: Addressing, block: u8) {
        self.standby = false;
        if block == 0 {
            // SET MULTIPLE MODE comes first.
            self.fail(error::ABORT);
        } else {
            self.start(direction, addressing, block.into());
        }
    }

    /// READ VERIFY SECTOR(S): they only have to be there.
    fn verify(&mut self, addressing: Addressing) {
        self.standby = false;
        let count = self.task_file.sectors(addressing);
        let Some(first) = self.address(addressing) else { return self.fail(error::ID_NOT_FOUND) };
        let (end, total) = (first + u64::from(count), self.medium.sectors());
        if end > total {
            let missing = first.max(total);
            self.task_file.set_end(addressing, self.settings.geometry, missing, (end - missing) as u32);
            return self.fail(error::ID_NOT_FOUND);
        }
        self.task_file.set_end(addressing, self.settings.geometry, end - 1, 0);
        self.complete();
        self.interrupt();
    }

    /// Executes a command that transfers nothing; gives whether it is one, with parameters that are allowed.
    fn without_data(&mut self, code: u8) -> bool {
        match code {
            command::SET_MULTIPLE => return self.set_multiple(),
            command::SET_FEATURES => return self.set_features(),
            command::INITIALIZE_PARAMETERS => return self.initialize_parameters(),
            // What was written is kept already.
            command::FLUSH | command::FLUSH_EXT => {}
            _ => match code & 0xf0 {
                command::RECALIBRATE => {}
                command::SEEK => {
                    return self.address(Short).is_some_and(|sector| sector < self.medium.sectors())
                }
                _ => return self.power(code),
            },
        }
        true
    }

    /// Power management. SLEEP is STANDBY: nothing is gained by having to be reset.
    fn power(&mut self, code: u8) -> bool {
        use command::old;
        match code {
            command::STANDBY_IMMEDIATE | old::STANDBY_IMMEDIATE | command::STANDBY | old::STANDBY => {
                self.standby = true;
            }
            command::SLEEP | old::SLEEP => self.standby = true,
            command::IDLE_IMMEDIATE | old::IDLE_IMMEDIATE | command::IDLE | old::IDLE => self.standby = false,
            command::CHECK_POWER | old::CHECK_POWER => {
                self.task_file.set_count(if self.standby { RESTS } else { ACTIVE });
            }
            _ => return false,
        }
        true
    }

    fn set_multiple(&mut self) -> bool {
        let count = self.task_file.count();
        let allowed = count <= MULTIPLE_MAX && (count == 0 || count.is_power_of_two());
        if allowed {
            self.settings.multiple = count;
        }
        allowed
    }

    fn set_features(&mut self) -> bool {
        match self.task_file.features {
            feature::WRITE_CACHE => self.settings.write_cache = true,
            feature::NO_WRITE_CACHE => self.settings.write_cache = false,
            feature::LOOK_AHEAD => self.settings.look_ahead = true,
            feature::NO_LOOK_AHEAD => self.settings.look_ahead = false,
            feature::KEEP_SETTINGS => self.keeps_settings = true,
            feature::REVERT_SETTINGS => self.keeps_settings = false,
            feature::TRANSFER_MODE => {
                let mode = self.task_file.count();
                return TRANSFER_MODES.iter().any(|modes| modes.contains(&mode));
            }
            _ => return false,
        }
        true
    }

    /// INITIALIZE DEVICE PARAMETERS: another number of heads and sectors.
    fn initialize_parameters(&mut self) -> bool {
        let (heads, sectors) = ((self.task_file.device & device::HEAD) + 1, self.task_file.count());
        if sectors != 0 {
            self.settings.geometry = Geometry::of(self.medium.sectors(), heads, sectors);
        }
        sectors != 0
    }
}
