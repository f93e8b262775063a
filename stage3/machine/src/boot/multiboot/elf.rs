//! Kernels in ELF files, of 32 and 64 bits (System V ABI, "Object Files").

use super::image::Part;
use super::MultibootError;
use crate::memory::{Gpa, GuestMemory};
use alloc::vec::Vec;
use elf::abi::{EM_386, EM_X86_64, ET_DYN, ET_EXEC, PT_LOAD, SHF_ALLOC, SHT_NOBITS, SHT_NULL};
use elf::endian::LittleEndian;
use elf::file::{parse_ident, Class, FileHeader};
use elf::parse::ParseAt;
use elf::section::{SectionHeader, SectionHeaderTable};
use elf::segment::SegmentTable;

/// First bytes of an ELF file.
const MAGIC: &[u8] = b"\x7fELF";
/// Bytes of `e_ident`, after which the classes differ.
const IDENT: usize = 16;

/// An ELF file whose header was read.
#[derive(Debug)]
pub struct Elf {
    header: FileHeader<LittleEndian>,
}

impl Elf {
    /// Reads the header of `file`.
    pub fn parse(file: &[u8]) -> Result<Self, MultibootError> {
        if !file.starts_with(MAGIC) {
            return Err(MultibootError::NotElf);
        }
        let bad = MultibootError::BadElf;
        let (ident, rest) = file.split_at_checked(IDENT).ok_or(bad("its header is cut off"))?;
        let ident = parse_ident::<LittleEndian>(ident).map_err(|_| bad("its format is not that of a PC"))?;
        let header = FileHeader::parse_tail(ident, rest).map_err(|_| bad("its header is cut off"))?;
        if ![EM_386, EM_X86_64].contains(&header.e_machine) {
            return Err(bad("it is for another processor"));
        }
        if ![ET_EXEC, ET_DYN].contains(&header.e_type) {
            return Err(bad("it is not executable; link it"));
        }
        Ok(Self { header })
    }

    /// What is to be loaded, and the entry point as a physical address.
    pub fn parts<'a>(&self, file: &'a [u8]) -> Result<(Vec<Part<'a>>, u64), MultibootError> {
        let FileHeader { class, endianness, e_phoff, e_phentsize, e_phnum, e_entry, .. } = self.header;
        let table = table(file, e_phoff, e_phentsize, e_phnum)
            .filter(|_| elf::segment::ProgramHeader::validate_entsize(class, e_phentsize.into()).is_ok())
            .ok_or(MultibootError::BadElf("its program headers are cut off"))?;
        let mut parts = Vec::new();
        let mut entry = None;
        for segment in SegmentTable::new(endianness, class, table).iter() {
            if segment.p_type != PT_LOAD {
                continue;
            }
            let bytes = slice(file, segment.p_offset, segment.p_filesz).ok_or(MultibootError::Truncated {
                needed: segment.p_offset.saturating_add(segment.p_filesz),
                found: file.len() as u64,
            })?;
            if segment.p_memsz < segment.p_filesz {
                return Err(MultibootError::BadElf("a segment is longer in the file than in memory"));
            }
            parts.push(Part { start: segment.p_paddr, bytes, memory: segment.p_memsz });
            // The entry point is a virtual address; the kernel starts without paging.
            let offset = e_entry.wrapping_sub(segment.p_vaddr);
            if offset < segment.p_memsz {
                entry = entry.or(segment.p_paddr.checked_add(offset));
            }
        }
        // A kernel for virtual addresses that says nevertheless where it is in physical memory.
        Ok((parts, entry.unwrap_or(e_entry)))
    }

    /// The section headers, if they are sound.
    pub fn sections<'a>(&self, file: &'a [u8]) -> Option<Sections<'a>> {
        let FileHeader { class, e_shoff, e_shentsize, e_shnum, e_shstrndx, .. } = self.header;
        SectionHeader::validate_entsize(class, e_shentsize.into()).ok()?;
        let headers = table(file, e_shoff, e_shentsize, e_shnum).filter(|table| !table.is_empty())?;
        Some(Sections {
            file,
            class,
            headers,
            count: e_shnum.into(),
            entry_bytes: e_shentsize.into(),
            names: e_shstrndx.into(),
            at: 0,
        })
    }
}

/// The sections of a kernel, for its own debugger. Those that are not part of the kernel in memory (symbols,
/// names) are loaded beside it.
#[derive(Clone, Copy, Debug)]
pub struct Sections<'a> {
    file: &'a [u8],
    class: Class,
    headers: &'a [u8],
    /// Number of headers.
    pub count: u32,
    /// Bytes of a header.
    pub entry_bytes: u32,
    /// Index of the section with the names of the sections.
    pub names: u32,
    /// Where the loaded sections are (GPA).
    at: u64,
}

impl<'a> Sections<'a> {
    /// Each section that has to be loaded: its index, its offset among them, and its content.
    fn loaded(&self) -> impl Iterator<Item = (usize, u64, &'a [u8])> + '_ {
        let mut end = 0_u64;
        let table = SectionHeaderTable::new(LittleEndian, self.class, self.headers);
        table.iter().enumerate().filter_map(move |(index, header)| {
            let is_loaded = u64::from(SHF_ALLOC) & header.sh_flags != 0 || header.sh_addr != 0;
            if is_loaded || [SHT_NULL, SHT_NOBITS].contains(&header.sh_type) {
                return None;
            }
            let bytes = slice(self.file, header.sh_offset, header.sh_size)?;
            // No type in a symbol table is wider.
            let offset = end.checked_next_multiple_of(16)?;
            end = offset.checked_add(bytes.len() as u64)?;
            Some((index, offset, bytes))
        })
    }

    /// Memory for the sections that have to be loaded.
    pub fn bytes(&self) -> u64 {
        self.loaded().last().map_or(0, |(_, offset, bytes)| offset + bytes.len() as u64)
    }

    /// Loads them to `at`.
    pub fn write(&mut self, at: u64, memory: &dyn GuestMemory) -> Result<(), MultibootError> {
        self.at = at;
        for (_, offset, bytes) in self.loaded() {
            memory.write(Gpa(at + offset), bytes)?;
        }
        Ok(())
    }

    /// The section headers, with the addresses of what was loaded.
    pub fn headers(&self) -> Vec<u8> {
        let mut headers = self.headers.to_vec();
        for (index, offset, _) in self.loaded() {
            let header = index * self.entry_bytes as usize;
            let address = self.at + offset;
            // `sh_addr`.
            let (at, length) = match self.class {
                Class::ELF32 => (header + 12, 4),
                Class::ELF64 => (header + 16, 8),
            };
            if let Some(field) = headers.get_mut(at..at + length) {
                field.copy_from_slice(&address.to_le_bytes()[..length]);
            }
        }
        headers
    }
}

/// `count` entries of `entry` bytes from `offset` on.
fn table(file: &[u8], offset: u64, entry: u16, count: u16) -> Option<&[u8]> {
    slice(file, offset, u64::from(entry) * u64::from(count))
}

fn slice(file: &[u8], offset: u64, length: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    file.get(start..end)
}
