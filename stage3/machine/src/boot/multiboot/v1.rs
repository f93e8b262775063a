//! Multiboot Specification version 0.6.96: the header ("OS image format").

mod information;

pub use information::information;

use super::addresses::{Addresses, Fields};
use super::{Header, MultibootError, Version};
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

/// What EAX holds when the kernel starts.
pub const LOADED: u32 = 0x2bad_b002;

/// First field of a header.
const MAGIC: u32 = 0x1bad_b002;
/// The header is contained in so many bytes from the start of the file.
const SEARCH: usize = 8192;
/// Its alignment in the file.
const ALIGNMENT: usize = 4;

/// Flags: modules on page boundaries. They always are.
const PAGE_ALIGN: u32 = 1 << 0;
/// Flags: the size of memory must be told. It always is.
const MEMORY_INFO: u32 = 1 << 1;
/// Flags: which video mode the kernel would like. It is a wish, and the boot information tells that there is no
/// screen.
const VIDEO_MODE: u32 = 1 << 2;
/// Flags that a loader must know. The others may be ignored.
const REQUIRED: u32 = 0xffff;
/// Flags: the header has addresses.
const ADDRESSES: u32 = 1 << 16;

/// What every header has.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Fixed {
    magic: U32,
    flags: U32,
    /// Makes the sum of these three zero.
    checksum: U32,
}

/// What follows with [`ADDRESSES`].
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RawAddresses {
    header: U32,
    load: U32,
    load_end: U32,
    bss_end: U32,
    entry: U32,
}

/// The first header in `file`, if there is one.
pub fn find(file: &[u8]) -> Option<Result<Header, MultibootError>> {
    let searched = &file[..file.len().min(SEARCH)];
    (0..searched.len()).step_by(ALIGNMENT).find_map(|at| {
        let (fixed, rest) = Fixed::ref_from_prefix(&searched[at..]).ok()?;
        let sum = fixed.magic.get().wrapping_add(fixed.flags.get()).wrapping_add(fixed.checksum.get());
        (fixed.magic == MAGIC && sum == 0).then(|| parse(fixed.flags.get(), rest, at))
    })
}

/// A header at the offset `at` in the file, with `rest` behind its fixed part.
fn parse(flags: u32, rest: &[u8], at: usize) -> Result<Header, MultibootError> {
    let unknown = flags & REQUIRED & !(PAGE_ALIGN | MEMORY_INFO | VIDEO_MODE);
    if unknown != 0 {
        return Err(MultibootError::Flags(unknown as u16));
    }
    let mut header = Header { version: Version::One, addresses: None, entry: None, relocation: None };
    if flags & ADDRESSES != 0 {
        let (raw, _) = RawAddresses::ref_from_prefix(rest)
            .map_err(|_| MultibootError::BadAddresses("the header is cut off"))?;
        let fields = Fields {
            header: raw.header.get(),
            load: raw.load.get(),
            load_end: raw.load_end.get(),
            bss_end: raw.bss_end.get(),
        };
        header.addresses = Some(Addresses::new(fields, at)?);
        header.entry = Some(raw.entry.get());
    }
    Ok(header)
}
