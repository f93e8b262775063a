use super::params::E820Entry;
use super::*;
use crate::boot::memory_map::{RESERVED, USABLE};
use crate::memory::test_ram::TestRam;
use crate::memory::{NotRam, RamLayout};
use crate::vcpu::{Segment, TableRegister, SEGMENT_PRESENT};
use proptest::prelude::*;
use std::string::ToString;
use std::vec;
use std::vec::Vec;
use zerocopy::FromBytes;

const RSDP: Gpa = Gpa(0xe_0000);
const MIB: u64 = 1 << 20;

/// File offsets of the fields, from boot.rst.
mod at {
    pub const SETUP_SECTS: usize = 0x1f1;
    pub const SYSSIZE: usize = 0x1f4;
    pub const BOOT_FLAG: usize = 0x1fe;
    pub const JUMP: usize = 0x200;
    pub const MAGIC: usize = 0x202;
    pub const VERSION: usize = 0x206;
    pub const LOADFLAGS: usize = 0x211;
    pub const INITRD_ADDR_MAX: usize = 0x22c;
    pub const KERNEL_ALIGNMENT: usize = 0x230;
    pub const RELOCATABLE: usize = 0x234;
    pub const CMDLINE_SIZE: usize = 0x238;
    pub const PREF_ADDRESS: usize = 0x258;
    pub const INIT_SIZE: usize = 0x260;
    pub const KERNEL_INFO: usize = 0x268;
}

/// A bzImage like Debian's, with three setup sectors and this code.
fn kernel(code: &[u8]) -> Vec<u8> {
    let mut file = vec![0; 4 * 512];
    let mut set = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    set(at::SETUP_SECTS, &[3]);
    set(at::SYSSIZE, &(code.len().div_ceil(16) as u32).to_le_bytes());
    set(at::BOOT_FLAG, &[0x55, 0xaa]);
    set(at::JUMP, &[0xeb, 0x6a]);
    set(at::MAGIC, b"HdrS");
    set(at::VERSION, &[0x0f, 2]);
    set(at::LOADFLAGS, &[1]);
    set(at::INITRD_ADDR_MAX, &0x7fff_ffff_u32.to_le_bytes());
    set(at::KERNEL_ALIGNMENT, &0x20_0000_u32.to_le_bytes());
    set(at::RELOCATABLE, &[1]);
    set(at::CMDLINE_SIZE, &2047_u32.to_le_bytes());
    set(at::PREF_ADDRESS, &(16 * MIB).to_le_bytes());
    set(at::INIT_SIZE, &(8 * MIB as u32).to_le_bytes());
    set(at::KERNEL_INFO, &[1, 2, 3, 4]);
    file.extend_from_slice(code);
    file
}

/// A kernel with `bytes` put at `at`.
fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = kernel(&[0x90; 100]);
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

fn error(kernel: &[u8]) -> LinuxError {
    load(kernel, None, "", RSDP, &TestRam::new(64 << 20)).expect_err("loads")
}

fn zero_page(ram: &TestRam) -> BootParams {
    BootParams::read_from_bytes(&ram.peek(ZERO_PAGE, 4096)).expect("one page")
}

fn map(params: &BootParams) -> Vec<(u64, u64, u32)> {
    let entry = |entry: &E820Entry| (entry.start.get(), entry.bytes.get(), entry.kind.get());
    params.e820_table[..params.e820_entries.into()].iter().map(entry).collect()
}

#[test]
fn the_parts_are_where_the_zero_page_says() {
    let ram = TestRam::new(64 << 20);
    let code: Vec<u8> = (0_u32..1000).map(|n| n as u8).collect();
    let initrd = [0xa5; 5000];
    let state = load(&kernel(&code), Some(&initrd), "console=ttyS0", RSDP, &ram).unwrap();
    assert_eq!(state.rip, 16 * MIB);
    assert_eq!(ram.peek(state.rip, 1001), [&code[..], &[0]].concat());

    let params = zero_page(&ram);
    let header = &params.header;
    assert_eq!((header.type_of_loader, header.loadflags), (0xff, 1));
    assert_eq!(header.kernel_info_offset.get(), 0x0403_0201, "copied to its end");
    assert_eq!(ram.peek(header.cmd_line_ptr.get().into(), 14), b"console=ttyS0\0");
    assert_eq!((header.ramdisk_image.get(), header.ramdisk_size.get()), ((64 << 20) - 8192, 5000));
    assert_eq!(ram.peek(header.ramdisk_image.get().into(), 5001), [&initrd[..], &[0]].concat());
    assert_eq!(ram.peek(ZERO_PAGE + 0x1e8, 1), [4], "e820_entries");
    assert_eq!(ram.peek(ZERO_PAGE + 0x210, 1), [0xff], "type_of_loader");
}

