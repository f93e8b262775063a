//! Kernels made here, and what becomes of them.

mod elf;
mod random;
mod v1;
mod v2;

use super::*;
use crate::acpi::{tables, AcpiConfig};
use crate::memory::test_ram::TestRam;
use crate::memory::GuestMemory as _;
use crate::vcpu::TableRegister;
use std::string::{String, ToString};
use std::vec;

const MIB: u64 = 1 << 20;
/// Where most kernels of these tests belong.
const BASE: u32 = 0x40_0000;

fn acpi() -> AcpiTables {
    tables(&AcpiConfig { cpus: 1 })
}

/// Memory with ACPI tables.
fn ram(mib: u64) -> TestRam {
    let ram = TestRam::new((mib * MIB) as usize);
    ram.write(acpi().start, &acpi().bytes).unwrap();
    ram
}

/// Loads a kernel without anything else into 16 MiB.
fn load_alone(kernel: &[u8]) -> Result<(CpuState, TestRam), MultibootError> {
    let ram = ram(16);
    let state = load(&Guest { kernel, cmdline: "", modules: &[] }, &acpi(), &ram)?;
    Ok((state, ram))
}

fn error(kernel: &[u8]) -> MultibootError {
    load_alone(kernel).map(|(state, _)| state).expect_err("loads")
}

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A header of version 1 with `flags` and what follows the checksum.
fn v1_header(flags: u32, rest: &[u32]) -> Vec<u8> {
    const MAGIC: u32 = 0x1bad_b002;
    let checksum = 0_u32.wrapping_sub(MAGIC).wrapping_sub(flags);
    [words(&[MAGIC, flags, checksum]), words(rest)].concat()
}

/// A file of 256 bytes for version 1, with these addresses: header, load, load end, bss end, entry.
fn v1_file(addresses: [u32; 5]) -> Vec<u8> {
    let mut file = v1_header(1 << 16, &addresses);
    file.resize(256, 0x90);
    file
}

/// The same with sound addresses: loaded to [`BASE`], followed by 4 KiB of zeros.
fn v1_kernel() -> Vec<u8> {
    v1_file([BASE, BASE, 0, BASE + 256 + 4096, BASE + 32])
}

/// A header of version 2 with these tags: type, flags, content.
fn v2_header(tags: &[(u16, u16, &[u32])]) -> Vec<u8> {
    const MAGIC: u32 = 0xe852_50d6;
    let mut body = Vec::new();
    for (kind, flags, content) in tags.iter().chain([&(0, 0, [].as_slice())]) {
        body.extend_from_slice(&kind.to_le_bytes());
        body.extend_from_slice(&flags.to_le_bytes());
        body.extend_from_slice(&words(&[8 + 4 * content.len() as u32]));
        body.extend_from_slice(&words(content));
        body.resize(body.len().next_multiple_of(8), 0);
    }
    let length = 16 + body.len() as u32;
    [words(&[MAGIC, 0, length, 0_u32.wrapping_sub(MAGIC).wrapping_sub(length)]), body].concat()
}

/// A file of 256 bytes for version 2, loaded to [`BASE`], with `tags` beside the addresses.
fn v2_kernel(tags: &[(u16, u16, &[u32])]) -> Vec<u8> {
    let own: [(u16, u16, &[u32]); 2] = [(2, 0, &[BASE, BASE, 0, 0]), (3, 0, &[BASE + 250])];
    let mut file = v2_header(&[&own, tags].concat());
    assert!(file.len() <= 256);
    file.resize(256, 0x90);
    file
}

fn word(ram: &TestRam, at: u64) -> u32 {
    u32::from_le_bytes(ram.peek(at, 4).try_into().unwrap())
}

fn text(ram: &TestRam, at: u64) -> String {
    let bytes = ram.peek(at, 100);
    let end = bytes.iter().position(|byte| *byte == 0).expect("short strings");
    String::from_utf8(bytes[..end].to_vec()).unwrap()
}

#[test]
fn the_cpu_enters_in_flat_protected_mode() {
    let (state, ram) = load_alone(&v1_kernel()).unwrap();
    assert_eq!((state.rip, state.gprs.rax), (u64::from(BASE) + 32, 0x2bad_b002));
    assert_eq!((state.cr0, state.cr4, state.efer, state.rflags), (0x11, 0, 0, 2));
    assert_eq!((state.cs.selector, state.cs.attributes, state.cs.limit), (8, 0xc9b, u32::MAX));
    assert_eq!((state.ds.selector, state.ds.attributes, state.ds.base), (16, 0xc93, 0));
    assert_eq!([state.es, state.fs, state.gs, state.ss], [state.ds; 4]);
    let gdt = ram.peek(state.gdtr.base, usize::from(state.gdtr.limit) + 1);
    let entry = |selector: usize| u64::from_le_bytes(gdt[selector..][..8].try_into().unwrap());
    assert_eq!((gdt.len(), entry(0)), (32, 0));
    assert_eq!(state.idtr, TableRegister { base: 0, limit: 0x3ff });
    assert_eq!((entry(8), entry(16)), (0x00cf_9b00_0000_ffff, 0x00cf_9300_0000_ffff));
}

#[test]
fn version_1_is_taken_if_a_kernel_has_both() {
    let mut file = v2_kernel(&[]);
    file.truncate(240);
    file.extend(v1_header(1 << 16, &[BASE + 240, BASE, 0, 0, BASE]));
    assert_eq!(load_alone(&file).unwrap().0.gprs.rax, 0x2bad_b002);
    file[240] = 0;
    assert_eq!(load_alone(&file).unwrap().0.gprs.rax, 0x36d7_6289);
}

