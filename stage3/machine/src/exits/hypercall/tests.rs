use super::super::mock::{virtual_cpu, MockVcpu};
use super::*;
use crate::cpuid::CpuVendor;
use crate::memory::test_ram::TestRam;
use crate::memory::Gpa;
use crate::vcpu::{Segment, CR0_PE, CR0_PG, CR4_PAE, EFER_LMA, RFLAGS_AC, SEGMENT_BIG, SEGMENT_LONG};
use proptest::prelude::*;
use std::vec::Vec;

const NOW: Instant = Instant(0x1_2345_6789);
const RIP: u64 = 0x8000;
const NEXT: u64 = RIP + 3;
const EPERM: u64 = 1_u64.wrapping_neg();
const EFAULT: u64 = 14_u64.wrapping_neg();
const EINVAL: u64 = 22_u64.wrapping_neg();
/// CR4.SMAP.
const CR4_SMAP: u64 = 1 << 21;
const ENOSYS: u64 = 1000_u64.wrapping_neg();

struct Bench {
    vcpu: MockVcpu,
    cpu: VirtualCpu,
    ram: TestRam,
}

fn segment(base: u64, limit: u32, attributes: u16) -> Segment {
    Segment { selector: 0, attributes, limit, base }
}

impl Bench {
    /// Real mode.
    fn new() -> Self {
        let mut vcpu = MockVcpu::default();
        vcpu.state.rip = RIP;
        vcpu.state.cs = segment(0, 0xffff, 0x9b);
        vcpu.state.ds = segment(0, 0xffff, 0x93);
        Self { vcpu, cpu: virtual_cpu(CpuVendor::Intel), ram: TestRam::new(0x1_0000) }
    }

    /// 64-bit code, with page tables at 1000h that lead to the page table at 4000h for the addresses from 0 on.
    fn long() -> Self {
        let mut bench = Self::new();
        let state = &mut bench.vcpu.state;
        state.cs.attributes |= SEGMENT_LONG;
        (state.cr0, state.cr3, state.cr4, state.efer) = (CR0_PE | CR0_PG, 0x1000, CR4_PAE, EFER_LMA);
        for table in [0x1000, 0x2000, 0x3000_u64] {
            bench.map(table, 0, table + 0x1000, 7);
        }
        bench
    }

    /// Entry `index` of `table`.
    fn map(&self, table: u64, index: u64, place: u64, rights: u64) {
        self.ram.write(Gpa(table + index * 8), &(place | rights).to_le_bytes()).unwrap();
    }

    fn exit(&mut self) -> Handled {
        handle(NEXT, &mut self.vcpu, &self.cpu, &self.ram, NOW)
    }

    /// A call that completes; what it returns in RAX.
    fn call(&mut self, number: u32) -> u64 {
        self.vcpu.state.gprs.rax = number.into();
        self.vcpu.state.rip = RIP;
        assert_eq!(self.exit(), Outcome::Resume.silent());
        assert_eq!((self.vcpu.state.rip, self.vcpu.injected), (NEXT, None));
        self.vcpu.state.gprs.rax
    }

    /// PRINT until it completes: what it printed, and how many exits that took.
    fn print(&mut self, rsi: u64, rcx: u64) -> (Vec<u8>, u32) {
        let gprs = &mut self.vcpu.state.gprs;
        (gprs.rax, gprs.rsi, gprs.rcx) = (PRINT.into(), rsi, rcx);
        self.vcpu.state.rip = RIP;
        let (mut printed, mut exits) = (Vec::new(), 0);
        while self.vcpu.state.rip == RIP {
            let handled = self.exit();
            assert_eq!(handled.outcome, Outcome::Resume);
            printed.extend_from_slice(handled.output.as_slice());
            exits += 1;
        }
        (printed, exits)
    }

    fn left(&self) -> (u64, u64, u64) {
        let gprs = self.vcpu.state.gprs;
        (gprs.rax, gprs.rsi, gprs.rcx)
    }
}

#[test]
fn unknown_calls_return_an_error() {
    let mut bench = Bench::new();
    for number in [0, 1, 77, FIRST - 1, FIRST + 5, u32::MAX] {
        assert_eq!(bench.call(number), ENOSYS & 0xffff_ffff);
    }
    bench.vcpu.state.efer = EFER_LMA;
    assert_eq!(bench.call(0), ENOSYS & 0xffff_ffff, "compatibility mode");
    bench.vcpu.state.cs.attributes |= SEGMENT_LONG;
    assert_eq!(bench.call(0), ENOSYS);
}

