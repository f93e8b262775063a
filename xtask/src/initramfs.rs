//! Writes initial RAM disks: cpio archives in the "newc" format
//! (Documentation/driver-api/early-userspace/buffer-format.rst in the kernel's source).

use anyhow::Result;
use std::fmt::Write as _;
use std::io::Write as _;

/// An archive under construction. What is added in the same order gives the same bytes: there are no
/// times and no owners in it.
#[derive(Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

/// File types, as in `stat`.
const DIRECTORY: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const CHARACTER_DEVICE: u32 = 0o020_000;

impl Archive {
    /// Adds a directory. Parents come before children.
    pub fn directory(&mut self, path: &str) {
        self.entry(path, DIRECTORY | 0o755, (0, 0), &[]);
    }

    /// Adds an executable file.
    pub fn program(&mut self, path: &str, content: &[u8]) {
        self.entry(path, FILE | 0o755, (0, 0), content);
    }

    /// Adds a symbolic link.
    pub fn link(&mut self, path: &str, target: &str) {
        self.entry(path, LINK | 0o777, (0, 0), target.as_bytes());
    }

    /// Adds a character device.
    pub fn device(&mut self, path: &str, number: (u32, u32)) {
        self.entry(path, CHARACTER_DEVICE | 0o600, number, &[]);
    }

    /// The archive, compressed with gzip.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        self.entry("TRAILER!!!", 0, (0, 0), &[]);
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&self.bytes)?;
        Ok(encoder.finish()?)
    }

    fn entry(&mut self, path: &str, mode: u32, device: (u32, u32), content: &[u8]) {
        self.entries += 1;
        let (inode, links, length) = (self.entries, 1, content.len() as u32);
        let name_length = path.len() as u32 + 1;
        let mut header = String::from("070701");
        // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
        for field in [inode, mode, 0, 0, links, 0, length, 0, 0, device.0, device.1, name_length, 0] {
            write!(header, "{field:08x}").expect("a string takes everything");
        }
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_the_documented_layout() {
        let mut archive = Archive::default();
        archive.program("init", b"#!/bin/sh\n");
        // 110 bytes of header, the name with its zero, both padded to four; then the content.
        assert_eq!(archive.bytes.len(), 116 + 12);
        assert_eq!(&archive.bytes[..6], b"070701");
        assert_eq!(&archive.bytes[14..22], b"000081ed", "mode");
        assert_eq!(&archive.bytes[54..62], b"0000000a", "length");
        assert_eq!(&archive.bytes[110..115], b"init\0");
        assert_eq!(&archive.bytes[116..126], b"#!/bin/sh\n");
    }

    #[test]
    fn same_content_gives_same_bytes() {
        let make = || {
            let mut archive = Archive::default();
            archive.directory("dev");
            archive.device("dev/console", (5, 1));
            archive.link("sh", "busybox");
            archive.finish().unwrap()
        };
        assert_eq!(make(), make());
        assert_eq!(make()[4..8], [0; 4], "gzip's time stamp");
    }
}
