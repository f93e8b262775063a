//! The page tables.

use super::*;
use crate::emulate::OperandSize;
use crate::memory::{NotRam, RamLayout};

#[test]
fn without_paging_linear_is_physical() {
    assert_eq!(Bench::new().walk(0xf_1234_5678, Access::Write), Ok(0x1234_5678));
}

#[test]
fn long_mode_has_four_levels_and_three_page_sizes() {
    let bench = Bench::long();
    let linear = 0xffff_8180_4060_5123;
    // Indices: 259, 1, 3, 5.
    bench.set64(0x1000 + 259 * 8, 0x2000 | P | W | U);
    bench.set64(0x2000 + 8, 0x3000 | P | W | U);
    bench.set64(0x3000 + 3 * 8, 0x4000 | P | W | U);
    bench.set64(0x4000 + 5 * 8, 0x7_5000 | P | W | U | NX);
    assert_eq!(bench.walk(linear, Access::Read), Ok(0x7_5123));
    bench.set64(0x3000 + 3 * 8, 0x20_0000 | P | W | LARGE);
    assert_eq!(bench.walk(linear, Access::Read), Ok(0x20_5123));
    bench.set64(0x2000 + 8, 0x4000_0000 | P | W | LARGE);
    assert_eq!(bench.walk(linear, Access::Read), Ok(0x4060_5123));
}

#[test]
fn pae_has_three_levels() {
    let bench = Bench::paging(CR4_PAE, EFER_NXE);
    let mut bench = Bench { state: CpuState { cr3: 0x1020, ..bench.state }, ..bench };
    // Indices: 2, 1, 3.
    let linear = 0x8020_3abc;
    bench.set64(0x1020 + 16, 0x2000 | P);
    bench.set64(0x2000 + 8, 0x3000 | P | W);
    bench.set64(0x3000 + 24, 0x12_3000 | P | W);
    assert_eq!(bench.walk(linear, Access::Write), Ok(0x12_3abc));
    assert_eq!(bench.get(0x1020 + 16), 0x2000 | P, "no accessed bit in a pointer");
    assert_eq!(bench.get(0x3000 + 24), 0x12_3000 | P | W | A | D);
    bench.set64(0x2000 + 8, 0x40_0000 | P | W | LARGE);
    assert_eq!(bench.walk(linear, Access::Write), Ok(0x40_3abc));
    for bad in [1 << 1, 1 << 2, 1 << 6, 1 << 8, 1 << 52, 1 << 62, NX, 1 << 40] {
        bench.set64(0x1020 + 16, 0x2000 | P | bad);
        assert_eq!(bench.walk(linear, Access::Read), Err(page_fault(linear, 0b1001)), "{bad:#x}");
    }
    // The second is set by processors that take it for an accessed bit, the third is software's.
    for good in [1 << 3, A, 1 << 11] {
        bench.set64(0x1020 + 16, 0x2000 | P | good);
        assert_eq!(bench.walk(linear, Access::Read), Ok(0x40_3abc), "{good:#x}");
    }
    bench.set64(0x1020 + 16, 0x2000 | P);
    bench.state.cr3 |= 0xf_0000_0000;
    assert_eq!(bench.walk(linear, Access::Write), Ok(0x40_3abc), "CR3 has 32 bits");
}

