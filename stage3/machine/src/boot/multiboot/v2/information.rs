//! The boot information of version 2 ("Boot information format"): a list of tags.

use super::tags::information as tag;
use super::ALIGNMENT;
use crate::acpi::AcpiTables;
use crate::boot::memory_map::{memory_map, CONVENTIONAL_END, EXTENDED_START};
use crate::boot::multiboot::strings;
use crate::boot::multiboot::{Facts, LOADER};
use crate::memory::RamLayout;
use alloc::vec::Vec;

/// Bytes of a tag's type and size.
const TAG_HEADER: u32 = 8;
/// Bytes of a range of the memory map.
const RANGE_BYTES: u32 = 24;
/// Version of its entries.
const RANGE_VERSION: u32 = 0;
/// Bytes of ACPI's root pointer in version 1.0, which later ones begin with.
const RSDP_OLD_BYTES: usize = 20;
/// Bytes of ACPI's root pointer since version 2.0.
const RSDP_NEW_BYTES: usize = 36;

/// The boot information. It contains no address of itself.
pub fn information(facts: &Facts, acpi: &AcpiTables, layout: RamLayout) -> Vec<u8> {
    // Total size, reserved.
    let mut list = Tags { bytes: [0; 8].to_vec() };
    list.put(tag::COMMAND_LINE, |out| strings::put(out, facts.cmdline));
    list.put(tag::LOADER_NAME, |out| strings::put(out, LOADER));
    for (start, end, args) in &facts.modules {
        list.put(tag::MODULE, |out| {
            numbers(out, &[*start as u32, *end as u32]);
            strings::put(out, args);
        });
    }
    list.put(tag::MEMORY, |out| {
        let upper = layout.low_end().saturating_sub(EXTENDED_START);
        numbers(out, &[(CONVENTIONAL_END >> 10) as u32, (upper >> 10) as u32]);
    });
    list.put(tag::MEMORY_MAP, |out| {
        numbers(out, &[RANGE_BYTES, RANGE_VERSION]);
        for (start, end, kind) in memory_map(layout) {
            out.extend_from_slice(&start.to_le_bytes());
            out.extend_from_slice(&(end - start).to_le_bytes());
            numbers(out, &[kind, 0]);
        }
    });
    if let Some(sections) = &facts.sections {
        list.put(tag::SECTIONS, |out| {
            numbers(out, &[sections.count, sections.entry_bytes, sections.names]);
            out.extend_from_slice(&sections.headers());
        });
    }
    let rsdp = acpi.bytes.get((acpi.rsdp.0 - acpi.start.0) as usize..).unwrap_or_default();
    for (kind, length) in [(tag::ACPI_OLD, RSDP_OLD_BYTES), (tag::ACPI_NEW, RSDP_NEW_BYTES)] {
        list.put(kind, |out| out.extend_from_slice(rsdp.get(..length).unwrap_or_default()));
    }
    list.put(tag::LOAD_BASE, |out| numbers(out, &[facts.base as u32]));
    list.put(tag::END, |_| ());
    let total = list.bytes.len() as u32;
    list.bytes[..4].copy_from_slice(&total.to_le_bytes());
    list.bytes
}

/// Tags, each aligned.
struct Tags {
    bytes: Vec<u8>,
}

impl Tags {
    /// Appends a tag.
    fn put(&mut self, kind: u32, fill: impl FnOnce(&mut Vec<u8>)) {
        let mut content = Vec::new();
        fill(&mut content);
        numbers(&mut self.bytes, &[kind, TAG_HEADER + content.len() as u32]);
        self.bytes.extend_from_slice(&content);
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGNMENT), 0);
    }
}

fn numbers(out: &mut Vec<u8>, numbers: &[u32]) {
    for number in numbers {
        out.extend_from_slice(&number.to_le_bytes());
    }
}