#[test]
fn a_kernel_hears_of_the_text_screen() {
    let screen = |ram: TestRam| {
        load(&kernel(&[0x90]), None, "", RSDP, &ram).unwrap();
        ram.peek(ZERO_PAGE, 0x14)
    };
    assert_eq!(screen(TestRam::new(64 << 20)), [0; 0x14]);
    // Mode 3, 80 columns, 25 rows, a VGA, 16 lines.
    let expected = [0, 0, 0, 0, 0, 0, 3, 80, 0, 0, 0, 0, 0, 0, 25, 1, 16, 0, 0, 0];
    assert_eq!(screen(TestRam::with_vga(64 << 20)), expected);
}

#[test]
fn the_cpu_enters_in_flat_protected_mode() {
    let ram = TestRam::new(64 << 20);
    let state = load(&kernel(&[0x90]), None, "", RSDP, &ram).unwrap();
    assert_eq!((state.cr0, state.cr4, state.efer, state.rflags), (0x11, 0, 0, 2));
    assert_eq!(state.gprs, Gprs { rsi: ZERO_PAGE, ..Gprs::default() });
    let cs = Segment { selector: 0x10, attributes: 0xc9b, limit: u32::MAX, base: 0 };
    let ds = Segment { selector: 0x18, attributes: 0xc93, limit: u32::MAX, base: 0 };
    assert_eq!(state.cs, cs);
    assert_eq!([state.ds, state.es, state.fs, state.gs, state.ss], [ds; 5]);
    assert_eq!(state.tr, Segment { selector: 0x20, attributes: 0x8b, limit: 0x67, base: 0 });
    assert_eq!(state.ldtr.attributes & SEGMENT_PRESENT, 0);
    assert_eq!(state.idtr, TableRegister::default());

    let gdt = ram.peek(state.gdtr.base, usize::from(state.gdtr.limit) + 1);
    let entry = |selector: u16| u64::from_le_bytes(gdt[selector.into()..][..8].try_into().unwrap());
    assert_eq!(entry(0x10), 0x00cf_9b00_0000_ffff);
    assert_eq!(entry(0x18), 0x00cf_9300_0000_ffff);
    assert_eq!(entry(0x20), 0x0000_8b00_0000_0067);
}

#[test]
fn the_memory_map_has_low_and_high_ram() {
    let places = Places { kernel: MIB, initrd: 0 };
    let image = kernel(&[0x90]);
    let header = Image::parse(&image).unwrap().header;
    let params = |bytes| BootParams::new(&header, &places, 0, 0, RamLayout::new(bytes));
    let common = [(0, 0x9_fc00, USABLE), (0x9_fc00, 0x400, RESERVED), (0xe_0000, 0x2_0000, RESERVED)];
    let low = [&common[..], &[(MIB, 255 * MIB, USABLE)]].concat();
    assert_eq!(map(&params(256 * MIB)), low);
    let high = [(MIB, 3071 * MIB, USABLE), (4096 * MIB, 1024 * MIB, USABLE)];
    assert_eq!(map(&params(4096 * MIB)), [&common[..], &high].concat());
    let header = params(256 * MIB).header;
    assert_eq!((header.ramdisk_image.get(), header.ramdisk_size.get()), (0, 0), "no initrd");
}

