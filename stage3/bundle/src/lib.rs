//! What the parts of pxHV tell each other: the disk image that `cargo xtask image` writes and
//! stage 2 reads ([`image`]), the virtual machines inside it ([`manifest`]), and what stage 2 hands
//! to stage 3 ([`boot_info`]).
//!
//! The NASM stages get every offset and constant from [`assembly`], so that no number is written down twice.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod assembly;
pub mod boot_info;
pub mod image;
pub mod instructions;
pub mod manifest;

use crc::{Crc, Table, CRC_32_ISO_HDLC};
use spin::Once;

/// CRC-32 as in Ethernet and gzip (ISO-HDLC, reflected polynomial EDB88320h): the checksum of every
/// part of the image.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    // Made at its first use: as a constant the 16 KiB of its table would be in stage 3's file, and no packer makes them
    // smaller.
    static CRC: Once<Crc<u32, Table<16>>> = Once::new();
    CRC.call_once(|| Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC)).checksum(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn checksum_matches_the_published_check_value() {
        // "123456789" is the check input of every catalogue entry; this is CRC-32/ISO-HDLC's.
        assert_eq!(super::checksum(b"123456789"), 0xcbf4_3926);
    }
}