#[test]
fn legacy_paging_has_two_levels_of_32_bits() {
    let mut bench = Bench::paging(CR4_PSE, 0);
    // Indices: 1, 2.
    let linear = 0x40_2fff;
    bench.set32(0x1004, 0x2000 | 3);
    bench.set32(0x2008, 0x5000 | 3);
    bench.set32(0x200c, 0xffff_ffff);
    assert_eq!(bench.walk(linear, Access::Write), Ok(0x5fff));
    assert_eq!(bench.get(0x2008), 0xffff_ffff_0000_5063, "and only its own entry");
    // A 4 MiB page at 1 × 2^32 + 8 MiB.
    bench.set32(0x1004, 0x0080_0000 | 1 << 13 | 0x83);
    assert_eq!(bench.walk(linear, Access::Read), Ok(0x1_0080_2fff));
    bench.set32(0x1004, 0x0080_0000 | 1 << 21 | 0x83);
    assert_eq!(bench.walk(linear, Access::Read), Err(page_fault(linear, 0b1001)));
    // Without CR4.PSE the bit means nothing.
    bench.state.cr4 = 0;
    bench.set32(0x1004, 0x2000 | 0x83);
    assert_eq!(bench.walk(linear, Access::Write), Ok(0x5fff));
}

#[test]
fn large_pages_of_legacy_paging_have_no_address_bits_that_the_processor_has_not() {
    let bench = Bench::paging(CR4_PSE, 0);
    for (physical_bits, allowed) in [(32, 0), (36, 0xf), (39, 0x7f), (40, 0xff), (46, 0xff)] {
        let walk = || Linear::new(&bench.state, 0, physical_bits, &bench.ram).walk(5, Access::Read);
        for bit in 0..9 {
            bench.set32(0x1000, 1 << (13 + bit) | 0x83);
            let expected = if allowed >> bit & 1 != 0 {
                Ok(Gpa(5 | 1 << (32 + bit)))
            } else {
                Err(page_fault(5, 0b1001))
            };
            assert_eq!(walk(), expected, "bit {bit} of {physical_bits}");
        }
    }
}

#[test]
fn missing_entries_at_each_level_fault() {
    for missing in 0..4 {
        let mut bench = Bench::long();
        let mut entries = [P | W | U; 4];
        entries[missing] = W | U;
        tables(&bench, entries);
        assert_eq!(bench.walk(8, Access::Read), Err(page_fault(8, 0)));
        assert_eq!(bench.walk(8, Access::Write), Err(page_fault(8, 0b10)));
        bench.cpl = 3;
        assert_eq!(bench.walk(8, Access::Write), Err(page_fault(8, 0b110)));
    }
}

#[test]
fn rights_are_those_of_all_levels() {
    for level in 0..4 {
        let mut bench = Bench::long();
        let mut entries = [P | W | U; 4];
        entries[level] = P | U;
        tables(&bench, entries);
        assert_eq!(bench.walk(8, Access::Write), Err(page_fault(8, 0b011)));
        bench.state.cr0 &= !CR0_WP;
        assert_eq!(bench.walk(8, Access::Write), Ok(0x5008), "CR0.WP off");
        bench.cpl = 3;
        assert_eq!(bench.walk(8, Access::Write), Err(page_fault(8, 0b111)), "user mode");
        entries[level] = P | W;
        tables(&bench, entries);
        assert_eq!(bench.walk(8, Access::Read), Err(page_fault(8, 0b101)), "supervisor page");
    }
}

#[test]
fn smap_guards_user_pages_unless_ac_is_set() {
    let mut bench = Bench::long();
    tables(&bench, [P | W | U; 4]);
    assert_eq!(bench.walk(0, Access::Read), Ok(0x5000));
    bench.state.cr4 |= CR4_SMAP;
    assert_eq!(bench.walk(0, Access::Read), Err(page_fault(0, 0b001)));
    assert_eq!(bench.walk(0, Access::Fetch), Ok(0x5000));
    bench.state.rflags = AC;
    assert_eq!(bench.walk(0, Access::Write), Ok(0x5000));
}

#[test]
fn code_is_not_fetched_from_pages_without_execution() {
    for level in 0..4 {
        let mut bench = Bench::long();
        let mut entries = [P | W | U; 4];
        entries[level] |= NX;
        tables(&bench, entries);
        assert_eq!(bench.walk(8, Access::Write), Ok(0x5008));
        assert_eq!(bench.walk(8, Access::Fetch), Err(page_fault(8, 0b1_0001)));
        bench.cpl = 3;
        assert_eq!(bench.walk(8, Access::Fetch), Err(page_fault(8, 0b1_0101)));
    }
}