#[test]
fn files_that_are_no_kernel_are_refused() {
    assert_eq!(error(&[]), LinuxError::NotBzImage);
    assert_eq!(error(&[0; 4096]), LinuxError::NotBzImage);
    assert_eq!(error(&kernel(&[0])[..0x200]), LinuxError::NotBzImage);
    assert_eq!(error(&kernel(&[0])[..0x240]), LinuxError::NotBzImage);
    assert_eq!(error(&patched(at::BOOT_FLAG, &[0])), LinuxError::NotBzImage);
    assert_eq!(error(&patched(at::MAGIC, b"hdrS")), LinuxError::NotBzImage);
    assert_eq!(error(&patched(at::VERSION, &[5, 2])), LinuxError::TooOld { version: 0x205 });
    assert_eq!(error(&patched(at::LOADFLAGS, &[0x80])), LinuxError::LoadedLow);
    assert_eq!(error(&patched(at::KERNEL_ALIGNMENT, &[3])), LinuxError::BadAlignment(0x20_0003));
}

#[test]
fn cut_kernels_are_refused() {
    let file = kernel(&[0x90; 100]);
    let cut = LinuxError::Truncated { needed: 112, found: 96 };
    assert_eq!(error(&file[..file.len() - 4]), cut);
    assert_eq!(error(&file[..2048]), LinuxError::Truncated { needed: 112, found: 0 });
    assert_eq!(error(&file[..2000]), LinuxError::Truncated { needed: 112, found: 0 });
    // The last paragraph may be incomplete; what follows the kernel (a signature) is loaded with it.
    assert!(load(&file[..file.len() - 3], None, "", RSDP, &TestRam::new(64 << 20)).is_ok());
    // Zero setup sectors mean four: the code begins one sector later than with three.
    let mut four = patched(at::SETUP_SECTS, &[0]);
    four.splice(2048..2048, [0xcc; 512]);
    assert_eq!(Image::parse(&four).unwrap().code, [0x90; 100]);
    assert_eq!(error(&patched(at::SETUP_SECTS, &[0])), LinuxError::Truncated { needed: 112, found: 0 });
}

#[test]
fn a_relocatable_kernel_moves_down_if_memory_is_small() {
    let load =
        |file: &[u8], mib: usize| load(file, None, "", RSDP, &TestRam::new(mib << 20)).map(|state| state.rip);
    let fixed = patched(at::RELOCATABLE, &[0]);
    assert_eq!(load(&kernel(&[0]), 24), Ok(16 * MIB));
    assert_eq!(load(&kernel(&[0]), 23), Ok(2 * MIB));
    assert_eq!(load(&fixed, 24), Ok(16 * MIB));
    let too_large = LinuxError::KernelTooLarge { end: 24 * MIB, low_end: 23 * MIB };
    assert_eq!(load(&fixed, 23), Err(too_large));
    assert_eq!(load(&kernel(&[0]), 9), Err(LinuxError::KernelTooLarge { end: 10 * MIB, low_end: 9 * MIB }));
    // Below 1 MiB nothing is loaded, wherever the file wants to be.
    let low = patched(at::PREF_ADDRESS, &[0; 8]);
    assert_eq!(load(&low, 64), Ok(2 * MIB));
    let overflow = patched(at::PREF_ADDRESS, &[0xff; 8]);
    assert_eq!(load(&overflow, 64), Ok(2 * MIB));
}

#[test]
fn old_protocols_have_no_preferred_address() {
    let mut file = patched(at::VERSION, &[9, 2]);
    file[at::RELOCATABLE] = 0;
    assert_eq!(load(&file, None, "", RSDP, &TestRam::new(2 << 20)).unwrap().rip, MIB);
    assert_eq!(Image::parse(&patched(at::VERSION, &[9, 2])).unwrap().memory(), 100);
    assert_eq!(Image::parse(&patched(at::VERSION, &[10, 2])).unwrap().memory(), 8 * MIB);
    assert_eq!(Image::parse(&patched(at::VERSION, &[10, 2])).unwrap().preferred_address(), 16 * MIB);
    // And the header ends where it says.
    file[at::JUMP + 1] = 0x3a;
    let image = Image::parse(&file).unwrap();
    assert_eq!((image.header.cmdline_size.get(), image.header.hardware_subarch.get()), (2047, 0));
    assert_eq!(image.header.init_size.get(), 0);
}

