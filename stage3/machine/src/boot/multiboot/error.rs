//! What can be wrong with a kernel.

use super::v2::tags;
use crate::memory::NotRam;

/// Why a kernel can't be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MultibootError {
    /// There is no header where one must be.
    NoHeader {
        /// The file was packed by gzip.
        compressed: bool,
    },
    /// Feature bits of version 1 that must be understood, and are not.
    Flags(u16),
    /// A header of version 2 for another architecture than the PC.
    Architecture(u32),
    /// A tag in the header of version 2 that must be understood, and is not.
    Tag(u16),
    /// A demand for boot information that this computer does not have.
    Request(u32),
    /// A tag in the header of version 2 that is cut off or contradicts itself.
    BadTag(u16),
    /// The addresses in the header don't fit the file or each other.
    BadAddresses(&'static str),
    /// The header has no addresses, and the file is no ELF file.
    NotElf,
    /// The ELF file is none that can be loaded.
    BadElf(&'static str),
    /// The file ends before the kernel does.
    Truncated {
        /// How long it had to be.
        needed: u64,
        /// How long it is.
        found: u64,
    },
    /// Two parts of the kernel belong to the same place.
    Overlap {
        /// Where.
        at: u64,
    },
    /// A part of the kernel belongs where there is no memory for it.
    OutsideMemory {
        /// Where it starts.
        start: u64,
        /// Where it ends.
        end: u64,
        /// The end of the VM's memory.
        low_end: u64,
    },
    /// The kernel starts outside of itself.
    EntryOutside(u64),
    /// A relocatable kernel's range has no room for it.
    NoPlace {
        /// Its length in memory.
        bytes: u64,
    },
    /// Something does not fit beside the kernel.
    NoRoom {
        /// What.
        what: &'static str,
        /// Its length.
        bytes: u64,
    },
    /// A zero byte would end a string early.
    StringHasZero,
    /// The VM has no RAM where the loader needs it.
    NotRam(NotRam),
}

impl core::fmt::Display for MultibootError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {
            Self::NoHeader { compressed: true } => {
                f.write_str("the kernel is packed by gzip; unpack it before")
            }
            Self::NoHeader { compressed: false } => {
                f.write_str("no multiboot header in the first 8 KiB (version 1) or 32 KiB (version 2)")
            }
            Self::Flags(bits) => {
                write!(f, "the kernel demands the multiboot features {bits:#06x}, which nobody has defined")
            }
            Self::Architecture(number) => {
                write!(f, "the multiboot header is for architecture {number}, not for the PC (0)")
            }
            Self::Tag(kind) => write!(
                f,
                "the kernel demands header tag {kind} ({}), which pxHV does not have",
                tags::header_name(kind)
            ),
            Self::Request(kind) => write!(
                f,
                "the kernel demands boot information {kind} ({}), which pxHV does not have",
                tags::information_name(kind)
            ),
            Self::BadTag(kind) => {
                write!(f, "header tag {kind} ({}) is cut off or has impossible values", tags::header_name(kind))
            }
            Self::BadAddresses(what) => write!(f, "the addresses in the multiboot header are wrong: {what}"),
            Self::NotElf => f.write_str("the kernel is no ELF file, and its header has no addresses"),
            Self::BadElf(what) => write!(f, "the kernel's ELF file can't be loaded: {what}"),
            Self::Truncated { needed, found } => {
                write!(f, "the kernel file is cut short: {found} bytes of {needed}")
            }
            Self::Overlap { at } => write!(f, "two parts of the kernel belong to address {at:#x}"),
            Self::OutsideMemory { start, end, low_end } => write!(
                f,
                "a part of the kernel belongs to {start:#x}..{end:#x}; there is memory for it up to 0x9fc00, and \
                 from 0x100000 to {low_end:#x}"
            ),
            Self::EntryOutside(entry) => {
                write!(f, "the kernel starts at {entry:#x}, which is in no part of it")
            }
            Self::NoPlace { bytes } => {
                write!(f, "the kernel of {bytes} bytes has no room in the range where it can run")
            }
            Self::NoRoom { what, bytes } => write!(f, "no room for {what} of {bytes} bytes beside the kernel"),
            Self::StringHasZero => f.write_str("a command line or a module's string contains a zero byte"),
            Self::NotRam(not_ram) => write!(f, "the VM has too little memory: {not_ram}"),
        }
    }
}

impl core::error::Error for MultibootError {}

impl From<NotRam> for MultibootError {
    fn from(not_ram: NotRam) -> Self {
        Self::NotRam(not_ram)
    }
}
