//! Stage 3's ELF file as stage 2 loads it: one piece of memory, and where to start.

use anyhow::{ensure, Context, Result};
use bundle::image::{BUNDLE_ADDRESS, STAGE3_ADDRESS};
use elf::{abi, endian::LittleEndian, ElfBytes};

/// The content of [`STAGE3_ADDRESS`] and up.
#[derive(Debug)]
pub struct Flat {
    /// Code and data.
    pub bytes: Vec<u8>,
    /// Length in memory: what exceeds `bytes` is zero-initialised.
    pub memory: u32,
    /// Entry point (HPA).
    pub entry: u32,
}

/// Lays the loadable segments of an ELF file out.
pub fn flatten(file: &[u8]) -> Result<Flat> {
    let elf = ElfBytes::<LittleEndian>::minimal_parse(file).context("stage 3 is no ELF file")?;
    let segments = elf.segments().context("stage 3's ELF file has no segments")?;
    let range = u64::from(STAGE3_ADDRESS)..u64::from(BUNDLE_ADDRESS);
    let (mut bytes, mut end) = (Vec::new(), range.start);
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
        end = end.max(last);
    }
    let entry = elf.ehdr.e_entry;
    ensure!(
        entry >= range.start && entry < range.start + bytes.len() as u64,
        "stage 3's entry point {entry:#x} is outside of its code; has its linker script been used?"
    );
    Ok(Flat { bytes, memory: (end - range.start) as u32, entry: entry as u32 })
}