#[test]
fn only_ring_0_may_call() {
    let mut bench = Bench::long();
    for cpl in 1..=3 {
        bench.vcpu.cpl = cpl;
        for number in [0, VERSION, PRINT, EXIT, YIELD, TIME] {
            assert_eq!(bench.call(number), EPERM);
        }
    }
}

#[test]
fn version_tells_what_there_is() {
    let mut bench = Bench::new();
    bench.vcpu.state.gprs.rax = 0xffff_ffff_0000_0000;
    assert_eq!(bench.call(VERSION), 0);
    let gprs = bench.vcpu.state.gprs;
    assert_eq!((gprs.rbx, gprs.rcx), (0x100, 0x1f), "0.1.0, and five calls");
}

#[test]
fn exit_ends_the_vm_and_yield_lets_others_run() {
    let mut bench = Bench::new();
    bench.vcpu.state.gprs.rbx = 0xffff_ffff_0000_002a;
    bench.vcpu.state.gprs.rax = EXIT.into();
    assert_eq!(bench.exit(), Outcome::Stop(StopReason::Exit(42)).silent());
    bench.vcpu.state.gprs.rax = YIELD.into();
    assert_eq!(bench.exit(), Outcome::Yield.silent());
    assert_eq!((bench.vcpu.state.gprs.rax, bench.vcpu.state.rip), (0, NEXT));
}

#[test]
fn time_has_two_clocks() {
    let mut bench = Bench::long();
    bench.vcpu.state.gprs.rbx = 0;
    assert_eq!(bench.call(TIME), 0);
    let gprs = bench.vcpu.state.gprs;
    assert_eq!((gprs.rcx, gprs.rbx), (1, 0x2345_6789));
    bench.vcpu.state.gprs.rbx = 1;
    assert_eq!(bench.call(TIME), 0);
    let gprs = bench.vcpu.state.gprs;
    assert_eq!(gprs.rcx << 32 | gprs.rbx, 1_700_000_000_000_000_005 + NOW.0);
    bench.vcpu.state.gprs.rbx = 2;
    assert_eq!(bench.call(TIME), EINVAL);
    assert_eq!(bench.vcpu.state.gprs.rbx, 2);
}

#[test]
fn print_goes_through_the_segment() {
    let mut bench = Bench::new();
    bench.vcpu.state.ds.base = 0x7000;
    bench.ram.write(Gpa(0x7ffd), b"hello").unwrap();
    assert_eq!(bench.print(0xffd, 5), (b"hello".to_vec(), 1));
    assert_eq!(bench.left(), (0, 0x1002, 0));
    assert_eq!(bench.print(0xffff, 0), (Vec::new(), 1), "nothing is read");
    bench.vcpu.state.ds.limit = 0xffe;
    assert_eq!(bench.print(0xffd, 5), (b"he".to_vec(), 1), "up to the limit");
    assert_eq!(bench.left(), (EFAULT & 0xffff_ffff, 0xfff, 3));
    bench.vcpu.state.cr0 = CR0_PE;
    bench.vcpu.state.ds.attributes = 0;
    assert_eq!(bench.print(0xffd, 5).0, b"", "a null selector");
}

#[test]
fn print_does_32_bytes_an_exit() {
    let mut bench = Bench::new();
    let text: Vec<u8> = (0..100).collect();
    bench.ram.write(Gpa(0x100), &text).unwrap();
    assert_eq!(bench.print(0x100, 100), (text, 4));
    assert_eq!(bench.left(), (0, 0x164, 0));
    assert_eq!(bench.vcpu.completed, 1);
    assert_eq!(bench.print(0x100, 32).1, 1, "no exit for nothing");
}

#[test]
fn registers_have_32_bits_outside_of_64_bit_code() {
    let mut bench = Bench::new();
    (bench.vcpu.state.cs.attributes, bench.vcpu.state.ds) = (0x9b | SEGMENT_BIG, segment(0, u32::MAX, 0x93));
    bench.vcpu.state.cr0 = CR0_PE;
    bench.ram.write(Gpa(0), b"x").unwrap();
    assert_eq!(bench.print(0xffff_ffff_0000_0000, 0xffff_ffff_0000_0001), (b"x".to_vec(), 1));
    assert_eq!(bench.left(), (0, 1, 0));
}

#[test]
fn print_reads_as_ring_0_does() {
    let mut bench = Bench::long();
    bench.ram.write(Gpa(0x8000), b"user").unwrap();
    bench.map(0x4000, 0, 0x8000, 5);
    assert_eq!(bench.print(0, 4).0, b"user");
    bench.vcpu.state.cr4 |= CR4_SMAP;
    assert_eq!(bench.print(0, 4).0, b"");
    assert_eq!(bench.left(), (EFAULT, 0, 4));
    bench.vcpu.state.rflags |= RFLAGS_AC;
    assert_eq!(bench.print(0, 4).0, b"user");
    assert_eq!(bench.print(1 << 47, 1).0, b"", "not canonical");
    assert_eq!(bench.print(u64::MAX, u64::MAX).0, b"", "not mapped");
    assert_eq!(bench.left(), (EFAULT, u64::MAX, u64::MAX));
}

