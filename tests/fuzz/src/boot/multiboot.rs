//! Kernels for the Multiboot Specification, versions 1 and 2, as ELF files and with addresses in their header.

use super::{damage, elf, Guest};
use arbitrary::{Result, Unstructured};
use machine::boot::multiboot::{load, Guest as Files, Module};

/// What EAX holds in a kernel of version 1.
const LOADED_V1: u64 = 0x2bad_b002;

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A number that an address in a header could be.
fn address(u: &mut Unstructured) -> Result<u32> {
    Ok(match u.int_in_range(0..=3)? {
        0 => u.arbitrary()?,
        1 => 0,
        _ => 0x10_0000 + u.int_in_range(0..=0x8000_u32)? * 16,
    })
}

/// Header, load, load end and bss end address, which often fit together for a file of `length` bytes whose header is
/// at its start.
fn addresses(u: &mut Unstructured, length: u32) -> Result<[u32; 4]> {
    let load = address(u)?;
    let mut addresses = [load, load, 0, load.wrapping_add(length + u.int_in_range(0..=0x2000)?)];
    if u.ratio(1, 4)? {
        addresses[u.choose_index(4)?] = address(u)?;
    }
    Ok(addresses)
}

fn v1(u: &mut Unstructured, with_addresses: bool) -> Result<Vec<u8>> {
    const MAGIC: u32 = 0x1bad_b002;
    let mut flags = u.int_in_range(0..=7)? | if with_addresses { 1 << 16 } else { 0 };
    if u.ratio(1, 16)? {
        flags = u.arbitrary()?;
    }
    let checksum = 0_u32.wrapping_sub(MAGIC).wrapping_sub(flags);
    let mut fields = vec![MAGIC, flags, checksum];
    if with_addresses {
        let addresses = addresses(u, 400)?;
        fields.extend(addresses);
        fields.push(addresses[1].wrapping_add(u.int_in_range(0..=500)?));
    }
    Ok(words(&fields))
}

fn v2(u: &mut Unstructured, with_addresses: bool) -> Result<Vec<u8>> {
    const MAGIC: u32 = 0xe852_50d6;
    let mut body = Vec::new();
    let mut tag = |kind: u16, flags: u16, content: &[u32]| {
        body.extend([kind.to_le_bytes(), flags.to_le_bytes()].concat());
        body.extend(words(&[8 + 4 * content.len() as u32]));
        body.extend(words(content));
        body.resize(body.len().next_multiple_of(8), 0);
    };
    if with_addresses {
        let addresses = addresses(u, 400)?;
        tag(2, 0, &addresses);
        tag(3, 0, &[addresses[1].wrapping_add(u.int_in_range(0..=500)?)]);
    }
    for _ in 0..u.int_in_range(0..=3)? {
        let flags = u.int_in_range(0..=1)?;
        match u.int_in_range(0..=3)? {
            0 => tag(1, flags, &u.arbitrary::<[u32; 3]>()?.map(|wish| wish % 24)),
            1 => tag(
                10,
                flags,
                &[address(u)?, u32::MAX - address(u)?, 1 << u.int_in_range(0..=31)?, u.int_in_range(0..=3)?],
            ),
            2 => tag(10, flags, &u.arbitrary::<[u32; 4]>()?),
            _ => tag(u.int_in_range(0..=11)?, flags, &u.arbitrary::<[u32; 2]>()?),
        }
    }
    tag(0, 0, &[]);
    let length = 16 + body.len() as u32;
    let checksum = 0_u32.wrapping_sub(MAGIC).wrapping_sub(length);
    Ok([words(&[MAGIC, 0, length, checksum]), body].concat())
}

pub fn run(u: &mut Unstructured) -> Result<()> {
    let guest = Guest::new(u)?;
    let as_elf: bool = u.arbitrary()?;
    let header = if u.arbitrary()? { v1(u, !as_elf)? } else { v2(u, !as_elf)? };
    let mut kernel = if as_elf { elf::file(u, &header)? } else { header };
    kernel.resize(kernel.len().max(400), 0x90);
    damage(u, &mut kernel)?;
    let cmdline: String = u.arbitrary()?;
    let module = vec![0x33; u.int_in_range(0..=0x5000)?];
    let modules = [Module { bytes: &module, args: "first" }, Module { bytes: &[1, 2, 3], args: "" }];
    let modules = &modules[..u.int_in_range(0..=2)?];
    let files = Files { kernel: &kernel, cmdline: &cmdline, modules };
    let state = match load(&files, &guest.acpi, &guest.ram) {
        Ok(state) => state,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return Ok(());
        }
    };
    // It can execute its first byte.
    guest.bytes(state.rip, 1);
    guest.check_tables();
    let information = state.gprs.rbx;
    if state.gprs.rax == LOADED_V1 {
        guest.check_string(guest.word(information + 16).into(), &cmdline);
        assert_eq!(guest.word(information + 20) as usize, modules.len());
        let list = u64::from(guest.word(information + 24));
        for (number, module) in modules.iter().enumerate() {
            let entry = list + 16 * number as u64;
            check_module(&guest, module, [0, 4].map(|at| guest.word(entry + at)));
            guest.check_string(guest.word(entry + 8).into(), module.args);
        }
    } else {
        check_tags(&guest, information, &cmdline, modules);
    }
    Ok(())
}

fn check_module(guest: &Guest, module: &Module, [start, end]: [u32; 2]) {
    assert_eq!((end - start) as usize, module.bytes.len());
    assert!(
        module.bytes.is_empty() || guest.bytes(start.into(), module.bytes.len()) == module.bytes,
        "a module is damaged"
    );
}

/// The boot information of version 2: tags one after the other up to its end.
fn check_tags(guest: &Guest, information: u64, cmdline: &str, modules: &[Module]) {
    let end = information + u64::from(guest.word(information));
    let (mut at, mut found) = (information + 8, 0);
    loop {
        let (kind, bytes) = (guest.word(at), u64::from(guest.word(at + 4)));
        assert!(bytes >= 8 && at + bytes <= end, "a tag of {bytes} bytes at {at:#x}");
        match kind {
            0 => break,
            1 => guest.check_string(at + 8, cmdline),
            3 => {
                check_module(guest, &modules[found], [8, 12].map(|field| guest.word(at + field)));
                guest.check_string(at + 16, modules[found].args);
                found += 1;
            }
            _ => {}
        }
        at = (at + bytes).next_multiple_of(8);
    }
    assert_eq!(found, modules.len());
}