#[test]
fn smep_keeps_the_supervisor_from_code_of_users() {
    let mut bench = Bench::long();
    tables(&bench, [P | W | U; 4]);
    assert_eq!(bench.walk(0, Access::Fetch), Ok(0x5000));
    bench.state.cr4 |= CR4_SMEP;
    assert_eq!(bench.walk(0, Access::Fetch), Err(page_fault(0, 0b1_0001)));
    assert_eq!(bench.walk(0, Access::Read), Ok(0x5000));
    bench.cpl = 3;
    assert_eq!(bench.walk(0, Access::Fetch), Ok(0x5000));
    tables(&bench, [P | W | U, P | W | U, P | W, P | W | U]);
    assert_eq!(bench.walk(0, Access::Fetch), Err(page_fault(0, 0b1_0101)), "supervisor page");
    bench.cpl = 0;
    assert_eq!(bench.walk(0, Access::Fetch), Ok(0x5000));
}

#[test]
fn page_faults_name_fetches_where_fetches_are_checked() {
    // Error code bit 4 needs NX or SMEP.
    for (cr4, efer, error_code) in
        [(CR4_PAE, EFER_NXE, 0b1_0000), (CR4_PAE, 0, 0), (CR4_SMEP, 0, 0b1_0000), (0, EFER_NXE, 0)]
    {
        let bench = Bench::paging(cr4, efer);
        bench.set64(0x1000, if cr4 == CR4_PAE { 0x2000 | P } else { 0 });
        assert_eq!(bench.walk(0, Access::Fetch), Err(page_fault(0, error_code)));
    }
}

#[test]
fn reserved_bits_fault() {
    for (level, bad) in [(0, LARGE), (0, 1 << 40), (1, LARGE | 1 << 13), (2, LARGE | 1 << 20), (3, 1 << 51)] {
        let bench = Bench::long();
        let mut entries = [P | W | U; 4];
        entries[level] |= bad;
        tables(&bench, entries);
        assert_eq!(bench.walk(0, Access::Read), Err(page_fault(0, 0b1001)), "level {level}, {bad:#x}");
    }
    let mut bench = Bench::long();
    tables(&bench, [P, P, P, P | NX | 1 << 52 | 1 << 62]);
    assert_eq!(bench.walk(0, Access::Read), Ok(0x5000));
    bench.state.efer &= !EFER_NXE;
    assert_eq!(bench.walk(0, Access::Read), Err(page_fault(0, 0b1001)), "NX without EFER.NXE");
}

#[test]
fn accessed_and_dirty_bits_are_set_as_used() {
    let bench = Bench::long();
    tables(&bench, [P | W; 4]);
    bench.walk(0, Access::Read).unwrap();
    let entries = |bench: &Bench| [0x1000, 0x2000, 0x3000, 0x4000].map(|gpa| bench.get(gpa) & 0xfff);
    assert_eq!(entries(&bench), [P | W | A; 4]);
    bench.walk(0, Access::Write).unwrap();
    assert_eq!(entries(&bench), [P | W | A, P | W | A, P | W | A, P | W | A | D]);
    // A fault leaves the page's own entry alone.
    tables(&bench, [P, P, P, P]);
    bench.walk(0, Access::Write).unwrap_err();
    assert_eq!(entries(&bench), [P | A, P | A, P | A, P]);
}

#[test]
fn page_tables_outside_of_ram_stop() {
    let mut bench = Bench::long();
    bench.state.cr3 = 0x20_0000;
    let fault = MemoryFault { gpa: Gpa(0x20_0000), access: Access::Read };
    assert_eq!(bench.walk(0, Access::Read), Err(AccessError::NotRam(fault)));
}

