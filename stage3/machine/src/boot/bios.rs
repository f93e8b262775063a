//! Starts a BIOS, which starts the rest.
//!
//! A processor begins 16 bytes below 4 GiB, with the segment base FFFF_0000h behind the selector F000h. There is the
//! BIOS's first jump, to an address of the first megabyte, where a copy of it answers: so all that the first
//! instruction can tell of the two places is gone with it. Here it begins in the first megabyte, at F000:FFF0. What is
//! below 4 GiB can be read ([`crate::pc::Pc::install`]), and no instruction need be fetched from there.

use super::real_mode;
use crate::acpi::{loader, AcpiTables};
use crate::device::fw_cfg::File;
use crate::memory::{Gpa, GuestMemory, NotRam};
use crate::vcpu::CpuState;
use alloc::borrow::Cow;
use alloc::vec::Vec;

/// Where a BIOS ends in memory.
const END: u64 = 0x10_0000;
/// Where the BIOS of a display adapter begins in memory.
const VGA_BIOS: u64 = 0xc_0000;
/// The largest one.
const VGA_BIOS_MAX: usize = 64 << 10;
/// The largest BIOS: segments E000h and F000h.
const BYTES_MAX: usize = 0x2_0000;
/// A BIOS is a multiple of this.
const UNIT: usize = 0x1_0000;
/// Segment and offset of its first instruction.
const START: (u16, u64) = (0xf000, 0xfff0);

/// The first serial port.
const COM1: u64 = 0x3f8;

/// Why a BIOS can't be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BiosError {
    /// It has the wrong size.
    Size(usize),
    /// That of a display adapter is too large.
    VgaSize(usize),
    /// The VM has no RAM for it.
    NotRam(NotRam),
}

impl core::fmt::Display for BiosError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Size(bytes) => write!(f, "{bytes} bytes; a BIOS has 64 or 128 KiB"),
            Self::VgaSize(bytes) => write!(f, "{bytes} bytes; the BIOS of a display has 64 KiB at most"),
            Self::NotRam(not_ram) => write!(f, "the VM has too little memory: {not_ram}"),
        }
    }
}

impl core::error::Error for BiosError {}

/// Puts a BIOS to the end of the first megabyte, which stays writable, and returns the state in which the CPU enters it.
///
/// # Errors
/// It does not fit there.
pub fn load(bios: &[u8], memory: &dyn GuestMemory) -> Result<CpuState, BiosError> {
    if bios.is_empty() || bios.len() > BYTES_MAX || !bios.len().is_multiple_of(UNIT) {
        return Err(BiosError::Size(bios.len()));
    }
    memory.write(Gpa(END - bios.len() as u64), bios).map_err(BiosError::NotRam)?;
    Ok(reset_state())
}

/// The state of a CPU that was reset: it enters the BIOS.
#[must_use]
pub fn reset_state() -> CpuState {
    let (segment, offset) = START;
    real_mode::state(segment, offset)
}

/// Puts the BIOS of a display adapter to where a BIOS looks for it. SeaBIOS does not: it takes it from [`files`].
///
/// # Errors
/// It does not fit there.
pub fn load_vga_bios(vga_bios: &[u8], memory: &dyn GuestMemory) -> Result<(), BiosError> {
    if vga_bios.len() > VGA_BIOS_MAX {
        return Err(BiosError::VgaSize(vga_bios.len()));
    }
    memory.write(Gpa(VGA_BIOS), vga_bios).map_err(BiosError::NotRam)
}

/// What a BIOS is to do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes {
    /// Its screen and keyboard are at the first serial port.
    pub serial: bool,
    /// The BIOS of the display adapter.
    pub vga_bios: Option<&'static [u8]>,
}

