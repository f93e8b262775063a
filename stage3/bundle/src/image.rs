//! The disk image: what lies in which sector.
//!
//! ```text
//! sector 0      stage 1 (boot sector, with room for a BPB and a partition table)
//! sector 1      ImageHeader
//! sector 2 …    stage 2, stage 3, bundle: each starts on a sector and is padded with zeros
//! ```
//!
//! Stage 1 reads the header and stage 2 in one go, to [`HEADER_ADDRESS`] and on; stage 2 reads the
//! rest to the addresses that the header gives.

use crate::instructions::STREAMS;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes in a sector. Drives with other sector sizes are refused by stage 1.
pub const SECTOR: usize = 512;

/// HPA to which stage 1 reads the [`ImageHeader`]; stage 2 follows one sector later.
pub const HEADER_ADDRESS: u32 = 0x7e00;
/// HPA of stage 2, and of its entry point.
pub const STAGE2_ADDRESS: u32 = HEADER_ADDRESS + SECTOR as u32;
/// The end of what stage 2 may occupy, its own zero-initialised data included (HPA).
pub const STAGE2_LIMIT: u32 = 0x1_8000;
/// HPA of stage 3: its code, data and, behind them, zero-initialised data.
pub const STAGE3_ADDRESS: u32 = 0x20_0000;
/// HPA of the bundle; also the end of what stage 3 may occupy.
pub const BUNDLE_ADDRESS: u32 = 0x100_0000;

/// First bytes of an [`ImageHeader`].
pub const MAGIC: [u8; 8] = *b"PXHVIMG\0";
/// Version of the image format and of [`crate::boot_info::BootInfo`]; both change together.
pub const VERSION: u32 = 3;

/// Offset in sector 0 of the number of sectors (u16) that stage 1 reads from sector 1 on: the
/// header and stage 2. `cargo xtask image` fills it in.
pub const STAGE1_COUNT_OFFSET: usize = 0x1b4;

/// Position of stage 2 in [`ImageHeader::parts`].
pub const STAGE2: usize = 0;
/// Position of stage 3 in [`ImageHeader::parts`].
pub const STAGE3: usize = 1;
/// Position of the bundle in [`ImageHeader::parts`].
pub const BUNDLE: usize = 2;
/// Number of parts.
pub const PARTS: usize = 3;

/// [`ImageHeader::flags`]: stage 2 switches the A20 line off before it does anything else. Only
/// tests set it; every BIOS we know hands over with A20 on, so the enabling code would never run.
pub const FLAG_START_WITH_A20_OFF: u32 = 1;

const PADDING: usize = SECTOR - 32 - PARTS * size_of::<Part>() - 4 * STREAMS;

/// Sector 1 of the image. All numbers are little-endian.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ImageHeader {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// [`VERSION`].
    pub version: u32,
    /// CRC-32 of this sector with this field zero.
    pub checksum: u32,
    /// Sectors in the whole image, from sector 0.
    pub sectors: u32,
    /// `FLAG_…` bits; unknown ones are refused.
    pub flags: u32,
    /// Length of stage 3 when it is unpacked, in bytes.
    pub stage3_unpacked: u32,
    /// How many of these, from their start, are code.
    pub stage3_code: u32,
    /// [`STAGE2`], [`STAGE3`], [`BUNDLE`].
    pub parts: [Part; PARTS],
    /// Lengths of the streams into which stage 3's code is divided, in their order ([`crate::instructions::Stream`]).
    pub stage3_streams: [u32; STREAMS],
    /// Zero, up to the end of the sector.
    pub padding: [u8; PADDING],
}

/// One part of the image.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Part {
    /// What stage 2 calls it on the screen; ASCII, padded with zeros.
    pub name: [u8; 8],
    /// First sector.
    pub sector: u32,
    /// Length in the image, in bytes.
    pub bytes: u32,
    /// Where it is loaded (HPA).
    pub address: u32,
    /// Length in memory, in bytes; what exceeds [`Part::bytes`] is filled with zeros.
    pub memory: u32,
    /// CRC-32 of the [`Part::bytes`] bytes in the image.
    pub checksum: u32,
    /// Where execution starts (HPA); zero for a part without code.
    pub entry: u32,
}

impl ImageHeader {
    /// The checksum that [`ImageHeader::checksum`] must hold.
    #[must_use]
    pub fn expected_checksum(&self) -> u32 {
        let mut copy = *self;
        copy.checksum = 0;
        crate::checksum(copy.as_bytes())
    }
}

const _: () = assert!(size_of::<ImageHeader>() == SECTOR);
const _: () = assert!(size_of::<Part>() == 32);
const _: () = assert!(STAGE1_COUNT_OFFSET + 2 <= 0x1b8, "0x1b8 is the MBR's disk signature");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_covers_every_byte_but_its_own() {
        let mut header = ImageHeader::new_zeroed_for_test();
        let sum = header.expected_checksum();
        header.checksum = 0xffff_ffff;
        assert_eq!(header.expected_checksum(), sum);
        header.padding[PADDING - 1] = 1;
        assert_ne!(header.expected_checksum(), sum);
    }

    impl ImageHeader {
        fn new_zeroed_for_test() -> Self {
            zerocopy::FromZeros::new_zeroed()
        }
    }
}
