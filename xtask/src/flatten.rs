//! Stage 3's ELF file as stage 2 loads it: one piece of memory, and where to start.

use crate::assemble;
use anyhow::{ensure, Context, Result};
use bundle::image::{BUNDLE_ADDRESS, STAGE3_ADDRESS};
use elf::{abi, endian::LittleEndian, ElfBytes};
use std::path::Path;

/// The content of [`STAGE3_ADDRESS`] and up.
#[derive(Debug)]
pub struct Flat {
    /// Code and data.
    pub bytes: Vec<u8>,
    /// Length in memory: what exceeds `bytes` is zero-initialised.
    pub memory: u32,
    /// How many of `bytes`, from their start, are code.
    pub code: u32,
    /// Entry point (HPA).
    pub entry: u32,
}

impl Flat {
    /// Stage 3 in `file`: an ELF file, or a NASM source that begins with its entry point at [`STAGE3_ADDRESS`].
    pub fn of(file: &Path) -> Result<Self> {
        if file.extension().is_some_and(|extension| extension == "asm") {
            let bytes = assemble::source(file)?;
            let length = u32::try_from(bytes.len())?;
            return Ok(Self { bytes, code: length, memory: length, entry: STAGE3_ADDRESS });
        }
        flatten(&std::fs::read(file).with_context(|| format!("can't read {}", file.display()))?)
    }
}

/// Lays the loadable segments of an ELF file out.
pub fn flatten(file: &[u8]) -> Result<Flat> {
    let elf = ElfBytes::<LittleEndian>::minimal_parse(file).context("stage 3 is no ELF file")?;
    let segments = elf.segments().context("stage 3's ELF file has no segments")?;
    let range = u64::from(STAGE3_ADDRESS)..u64::from(BUNDLE_ADDRESS);
    let (mut bytes, mut code, mut end) = (Vec::new(), 0, range.start);
    for segment in segments.iter().filter(|segment| segment.p_type == abi::PT_LOAD && segment.p_memsz > 0) {
        let (first, last) = (segment.p_paddr, segment.p_paddr.saturating_add(segment.p_memsz));
        ensure!(
            range.contains(&first) && last <= range.end,
            "stage 3 has a segment at {first:#x}..{last:#x}; its place is {:#x}..{:#x}",
            range.start,
            range.end
        );
        let data = elf.segment_data(&segment).context("stage 3's ELF file is cut off")?;
        let start = (first - range.start) as usize;
        if bytes.len() < start + data.len() {
            bytes.resize(start + data.len(), 0);
        }
        bytes[start..][..data.len()].copy_from_slice(data);
        if segment.p_flags & abi::PF_X != 0 {
            code = code.max(start + data.len());
        }
        end = end.max(last);
    }
    let entry = elf.ehdr.e_entry;
    ensure!(
        entry >= range.start && entry < range.start + bytes.len() as u64,
        "stage 3's entry point {entry:#x} is outside of its code; has its linker script been used?"
    );
    Ok(Flat { bytes, memory: (end - range.start) as u32, code: code as u32, entry: entry as u32 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An ELF file with one segment of 16 bytes of 90h at `address`, 100h bytes long in memory.
    fn sample(address: u64, entry: u64) -> Vec<u8> {
        let mut file = vec![0; 64 + 56];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, b"\x7fELF\x02\x01\x01");
        put(16, &[2, 0, 62, 0, 1]); // executable, x86-64, version
        put(24, &entry.to_le_bytes());
        put(32, &[64]); // program headers
        put(52, &[64, 0, 56, 0, 1]); // sizes of headers, one segment
        put(64, &[1, 0, 0, 0, 5]); // PT_LOAD, readable and executable
        put(72, &[120]);
        put(80, &address.to_le_bytes());
        put(88, &address.to_le_bytes());
        put(96, &[16]);
        put(104, &[0, 1]);
        file.extend([0x90; 16]);
        file
    }

    #[test]
    fn segments_become_one_piece() {
        let start = u64::from(STAGE3_ADDRESS);
        let flat = flatten(&sample(start + 0x20, start + 0x28)).unwrap();
        assert_eq!(flat.bytes.len(), 0x30);
        assert!(flat.bytes[..0x20].iter().all(|byte| *byte == 0), "the gap is filled");
        assert!(flat.bytes[0x20..].iter().all(|byte| *byte == 0x90));
        assert_eq!((flat.memory, flat.code, flat.entry), (0x120, 0x30, STAGE3_ADDRESS + 0x28));
    }

    #[test]
    fn what_lies_elsewhere_is_refused() {
        let (start, end) = (u64::from(STAGE3_ADDRESS), u64::from(BUNDLE_ADDRESS));
        for address in [0, start - 1, end, end - 0xff, u64::MAX - 8] {
            assert!(flatten(&sample(address, address)).is_err(), "{address:#x}");
        }
        assert!(flatten(&sample(start, start + 16)).is_err(), "the entry is behind the code");
        assert!(flatten(b"no ELF").is_err());
    }

    proptest! {
        /// What is taken lies in its place, whatever the file says.
        #[test]
        fn no_file_does_harm(
            patches in prop::collection::vec((0_usize..136, any::<u8>()), 0..8),
            length in 0_usize..200,
        ) {
            let start = u64::from(STAGE3_ADDRESS);
            let mut file = sample(start, start + 4);
            for (at, value) in patches {
                file[at] = value;
            }
            file.truncate(length.max(64));
            if let Ok(flat) = flatten(&file) {
                prop_assert!(flat.bytes.len() <= flat.memory as usize);
                prop_assert!(STAGE3_ADDRESS + flat.memory <= BUNDLE_ADDRESS);
                prop_assert!(flat.entry >= STAGE3_ADDRESS && flat.entry < STAGE3_ADDRESS + flat.memory);
            }
        }
    }
}