/// The files of the firmware configuration by which SeaBIOS learns what it is to do, and the ACPI tables.
#[must_use]
pub fn files(wishes: &Wishes, acpi: &AcpiTables) -> Vec<File> {
    let mut files = Vec::from([
        // Nobody is asked, and nobody waits; one who finds nothing to boot says so and stays there.
        File::of("etc/show-boot-menu", 0_u16.to_le_bytes()),
        File::of("etc/boot-fail-wait", u32::MAX.to_le_bytes()),
    ]);
    files.extend(loader::files(acpi));
    if wishes.serial {
        files.push(File::of("etc/sercon-port", COM1.to_le_bytes()));
    }
    if let Some(content) = wishes.vga_bios {
        files.push(File { name: "vgaroms/vgabios.bin".into(), content: Cow::Borrowed(content) });
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acpi::{tables, AcpiConfig};
    use crate::memory::test_ram::TestRam;
    use crate::vcpu::{Gprs, TableRegister};
    use std::string::{String, ToString};
    use std::vec;

    #[test]
    fn a_bios_ends_with_the_first_megabyte_and_starts_at_its_last_paragraph() {
        let ram = TestRam::new(2 << 20);
        let mut bios = vec![0xaa; BYTES_MAX];
        bios[BYTES_MAX - 16] = 0xea;
        let state = load(&bios, &ram).unwrap();
        assert_eq!(ram.peek(0xd_ffff, 2), [0, 0xaa]);
        assert_eq!(ram.peek(0xf_fff0, 2), [0xea, 0xaa]);
        assert_eq!(ram.peek(0x10_0000, 1), [0]);
        assert_eq!((state.cs.selector, state.cs.base, state.rip), (0xf000, 0xf_0000, 0xfff0));
        assert_eq!((state.cr0, state.rflags, state.efer, state.gprs), (0x10, 2, 0, Gprs::default()));
        assert_eq!(state.idtr, TableRegister { base: 0, limit: 0x3ff });
    }

    #[test]
    fn other_sizes_are_refused() {
        let ram = TestRam::new(2 << 20);
        assert!(load(&vec![0; UNIT], &ram).is_ok());
        for bytes in [0, 1, UNIT - 1, UNIT + 512, BYTES_MAX + UNIT] {
            assert_eq!(load(&vec![0; bytes], &ram).err(), Some(BiosError::Size(bytes)));
        }
        assert_eq!(BiosError::Size(5).to_string(), "5 bytes; a BIOS has 64 or 128 KiB");
        assert!(load(&vec![0; UNIT], &TestRam::new(0xf_8000)).is_err());
    }

    #[test]
    fn the_bios_of_a_display_is_where_a_bios_looks_for_it() {
        let ram = TestRam::new(2 << 20);
        load_vga_bios(&[0x55, 0xaa, 77], &ram).unwrap();
        assert_eq!(ram.peek(0xc_0000, 4), [0x55, 0xaa, 77, 0]);
        let error = load_vga_bios(&vec![0; VGA_BIOS_MAX + 1], &ram).unwrap_err();
        assert_eq!(error.to_string(), "65537 bytes; the BIOS of a display has 64 KiB at most");
    }

    #[test]
    fn its_files_say_what_to_do() {
        let acpi = tables(&AcpiConfig { cpus: 1 });
        let names = |wishes| -> Vec<String> {
            files(&wishes, &acpi).into_iter().map(|file| file.name.into_owned()).collect()
        };
        let silent = names(Wishes::default());
        assert!(silent.iter().any(|name| name == "etc/table-loader"), "{silent:?}");
        assert!(!silent.iter().any(|name| name.contains("sercon") || name.contains("vga")), "{silent:?}");
        let all = Wishes { serial: true, vga_bios: Some(b"v") };
        let more = names(all);
        assert_eq!(more[silent.len()..], ["etc/sercon-port", "vgaroms/vgabios.bin"]);
        let port = files(&all, &acpi).into_iter().find(|file| file.name.contains("sercon")).unwrap();
        assert_eq!(*port.content, 0x3f8_u64.to_le_bytes());
    }
}
