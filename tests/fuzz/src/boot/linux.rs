//! bzImages (Linux: Documentation/arch/x86/boot.rst).

use super::{damage, Guest};
use arbitrary::{Result, Unstructured};
use machine::boot::linux;
use machine::memory::RamLayout;

/// Sectors in front of the protected-mode code: the boot sector and those of `setup_sects`.
const SECTORS: usize = 4;
/// Offsets of the zero page.
const E820_ENTRIES: u64 = 0x1e8;
const RAMDISK_IMAGE: u64 = 0x218;
const RAMDISK_SIZE: u64 = 0x21c;
const COMMAND_LINE: u64 = 0x228;
const E820: u64 = 0x2d0;
const E820_BYTES: u64 = 20;
/// E820: usable.
const USABLE: u32 = 1;

/// A kernel like Debian's.
fn kernel(code: &[u8]) -> Vec<u8> {
    let mut file = vec![0; SECTORS * 512];
    let mut set = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    set(0x1f1, &[SECTORS as u8 - 1]);
    set(0x1f4, &(code.len().div_ceil(16) as u32).to_le_bytes());
    set(0x1fe, &[0x55, 0xaa, 0xeb, 0x6a]);
    set(0x202, b"HdrS");
    set(0x206, &[0x0f, 2]);
    set(0x211, &[1]);
    set(0x22c, &0x7fff_ffff_u32.to_le_bytes());
    set(0x230, &0x1_0000_u32.to_le_bytes());
    set(0x234, &[1]);
    set(0x238, &2047_u32.to_le_bytes());
    set(0x258, &0x20_0000_u64.to_le_bytes());
    set(0x260, &0x8_0000_u32.to_le_bytes());
    file.extend_from_slice(code);
    file
}

/// Fields whose values matter, and their sizes.
const FIELDS: [(usize, usize); 12] = [
    (0x1f1, 1),
    (0x1f4, 4),
    (0x201, 1),
    (0x206, 2),
    (0x211, 1),
    (0x22c, 4),
    (0x230, 4),
    (0x234, 1),
    (0x235, 1),
    (0x238, 4),
    (0x258, 8),
    (0x260, 4),
];

pub fn run(u: &mut Unstructured) -> Result<()> {
    let guest = Guest::new(u)?;
    let code = vec![0x90; u.int_in_range(1..=3000)?];
    let mut file = kernel(&code);
    for _ in 0..u.int_in_range(0..=4)? {
        let (at, length) = *u.choose(&FIELDS)?;
        // Small, or with few bits, or anything.
        let value = match u.int_in_range(0..=2)? {
            0 => u.int_in_range(0..=0x1000_u64)?,
            1 => 1_u64.wrapping_shl(u.int_in_range(0..=63)?).wrapping_sub(u.int_in_range(0..=1)?),
            _ => u.arbitrary()?,
        };
        file[at..at + length].copy_from_slice(&value.to_le_bytes()[..length]);
    }
    damage(u, &mut file)?;
    let initrd = vec![0x55; u.int_in_range(0..=0x1_4000)?];
    let cmdline: String = u.arbitrary()?;
    let state = match linux::load(&file, Some(&initrd), &cmdline, guest.acpi.rsdp, &guest.ram) {
        Ok(state) => state,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return Ok(());
        }
    };
    let zero_page = state.gprs.rsi;
    let start = guest.word(zero_page + RAMDISK_IMAGE).into();
    assert_eq!(guest.word(zero_page + RAMDISK_SIZE) as usize, initrd.len());
    assert!(initrd.is_empty() || guest.bytes(start, initrd.len()) == initrd, "the initrd is damaged");
    guest.check_string(guest.word(zero_page + COMMAND_LINE).into(), &cmdline);
    let sectors = if file[0x1f1] == 0 { 5 } else { usize::from(file[0x1f1]) + 1 };
    let code = &file[sectors * 512..];
    assert!(guest.bytes(state.rip, code.len()) == code, "the kernel is damaged");
    check_map(&guest, zero_page);
    guest.check_tables();
    Ok(())
}

/// Usable memory is RAM, and ranges do not overlap.
fn check_map(guest: &Guest, zero_page: u64) {
    use machine::memory::GuestMemory as _;
    let layout: RamLayout = guest.ram.layout();
    let mut end = 0;
    for entry in 0..u64::from(guest.bytes(zero_page + E820_ENTRIES, 1)[0]) {
        let at = zero_page + E820 + entry * E820_BYTES;
        let number = |at| u64::from(guest.word(at)) | u64::from(guest.word(at + 4)) << 32;
        let (start, bytes, kind) = (number(at), number(at + 8), guest.word(at + 16));
        assert!(start >= end, "ranges overlap");
        end = start + bytes;
        let ram = layout.offset(machine::memory::Gpa(start), bytes as usize).is_some();
        assert!(kind != USABLE || ram, "{start:#x}..{end:#x} is not RAM");
    }
}
