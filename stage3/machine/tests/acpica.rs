//! The ACPI tables as ACPICA sees them, the code that operating systems read them with: its disassembler and
//! compiler (`iasl`), and its interpreter (`acpiexec`) have nothing to complain about.
//!
//! Needs Debian's package acpica-tools.

use machine::acpi::{tables, AcpiConfig, AcpiTables};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Numbers of CPUs to look at.
const CPUS: [u8; 3] = [1, 4, 255];
/// Words of a complaint, in lower case.
const COMPLAINTS: [&str; 6] = ["error", "warning", "remark", "invalid", "mismatch", "unexpected"];
/// Text with such words that is none. The compiler's summary; and `acpiexec`'s tests of itself, which
/// want general-purpose events and a PM2 register to play with.
const NO_COMPLAINTS: [&str; 2] = ["0 errors, 0 warnings, 0 remarks", "(aetests-"];

/// Offset of the length in a table.
const LENGTH: usize = 4;
/// Offsets of the root pointer's fields.
const RSDP_XSDT: usize = 24;
/// Offset of the first address in the XSDT.
const XSDT_ENTRIES: usize = 36;
/// Offsets of fields of the FADT.
const FADT_FACS: usize = 36;
const FADT_DSDT: usize = 40;

fn dword(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(bytes[offset..offset + 4].try_into().unwrap())
}

/// The table at a guest-physical address.
fn table_at(tables: &AcpiTables, address: u32) -> &[u8] {
    let table = &tables.bytes[address as usize - tables.start.0 as usize..];
    &table[..dword(table, LENGTH) as usize]
}

/// Writes each table to a file `<signature>.dat` in a new folder.
fn write_out(folder: &Path, cpus: u8) -> Vec<PathBuf> {
    let tables = tables(&AcpiConfig { cpus });
    let rsdp = &tables.bytes[(tables.rsdp.0 - tables.start.0) as usize..];
    let xsdt = table_at(&tables, dword(rsdp, RSDP_XSDT));
    let mut all: Vec<_> =
        xsdt[XSDT_ENTRIES..].chunks(8).map(|entry| table_at(&tables, dword(entry, 0))).collect();
    let fadt = all[0];
    all.extend([table_at(&tables, dword(fadt, FADT_FACS)), table_at(&tables, dword(fadt, FADT_DSDT))]);

    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).unwrap();
    let mut files = Vec::new();
    for table in all {
        let name = std::str::from_utf8(&table[..4]).unwrap().to_lowercase();
        let file = folder.join(name + ".dat");
        fs::write(&file, table).unwrap();
        files.push(file);
    }
    files
}

/// Runs a tool in `folder`; gives what it says. It must not complain.
fn run(folder: &Path, tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(tool).args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| {
        panic!("can't start {tool}: {error}; it is in Debian's package acpica-tools (apt-get install acpica-tools)")
    });
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).to_lowercase();
    let complaint = said
        .lines()
        .filter(|line| !NO_COMPLAINTS.iter().any(|text| line.contains(text)))
        .find(|line| COMPLAINTS.iter().any(|word| line.contains(word)));
    assert!(output.status.success() && complaint.is_none(), "{tool} {arguments:?}: {complaint:?}\n{said}");
    said
}

/// A folder for a test and a number of CPUs.
fn folder(test: &str, cpus: u8) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{cpus}"))
}

#[test]
fn every_table_disassembles_and_compiles_to_the_same() {
    for cpus in CPUS {
        let folder = folder("iasl", cpus);
        for file in write_out(&folder, cpus) {
            let name = file.file_stem().unwrap().to_str().unwrap();
            let original = fs::read(&file).unwrap();
            run(&folder, "iasl", &["-d", &format!("{name}.dat")]);
            run(&folder, "iasl", &["-p", &format!("{name}-again"), &format!("{name}.dsl")]);
            let mut again = fs::read(folder.join(format!("{name}-again.aml"))).unwrap();
            // The compiler signs its work.
            for range in [9..10, 28..36] {
                if name != "facs" {
                    again[range.clone()].copy_from_slice(&original[range]);
                }
            }
            assert!(again == original, "{name} of {cpus} CPUs");
        }
    }
}

#[test]
fn the_interpreter_loads_the_namespace_and_decodes_all_resources() {
    for cpus in CPUS {
        let folder = folder("acpiexec", cpus);
        let files = write_out(&folder, cpus);
        let mut arguments = vec!["-b", "namespace; resources *; quit"];
        // The interpreter has a FACS of its own.
        let files = files.iter().map(|file| file.to_str().unwrap());
        arguments.extend(files.filter(|file| !file.ends_with("facs.dat")));
        let said = run(&folder, "acpiexec", &arguments);
        assert_eq!(said.matches("\"acpi0007\"").count(), usize::from(cpus));
        for device in ["pci0", "isa_", "pic_", "timr", "rtc_", "kbd_", "com1", "mbrd"] {
            assert!(said.contains(&format!("{device} device")), "{device} of {cpus} CPUs:\n{said}");
        }
        assert!(said.contains("_s5_ package") && said.contains("device: \\_sb.pci0"), "{said}");
    }
}
