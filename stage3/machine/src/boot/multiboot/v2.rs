//! Multiboot2 Specification version 2.0: the header ("OS image format").

mod information;
pub mod tags;

pub use information::information;

use super::addresses::{Addresses, Fields};
use super::{Header, MultibootError, Preference, Relocation, Version};
use tags::{header, information as wanted};
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

/// What EAX holds when the kernel starts.
pub const LOADED: u32 = 0x36d7_6289;

/// First field of a header.
const MAGIC: u32 = 0xe852_50d6;
/// The header is contained in so many bytes from the start of the file.
const SEARCH: usize = 32768;
/// Alignment of the header in the file, and of tags.
const ALIGNMENT: usize = 8;
/// Architecture: 32-bit protected mode of the PC.
const I386: u32 = 0;
/// Flags of a tag: the loader may ignore it.
const OPTIONAL: u16 = 1;
/// Load address: the first byte of the file is the first one that is loaded.
const FROM_START: u32 = u32::MAX;
/// Flags of the console tag: the kernel can't do without one of the consoles that it knows.
const CONSOLE_REQUIRED: u32 = 1;

/// What every header begins with.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Fixed {
    magic: U32,
    architecture: U32,
    /// Bytes of the header, with its tags.
    length: U32,
    /// Makes the sum of these four zero.
    checksum: U32,
}

/// What every tag begins with.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Tag {
    kind: U16,
    flags: U16,
    /// Bytes of the tag, this included.
    size: U32,
}

/// The first header in `file`, if there is one.
pub fn find(file: &[u8]) -> Option<Result<Header, MultibootError>> {
    let searched = &file[..file.len().min(SEARCH)];
    (0..searched.len()).step_by(ALIGNMENT).find_map(|at| {
        let (fixed, _) = Fixed::ref_from_prefix(&searched[at..]).ok()?;
        let fields = [fixed.magic, fixed.architecture, fixed.length, fixed.checksum];
        let sum = fields.iter().fold(0_u32, |sum, field| sum.wrapping_add(field.get()));
        (fixed.magic == MAGIC && sum == 0).then(|| parse(fixed, searched, at))
    })
}

/// The header at the offset `at`.
fn parse(fixed: &Fixed, searched: &[u8], at: usize) -> Result<Header, MultibootError> {
    if fixed.architecture != I386 {
        return Err(MultibootError::Architecture(fixed.architecture.get()));
    }
    let length = fixed.length.get() as usize;
    let mut rest = searched[at..]
        .get(..length)
        .and_then(|header| header.get(size_of::<Fixed>()..))
        .ok_or(MultibootError::BadTag(header::END))?;
    let mut found = Header { version: Version::Two, addresses: None, entry: None, relocation: None };
    while !rest.is_empty() {
        let (tag, content) = Tag::ref_from_prefix(rest).map_err(|_| MultibootError::BadTag(header::END))?;
        let kind = tag.kind.get();
        if kind == header::END {
            break;
        }
        let size = tag.size.get() as usize;
        let content = size
            .checked_sub(size_of::<Tag>())
            .and_then(|length| content.get(..length))
            .ok_or(MultibootError::BadTag(kind))?;
        found.take(kind, tag.flags.get() & OPTIONAL != 0, content, at)?;
        // The last tag may lack its padding.
        rest = rest.get(size.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
    }
    if found.addresses.is_some() && found.entry.is_none() {
        return Err(MultibootError::BadAddresses("there is no entry address with them"));
    }
    Ok(found)
}

impl Header {
    /// Takes one tag in.
    fn take(&mut self, kind: u16, optional: bool, content: &[u8], at: usize) -> Result<(), MultibootError> {
        let numbers = |count: usize| <[U32]>::ref_from_prefix_with_elems(content, count);
        let bad = MultibootError::BadTag(kind);
        match kind {
            header::INFORMATION_REQUEST => {
                let requests = <[U32]>::ref_from_bytes(content).map_err(|_| bad)?;
                let missing = requests.iter().find(|request| !wanted::SUPPORTED.contains(&request.get()));
                if let Some(missing) = missing.filter(|_| !optional) {
                    return Err(MultibootError::Request(missing.get()));
                }
            }
            header::ADDRESS => {
                let (fields, _) = numbers(4).map_err(|_| bad)?;
                let [header, load, load_end, bss_end] = [0, 1, 2, 3].map(|index| fields[index].get());
                let load = if load == FROM_START { header.wrapping_sub(at as u32) } else { load };
                self.addresses = Some(Addresses::new(Fields { header, load, load_end, bss_end }, at)?);
            }
            header::ENTRY => {
                let (fields, _) = numbers(1).map_err(|_| bad)?;
                self.entry = Some(fields[0].get());
            }
            header::RELOCATABLE => {
                let (fields, _) = numbers(4).map_err(|_| bad)?;
                let [min, max, alignment, preference] = [0, 1, 2, 3].map(|index| fields[index].get());
                let preference = match preference {
                    1 => Preference::Lowest,
                    2 => Preference::Highest,
                    _ => Preference::None,
                };
                self.relocation = Some(Relocation { min, max, alignment: alignment.max(1), preference });
            }
            header::CONSOLE => {
                let (fields, _) = numbers(1).map_err(|_| bad)?;
                if !optional && fields[0].get() & CONSOLE_REQUIRED != 0 {
                    return Err(MultibootError::Tag(kind));
                }
            }
            // Modules are on page boundaries in any case; the EFI tags say what a kernel can do, and there is no
            // EFI.
            header::MODULE_ALIGNMENT
            | header::EFI_BOOT_SERVICES
            | header::ENTRY_EFI32
            | header::ENTRY_EFI64 => {}
            _ if optional => {}
            _ => return Err(MultibootError::Tag(kind)),
        }
        Ok(())
    }
}
