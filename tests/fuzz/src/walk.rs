//! Page tables of any content, in every paging mode, beside a second walk after the figures of the manuals (Intel SDM,
//! chapter "Paging"; AMD APM, "Page Translation and Protection").

mod reference;

use arbitrary::{Result, Unstructured};
use machine::memory::{Gpa, GuestMemory};
use machine::testing::{walk, TestRam};
use machine::vcpu::{Access, CpuState};
use machine::vcpu::{CR0_PE, CR0_PG, CR4_PAE, EFER_LMA, EFER_LME, EFER_NXE};
use reference::{Expected, Paging};

/// RAM for the tables.
const RAM: usize = 0x8000;
/// Entry: it maps a page itself.
const LARGE: u64 = 1 << 7;
const CR0_WP: u64 = 1 << 16;
const CR4_PSE: u64 = 1 << 4;
const CR4_SMEP: u64 = 1 << 20;
const CR4_SMAP: u64 = 1 << 21;
const RFLAGS_AC: u64 = 1 << 18;

/// The CPU's side of it.
fn state(u: &mut Unstructured, mode: Paging) -> Result<CpuState> {
    let mut bit = |bit: u64| Ok(if u.arbitrary()? { bit } else { 0 });
    let efer = match mode {
        Paging::Long => EFER_LME | EFER_LMA,
        Paging::Pae | Paging::Legacy => 0,
    };
    let pae = if mode == Paging::Legacy { 0 } else { CR4_PAE };
    let mut state = CpuState {
        cr0: CR0_PE | CR0_PG | bit(CR0_WP)?,
        cr4: pae | bit(CR4_PSE)? | bit(CR4_SMEP)? | bit(CR4_SMAP)?,
        efer: efer | bit(EFER_NXE)?,
        rflags: 2 | bit(RFLAGS_AC)?,
        ..CpuState::default()
    };
    // Low bits are caching, or none at all.
    state.cr3 = u.int_in_range(0..=8_u64)? << 12 | u64::from(u.arbitrary::<u16>()?) & 0xfff;
    if u.ratio(1, 16)? {
        state.cr3 |= u.arbitrary::<u64>()? << 32;
    }
    Ok(state)
}

/// An entry that is often sound.
fn entry(u: &mut Unstructured) -> Result<u64> {
    let mut entry = 0b111 | u.int_in_range(0..=8_u64)? << 12;
    if u.ratio(1, 4)? {
        entry |= LARGE;
    }
    for _ in 0..u.int_in_range(0..=3)? {
        entry ^= 1 << u.int_in_range(0..=63)?;
    }
    if u.ratio(1, 16)? {
        entry = u.arbitrary()?;
    }
    Ok(entry)
}

pub fn run(u: &mut Unstructured) -> Result<()> {
    let mode = *u.choose(&[Paging::Long, Paging::Pae, Paging::Legacy])?;
    let state = state(u, mode)?;
    let physical_bits = *u.choose(&[40, 36, 39, 46, 52])?;
    let cpl = *u.choose(&[0, 3])?;
    let linear: u64 = if mode == Paging::Long { u.arbitrary()? } else { u.arbitrary::<u32>()?.into() };
    let ram = TestRam::new(RAM);
    // Entries where a walk finds them, one after the other.
    while let Some(place) = Expected::of(mode, &state, cpl, physical_bits, &ram, linear, Access::Read).missing
    {
        let entry = entry(u)?.to_le_bytes();
        if ram.write(Gpa(place), &entry[..mode.entry_bytes()]).is_err() || entry[0] & 1 == 0 {
            break;
        }
    }
    for _ in 0..3 {
        let access = *u.choose(&[Access::Read, Access::Write, Access::Fetch])?;
        let before = ram.peek(0, RAM);
        let expected = Expected::of(mode, &state, cpl, physical_bits, &ram, linear, access);
        let result = walk(&state, cpl, physical_bits, &ram, linear, access);
        assert_eq!(
            result, expected.result,
            "{mode:?} {state:x?} CPL {cpl} {linear:x} {access:?} {physical_bits}"
        );
        expected.check_bits(&before, &ram.peek(0, RAM), access);
    }
    Ok(())
}
