//! Transfers of data through the Data register, a word at a time (ATA/ATAPI-6, "PIO data-in command protocol", "PIO
//! data-out command protocol").
//!
//! Data come in blocks: of one sector, or of several with the multiple commands. Before each the drive interrupts, but
//! before the first that it is sent; and after the last that it was sent.

use super::drive::Drive;
use super::registers::error;
use super::task_file::Addressing;
use crate::medium::SECTOR;

/// Where the data go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the medium to the guest.
    In,
    /// From the guest to the medium.
    Out,
    /// From the buffer to the guest: what IDENTIFY DEVICE tells.
    Identify,
}

/// A transfer under way.
#[derive(Clone, Copy, Debug)]
pub struct Transfer {
    pub direction: Direction,
    pub addressing: Addressing,
    /// The sector in the buffer.
    pub sector: u64,
    /// Sectors that are left, this one included.
    pub left: u32,
    /// Sectors of a block.
    pub block: u32,
    /// Sectors that are left of this block.
    pub block_left: u32,
    /// Bytes of the buffer that were transferred.
    pub position: usize,
}

impl Drive {
    /// Begins to transfer the sectors that the registers tell, in blocks of so many.
    pub(super) fn start(&mut self, direction: Direction, addressing: Addressing, block: u32) {
        let left = self.task_file.sectors(addressing);
        let Some(sector) = self.address(addressing) else { return self.fail(error::ID_NOT_FOUND) };
        let transfer = Transfer { direction, addressing, sector, left, block, block_left: 0, position: 0 };
        self.block(transfer);
        if direction == Direction::In {
            self.interrupt();
        }
    }

    /// Hands out the buffer.
    pub(super) const fn identify(&mut self) {
        self.transfer = Some(Transfer {
            direction: Direction::Identify,
            addressing: Addressing::Short,
            sector: 0,
            left: 1,
            block: 1,
            block_left: 1,
            position: 0,
        });
        self.request_data();
        self.interrupt();
    }

    /// The next block.
    fn block(&mut self, mut transfer: Transfer) {
        transfer.block_left = transfer.block.min(transfer.left);
        self.sector(transfer);
    }

    /// The next sector of a block. One that does not exist ends the transfer, in the middle of a block, too.
    fn sector(&mut self, mut transfer: Transfer) {
        let Some(bytes) = self.medium.read(transfer.sector) else {
            self.task_file.set_end(
                transfer.addressing,
                self.settings.geometry,
                transfer.sector,
                transfer.left,
            );
            return self.fail(error::ID_NOT_FOUND);
        };
        if transfer.direction == Direction::In {
            self.buffer = *bytes;
        }
        transfer.position = 0;
        self.transfer = Some(transfer);
        self.request_data();
    }

    /// Words for the guest; ones, where it has nothing to read.
    pub(super) fn read_data_string(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let transfer = self.transfer.filter(|transfer| transfer.direction != Direction::Out);
            let data = transfer
                .and_then(|transfer| self.buffer.get(transfer.position..).filter(|data| !data.is_empty()));
            let (Some(transfer), Some(data)) = (transfer, data) else { return bytes.fill(u8::MAX) };
            let count = data.len().min(bytes.len());
            let (filled, rest) = bytes.split_at_mut(count);
            filled.copy_from_slice(&data[..count]);
            bytes = rest;
            self.advance(transfer, count);
        }
    }

    /// A word from the guest; lost, if none was asked for.
    pub(super) fn write_data(&mut self, word: u16) {
        let Some(transfer) = self.transfer.filter(|transfer| transfer.direction == Direction::Out) else {
            return;
        };
        if let Some(place) = self.buffer.get_mut(transfer.position..transfer.position + 2) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        self.advance(transfer, 2);
    }

    /// So many bytes were transferred, of this sector.
    fn advance(&mut self, mut transfer: Transfer, bytes: usize) {
        transfer.position += bytes;
        if transfer.position < SECTOR {
            self.transfer = Some(transfer);
            return;
        }
        let is_write = transfer.direction == Direction::Out;
        if is_write && self.medium.write(transfer.sector, &self.buffer).is_err() {
            self.task_file.set_end(
                transfer.addressing,
                self.settings.geometry,
                transfer.sector,
                transfer.left,
            );
            return self.fault();
        }
        transfer.left -= 1;
        transfer.block_left -= 1;
        if transfer.left == 0 {
            if transfer.direction != Direction::Identify {
                self.task_file.set_end(transfer.addressing, self.settings.geometry, transfer.sector, 0);
            }
            self.complete();
            if is_write {
                self.interrupt();
            }
            return;
        }
        transfer.sector += 1;
        if transfer.block_left == 0 {
            self.block(transfer);
            self.interrupt();
        } else {
            self.sector(transfer);
        }
    }
}
