//! A drive: its registers and settings.

use super::geometry::{Geometry, Translation};
use super::identify;
use super::registers::{error, status, Register};
use super::task_file::{Addressing, TaskFile};
use super::transfer::Transfer;
use crate::medium::{Medium, SECTOR};

/// What a drive that has nothing to do says.
const IDLE: u8 = status::READY | status::SEEK_COMPLETE;

/// What a guest can set.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub geometry: Geometry,
    /// Sectors of a block of the multiple commands; zero: there are none.
    pub multiple: u8,
    pub write_cache: bool,
    pub look_ahead: bool,
}

impl Settings {
    /// After power-on.
    const fn new(geometry: Geometry) -> Self {
        Self { geometry, multiple: 0, write_cache: true, look_ahead: true }
    }
}

/// A hard disk.
#[derive(Clone, Debug)]
pub struct Drive {
    pub(super) medium: Medium,
    pub(super) number: u8,
    /// How it was found after power-on, for IDENTIFY DEVICE.
    pub(super) reset_result: u16,
    pub(super) default_geometry: Geometry,
    pub(super) settings: Settings,
    /// They outlive a software reset.
    pub(super) keeps_settings: bool,
    pub(super) standby: bool,
    pub(super) task_file: TaskFile,
    status: u8,
    error: u8,
    interrupts: bool,
    /// The sector that is being transferred.
    pub(super) buffer: [u8; SECTOR],
    pub(super) transfer: Option<Transfer>,
}

impl Drive {
    /// A drive with this medium.
    #[must_use]
    pub fn new(medium: Medium) -> Self {
        let (geometry, _) = Geometry::of_medium(&medium);
        Self {
            medium,
            number: 0,
            reset_result: 0,
            default_geometry: geometry,
            settings: Settings::new(geometry),
            keeps_settings: false,
            standby: false,
            task_file: TaskFile::SIGNATURE,
            status: IDLE,
            error: error::PASSED,
            interrupts: false,
            buffer: [0; SECTOR],
            transfer: None,
        }
    }

    /// Its geometry after power-on, and how a BIOS translates it.
    #[must_use]
    pub fn geometry(&self) -> (Geometry, Translation) {
        Geometry::of_medium(&self.medium)
    }

    /// Whether its medium wants memory.
    #[must_use]
    pub fn wants_memory(&self) -> bool {
        self.medium.wants_memory()
    }

    /// Its medium.
    pub const fn medium_mut(&mut self) -> &mut Medium {
        &mut self.medium
    }

    /// Takes its medium out.
    #[must_use]
    pub fn into_medium(self) -> Medium {
        self.medium
    }

    /// It is device `number`, and perhaps `alone` on its channel.
    pub(super) const fn jumper(&mut self, number: u8, alone: bool) {
        self.number = number;
        self.reset_result = identify::reset_result(number, alone);
    }

    pub(super) const fn status(&self) -> u8 {
        self.status
    }

    pub(super) const fn read(&self, register: Register, previous: bool) -> u8 {
        match register {
            Register::ErrorFeatures => self.error,
            Register::StatusCommand => self.status,
            _ => self.task_file.read(register, previous),
        }
    }

    pub(super) const fn write(&mut self, register: Register, value: u8) {
        self.task_file.write(register, value);
    }

    pub(super) const fn interrupts(&self) -> bool {
        self.interrupts
    }

    /// The guest read its status.
    pub(super) const fn acknowledge(&mut self) {
        self.interrupts = false;
    }

    pub(super) const fn interrupt(&mut self) {
        self.interrupts = true;
    }

    /// Software reset, and what diagnostics leave.
    pub(super) fn reset(&mut self) {
        if !self.keeps_settings {
            self.settings = Settings::new(self.default_geometry);
        }
        self.standby = false;
        self.task_file = TaskFile::SIGNATURE;
        self.begin();
        self.error = error::PASSED;
    }

    /// A command begins: the last one's result is gone.
    pub(super) fn begin(&mut self) {
        self.transfer = None;
        self.status = IDLE;
        self.error = 0;
        self.interrupts = false;
    }

    /// A sector is ready to be read, or expected.
    pub(super) const fn request_data(&mut self) {
        self.status = IDLE | status::DATA_REQUEST;
    }

    /// The command is done.
    pub(super) fn complete(&mut self) {
        self.transfer = None;
        self.status = IDLE;
    }

    /// The command failed.
    pub(super) fn fail(&mut self, error: u8) {
        self.transfer = None;
        self.status = IDLE | status::ERROR;
        self.error = error;
        self.interrupts = true;
    }

    /// The drive could not do what it should be able to.
    pub(super) fn fault(&mut self) {
        self.fail(error::ABORT);
        self.status |= status::FAULT;
    }

    /// The place in the registers, if it is one in this geometry.
    pub(super) fn address(&self, addressing: Addressing) -> Option<u64> {
        self.task_file.address(addressing, self.settings.geometry)
    }
}