#[test]
fn modules_lie_on_pages_behind_the_kernel() {
    let ram = ram(16);
    let modules = [
        Module { bytes: &[1; 5000], args: "first one" },
        Module { bytes: &[2; 4096], args: "" },
        Module { bytes: &[3; 1], args: "third" },
    ];
    let kernel = v1_kernel();
    let state = load(&Guest { kernel: &kernel, cmdline: "c", modules: &modules }, &acpi(), &ram).unwrap();
    assert_eq!(word(&ram, state.gprs.rbx + 20), 3);
    let list = u64::from(word(&ram, state.gprs.rbx + 24));
    // Behind the kernel's zeros.
    let mut start = u64::from(BASE) + 0x2000;
    for (module, at) in modules.iter().zip((list..).step_by(16)) {
        assert_eq!(u64::from(word(&ram, at)), start);
        assert_eq!(u64::from(word(&ram, at + 4)), start + module.bytes.len() as u64);
        assert_eq!(text(&ram, word(&ram, at + 8).into()), module.args);
        assert_eq!(ram.peek(start, module.bytes.len()), module.bytes);
        start = (start + module.bytes.len() as u64).next_multiple_of(4096);
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let load = |mib, bytes: usize, kernel: &[u8]| {
        let content = vec![7; bytes];
        let modules = [Module { bytes: &content, args: "" }];
        let ram = ram(mib);
        load(&Guest { kernel, cmdline: "", modules: &modules }, &acpi(), &ram).map(|state| (state, ram))
    };
    let kernel = v1_kernel();
    assert!(load(8, 3 << 20, &kernel).is_ok(), "behind the kernel");
    let (state, ram) = load(5, 3 << 20, &kernel).unwrap();
    let list = u64::from(word(&ram, state.gprs.rbx + 24));
    assert_eq!(word(&ram, list), 0x10_0000, "below the kernel, if there is no room behind");
    let no_room = MultibootError::NoRoom { what: "a module", bytes: 5 << 20 };
    assert_eq!(load(8, 5 << 20, &kernel).err(), Some(no_room));
    let outside = MultibootError::OutsideMemory { start: 4 * MIB, end: 4 * MIB + 4352, low_end: 4 * MIB };
    assert_eq!(load(4, 1, &kernel).err(), Some(outside));
    // All of the memory is the kernel's.
    let full = elf_of_everything();
    let no_room = MultibootError::NoRoom { what: "the boot information", bytes: GDT_BYTES };
    assert_eq!(load_alone(&full).map(|_| ()), Err(no_room));
}

/// A kernel of two parts that takes the memory of a VM with 16 MiB.
fn elf_of_everything() -> Vec<u8> {
    let low = elf::Segment { virt: 0x100, phys: 0, bytes: vec![], memory: 0x9_fc00 };
    let header = v1_header(0, &[]);
    let high = elf::Segment { virt: MIB, phys: MIB, bytes: header, memory: 15 * MIB };
    elf::File { wide: false, entry: MIB, segments: vec![high, low], sections: vec![] }.build()
}

#[test]
fn zero_bytes_in_strings_are_refused() {
    let kernel = v1_kernel();
    let module = [Module { bytes: &[1], args: "a\0b" }];
    for (cmdline, modules) in [("a\0b", [].as_slice()), ("", module.as_slice())] {
        let result = load(&Guest { kernel: &kernel, cmdline, modules }, &acpi(), &ram(16));
        assert_eq!(result, Err(MultibootError::StringHasZero));
    }
}

#[test]
fn tags_have_names() {
    use crate::boot::multiboot::v2::tags::{header_name, information, information_name};
    let known = |names: Vec<&'static str>| names.iter().all(|name| *name != "unknown" && !name.is_empty());
    assert!(known((0..=10).map(header_name).collect()) && known((1..=21).map(information_name).collect()));
    assert_eq!((header_name(11), information_name(22)), ("unknown", "unknown"));
    assert!(information::SUPPORTED.iter().all(|kind| *kind == 0 || information_name(*kind) != "unknown"));
}

#[test]
fn errors_are_sentences() {
    for (error, words) in [
        (MultibootError::NoHeader { compressed: true }, "the kernel is packed by gzip; unpack it before"),
        (
            MultibootError::Tag(5),
            "the kernel demands header tag 5 (a frame buffer), which pxHV does not have",
        ),
        (
            MultibootError::Request(13),
            "the kernel demands boot information 13 (SMBIOS), which pxHV does not have",
        ),
        (MultibootError::BadTag(2), "header tag 2 (addresses) is cut off or has impossible values"),
        (
            MultibootError::Flags(8),
            "the kernel demands the multiboot features 0x0008, which nobody has defined",
        ),
        (MultibootError::Architecture(4), "the multiboot header is for architecture 4, not for the PC (0)"),
        (MultibootError::NotElf, "the kernel is no ELF file, and its header has no addresses"),
        (MultibootError::Overlap { at: 0x10 }, "two parts of the kernel belong to address 0x10"),
        (
            MultibootError::NoPlace { bytes: 9 },
            "the kernel of 9 bytes has no room in the range where it can run",
        ),
        (
            MultibootError::NoRoom { what: "a module", bytes: 9 },
            "no room for a module of 9 bytes beside the kernel",
        ),
        (MultibootError::Truncated { needed: 9, found: 8 }, "the kernel file is cut short: 8 bytes of 9"),
        (MultibootError::EntryOutside(7), "the kernel starts at 0x7, which is in no part of it"),
    ] {
        assert_eq!(error.to_string(), words);
    }
}
