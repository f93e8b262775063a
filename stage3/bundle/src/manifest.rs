//! The bundle: the virtual machines of an image and the files that they boot.
//!
//! ```text
//! 0   BundleHeader: magic, length and checksum of the manifest
//! 16  manifest (postcard)
//! …   blobs, each on a 4 KiB boundary, in the manifest's order
//! ```
//!
//! Stage 2 has checked the bundle as a whole. The blobs of a virtual machine that starts again are checked again, by checksums
//! of their own, so that a fault in memory or a bug is named and not booted.

mod builder;
#[cfg(test)]
mod tests;

pub use builder::Builder;

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::RangeInclusive;
use serde::{Deserialize, Serialize};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// First bytes of a bundle.
pub const MAGIC: [u8; 8] = *b"PXHVBNDL";
/// Blobs start at multiples of this.
pub const BLOB_ALIGN: usize = 4096;

/// The fixed start of a bundle.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct BundleHeader {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// Length of the manifest in bytes; it starts right behind this header.
    pub manifest_bytes: u32,
    /// CRC-32 of the manifest.
    pub manifest_checksum: u32,
}

/// What stage 3 is to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// How much the hypervisor says on its console.
    pub log: LogLevel,
    /// The character that the operator's commands begin with: 1 for Ctrl-A, up to 26 for Ctrl-Z.
    pub prefix: u8,
    /// The virtual machines, in the order of pxhv.toml, in which they start.
    pub vms: Vec<VmSpec>,
}

impl Manifest {
    /// Whether every number is one that `cargo xtask image` writes.
    fn is_within_limits(&self) -> bool {
        (1..=26).contains(&self.prefix) && self.vms.iter().all(|vm| WEIGHTS.contains(&vm.weight))
    }
}

/// Least important message that is still printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogLevel {
    /// Failures only.
    Error,
    /// And what an operator should look at.
    Warn,
    /// And the normal milestones.
    Info,
    /// And details for a developer.
    Debug,
}

/// One virtual machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmSpec {
    /// Unique name: 1–32 of a–z, 0–9, `-`.
    pub name: String,
    /// RAM in bytes; a multiple of 2 MiB.
    pub memory: u64,
    /// Number of virtual CPUs.
    pub vcpus: u32,
    /// What it boots.
    pub boot: Boot,
    /// What its operator sees and types on.
    pub display: Display,
    /// The port whose writes end it.
    pub debug_exit: Option<u16>,
    /// The port whose bytes join its console.
    pub debugcon: Option<u16>,
    /// Whether it starts with pxHV, and not when the operator says so.
    pub autostart: bool,
    /// Its share of the processor beside those of the others: one of [`WEIGHTS`].
    pub weight: u32,
    /// What follows when it has ended by itself.
    pub on_exit: OnExit,
}

/// What [`VmSpec::weight`] may be.
pub const WEIGHTS: RangeInclusive<u32> = 1..=1000;

/// What follows when a virtual machine has ended by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnExit {
    /// It is off, until the operator starts it.
    #[default]
    Stop,
    /// It is switched on again.
    Restart,
}

/// What an operator of a virtual machine has before them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Display {
    /// Its serial port. A BIOS sends there what programs have it print, and takes keys from there.
    #[default]
    Serial,
    /// Its text screen, and its keyboard.
    Text,
    /// Its serial port, of which its BIOS makes no use.
    None,
}

/// How a virtual machine starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Boot {
    /// The Linux boot protocol: a bzImage.
    Linux {
        /// The kernel.
        kernel: Blob,
        /// The initial RAM disk.
        initrd: Option<Blob>,
        /// The kernel's command line.
        cmdline: String,
    },
    /// The Multiboot Specification, version 1 or 2.
    Multiboot {
        /// The kernel.
        kernel: Blob,
        /// Its command line.
        cmdline: String,
        /// The files that it gets.
        modules: Vec<Module>,
    },
    /// An image that starts in real mode at its first byte.
    Flat {
        /// The image.
        kernel: Blob,
        /// Where it is loaded (GPA).
        load: u32,
    },
    /// A BIOS, which boots from a disk.
    Bios {
        /// The BIOS.
        firmware: Blob,
        /// The floppy disks, from drive A: on.
        floppies: Vec<Blob>,
        /// The hard disks.
        disks: Vec<Blob>,
        /// The BIOS of its display adapter, if it has one.
        vga_bios: Option<Blob>,
    },
}

/// A file for a multiboot kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// The file.
    pub file: Blob,
    /// Its string.
    pub args: String,
}