#[test]
fn the_other_vendors_instruction_is_the_same_call() {
    for instruction in INSTRUCTIONS {
        let mut bench = Bench::new();
        bench.ram.write(Gpa(RIP), &instruction).unwrap();
        bench.vcpu.state.gprs.rax = VERSION.into();
        bench.vcpu.state.rflags = RFLAGS_RF | 2;
        let handled = invalid_opcode(&mut bench.vcpu, &bench.cpu, &bench.ram, NOW);
        assert_eq!(handled, Outcome::Resume.silent());
        let state = bench.vcpu.state;
        assert_eq!((state.gprs.rax, state.rip, state.rflags, bench.vcpu.injected), (0, NEXT, 2, None));
    }
}

#[test]
fn all_else_that_raises_ud_is_the_guests() {
    // UD2; VMCALL with LOCK; VMLAUNCH; VMCALL's beginning at the segment's end.
    for (rip, code) in [
        (RIP, &[0x0f, 0x0b][..]),
        (RIP, &[0xf0, 0x0f, 0x01, 0xc1]),
        (RIP, &[0x0f, 0x01, 0xc2]),
        (0xfffe, &[0x0f, 1]),
    ] {
        let mut bench = Bench::new();
        bench.ram.write(Gpa(rip), code).unwrap();
        bench.vcpu.state.rip = rip;
        bench.vcpu.state.rflags = RFLAGS_RF | 2;
        let before = bench.vcpu.state;
        let handled = invalid_opcode(&mut bench.vcpu, &bench.cpu, &bench.ram, NOW);
        assert_eq!(handled, Outcome::Resume.silent());
        assert_eq!(
            (bench.vcpu.state, bench.vcpu.injected),
            (before, Some(Event::Fault(Fault::InvalidOpcode)))
        );
    }
}

#[test]
fn eip_wraps_around_behind_the_other_vendors_instruction() {
    let mut bench = Bench::new();
    let state = &mut bench.vcpu.state;
    (state.rip, state.cs) = (0xffff_fffd, segment(0x100, u32::MAX, 0x9b));
    bench.ram.write(Gpa(0xfd), &INSTRUCTIONS[0]).unwrap();
    invalid_opcode(&mut bench.vcpu, &bench.cpu, &bench.ram, NOW);
    assert_eq!((bench.vcpu.state.rip, bench.vcpu.injected), (0, None));
}

/// What can be in a page of the guest's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Ram(u64),
    NotPresent,
    NotRam,
    Reserved,
}

fn page() -> impl Strategy<Value = Page> {
    prop_oneof![
        6 => (8..16_u64).prop_map(|frame| Page::Ram(frame * 0x1000)),
        1 => Just(Page::NotPresent),
        1 => Just(Page::NotRam),
        1 => Just(Page::Reserved),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Bytes come out in their order up to the first that can't be read, wherever the buffer is.
    #[test]
    fn print_stops_at_the_first_byte_that_cannot_be_read(
        pages in prop::collection::vec(page(), 4),
        start in 0..0x4000_u64,
        length in prop_oneof![0..80_u64, 0..0x4800_u64],
        seed in any::<u8>(),
    ) {
        let mut bench = Bench::long();
        for (index, page) in pages.iter().enumerate() {
            let (place, rights) = match page {
                Page::Ram(place) => (*place, 1),
                Page::NotPresent => (0x8000, 0),
                Page::NotRam => (0x10_0000, 1),
                Page::Reserved => (0x8000, 1 | 1 << 51),
            };
            bench.map(0x4000, index as u64, place, rights);
        }
        let byte = |place: u64| (place as u8).wrapping_mul(31).wrapping_add((place >> 8) as u8) ^ seed;
        let contents: Vec<u8> = (0x8000..0x1_0000).map(byte).collect();
        bench.ram.write(Gpa(0x8000), &contents).unwrap();
        let expected: Vec<u8> = (start..start + length)
            .map_while(|linear| match pages.get((linear / 0x1000) as usize) {
                Some(Page::Ram(place)) => Some(byte(place + linear % 0x1000)),
                _ => None,
            })
            .collect();
        let done = expected.len() as u64;
        prop_assert_eq!(bench.print(start, length).0, expected);
        let answer = if done == length { 0 } else { EFAULT };
        prop_assert_eq!(bench.left(), (answer, start + done, length - done));
    }
}
