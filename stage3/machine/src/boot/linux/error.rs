//! What can be wrong with a kernel.

use crate::memory::NotRam;

/// Why a kernel can't be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinuxError {
    /// No boot signature, or no setup header.
    NotBzImage,
    /// The boot protocol is older than 2.06 (Linux 2.6.22).
    TooOld {
        /// major << 8 | minor
        version: u16,
    },
    /// A zImage, which is loaded below 1 MiB.
    LoadedLow,
    /// The file ends before the kernel does.
    Truncated {
        /// What the setup header promises, in bytes.
        needed: u64,
        /// What is there.
        found: u64,
    },
    /// The kernel asks for an alignment that is no power of two.
    BadAlignment(u32),
    /// The kernel doesn't fit into the VM's memory.
    KernelTooLarge {
        /// End of the memory that the kernel needs.
        end: u64,
        /// End of the VM's low memory.
        low_end: u64,
    },
    /// The initrd doesn't fit between the kernel and the end of the memory where it may be.
    InitrdTooLarge {
        /// Its size.
        bytes: u64,
        /// What there is for it.
        room: u64,
    },
    /// The command line is longer than the kernel takes.
    CommandLineTooLong {
        /// Its length.
        bytes: usize,
        /// Longest possible.
        max: usize,
    },
    /// A zero byte would end the command line early.
    CommandLineHasZero,
    /// The VM has no RAM where the loader needs it.
    NotRam(NotRam),
}

impl core::fmt::Display for LinuxError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NotBzImage => f.write_str("the kernel is no Linux bzImage (it has no \"HdrS\" header)"),
            Self::TooOld { version } => {
                write!(
                    f,
                    "the kernel's boot protocol {}.{:02} is older than 2.06",
                    version >> 8,
                    version & 0xff
                )
            }
            Self::LoadedLow => f.write_str("the kernel is a zImage, not a bzImage"),
            Self::Truncated { needed, found } => {
                write!(f, "the kernel file is cut short: {found} bytes of {needed}")
            }
            Self::BadAlignment(alignment) => {
                write!(f, "the kernel's alignment {alignment:#x} is no power of two")
            }
            Self::KernelTooLarge { end, low_end } => {
                write!(f, "the kernel needs memory up to {end:#x}, the VM has it up to {low_end:#x}")
            }
            Self::InitrdTooLarge { bytes, room } => {
                write!(f, "the initrd of {bytes} bytes doesn't fit into the {room} bytes beside the kernel")
            }
            Self::CommandLineTooLong { bytes, max } => {
                write!(f, "the command line has {bytes} bytes, the kernel takes {max}")
            }
            Self::CommandLineHasZero => f.write_str("the command line contains a zero byte"),
            Self::NotRam(not_ram) => write!(f, "the VM has too little memory: {not_ram}"),
        }
    }
}

impl core::error::Error for LinuxError {}

impl From<NotRam> for LinuxError {
    fn from(not_ram: NotRam) -> Self {
        Self::NotRam(not_ram)
    }
}