impl Boot {
    /// Every file that it needs.
    pub fn blobs(&self) -> impl Iterator<Item = &Blob> {
        let (first, rest): (_, Vec<_>) = match self {
            Self::Linux { kernel, initrd, .. } => (kernel, initrd.iter().collect()),
            Self::Multiboot { kernel, modules, .. } => {
                (kernel, modules.iter().map(|module| &module.file).collect())
            }
            Self::Flat { kernel, .. } => (kernel, Vec::new()),
            Self::Bios { firmware, floppies, disks, vga_bios } => {
                (firmware, floppies.iter().chain(disks).chain(vga_bios).collect())
            }
        };
        core::iter::once(first).chain(rest)
    }

    /// The same, to change.
    fn blobs_mut(&mut self) -> impl Iterator<Item = &mut Blob> {
        let (first, rest): (_, Vec<_>) = match self {
            Self::Linux { kernel, initrd, .. } => (kernel, initrd.iter_mut().collect()),
            Self::Multiboot { kernel, modules, .. } => {
                (kernel, modules.iter_mut().map(|module| &mut module.file).collect())
            }
            Self::Flat { kernel, .. } => (kernel, Vec::new()),
            Self::Bios { firmware, floppies, disks, vga_bios } => {
                (firmware, floppies.iter_mut().chain(disks).chain(vga_bios).collect())
            }
        };
        core::iter::once(first).chain(rest)
    }
}

/// A file inside the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    /// The file's name, for messages.
    pub name: String,
    /// Offset from the start of the bundle; a multiple of [`BLOB_ALIGN`].
    pub offset: u64,
    /// Length in bytes.
    pub bytes: u64,
    /// CRC-32 of its bytes.
    pub checksum: u32,
}

/// Why a bundle can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BundleError {
    /// Shorter than its own header or manifest says.
    Truncated,
    /// The first bytes are not [`MAGIC`].
    NoMagic,
    /// The manifest's checksum does not match.
    ManifestChecksum,
    /// The manifest was written by another version of `cargo xtask`.
    ManifestFormat,
    /// A blob reaches beyond the end of the bundle.
    BlobOutside(String),
    /// A blob's checksum does not match.
    BlobChecksum(String),
}

impl core::fmt::Display for BundleError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Truncated => write!(f, "the bundle is shorter than its header says"),
            Self::NoMagic => write!(f, "the bundle does not start with PXHVBNDL"),
            Self::ManifestChecksum => write!(f, "the manifest's checksum does not match"),
            Self::ManifestFormat => {
                write!(f, "the manifest has another format: build image and hypervisor from one source")
            }
            Self::BlobOutside(name) => write!(f, "{name} reaches beyond the end of the bundle"),
            Self::BlobChecksum(name) => write!(f, "{name}: the checksum does not match"),
        }
    }
}

impl core::error::Error for BundleError {}

/// A bundle in memory.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'a> {
    bytes: &'a [u8],
}

impl<'a> Bundle<'a> {
    /// Reads the manifest at the start of `bytes`.
    ///
    /// # Errors
    /// What [`BundleError`] lists, but [`BundleError::BlobChecksum`].
    pub fn parse(bytes: &'a [u8]) -> Result<(Self, Manifest), BundleError> {
        let (header, rest) = BundleHeader::ref_from_prefix(bytes).map_err(|_| BundleError::Truncated)?;
        if header.magic != MAGIC {
            return Err(BundleError::NoMagic);
        }
        let manifest = rest.get(..header.manifest_bytes as usize).ok_or(BundleError::Truncated)?;
        if crate::checksum(manifest) != header.manifest_checksum {
            return Err(BundleError::ManifestChecksum);
        }
        let manifest: Manifest = postcard::from_bytes(manifest).map_err(|_| BundleError::ManifestFormat)?;
        if !manifest.is_within_limits() {
            return Err(BundleError::ManifestFormat);
        }
        let bundle = Self { bytes };
        for blob in manifest.vms.iter().flat_map(|vm| vm.boot.blobs()) {
            bundle.blob(blob)?;
        }
        Ok((bundle, manifest))
    }

    /// How long it is.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Whether `blob` still is what was packed.
    ///
    /// # Errors
    /// [`BundleError::BlobOutside`] and [`BundleError::BlobChecksum`].
    pub fn verify(&self, blob: &Blob) -> Result<(), BundleError> {
        if crate::checksum(self.blob(blob)?) == blob.checksum {
            Ok(())
        } else {
            Err(BundleError::BlobChecksum(blob.name.clone()))
        }
    }

    /// The bytes of `blob`.
    ///
    /// # Errors
    /// [`BundleError::BlobOutside`].
    pub fn blob(&self, blob: &Blob) -> Result<&'a [u8], BundleError> {
        let end = blob.offset.checked_add(blob.bytes);
        usize::try_from(blob.offset)
            .ok()
            .zip(end.and_then(|end| usize::try_from(end).ok()))
            .and_then(|(start, end)| self.bytes.get(start..end))
            .ok_or_else(|| BundleError::BlobOutside(blob.name.clone()))
    }
}
