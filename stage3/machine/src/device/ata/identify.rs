//! IDENTIFY DEVICE: what a drive tells about itself (ATA/ATAPI-6, "IDENTIFY DEVICE").

use super::commands::MULTIPLE_MAX;
use super::drive::Drive;
use crate::medium::SECTOR;

/// Words of the answer.
const WORDS: usize = SECTOR / 2;

/// Most sectors that 28-bit commands reach.
const SHORT_MAX: u64 = 0x0fff_ffff;

/// Word 0: a fixed disk.
const FIXED: u16 = 1 << 6;
/// Word 49: addresses of sectors by number; IORDY, which can be switched off.
const CAPABILITIES: u16 = 1 << 9 | 1 << 11 | 1 << 10;
/// Words 50, 83, 84, 87, 93: the word is valid.
const VALID: u16 = 1 << 14;
/// Word 53: words 54 to 58, and 64 to 70, are valid.
const VALID_FIELDS: u16 = 0b11;
/// Word 51: PIO mode 2 without flow control.
const PIO_MODE: u16 = 2 << 8;
/// Word 64: PIO modes 3 and 4.
const PIO_MODES: u16 = 0b11;
/// Words 67 and 68: nanoseconds of a cycle of PIO mode 4.
const PIO_CYCLE: u16 = 120;
/// Word 80: ATA-1 to ATA-6.
const VERSIONS: u16 = 0b111_1110;
/// Words 82 and 85: power management.
const POWER_MANAGEMENT: u16 = 1 << 3;
/// Words 82 and 85: write cache and look-ahead.
const WRITE_CACHE: u16 = 1 << 5;
const LOOK_AHEAD: u16 = 1 << 6;
/// Words 83 and 86: 48-bit commands, FLUSH CACHE and FLUSH CACHE EXT.
const EXTENDED: u16 = 1 << 10 | 1 << 12 | 1 << 13;
/// Word 93: a device 0, set by jumper, that passed its diagnostics.
const RESET_DEVICE_0: u16 = 1 << 0 | 0b01 << 1 | 1 << 3;
/// Word 93: it answers for device 1.
const ANSWERS_FOR_1: u16 = 1 << 6;
/// Word 93: a device 1, set by jumper.
const RESET_DEVICE_1: u16 = 1 << 8 | 0b01 << 9;
/// Word 255: a checksum follows.
const INTEGRITY: u8 = 0xa5;

impl Drive {
    /// The answer.
    pub(super) fn identification(&self) -> [u8; SECTOR] {
        let mut words = [0; WORDS];
        let total = self.medium.sectors();
        let (default, current) = (self.default_geometry, self.settings.geometry);
        words[0] = FIXED;
        [words[1], words[3], words[6]] = [default.cylinders, default.heads.into(), default.sectors.into()];
        text(&mut words[10..20], b"PXHV000");
        words[13] = u16::from_be_bytes([b'0', b'0' + self.number]);
        text(&mut words[23..27], b"1");
        text(&mut words[27..47], b"pxHV disk");
        words[47] = 0x8000 | u16::from(MULTIPLE_MAX);
        words[49] = CAPABILITIES;
        words[50] = VALID;
        words[51] = PIO_MODE;
        words[53] = VALID_FIELDS;
        [words[54], words[55], words[56]] = [current.cylinders, current.heads.into(), current.sectors.into()];
        number(&mut words[57..59], current.total().into());
        words[59] = match self.settings.multiple {
            0 => 0,
            count => 1 << 8 | u16::from(count),
        };
        number(&mut words[60..62], total.min(SHORT_MAX));
        words[64] = PIO_MODES;
        words[67] = PIO_CYCLE;
        words[68] = PIO_CYCLE;
        words[80] = VERSIONS;
        words[82] = POWER_MANAGEMENT | WRITE_CACHE | LOOK_AHEAD;
        words[83] = VALID | EXTENDED;
        words[84] = VALID;
        words[85] = POWER_MANAGEMENT
            | if self.settings.write_cache { WRITE_CACHE } else { 0 }
            | if self.settings.look_ahead { LOOK_AHEAD } else { 0 };
        words[86] = EXTENDED;
        words[87] = VALID;
        words[93] = self.reset_result;
        number(&mut words[100..104], total);

        let mut bytes = [0; SECTOR];
        for (place, word) in bytes.chunks_exact_mut(2).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes[SECTOR - 2] = INTEGRITY;
        bytes[SECTOR - 1] = bytes[..SECTOR - 1].iter().fold(0, |sum: u8, byte| sum.wrapping_sub(*byte));
        bytes
    }
}

/// What the drive found out after power-on.
pub const fn reset_result(number: u8, alone: bool) -> u16 {
    VALID
        | match (number, alone) {
            (0, true) => RESET_DEVICE_0 | ANSWERS_FOR_1,
            (0, false) => RESET_DEVICE_0,
            _ => RESET_DEVICE_1,
        }
}

/// A number, its lowest word first.
fn number(words: &mut [u16], value: u64) {
    for (at, word) in words.iter_mut().enumerate() {
        *word = (value >> (16 * at)) as u16;
    }
}

/// Text: the first of two characters is in the upper half of a word; spaces follow.
fn text(words: &mut [u16], text: &[u8]) {
    let mut characters = text.iter().copied().chain(core::iter::repeat(b' '));
    for word in words {
        *word = u16::from_be_bytes([characters.next().unwrap_or(b' '), characters.next().unwrap_or(b' ')]);
    }
}
