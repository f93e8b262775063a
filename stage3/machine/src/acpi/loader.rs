//! The tables as files of the firmware configuration, for a BIOS that puts them where it has room: the script
//! `etc/table-loader` tells it which numbers in them are addresses, and what has a checksum (QEMU,
//! hw/acpi/bios-linker-loader.c, describes its entries).

use super::{root, AcpiTables, FACS_ALIGNMENT};
use crate::device::fw_cfg::File;
use alloc::vec::Vec;

/// The file with the root pointer.
const RSDP: &str = "etc/acpi/rsdp";
/// The file with all other tables; FACS is the first.
const TABLES: &str = "etc/acpi/tables";
/// The script.
const SCRIPT: &str = "etc/table-loader";

/// Bytes of an entry of the script.
const ENTRY_BYTES: usize = 128;
/// Bytes of a file's name in it, with its terminating zero.
const NAME_BYTES: usize = 56;

/// Command: load a file.
const ALLOCATE: u32 = 1;
/// Command: add the address of a file to a number in a file.
const ADD_POINTER: u32 = 2;
/// Command: compute a checksum.
const ADD_CHECKSUM: u32 = 3;

/// Zone of [`ALLOCATE`]: high memory.
const ZONE_HIGH: u8 = 1;
/// Zone of [`ALLOCATE`]: segment F000h, where operating systems look for the root pointer.
const ZONE_F_SEGMENT: u8 = 2;

/// Bytes of the header of a table, and offsets of length and checksum in it.
const HEADER: usize = super::HEADER_BYTES as usize;
const LENGTH: usize = 4;
const CHECKSUM: usize = 9;
/// Offsets and sizes of the addresses in the RSDP: RSDT, XSDT.
const RSDP_POINTERS: [(usize, usize); 2] = [(16, 4), (24, 8)];
/// Offsets in the RSDP of its checksums, and how many bytes each is for.
const RSDP_CHECKSUMS: [(usize, usize); 2] = [(8, 20), (32, root::RSDP_BYTES)];
/// The same in the FADT: FIRMWARE_CTRL, DSDT, X_DSDT.
const FADT_POINTERS: [(usize, usize); 3] = [(36, 4), (40, 4), (140, 8)];

/// Root pointer, tables and script.
#[must_use]
pub fn files(acpi: &AcpiTables) -> [File; 3] {
    let facs = root::RSDP_BYTES.next_multiple_of(FACS_ALIGNMENT);
    let mut linker = Linker {
        rsdp: acpi.bytes[..root::RSDP_BYTES].to_vec(),
        tables: acpi.bytes[facs..].to_vec(),
        start: acpi.start.0 + facs as u64,
        script: Vec::new(),
    };
    linker.link();
    let file = |name: &'static str, content: Vec<u8>| File { name: name.into(), content: content.into() };
    [file(RSDP, linker.rsdp), file(TABLES, linker.tables), file(SCRIPT, linker.script)]
}

/// The files while they are made.
struct Linker {
    rsdp: Vec<u8>,
    tables: Vec<u8>,
    /// The address that [`Self::tables`] were made for.
    start: u64,
    script: Vec<u8>,
}

impl Linker {
    fn link(&mut self) {
        self.allocate(RSDP, 16, ZONE_F_SEGMENT);
        self.allocate(TABLES, FACS_ALIGNMENT as u32, ZONE_HIGH);
        let [rsdt, xsdt] = RSDP_POINTERS.map(|(at, size)| self.pointer(RSDP, at, size));
        let mut tables = Vec::from([rsdt, xsdt]);
        for at in (rsdt + HEADER..rsdt + self.length(rsdt)).step_by(4) {
            self.pointer(TABLES, at, 4);
        }
        for at in (xsdt + HEADER..xsdt + self.length(xsdt)).step_by(8) {
            let table = self.pointer(TABLES, at, 8);
            tables.push(table);
            if self.tables[table..].starts_with(b"FACP") {
                let [_facs, dsdt, _] = FADT_POINTERS.map(|(at, size)| self.pointer(TABLES, table + at, size));
                tables.push(dsdt);
            }
        }
        for table in tables {
            self.checksum(TABLES, table + CHECKSUM, table, self.length(table));
        }
        for (at, length) in RSDP_CHECKSUMS {
            self.checksum(RSDP, at, 0, length);
        }
    }

    /// Bytes of the table at this offset.
    fn length(&self, table: usize) -> usize {
        self.tables[table + LENGTH..].first_chunk().map_or(0, |length| u32::from_le_bytes(*length)) as usize
    }

    fn allocate(&mut self, file: &str, alignment: u32, zone: u8) {
        self.entry(ALLOCATE, &[file], &[alignment], Some(zone));
    }

