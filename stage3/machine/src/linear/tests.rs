mod fetch;
mod walk;

use super::fetch::Code;
use super::*;
use crate::memory::test_ram::TestRam;
use crate::vcpu::{CR0_PE, CR0_PG, CR4_PAE, EFER_LME, EFER_NXE, SEGMENT_PRESENT};

const P: u64 = 1;
const W: u64 = 2;
const U: u64 = 4;
const A: u64 = 0x20;
const D: u64 = 0x40;
const LARGE: u64 = 0x80;
const NX: u64 = 1 << 63;

const CR0_WP: u64 = 1 << 16;
const CR4_PSE: u64 = 1 << 4;
const CR4_SMEP: u64 = 1 << 20;
const CR4_SMAP: u64 = 1 << 21;
const AC: u64 = 1 << 18;

struct Bench {
    state: CpuState,
    cpl: u8,
    ram: TestRam,
}

fn data(attributes: u16, limit: u32, base: u64) -> Segment {
    Segment { selector: 8, attributes: SEGMENT_PRESENT | 0x10 | attributes, limit, base }
}

impl Bench {
    /// Real mode.
    fn new() -> Self {
        Self { state: CpuState::default(), cpl: 0, ram: TestRam::new(0x20_0000) }
    }

    /// Paging with the top table at 1000h.
    fn paging(cr4: u64, efer: u64) -> Self {
        let mut bench = Self::new();
        bench.state.cr0 = CR0_PE | CR0_PG | CR0_WP;
        bench.state.cr3 = 0x1000;
        bench.state.cr4 = cr4;
        bench.state.efer = efer;
        bench
    }

    fn long() -> Self {
        let mut bench = Self::paging(CR4_PAE, EFER_LME | EFER_LMA | EFER_NXE);
        bench.state.cs.attributes = SEGMENT_LONG;
        bench
    }

    fn set64(&self, gpa: u64, entry: u64) {
        self.ram.write(Gpa(gpa), &entry.to_le_bytes()).unwrap();
    }

    fn set32(&self, gpa: u64, entry: u32) {
        self.ram.write(Gpa(gpa), &entry.to_le_bytes()).unwrap();
    }

    fn get(&self, gpa: u64) -> u64 {
        u64::from_le_bytes(self.ram.peek(gpa, 8).try_into().unwrap())
    }

    fn walk(&self, linear: u64, access: Access) -> Result<u64, AccessError> {
        Linear::new(&self.state, self.cpl, 40, &self.ram).walk(linear, access).map(|gpa| gpa.0)
    }

    fn locate(
        &self,
        name: SegmentName,
        offset: u64,
        length: u64,
        access: Access,
    ) -> Result<Pieces, AccessError> {
        let segment = name.of(&self.state);
        Linear::new(&self.state, self.cpl, 40, &self.ram).locate((name, segment), offset, length, access)
    }
}

fn page_fault(address: u64, error_code: u32) -> AccessError {
    AccessError::Fault(Fault::PageFault { address, error_code })
}

const GP: Result<Pieces, AccessError> = Err(AccessError::Fault(Fault::GeneralProtection));
const SS: Result<Pieces, AccessError> = Err(AccessError::Fault(Fault::StackSegment));

#[allow(clippy::unnecessary_wraps, reason = "compared with results")]
fn one(gpa: u64, length: usize) -> Result<Pieces, AccessError> {
    Ok(Pieces([(Gpa(gpa), length), (Gpa(gpa), 0)]))
}

/// Page tables for linear address 0 with these entries.
fn tables(bench: &Bench, entries: [u64; 4]) {
    for (level, entry) in (0..).zip(entries) {
        bench.set64(0x1000 + level * 0x1000, (0x2000 + level * 0x1000) | entry);
    }
}

#[test]
fn real_mode_segments_have_a_limit_and_no_types() {
    let mut bench = Bench::new();
    bench.state.es = Segment { selector: 0, attributes: 0, limit: 0xffff, base: 0x1_2340 };
    assert_eq!(bench.locate(SegmentName::Es, 0xfffe, 2, Access::Write), one(0x2_233e, 2));
    assert_eq!(bench.locate(SegmentName::Es, 0xffff, 2, Access::Write), GP);
    bench.state.ss = bench.state.es;
    assert_eq!(bench.locate(SegmentName::Ss, 0xffff, 2, Access::Read), SS);
}

