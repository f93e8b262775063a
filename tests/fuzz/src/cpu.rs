//! A virtual CPU in a mode of its own, with code, page tables and registers that lead somewhere.

use arbitrary::{Result, Unstructured};
use machine::memory::{Gpa, GuestMemory};
use machine::testing::{MockVcpu, TestRam};
use machine::vcpu::{Segment, CR0_PE, CR0_PG, CR4_PAE, EFER_LMA, EFER_LME, EFER_NXE};
use machine::vcpu::{SEGMENT_BIG, SEGMENT_GRANULAR, SEGMENT_LONG};

/// Bytes of its RAM.
pub const RAM: usize = 0x1_8000;
/// A page that is not RAM. Registers like to point there.
pub const DEVICE: u64 = 0xfee0_0000;
/// Where its code is.
const CODE: u64 = 0x8000;
/// The top table of long mode, and the one below it.
const PML4: u64 = 0x1000;
const PDPT: u64 = 0x2000;
/// The page directory of 32-bit paging.
const DIRECTORY: u64 = 0x3000;
/// CR4.PSE.
const CR4_PSE: u64 = 1 << 4;
/// An entry for a page of 4 MiB, 2 MiB or 1 GiB that everybody may write.
const LARGE_PAGE: u64 = 0x87;

/// Bytes that mean something often: prefixes, opcodes of the families that are emulated, ModRM.
const USUAL: &[u8] = &[
    0x0f, 0x26, 0x64, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x48, 0x4c, 0x01, 0x29, 0x6c, 0x6e, 0x80, 0x83, 0x88,
    0x8b, 0x8f, 0xa1, 0xa4, 0xa7, 0xab, 0xae, 0xb1, 0xba, 0xbb, 0xc7, 0xf7, 0xfe, 0xff, 0x03, 0x07, 0x44,
    0x84, 0x04, 0x24,
];

/// A virtual CPU that executes arbitrary code in `ram`.
pub fn cpu(u: &mut Unstructured, ram: &dyn GuestMemory) -> Result<MockVcpu> {
    let mut vcpu = MockVcpu { cpl: u.int_in_range(0..=3)?, ..MockVcpu::default() };
    let state = &mut vcpu.state;
    state.rip = CODE;
    let data = |base| Segment { selector: 8, attributes: 0x93, limit: 0xffff, base };
    let flat = |attributes| Segment {
        selector: 8,
        attributes: SEGMENT_GRANULAR | attributes,
        limit: u32::MAX,
        base: 0,
    };
    let wide = flat(SEGMENT_BIG | 0x93);
    let mut protected = |code: Segment, data: Segment| {
        state.cr0 = CR0_PE;
        state.cs = code;
        [state.ds, state.es, state.ss, state.fs, state.gs] = [data; 5];
    };
    match u.int_in_range(0..=4)? {
        // Real mode.
        0 => {
            state.cs = Segment { attributes: 0x9b, ..data(0) };
            [state.ds, state.es, state.ss, state.fs, state.gs] =
                [0x1_0000, DEVICE, 0x9000, 0, DEVICE].map(data);
        }
        // 32 bits without paging.
        1 => protected(flat(SEGMENT_BIG | 0x9b), wide),
        // 16-bit code in a mode with 32-bit paging.
        2 => {
            protected(Segment { attributes: 0x9b, ..data(0) }, wide);
            legacy_paging(&mut vcpu, ram);
        }
        3 => {
            protected(flat(SEGMENT_BIG | 0x9b), wide);
            legacy_paging(&mut vcpu, ram);
        }
        // 64 bits.
        _ => {
            protected(flat(SEGMENT_LONG | 0x9b), wide);
            long_mode(&mut vcpu, ram);
        }
    }
    if u.ratio(1, 4)? {
        disturb(u, &mut vcpu, ram)?;
    }
    registers(u, &mut vcpu)?;
    Ok(vcpu)
}

