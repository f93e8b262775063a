//! Kernels gone bad, for every loader: they are refused, or what the guest gets is whole and within its RAM.

mod elf;
mod linux;
mod multiboot;

use arbitrary::{Result, Unstructured};
use machine::acpi::{tables, AcpiConfig, AcpiTables};
use machine::boot::{bios, flat};
use machine::memory::{Gpa, GuestMemory};
use machine::testing::TestRam;

const MIB: usize = 1 << 20;

/// The VM that boots.
struct Guest {
    ram: TestRam,
    acpi: AcpiTables,
}

impl Guest {
    fn new(u: &mut Unstructured) -> Result<Self> {
        let ram = TestRam::new(u.int_in_range(1..=6)? * MIB + u.int_in_range(0..=3)? * 0x1_0000);
        let acpi = tables(&AcpiConfig { cpus: 1 });
        ram.write(acpi.start, &acpi.bytes).expect("RAM");
        Ok(Self { ram, acpi })
    }

    /// `length` bytes that the guest was told of.
    fn bytes(&self, at: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.ram
            .read(Gpa(at), &mut bytes)
            .unwrap_or_else(|error| panic!("the guest was sent there: {error}"));
        bytes
    }

    fn word(&self, at: u64) -> u32 {
        u32::from_le_bytes(self.bytes(at, 4).try_into().expect("four"))
    }

    fn check_string(&self, at: u64, string: &str) {
        assert_eq!(self.bytes(at, string.len() + 1), [string.as_bytes(), &[0]].concat());
    }

    /// What the guest needs beside its kernel is where it was.
    fn check_tables(&self) {
        assert!(
            self.bytes(self.acpi.start.0, self.acpi.bytes.len()) == self.acpi.bytes,
            "the ACPI tables are damaged"
        );
    }
}

/// Some bytes of `file` change, and its end gets lost.
fn damage(u: &mut Unstructured, file: &mut Vec<u8>) -> Result<()> {
    for _ in 0..u.int_in_range(0..=5)? {
        let end = file.len().min(if u.arbitrary()? { 700 } else { usize::MAX });
        let at = u.choose_index(end)?;
        file[at] = u.arbitrary()?;
    }
    if u.ratio(1, 8)? {
        file.truncate(u.int_in_range(0..=file.len())?);
    }
    Ok(())
}

fn flat(u: &mut Unstructured) -> Result<()> {
    let guest = Guest::new(u)?;
    let load = if u.arbitrary()? { u.int_in_range(0..=0xb_0000)? } else { u.arbitrary()? };
    let image = vec![u.arbitrary::<u8>()? | 1; u.int_in_range(0..=0x1_2000)?];
    match flat::load(&image, load, &guest.ram) {
        Ok(state) => {
            assert_eq!(state.cs.base + state.rip, load);
            assert!(guest.bytes(load, image.len()) == image);
            guest.check_tables();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    Ok(())
}

fn bios(u: &mut Unstructured) -> Result<()> {
    let guest = Guest::new(u)?;
    let image = vec![u.arbitrary::<u8>()?; 0x1000 * u.int_in_range(0..=0x30)?];
    match bios::load(&image, &guest.ram) {
        Ok(state) => {
            assert_eq!(state.cs.base + state.rip, 0xf_fff0);
            assert!(guest.bytes(0x10_0000 - image.len() as u64, image.len()) == image);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    Ok(())
}

pub fn run(u: &mut Unstructured) -> Result<()> {
    match u.int_in_range(0..=6)? {
        0 | 1 => linux::run(u),
        2..=4 => multiboot::run(u),
        5 => bios(u),
        _ => flat(u),
    }
}
