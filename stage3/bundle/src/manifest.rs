//! The bundle: the virtual machines of an image and the files that they boot.
//!
//! ```text
//! 0   BundleHeader: magic, length and checksum of the manifest
//! 16  manifest (postcard)
//! …   blobs, each on a 4 KiB boundary, in the manifest's order
//! ```
//!
//! Stage 2 has checked the bundle as a whole; every blob's own checksum is checked again when it is
//! used, so that a fault in memory or a bug in the loader is named and not booted.

use alloc::string::String;
use alloc::vec::Vec;
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
    /// The virtual machines, in the order of pxhv.toml.
    pub vms: Vec<VmSpec>,
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
        let bundle = Self { bytes };
        for vm in &manifest.vms {
            let Boot::Linux { kernel, initrd, .. } = &vm.boot;
            for blob in core::iter::once(kernel).chain(initrd) {
                bundle.slice(blob)?;
            }
        }
        Ok((bundle, manifest))
    }

    /// The bytes of `blob`, checksum verified.
    ///
    /// # Errors
    /// [`BundleError::BlobOutside`] and [`BundleError::BlobChecksum`].
    pub fn blob(&self, blob: &Blob) -> Result<&'a [u8], BundleError> {
        let bytes = self.slice(blob)?;
        if crate::checksum(bytes) == blob.checksum {
            Ok(bytes)
        } else {
            Err(BundleError::BlobChecksum(blob.name.clone()))
        }
    }

    fn slice(&self, blob: &Blob) -> Result<&'a [u8], BundleError> {
        let end = blob.offset.checked_add(blob.bytes);
        usize::try_from(blob.offset)
            .ok()
            .zip(end.and_then(|end| usize::try_from(end).ok()))
            .and_then(|(start, end)| self.bytes.get(start..end))
            .ok_or_else(|| BundleError::BlobOutside(blob.name.clone()))
    }
}

/// Puts a bundle together: collects files, then writes header, manifest and files in order.
#[derive(Debug, Default)]
pub struct Builder {
    blobs: Vec<Vec<u8>>,
}

impl Builder {
    /// Takes a file in. Its [`Blob::offset`] becomes final in [`Builder::finish`].
    pub fn add(&mut self, name: &str, bytes: Vec<u8>) -> Blob {
        let blob = Blob {
            name: name.into(),
            offset: self.blobs.len() as u64,
            bytes: bytes.len() as u64,
            checksum: crate::checksum(&bytes),
        };
        self.blobs.push(bytes);
        blob
    }

    /// The bundle as stage 2 will load it. `manifest` holds blobs that [`Builder::add`] of this
    /// builder returned.
    ///
    /// # Panics
    /// If a blob of `manifest` came from elsewhere.
    #[must_use]
    pub fn finish(self, manifest: &Manifest) -> Vec<u8> {
        // Offsets are variable-length numbers in the manifest, so its length depends on them; a
        // reserve decides it once and for all.
        let reserve = postcard_bytes(manifest).len() + 10 * (2 * manifest.vms.len());
        let mut offset = (size_of::<BundleHeader>() + reserve).next_multiple_of(BLOB_ALIGN);
        let mut offsets = Vec::new();
        for bytes in &self.blobs {
            offsets.push(offset as u64);
            offset = (offset + bytes.len()).next_multiple_of(BLOB_ALIGN);
        }
        let mut manifest = manifest.clone();
        for vm in &mut manifest.vms {
            let Boot::Linux { kernel, initrd, .. } = &mut vm.boot;
            for blob in core::iter::once(kernel).chain(initrd) {
                blob.offset = offsets[blob.offset as usize];
            }
        }
        let manifest = postcard_bytes(&manifest);
        let header = BundleHeader {
            magic: MAGIC,
            manifest_bytes: manifest.len() as u32,
            manifest_checksum: crate::checksum(&manifest),
        };
        let mut out = Vec::with_capacity(offset);
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(&manifest);
        for (bytes, offset) in self.blobs.iter().zip(offsets) {
            out.resize(offset as usize, 0);
            out.extend_from_slice(bytes);
        }
        out
    }
}

fn postcard_bytes(manifest: &Manifest) -> Vec<u8> {
    postcard::to_allocvec(manifest).expect("a manifest is plain data, and memory suffices")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn sample() -> (Vec<u8>, Manifest) {
        let mut builder = Builder::default();
        let kernel = builder.add("vmlinuz", vec![0xaa; 5000]);
        let initrd = builder.add("initrd.gz", vec![0x55; 3]);
        let boot = Boot::Linux { kernel, initrd: Some(initrd), cmdline: "console=ttyS0".into() };
        let vm = VmSpec { name: "linux".into(), memory: 512 << 20, vcpus: 1, boot };
        let bytes = builder.finish(&Manifest { log: LogLevel::Info, vms: vec![vm] });
        let (_, manifest) = Bundle::parse(&bytes).expect("what was built parses");
        (bytes, manifest)
    }

    #[test]
    fn what_was_built_is_read_back() {
        let (bytes, manifest) = sample();
        let (bundle, _) = Bundle::parse(&bytes).unwrap();
        let Boot::Linux { kernel, initrd, cmdline } = &manifest.vms[0].boot;
        assert_eq!(bundle.blob(kernel).unwrap(), [0xaa; 5000]);
        assert_eq!(bundle.blob(initrd.as_ref().unwrap()).unwrap(), [0x55; 3]);
        assert_eq!(cmdline, "console=ttyS0");
        assert_eq!(kernel.offset % BLOB_ALIGN as u64, 0);
    }

    #[test]
    fn every_single_truncation_is_an_error() {
        let (bytes, _) = sample();
        for length in 0..bytes.len() {
            assert!(Bundle::parse(&bytes[..length]).is_err(), "accepted {length} bytes");
        }
    }

    #[test]
    fn a_flipped_bit_is_found() {
        let (mut bytes, manifest) = sample();
        let Boot::Linux { kernel, .. } = &manifest.vms[0].boot;
        bytes[kernel.offset as usize + 4999] ^= 1;
        let (bundle, _) = Bundle::parse(&bytes).unwrap();
        assert_eq!(bundle.blob(kernel), Err(BundleError::BlobChecksum("vmlinuz".into())));
        bytes[20] ^= 1;
        assert_eq!(Bundle::parse(&bytes).err(), Some(BundleError::ManifestChecksum));
    }

    #[test]
    fn offsets_that_overflow_are_refused() {
        let (bytes, manifest) = sample();
        let (bundle, _) = Bundle::parse(&bytes).unwrap();
        let Boot::Linux { kernel, .. } = &manifest.vms[0].boot;
        let blob = Blob { offset: u64::MAX, bytes: 2, ..kernel.clone() };
        assert_eq!(bundle.blob(&blob), Err(BundleError::BlobOutside("vmlinuz".into())));
    }
}
