//! Takes a file out of a ZIP archive (PKWARE, ".ZIP File Format Specification").

use flate2::read::DeflateDecoder;
use std::io::Read as _;

/// Starts of a central directory's entry and of its end.
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
/// Fixed bytes of an entry, of a file's own header, and of the end.
const ENTRY_BYTES: usize = 46;
const HEADER_BYTES: usize = 30;
const END_BYTES: usize = 22;
/// Compression methods: none, and deflate.
const STORED: usize = 0;
const DEFLATED: usize = 8;

/// The file `name` of an archive; `None` if it is not there, or damaged.
pub fn file(archive: &[u8], name: &str) -> Option<Vec<u8>> {
    // The end may have a comment behind it.
    let end = archive.windows(END_BYTES).rposition(|bytes| bytes.starts_with(&END))?;
    let (count, mut at) = (number(archive, end + 10, 2)?, number(archive, end + 16, 4)?);
    for _ in 0..count {
        let entry = archive.get(at..).filter(|entry| entry.starts_with(&ENTRY))?;
        let field = |offset, bytes| number(entry, offset, bytes);
        let name_bytes = field(28, 2)?;
        if entry.get(ENTRY_BYTES..ENTRY_BYTES + name_bytes)? == name.as_bytes() {
            let (method, packed, unpacked) = (field(10, 2)?, field(20, 4)?, field(24, 4)?);
            let header = archive.get(field(42, 4)?..)?;
            let start = HEADER_BYTES + number(header, 26, 2)? + number(header, 28, 2)?;
            return content(header.get(start..start + packed)?, method, unpacked);
        }
        at += ENTRY_BYTES + name_bytes + field(30, 2)? + field(32, 2)?;
    }
    None
}

fn content(packed: &[u8], method: usize, bytes: usize) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    match method {
        STORED => content.extend(packed),
        DEFLATED => {
            DeflateDecoder::new(packed).take(bytes as u64 + 1).read_to_end(&mut content).ok()?;
        }
        _ => return None,
    }
    (content.len() == bytes).then_some(content)
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + length)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

#[cfg(test)]
pub use tests::{sample, TEXT};

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::write::DeflateEncoder;
    use flate2::Compression;
    use std::io::Write as _;

    pub const TEXT: &[u8] = b"text text text text text text text";

    /// An archive with TEXT twice: as it is, and deflated.
    pub fn sample() -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(TEXT).unwrap();
        let deflated = encoder.finish().unwrap();
        assert!(deflated.len() < TEXT.len());
        let (mut archive, mut directory) = (Vec::new(), Vec::new());
        for (name, method, packed) in [("a/stored", 0, TEXT), ("a/deflated", 8, &deflated[..])] {
            let start = archive.len() as u32;
            let sizes =
                [[0; 4], (packed.len() as u32).to_le_bytes(), (TEXT.len() as u32).to_le_bytes()].concat();
            let lengths = [name.len() as u8, 0, 3, 0];
            let common = [&[20, 0, 0, 0, method, 0, 0, 0, 0, 0], &sizes[..], &lengths].concat();
            archive.extend([b"PK\x03\x04", &common[..], name.as_bytes(), b"xyz", packed].concat());
            directory.extend([&ENTRY[..], &[20, 0], &common, &[0; 10], &start.to_le_bytes()].concat());
            directory.extend([name.as_bytes(), b"xyz"].concat());
        }
        let start = (archive.len() as u32).to_le_bytes();
        archive.extend(&directory);
        archive.extend(
            [&END[..], &[0, 0, 0, 0, 2, 0, 2, 0], &(directory.len() as u32).to_le_bytes(), &start].concat(),
        );
        archive.extend(b"\x07\0comment");
        archive
    }

    #[test]
    fn files_are_found_and_unpacked() {
        let archive = sample();
        assert_eq!(file(&archive, "a/stored").as_deref(), Some(TEXT));
        assert_eq!(file(&archive, "a/deflated").as_deref(), Some(TEXT));
        assert_eq!(file(&archive, "a/store"), None);
        assert_eq!(file(b"no archive", "a/stored"), None);
    }

    #[test]
    fn damage_is_no_file_and_no_panic() {
        let archive = sample();
        for length in 0..archive.len() {
            file(&archive[..length], "a/deflated");
        }
        for at in 0..archive.len() {
            let mut damaged = archive.clone();
            damaged[at] ^= 0xff;
            if let Some(content) = file(&damaged, "a/deflated") {
                assert!(content.len() == TEXT.len(), "{at}");
            }
        }
    }
}