    /// Turns the address of `size` bytes at `at` in `file` into an offset in [`TABLES`], which it returns, and has the
    /// file's address added.
    fn pointer(&mut self, file: &str, at: usize, size: usize) -> usize {
        let bytes = if file == RSDP { &mut self.rsdp } else { &mut self.tables };
        let field = &mut bytes[at..at + size];
        let mut address = [0; 8];
        address[..size].copy_from_slice(field);
        let offset = u64::from_le_bytes(address) - self.start;
        field.copy_from_slice(&offset.to_le_bytes()[..size]);
        self.entry(ADD_POINTER, &[file, TABLES], &[at as u32], Some(size as u8));
        offset as usize
    }

    /// Has the byte at `at` computed so that the sum of `length` bytes from `start` on is zero.
    fn checksum(&mut self, file: &str, at: usize, start: usize, length: usize) {
        self.entry(ADD_CHECKSUM, &[file], &[at as u32, start as u32, length as u32], None);
    }

    fn entry(&mut self, command: u32, files: &[&str], numbers: &[u32], last: Option<u8>) {
        let end = self.script.len() + ENTRY_BYTES;
        self.script.extend(command.to_le_bytes());
        for file in files {
            let name_end = self.script.len() + NAME_BYTES;
            self.script.extend(file.bytes());
            self.script.resize(name_end, 0);
        }
        self.script.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        self.script.extend(last);
        self.script.resize(end, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acpi::{tables, AcpiConfig};
    use crate::memory::Gpa;
    use std::collections::BTreeMap;
    use std::string::{String, ToString};

    /// What a BIOS does: executes the script, with the files at these addresses.
    fn execute(files: &[File; 3], places: [u64; 2]) -> BTreeMap<String, (u64, Vec<u8>)> {
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let name =
            |bytes: &[u8]| String::from_utf8_lossy(&bytes[..NAME_BYTES]).trim_end_matches('\0').to_string();
        let mut memory = BTreeMap::new();
        let mut places = places.into_iter();
        for entry in files[2].content.chunks_exact(ENTRY_BYTES) {
            let (first, rest) = (name(&entry[4..]), &entry[4 + NAME_BYTES..]);
            match number(&entry[..4]) as u32 {
                ALLOCATE => {
                    let file = files.iter().find(|file| file.name == first).unwrap();
                    let place = places.next().unwrap();
                    assert_eq!(place % number(&rest[..4]), 0);
                    assert_eq!(rest[4], if first == RSDP { ZONE_F_SEGMENT } else { ZONE_HIGH });
                    memory.insert(first, (place, file.content.to_vec()));
                }
                ADD_POINTER => {
                    let (place, _) = memory[&name(rest)];
                    let (at, size) =
                        (number(&rest[NAME_BYTES..][..4]) as usize, usize::from(rest[NAME_BYTES + 4]));
                    let field = &mut memory.get_mut(&first).unwrap().1[at..at + size];
                    let pointer = number(field) + place;
                    field.copy_from_slice(&pointer.to_le_bytes()[..size]);
                }
                ADD_CHECKSUM => {
                    let [at, start, length] = [0, 4, 8].map(|at| number(&rest[at..at + 4]) as usize);
                    let bytes = &mut memory.get_mut(&first).unwrap().1;
                    let sum =
                        bytes[start..start + length].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
                    bytes[at] = bytes[at].wrapping_sub(sum);
                }
                other => panic!("command {other}"),
            }
        }
        memory
    }

    /// The script makes the same of the files as if they had been made for that address, wherever it is.
    #[test]
    fn the_script_moves_the_tables_to_any_place() {
        let original = tables(&AcpiConfig { cpus: 3 });
        let files = files(&original);
        assert_eq!(files[2].content.len() % ENTRY_BYTES, 0);
        let there = original.start.0 + 64;
        let memory = execute(&files, [original.start.0, there]);
        assert_eq!(memory[RSDP].1, original.bytes[..36], "at its own place nothing changes");
        assert_eq!(memory[TABLES].1, original.bytes[64..]);

        let memory = execute(&files, [0xf_1230, 0x7fe_0040]);
        let mut bytes = memory[RSDP].1.clone();
        bytes.resize(64, 0);
        bytes.extend(&memory[TABLES].1);
        let moved = crate::acpi::AcpiTables { rsdp: Gpa(0x7fe_0000), start: Gpa(0x7fe_0000), bytes };
        for (at, length) in RSDP_CHECKSUMS {
            let sum = moved.bytes[..length].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
            assert_eq!(sum, 0, "{at}");
        }
        crate::acpi::tests::headers_are_complete(&moved);
    }
}
