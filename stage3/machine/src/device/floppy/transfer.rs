//! The commands that move data, a sector after the other, until the count of the DMA channel ends.

use super::registers::{st0, st1, st2};
use super::{Dma, Floppy, DMA_CHANNEL};
use crate::medium::SECTOR;
use crate::memory::GuestMemory;

/// Size of a sector, 128 << 2 bytes, in its ID.
const SIZE: u8 = 2;
/// Command: both sides.
const MULTITRACK: u8 = 1 << 7;
/// Command: double density, as all disks of ours are.
const DOUBLE_DENSITY: u8 = 1 << 6;
/// Command: sectors with the other kind of mark are skipped.
const SKIP: u8 = 1 << 5;
/// VERIFY: the number of sectors is given.
const ENABLE_COUNT: u8 = 1 << 7;

/// Status registers 0 to 2, cylinder, head, sector and size.
pub(super) type Outcome = [u8; 7];

/// What is done with each sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    ReadDeleted,
    ReadTrack,
    Write,
    Verify,
    Format,
}

/// A command that moves data, and the sector that it is at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    kind: Kind,
    options: u8,
    /// Drive, and in bit 2 the head.
    selected: u8,
    cylinder: u8,
    head: u8,
    sector: u8,
    size: u8,
    /// The last sector of a track; of FORMAT, how many there are.
    last: u8,
    /// VERIFY: sectors that are left, if it has a number of them.
    count: Option<u8>,
    /// FORMAT: what is in each byte.
    filler: u8,
}

impl Transfer {
    pub(super) fn new(kind: Kind, bytes: &[u8; 10]) -> Self {
        let common = Self {
            kind,
            options: bytes[0],
            selected: bytes[1] & (st0::HEAD | 0b11),
            cylinder: bytes[2],
            head: bytes[3],
            sector: bytes[4],
            size: bytes[5],
            last: bytes[6],
            count: (kind == Kind::Verify && bytes[1] & ENABLE_COUNT != 0).then_some(bytes[8]),
            filler: 0,
        };
        match kind {
            Kind::Format => Self { size: bytes[2], last: bytes[3], filler: bytes[5], ..common },
            // It reads what passes, whatever it is called.
            Kind::ReadTrack => Self { sector: 1, ..common },
            _ => common,
        }
    }

    pub(super) const fn drive(&self) -> usize {
        (self.selected & 0b11) as usize
    }

    pub(super) const fn cylinder(&self) -> u8 {
        self.cylinder
    }

    pub(super) const fn last_sector(&self) -> u8 {
        self.last
    }

    pub(super) fn needs_no_dma(&self) -> bool {
        self.kind == Kind::Verify
    }

    /// The side that is under the head.
    const fn side(&self) -> u8 {
        self.selected >> 2 & 1
    }

    fn outcome(&self, st0: u8, st1: u8, st2: u8) -> Outcome {
        [st0 | self.selected, st1, st2, self.cylinder, self.head, self.sector, self.size]
    }

    fn failure(&self, st1: u8, st2: u8) -> Outcome {
        self.outcome(st0::ABNORMAL, st1, st2)
    }

    /// Goes on to the next sector. Returns whether it is one that the command still means.
    fn next(&mut self) -> bool {
        if self.sector != self.last {
            self.sector = self.sector.wrapping_add(1);
            return true;
        }
        self.sector = 1;
        let is_multitrack = self.options & MULTITRACK != 0;
        let goes_on = is_multitrack && self.side() == 0;
        if is_multitrack {
            self.head ^= 1;
        }
        if goes_on {
            self.selected |= st0::HEAD;
        } else {
            self.cylinder = self.cylinder.wrapping_add(1);
        }
        goes_on
    }
}

/// How one sector went.
enum Step {
    /// The next one.
    On,
    /// That was the last one.
    Done,
    /// It has a mark that the command does not mean, and was moved.
    Marked,
    Failed(Outcome),
}

impl Floppy {
    /// Why a transfer can't begin.
    pub(super) fn refusal(&self, transfer: &Transfer) -> Option<Outcome> {
        let drive = self.drives.get(transfer.drive());
        let has_track = drive.is_some_and(|drive| drive.geometry(self.rate, transfer.side()).is_some());
        if transfer.options & DOUBLE_DENSITY == 0 || !has_track {
            Some(transfer.failure(st1::MISSING_ADDRESS_MARK, 0))
        } else if self.is_without_dma() && !transfer.needs_no_dma() {
            Some(transfer.failure(st1::OVERRUN, 0))
        } else {
            None
        }
    }

