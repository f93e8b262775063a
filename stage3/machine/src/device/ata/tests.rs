//! The drive by the chapters of ATA/ATAPI-6.

mod commands;
mod errors;
mod random;
mod transfers;

use super::*;
use crate::medium::{Medium, CHUNK, SECTOR};
use std::vec::Vec;
use std::{format, vec};

/// Offsets of registers.
const ERROR: u16 = 1;
const FEATURES: u16 = 1;
const COUNT: u16 = 2;
const LOW: u16 = 3;
const MID: u16 = 4;
const HIGH: u16 = 5;
const DEVICE: u16 = 6;
const STATUS: u16 = 7;
const COMMAND: u16 = 7;

/// Status of a drive at rest, with data, and after an error.
const IDLE: u8 = 0x50;
const DATA: u8 = 0x58;
const FAILED: u8 = 0x51;

/// Sectors of the disks here.
const SECTORS: u64 = 3000;

/// A disk whose sectors say their number in each word.
pub fn disk(sectors: u64) -> Drive {
    let bytes: Vec<u8> =
        (0..sectors).flat_map(|sector| (sector as u16).to_le_bytes().repeat(SECTOR / 2)).collect();
    let mut medium = Medium::new(bytes.leak());
    while medium.wants_memory() {
        medium.give(vec![0; CHUNK].into());
    }
    Drive::new(medium)
}

/// A channel with one disk.
fn channel() -> Channel {
    Channel::new([Some(disk(SECTORS)), None])
}

fn set(channel: &mut Channel, registers: &[(u16, u8)]) {
    for (register, value) in registers {
        channel.write(*register, *value);
    }
}

/// Writes a command for sectors from this number on, by 28 bits.
fn short(channel: &mut Channel, code: u8, sector: u32, count: u8) {
    let [low, mid, high, rest] = sector.to_le_bytes();
    set(
        channel,
        &[(COUNT, count), (LOW, low), (MID, mid), (HIGH, high), (DEVICE, 0xe0 | rest), (COMMAND, code)],
    );
}

/// The same by 48 bits.
fn extended(channel: &mut Channel, code: u8, sector: u64, count: u16) {
    let bytes = sector.to_le_bytes();
    let [count, more] = count.to_le_bytes();
    set(channel, &[(COUNT, more), (LOW, bytes[3]), (MID, bytes[4]), (HIGH, bytes[5])]);
    set(channel, &[(COUNT, count), (LOW, bytes[0]), (MID, bytes[1]), (HIGH, bytes[2])]);
    set(channel, &[(DEVICE, 0x40), (COMMAND, code)]);
}

/// Reads a sector, all of whose words are the same.
fn read_sector(channel: &mut Channel) -> u16 {
    let words: Vec<u16> = (0..SECTOR / 2).map(|_| channel.read_data()).collect();
    assert!(words.iter().all(|word| *word == words[0]), "{words:x?}");
    words[0]
}

fn write_sector(channel: &mut Channel, word: u16) {
    for _ in 0..SECTOR / 2 {
        channel.write_data(word);
    }
}

/// What the guest reads of the registers of a place: count, low, mid, high.
fn place(channel: &mut Channel) -> [u8; 4] {
    [COUNT, LOW, MID, HIGH].map(|register| channel.read(register))
}
