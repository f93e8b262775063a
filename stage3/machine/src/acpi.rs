//! The ACPI tables of the PC (ACPI 6.5, "ACPI Software Programming Model"), as a BIOS leaves them in memory.
//!
//! All of them lie together at [`TABLES`], the lower half of the BIOS area, where operating systems also
//! search for the root pointer. They are to be marked as reserved in the guest's memory map; a PC BIOS's
//! own segment F0000h above stays free.
//!
//! | offset | table |
//! |--------|-------|
//! | 0 | RSDP, the root pointer |
//! | 40h | FACS: the only table that the guest writes to, aligned to 64 bytes |
//! | 80h | DSDT, FADT, MADT, RSDT, XSDT, each aligned to 16 bytes |

mod fixed;
mod interrupts;
pub mod loader;
mod namespace;
mod resources;
mod root;
#[cfg(test)]
mod tests;

use crate::memory::Gpa;
use acpi_tables::sdt::Sdt;
use acpi_tables::Aml;
use alloc::vec::Vec;

/// Where the tables lie.
pub const TABLES: core::ops::Range<u64> = 0xe_0000..0xf_0000;

/// Author of the tables.
const OEM_ID: [u8; 6] = *b"PXHV  ";
/// Name of the tables.
const OEM_TABLE_ID: [u8; 8] = *b"PXHVPC  ";
/// Revision of the tables.
const OEM_REVISION: u32 = 1;
/// Alignment of the FACS.
const FACS_ALIGNMENT: usize = 64;
/// Alignment of the root pointer, kept for all other tables.
const ALIGNMENT: usize = 16;
/// Bytes of the header that all tables but RSDP and FACS begin with.
const HEADER_BYTES: u32 = 36;

/// What the tables describe, as far as it varies.
#[derive(Clone, Copy, Debug)]
pub struct AcpiConfig {
    /// Number of CPUs. Their local APIC IDs and processor UIDs count from 0.
    pub cpus: u8,
}

/// The tables, ready to be copied into guest memory.
#[derive(Clone, Debug)]
pub struct AcpiTables {
    /// Address of the root pointer.
    pub rsdp: Gpa,
    /// Address of the bytes. They stay within [`TABLES`].
    pub start: Gpa,
    /// All tables.
    pub bytes: Vec<u8>,
}

/// The tables of a PC.
#[must_use]
pub fn tables(config: &AcpiConfig) -> AcpiTables {
    // The root pointer goes first and is written last.
    let mut area = Area { bytes: alloc::vec![0; root::RSDP_BYTES] };
    let facs = area.put(FACS_ALIGNMENT, &fixed::facs());
    let dsdt = area.put(ALIGNMENT, &namespace::dsdt(config.cpus));
    let fadt = area.put(ALIGNMENT, &fixed::fadt(facs, dsdt));
    let madt = area.put(ALIGNMENT, &interrupts::madt(config.cpus));
    let rsdt = area.put(ALIGNMENT, &root::rsdt(&[fadt, madt]));
    let xsdt = area.put(ALIGNMENT, &root::xsdt(&[fadt, madt]));
    area.bytes[..root::RSDP_BYTES].copy_from_slice(&root::rsdp(rsdt, xsdt));
    AcpiTables { rsdp: Gpa(TABLES.start), start: Gpa(TABLES.start), bytes: area.bytes }
}

/// The memory from the start of [`TABLES`] on.
struct Area {
    bytes: Vec<u8>,
}

impl Area {
    /// Appends a table; gives its address.
    fn put(&mut self, alignment: usize, table: &dyn Aml) -> u32 {
        self.bytes.resize(self.bytes.len().next_multiple_of(alignment), 0);
        let address = TABLES.start as u32 + self.bytes.len() as u32;
        table.to_aml_bytes(&mut self.bytes);
        address
    }
}

/// A table without contents.
fn table(signature: [u8; 4], revision: u8) -> Sdt {
    Sdt::new(signature, HEADER_BYTES, revision, OEM_ID, OEM_TABLE_ID, OEM_REVISION)
}