fn legacy_paging(vcpu: &mut MockVcpu, ram: &dyn GuestMemory) {
    let entries: Vec<u8> =
        (0..1024_u32).flat_map(|page| (page << 22 | LARGE_PAGE as u32).to_le_bytes()).collect();
    ram.write(Gpa(DIRECTORY), &entries).expect("RAM");
    let state = &mut vcpu.state;
    (state.cr0, state.cr3, state.cr4) = (CR0_PE | CR0_PG, DIRECTORY, CR4_PSE);
}

fn long_mode(vcpu: &mut MockVcpu, ram: &dyn GuestMemory) {
    ram.write(Gpa(PML4), &(PDPT | 7).to_le_bytes()).expect("RAM");
    let entries: Vec<u8> = (0..4_u64).flat_map(|page| (page << 30 | LARGE_PAGE).to_le_bytes()).collect();
    ram.write(Gpa(PDPT), &entries).expect("RAM");
    let state = &mut vcpu.state;
    (state.cr0, state.cr3, state.cr4) = (CR0_PE | CR0_PG, PML4, CR4_PAE);
    state.efer = EFER_LME | EFER_LMA | EFER_NXE;
}

/// Something in it is not as usual.
fn disturb(u: &mut Unstructured, vcpu: &mut MockVcpu, ram: &dyn GuestMemory) -> Result<()> {
    let state = &mut vcpu.state;
    match u.int_in_range(0..=5)? {
        0 => {
            let segment = Segment {
                selector: u.arbitrary()?,
                attributes: u.arbitrary()?,
                limit: u.arbitrary()?,
                base: u.arbitrary()?,
            };
            let place = u.choose_index(4)?;
            *[&mut state.cs, &mut state.ds, &mut state.es, &mut state.ss][place] = segment;
        }
        1 => state.rip = u.arbitrary()?,
        2 => state.cr4 ^= u.arbitrary::<u64>()?,
        3 => state.cr0 ^= u.arbitrary::<u64>()?,
        4 => state.efer ^= u.arbitrary::<u64>()?,
        // The entry of a table.
        _ => {
            let tables = [PML4, PDPT, PDPT + 0x18, DIRECTORY, DIRECTORY + 0xfec];
            let place = *u.choose(&tables)?;
            ram.write(Gpa(place), &u.arbitrary::<u32>()?.to_le_bytes()).expect("RAM");
        }
    }
    Ok(())
}

fn registers(u: &mut Unstructured, vcpu: &mut MockVcpu) -> Result<()> {
    let base = if vcpu.state.cs.base == 0 && vcpu.state.cs.limit == 0xffff { 0 } else { DEVICE };
    let mut value = || {
        Ok(match u.int_in_range(0..=3)? {
            0 => u.arbitrary()?,
            1 => u.int_in_range(0..=0x1_ffff)?,
            _ => base + u.int_in_range(0..=0x1010_u64)?,
        })
    };
    let state = &mut vcpu.state;
    let gprs = &mut state.gprs;
    for register in [
        &mut gprs.rax,
        &mut gprs.rcx,
        &mut gprs.rdx,
        &mut gprs.rbx,
        &mut gprs.rbp,
        &mut gprs.rsi,
        &mut gprs.rdi,
        &mut gprs.r9,
        &mut state.rsp,
    ] {
        *register = value()?;
    }
    // Flags that a guest can have; not virtual-8086 mode too often.
    let flags: u32 = u.arbitrary()?;
    state.rflags = u64::from(flags) & 0x0024_7fd7 | 2 | if flags >> 24 == 0x86 { 1 << 17 } else { 0 };
    Ok(())
}

/// Puts an instruction where the CPU executes next.
pub fn code(u: &mut Unstructured, vcpu: &MockVcpu, ram: &dyn GuestMemory) -> Result<()> {
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        *byte = if u.arbitrary()? { *u.choose(USUAL)? } else { u.arbitrary()? };
    }
    // It may be anywhere.
    let _ = ram.write(Gpa(vcpu.state.cs.base.wrapping_add(vcpu.state.rip)), &bytes);
    Ok(())
}

/// RAM for it.
pub fn ram() -> TestRam {
    TestRam::new(RAM)
}