#[test]
fn large_pages_of_all_formats_become_dirty_and_have_reserved_bits() {
    // 2 MiB and 1 GiB.
    for (place, bad) in [(0x3000, 1 << 20), (0x2000, 1 << 29)] {
        let bench = Bench::long();
        tables(&bench, [P | W | U; 4]);
        bench.set64(place, P | W | U | LARGE);
        assert_eq!(bench.walk(0x1234, Access::Write), Ok(0x1234));
        assert_eq!(bench.get(place), P | W | U | LARGE | A | D);
        bench.set64(place, P | W | U | LARGE | bad);
        assert_eq!(bench.walk(0, Access::Write), Err(page_fault(0, 0b1011)), "{bad:#x}");
    }
    let mut bench = Bench::paging(CR4_PAE, 0);
    bench.set64(0x1000, 0x2000 | P);
    bench.set64(0x2000, P | W | LARGE | NX);
    assert_eq!(bench.walk(0, Access::Read), Err(page_fault(0, 0b1001)), "NX without EFER.NXE");
    bench.cpl = 3;
    bench.set64(0x2000, P | W | LARGE | 1 << 55);
    assert_eq!(
        bench.walk(0, Access::Write),
        Err(page_fault(0, 0b1111)),
        "PAE has no bits for software there"
    );
}

#[test]
fn legacy_paging_checks_rights_as_the_others_do() {
    let mut bench = Bench::paging(CR4_PSE | CR4_SMAP, EFER_NXE);
    let (p, w, u, ps) = (P as u32, W as u32, U as u32, LARGE as u32);
    for (entry, cpl, access, expected) in [
        (p | w | u, 3, Access::Write, Ok(0x40_0000)),
        (p | u, 3, Access::Write, Err(page_fault(0, 0b111))),
        (p | w, 3, Access::Fetch, Err(page_fault(0, 0b101))),
        (p | w | u, 0, Access::Read, Err(page_fault(0, 0b001))),
        (p | w, 0, Access::Write, Ok(0x40_0000)),
        (p, 0, Access::Write, Err(page_fault(0, 0b011))),
        (p | u, 3, Access::Fetch, Ok(0x40_0000)),
    ] {
        bench.set32(0x1000, 0x40_0000 | entry | ps);
        bench.cpl = cpl;
        assert_eq!(bench.walk(0, access), expected, "{entry:#x} at CPL {cpl}");
    }
}

/// RAM that another CPU writes to all the time.
struct Busy<'a>(&'a TestRam);

impl GuestMemory for Busy<'_> {
    fn layout(&self) -> RamLayout {
        self.0.layout()
    }
    fn read(&self, gpa: Gpa, buffer: &mut [u8]) -> Result<(), NotRam> {
        self.0.read(gpa, buffer)
    }
    fn write(&self, _gpa: Gpa, _bytes: &[u8]) -> Result<(), NotRam> {
        panic!("entries change in one step only");
    }
    fn compare_exchange(&self, _gpa: Gpa, size: OperandSize, _old: u64, _new: u64) -> Result<bool, NotRam> {
        assert_eq!(size, OperandSize::Qword, "the whole entry");
        Ok(false)
    }
}

#[test]
fn an_entry_that_changes_meanwhile_is_not_marked() {
    let bench = Bench::long();
    tables(&bench, [P | W, P | W, P | W, P | W]);
    let ram = Busy(&bench.ram);
    let linear = Linear::new(&bench.state, 0, 40, &ram);
    assert_eq!(linear.walk(0, Access::Read), Err(AccessError::Changed));
    // Nothing is to mark for who looks on, and nothing in what is marked.
    assert_eq!(linear.unnoticed().walk(0, Access::Read), Ok(Gpa(0x5000)));
    tables(&bench, [P | W | A, P | W | A, P | W | A, P | W | A | D]);
    assert_eq!(Linear::new(&bench.state, 0, 40, &ram).walk(0, Access::Write), Ok(Gpa(0x5000)));
}