    /// What READ ID finds: the first sector of the track.
    pub(super) fn identify(&self, transfer: &Transfer) -> Outcome {
        self.refusal(transfer).unwrap_or_else(|| {
            let cylinder = self.drives[transfer.drive()].cylinder;
            Transfer { cylinder, head: transfer.side(), sector: 1, size: SIZE, ..*transfer }.outcome(0, 0, 0)
        })
    }

    /// Moves the data of a transfer that was not refused.
    pub(super) fn run(&mut self, mut transfer: Transfer, dma: &mut Dma, memory: &dyn GuestMemory) -> Outcome {
        if transfer.kind == Kind::Format {
            return self.format(transfer, dma, memory);
        }
        loop {
            match self.step(&transfer, dma, memory) {
                Step::Failed(outcome) => return outcome,
                Step::Done => {
                    transfer.next();
                    return transfer.outcome(0, 0, 0);
                }
                Step::Marked => {
                    transfer.next();
                    return transfer.outcome(0, 0, st2::CONTROL_MARK);
                }
                Step::On => {}
            }
            if let Some(count) = &mut transfer.count {
                *count = count.wrapping_sub(1);
            }
            if !transfer.next() {
                // VERIFY without a number means the rest of the track.
                let is_complete = transfer.needs_no_dma() && transfer.count.is_none();
                if is_complete {
                    return transfer.outcome(0, 0, 0);
                }
                return transfer.failure(st1::END_OF_CYLINDER, 0);
            }
        }
    }

    /// One sector.
    fn step(&mut self, transfer: &Transfer, dma: &mut Dma, memory: &dyn GuestMemory) -> Step {
        let Transfer { kind, sector, .. } = *transfer;
        let side = transfer.side();
        let Some(drive) = self.drives.get_mut(transfer.drive()) else {
            return Step::Failed(transfer.failure(st1::MISSING_ADDRESS_MARK, 0));
        };
        let Some(geometry) = drive.geometry(self.rate, side) else {
            return Step::Failed(transfer.failure(st1::MISSING_ADDRESS_MARK, 0));
        };
        if kind != Kind::ReadTrack && transfer.cylinder != drive.cylinder {
            return Step::Failed(transfer.failure(st1::NO_DATA, st2::WRONG_CYLINDER));
        }
        let has_name = kind == Kind::ReadTrack || transfer.head == side;
        if !has_name || !(1..=geometry.sectors).contains(&sector) || transfer.size != SIZE {
            return Step::Failed(transfer.failure(st1::NO_DATA, 0));
        }
        let is_last = match kind {
            Kind::Verify => transfer.count == Some(1),
            Kind::ReadDeleted if transfer.options & SKIP != 0 => false,
            Kind::Write => {
                // A part of a sector is filled up with zeros.
                let mut bytes = [0; SECTOR];
                let moved = dma.from_memory(DMA_CHANNEL, &mut bytes, memory);
                if !drive.write(side, sector, &bytes) {
                    return Step::Failed(transfer.failure(st1::NOT_WRITABLE, 0));
                }
                moved.is_last
            }
            _ => {
                let Some(bytes) = drive.read(side, sector) else {
                    return Step::Failed(transfer.failure(st1::NO_DATA, 0));
                };
                let moved = dma.to_memory(DMA_CHANNEL, bytes, memory);
                if kind == Kind::ReadDeleted {
                    return Step::Marked;
                }
                moved.is_last
            }
        };
        if is_last {
            Step::Done
        } else {
            Step::On
        }
    }

    /// Writes a track anew: the IDs of its sectors come from memory. Others than the disk has can't be made.
    fn format(&mut self, mut transfer: Transfer, dma: &mut Dma, memory: &dyn GuestMemory) -> Outcome {
        let side = transfer.side();
        let Some(drive) = self.drives.get_mut(transfer.drive()) else {
            return transfer.failure(st1::MISSING_ADDRESS_MARK, 0);
        };
        let Some(geometry) = drive.geometry(self.rate, side) else {
            return transfer.failure(st1::MISSING_ADDRESS_MARK, 0);
        };
        for _ in 0..transfer.last {
            let mut id = [0; 4];
            let moved = dma.from_memory(DMA_CHANNEL, &mut id, memory);
            [transfer.cylinder, transfer.head, transfer.sector, _] = id;
            let is_ours = [id[0], id[1], id[3], transfer.size] == [drive.cylinder, side, SIZE, SIZE];
            if !is_ours || !(1..=geometry.sectors).contains(&id[2]) {
                return transfer.failure(st1::NO_DATA, 0);
            }
            if !drive.write(side, id[2], &[transfer.filler; SECTOR]) {
                return transfer.failure(st1::NOT_WRITABLE, 0);
            }
            if moved.is_last {
                break;
            }
        }
        transfer.outcome(0, 0, 0)
    }
}