#[test]
fn the_initrd_lies_between_kernel_and_limit() {
    let place = |file: &[u8], bytes: u64, memory: u64| {
        Places::find(&Image::parse(file).unwrap(), bytes, RamLayout::new(memory)).map(|places| places.initrd)
    };
    let file = kernel(&[0]);
    assert_eq!(place(&file, 1, 64 * MIB), Ok(64 * MIB - 4096));
    assert_eq!(place(&file, 4096, 8192 * MIB), Ok(2048 * MIB - 4096), "initrd_addr_max");
    assert_eq!(place(&file, 40 * MIB, 64 * MIB), Ok(24 * MIB));
    let too_large = |bytes, room| Err(LinuxError::InitrdTooLarge { bytes, room });
    assert_eq!(place(&file, 40 * MIB + 1, 64 * MIB), too_large(40 * MIB + 1, 40 * MIB));
    assert_eq!(place(&file, u64::MAX, 64 * MIB), too_large(u64::MAX, 40 * MIB));
    let low = patched(at::INITRD_ADDR_MAX, &0xff_ffff_u32.to_le_bytes());
    assert_eq!(place(&low, 4096, 64 * MIB), too_large(4096, 0));
    assert!(place(&low, 0, 64 * MIB).is_ok());
}

#[test]
fn the_command_line_has_a_limit() {
    let ram = TestRam::new(64 << 20);
    let load = |length| load(&kernel(&[0]), None, &"x".repeat(length), RSDP, &ram).map(|_| ());
    assert_eq!(load(2047), Ok(()));
    assert_eq!(ram.peek(COMMAND_LINE + 2046, 2), b"x\0");
    assert_eq!(load(2048), Err(LinuxError::CommandLineTooLong { bytes: 2048, max: 2047 }));
    assert_eq!(super::load(&kernel(&[0]), None, "a\0b", RSDP, &ram), Err(LinuxError::CommandLineHasZero));
    let endless = patched(at::CMDLINE_SIZE, &[0xff; 4]);
    let long = "x".repeat(0x1_0000);
    let error = LinuxError::CommandLineTooLong { bytes: 0x1_0000, max: 0xffff };
    assert_eq!(super::load(&endless, None, &long, RSDP, &ram), Err(error));
}

#[test]
fn errors_are_sentences() {
    for (error, words) in [
        (LinuxError::NotBzImage, "the kernel is no Linux bzImage (it has no \"HdrS\" header)"),
        (LinuxError::TooOld { version: 0x205 }, "the kernel's boot protocol 2.05 is older than 2.06"),
        (LinuxError::Truncated { needed: 112, found: 0 }, "the kernel file is cut short: 0 bytes of 112"),
        (
            LinuxError::NotRam(NotRam { gpa: Gpa(0x1000), bytes: 8 }),
            "the VM has too little memory: 8 bytes at GPA 0x1000 are not RAM",
        ),
    ] {
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn without_an_initrd_the_kernel_is_told_of_none() {
    const RAMDISK: usize = 0x218;
    let ram = TestRam::new(64 << 20);
    load(&patched(RAMDISK, &[1; 8]), None, "", RSDP, &ram).unwrap();
    let header = zero_page(&ram).header;
    assert_eq!((header.ramdisk_image.get(), header.ramdisk_size.get()), (0, 0), "whatever its file says");
}

proptest! {
    /// Whatever the file is, loading ends, and what it says it loaded is within RAM.
    #[test]
    fn no_file_does_harm(
        patches in prop::collection::vec((0x1f0_usize..0x270, any::<u8>()), 0..12),
        cut in 0_usize..3000,
        mib in 1_usize..40,
        initrd in prop::collection::vec(any::<u8>(), 0..10_000),
    ) {
        let mut file = kernel(&[0x90; 900]);
        for (at, byte) in patches {
            file[at] = byte;
        }
        file.truncate(file.len().min(cut.max(200) * 2));
        let ram = TestRam::new(mib << 20);
        if let Ok(state) = load(&file, Some(&initrd), "quiet", RSDP, &ram) {
            prop_assert!(state.rip >= MIB && state.rip < (mib as u64) << 20);
            let header = zero_page(&ram).header;
            let start = u64::from(header.ramdisk_image.get());
            prop_assert_eq!(header.ramdisk_size.get() as usize, initrd.len());
            if !initrd.is_empty() {
                prop_assert!(start >= state.rip + 900 - 16);
                prop_assert_eq!(ram.peek(start, initrd.len()), initrd);
            }
        }
    }

    #[test]
    fn noise_is_no_kernel(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        prop_assert!(Image::parse(&bytes).is_err());
    }
}
