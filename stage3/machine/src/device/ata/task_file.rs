//! The registers in which a command finds its parameters. Those of 48-bit commands are written twice: each register
//! keeps the value before the last, too.

use super::geometry::Geometry;
use super::registers::{device, Register};

/// The last value, and the one before.
type Pair = [u8; 2];

/// The registers of a drive that are not its own to write.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskFile {
    pub features: u8,
    count: Pair,
    low: Pair,
    mid: Pair,
    high: Pair,
    pub device: u8,
}

/// How a command counts and finds sectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// By 28 bits, or by cylinder, head and sector; as bit LBA of the Device register says.
    Short,
    /// By 48 bits.
    Extended,
}

impl TaskFile {
    /// What stands there after a reset: the signature of a drive that takes no packets.
    pub const SIGNATURE: Self =
        Self { features: 0, count: [1, 0], low: [1, 0], mid: [0; 2], high: [0; 2], device: 0 };

    /// Reads a register; `previous`: the value before the last.
    pub const fn read(&self, register: Register, previous: bool) -> u8 {
        let at = previous as usize;
        match register {
            Register::SectorCount => self.count[at],
            Register::LbaLow => self.low[at],
            Register::LbaMid => self.mid[at],
            Register::LbaHigh => self.high[at],
            Register::Device => self.device,
            // The drive's own.
            Register::ErrorFeatures | Register::StatusCommand => 0,
        }
    }

    /// Writes a register.
    pub const fn write(&mut self, register: Register, value: u8) {
        let pair = match register {
            Register::SectorCount => &mut self.count,
            Register::LbaLow => &mut self.low,
            Register::LbaMid => &mut self.mid,
            Register::LbaHigh => &mut self.high,
            Register::Device => {
                self.device = value;
                return;
            }
            Register::ErrorFeatures => {
                self.features = value;
                return;
            }
            Register::StatusCommand => return,
        };
        *pair = [value, pair[0]];
    }

    /// Sector Count as commands use it that count no sectors.
    pub const fn count(&self) -> u8 {
        self.count[0]
    }

    /// Sets Sector Count.
    pub const fn set_count(&mut self, value: u8) {
        self.count = [value, 0];
    }

    /// How many sectors; zero stands for the most.
    pub const fn sectors(&self, addressing: Addressing) -> u32 {
        let (count, most) = match addressing {
            Addressing::Short => (self.count[0] as u32, 0x100),
            Addressing::Extended => (u16::from_le_bytes(self.count) as u32, 0x1_0000),
        };
        if count == 0 {
            most
        } else {
            count
        }
    }

    /// The number of the first sector, if there is such a place in `geometry`.
    pub fn address(&self, addressing: Addressing, geometry: Geometry) -> Option<u64> {
        let [low, mid, high] = [self.low, self.mid, self.high];
        let head = self.device & device::HEAD;
        match addressing {
            Addressing::Extended => {
                Some(u64::from_le_bytes([low[0], mid[0], high[0], low[1], mid[1], high[1], 0, 0]))
            }
            Addressing::Short if self.device & device::LBA != 0 => {
                Some(u32::from_le_bytes([low[0], mid[0], high[0], head]).into())
            }
            Addressing::Short => geometry.sector(u16::from_le_bytes([mid[0], high[0]]), head, low[0]),
        }
    }

    /// Leaves the place where a command ended, and how many sectors were left.
    pub fn set_end(&mut self, addressing: Addressing, geometry: Geometry, number: u64, left: u32) {
        self.count = (left as u16).to_le_bytes();
        let bytes = number.to_le_bytes();
        let head = match addressing {
            Addressing::Extended => {
                [self.low, self.mid, self.high] = [0, 1, 2].map(|at| [bytes[at], bytes[at + 3]]);
                return;
            }
            Addressing::Short if self.device & device::LBA != 0 => {
                [self.low, self.mid, self.high] = [0, 1, 2].map(|at| [bytes[at], 0]);
                bytes[3]
            }
            Addressing::Short => {
                let (cylinder, head, sector) = geometry.place(number);
                let [mid, high] = cylinder.to_le_bytes();
                [self.low, self.mid, self.high] = [sector, mid, high].map(|byte| [byte, 0]);
                head
            }
        };
        self.device = self.device & !device::HEAD | head & device::HEAD;
    }
}
