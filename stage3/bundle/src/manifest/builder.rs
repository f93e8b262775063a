//! Writes a bundle.

use super::{Blob, BundleHeader, Manifest, BLOB_ALIGN, MAGIC};
use alloc::vec::Vec;
use zerocopy::IntoBytes;

/// Puts a bundle together: collects files, then writes header, manifest and files in order.
#[derive(Debug, Default)]
pub struct Builder {
    blobs: Vec<Vec<u8>>,
}

impl Builder {
    /// Takes a file in, once however often it comes. Its [`Blob::offset`] becomes final in [`Builder::finish`].
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Blob {
        let known = self.blobs.iter().position(|blob| blob == bytes);
        let at = known.unwrap_or_else(|| {
            self.blobs.push(bytes.into());
            self.blobs.len() - 1
        });
        Blob {
            name: name.into(),
            offset: at as u64,
            bytes: bytes.len() as u64,
            checksum: crate::checksum(bytes),
        }
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
        let blobs = manifest.vms.iter().flat_map(|vm| vm.boot.blobs());
        let reserve = postcard_bytes(manifest).len() + 10 * blobs.count();
        let mut offset = (size_of::<BundleHeader>() + reserve).next_multiple_of(BLOB_ALIGN);
        let mut offsets = Vec::new();
        for bytes in &self.blobs {
            offsets.push(offset as u64);
            offset = (offset + bytes.len()).next_multiple_of(BLOB_ALIGN);
        }
        let mut manifest = manifest.clone();
        for blob in manifest.vms.iter_mut().flat_map(|vm| vm.boot.blobs_mut()) {
            blob.offset = offsets[blob.offset as usize];
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