#[test]
fn protected_mode_checks_presence_type_and_limit() {
    let mut bench = Bench::new();
    bench.state.cr0 = CR0_PE;
    let mut locate = |segment, offset, access| {
        bench.state.ds = segment;
        bench.locate(SegmentName::Ds, offset, 4, access)
    };
    let writable = data(2, 0xfff, 0x1000);
    assert_eq!(locate(writable, 0xffc, Access::Write), one(0x1ffc, 4));
    assert_eq!(locate(writable, 0xffd, Access::Write), GP);
    assert_eq!(locate(Segment { attributes: 0x12, ..writable }, 0, Access::Read), GP, "not present");
    assert_eq!(locate(data(0, 0xfff, 0), 0, Access::Read), one(0, 4));
    assert_eq!(locate(data(0, 0xfff, 0), 0, Access::Write), GP, "read-only");
    assert_eq!(locate(data(8, 0xfff, 0), 0, Access::Read), GP, "execute-only code");
    assert_eq!(locate(data(10, 0xfff, 0), 0, Access::Read), one(0, 4));
    assert_eq!(locate(data(10, 0xfff, 0), 0, Access::Write), GP, "code");
    // Expand-down: above the limit, up to 64 KiB or 4 GiB.
    assert_eq!(locate(data(6, 0xfff, 0), 0xfff, Access::Read), GP);
    assert_eq!(locate(data(6, 0xfff, 0), 0x1000, Access::Read), one(0x1000, 4));
    assert_eq!(locate(data(6, 0xfff, 0), 0xfffd, Access::Read), GP);
    assert_eq!(locate(data(6, 0xfff, 0), 0xfffc, Access::Read), one(0xfffc, 4));
    let big = data(6 | SEGMENT_BIG, 0xfff, 0);
    assert_eq!(locate(big, 0x1_0000, Access::Read), one(0x1_0000, 4));
    // The base is added in 32 bits.
    assert_eq!(locate(data(2, u32::MAX, 0xffff_f000), 0x2000, Access::Write), one(0x1000, 4));
}

#[test]
fn sixty_four_bit_mode_knows_only_the_bases_of_fs_and_gs() {
    let mut bench = Bench::long();
    tables(&bench, [P | W, P | W, P | W, P | W]);
    for segment in [&mut bench.state.ds, &mut bench.state.es, &mut bench.state.fs, &mut bench.state.gs] {
        segment.base = 0x100;
    }
    for (name, gpa) in [
        (SegmentName::Ds, 0x5008),
        (SegmentName::Es, 0x5008),
        (SegmentName::Fs, 0x5108),
        (SegmentName::Gs, 0x5108),
    ] {
        assert_eq!(bench.locate(name, 8, 4, Access::Read), one(gpa, 4));
    }
    assert_eq!(bench.locate(SegmentName::Ds, 1 << 47, 1, Access::Read), GP);
    assert_eq!(bench.locate(SegmentName::Ds, (1 << 47) - 2, 4, Access::Read), GP);
    assert_eq!(bench.locate(SegmentName::Ss, 1 << 63, 1, Access::Read), SS);
    assert_eq!(bench.locate(SegmentName::Ds, u64::MAX, 2, Access::Read), GP);
}

#[test]
fn operands_that_cross_a_page_come_in_two_pieces() {
    let bench = Bench::long();
    tables(&bench, [P | W, P | W, P | W, P | W]);
    bench.set64(0x4008, 0x9000 | P | W);
    let pieces = bench.locate(SegmentName::Ds, 0xffd, 4, Access::Write);
    assert_eq!(pieces, Ok(Pieces([(Gpa(0x5ffd), 3), (Gpa(0x9000), 1)])));
    // The fault is about the second page.
    bench.set64(0x4008, 0);
    assert_eq!(bench.locate(SegmentName::Ds, 0xffd, 4, Access::Write), Err(page_fault(0x1000, 0b10)));
}

#[test]
fn operands_that_cross_a_page_stay_in_their_half_of_the_address_space() {
    let bench = Bench::long();
    tables(&bench, [P | W, P | W, P | W, P | W]);
    bench.set64(0x1000 + 256 * 8, 0x2000 | P | W);
    bench.set64(0x4008, 0x9000 | P | W);
    bench.set64(0x1000, 0);
    let pieces = bench.locate(SegmentName::Ds, 0xffff_8000_0000_0fff, 2, Access::Read).unwrap();
    assert_eq!(pieces, Pieces([(Gpa(0x5fff), 1), (Gpa(0x9000), 1)]));
}

#[test]
fn operands_wrap_at_four_gibibytes_in_32_bit_code() {
    let mut bench = Bench::paging(CR4_PAE, 0);
    for pointer in [0x1000, 0x1018] {
        bench.set64(pointer, 0x2000 | P);
    }
    for (entry, value) in [(0x2000, 0x3000), (0x2ff8, 0x3000), (0x3000, 0x8000), (0x3ff8, 0x9000)] {
        bench.set64(entry, value | P | W);
    }
    bench.state.ds = data(2, u32::MAX, 0xffff_f000);
    let pieces = bench.locate(SegmentName::Ds, 0xffe, 4, Access::Read).unwrap();
    assert_eq!(pieces, Pieces([(Gpa(0x9ffe), 2), (Gpa(0x8000), 2)]));
}

#[test]
fn the_width_of_code() {
    let mut bench = Bench::new();
    let width = |bench: &Bench| Linear::new(&bench.state, 0, 40, &bench.ram).code_width();
    assert_eq!(width(&bench), Width::Bits16);
    bench.state.cs.attributes = SEGMENT_BIG;
    assert_eq!(width(&bench), Width::Bits32);
    bench.state.cs.attributes = SEGMENT_LONG;
    assert_eq!(width(&bench), Width::Bits16, "L means nothing outside of long mode");
    bench.state.efer = EFER_LMA;
    assert_eq!(width(&bench), Width::Bits64);
}

#[test]
fn narrow_results_merge_like_registers() {
    assert_eq!(Width::Bits16.merge(0x1111_2222_3333_4444, 0x1_5555), 0x1111_2222_3333_5555);
    assert_eq!(Width::Bits32.merge(u64::MAX, 0x5_6666_7777), 0x6666_7777);
    assert_eq!(Width::Bits64.merge(0, u64::MAX), u64::MAX);
}
