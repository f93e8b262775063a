use super::*;
use crate::emulate::repeat::MAX_ELEMENTS;
use crate::emulate::OperandSize;
use crate::exits::mock::MockVcpu;
use crate::linear::Width;
use crate::memory::test_ram::TestRam;
use crate::memory::Gpa;
use crate::pc::{test_pc, Effects, PowerEvent, ResetSource};
use crate::port::Size;
use crate::vcpu::{Fault, Segment, CR0_PE, CR0_PG, CR4_DE, RFLAGS_DF, RFLAGS_TF, SEGMENT_BIG};
use proptest::prelude::*;
use std::vec::Vec;

const NOW: Instant = Instant(5);
const CODE: u64 = 0x8000;
const SCREEN: u64 = 0xb_8000;
const NEXT: u64 = CODE + 2;

/// A device that counts up when it is read and keeps what is written.
#[derive(Default)]
struct Counter {
    next: u32,
    written: Vec<u32>,
    screen: u8,
    effects: Effects,
}

impl PortBus for Counter {
    fn read_port(&mut self, _now: Instant, _port: u16, _size: Size) -> u32 {
        self.next += 1;
        self.next
    }
    fn write_port(&mut self, _now: Instant, _port: u16, _size: Size, value: u32) -> Effects {
        self.written.push(value);
        self.effects
    }
    fn transfer(&mut self, memory: &dyn GuestMemory) {
        memory.write(Gpa(0), &[0xdd]).unwrap();
    }
}

/// A byte of memory that is a device, at the start of text screens.
impl Mmio for Counter {
    fn read_mmio(&mut self, _now: Instant, gpa: Gpa, size: OperandSize) -> Option<u64> {
        (gpa.0 == SCREEN && size == OperandSize::Byte).then_some(self.screen.into())
    }
    fn write_mmio(&mut self, _now: Instant, gpa: Gpa, size: OperandSize, value: u64) -> Option<Effects> {
        (gpa.0 == SCREEN && size == OperandSize::Byte).then(|| {
            self.screen = value as u8;
            self.effects
        })
    }
}

struct Bench {
    vcpu: MockVcpu,
    bus: Counter,
    ram: TestRam,
}

impl Bench {
    /// Real mode, with these bytes at CS:RIP.
    fn new(code: &[u8]) -> Self {
        let mut vcpu = MockVcpu::default();
        vcpu.state.rip = CODE;
        let segment = |base| Segment { selector: 0, attributes: 0x93, limit: 0xffff, base };
        vcpu.state.cs = segment(0);
        vcpu.state.ds = segment(0x1_0000);
        vcpu.state.es = segment(0x2_0000);
        vcpu.state.ss = segment(0x3_0000);
        let ram = TestRam::new(0x10_0000);
        ram.write(Gpa(CODE), code).unwrap();
        Self { vcpu, bus: Counter::default(), ram }
    }

    fn run(&mut self, direction: Direction, size: Size) -> Handled {
        let io = PortIo { port: 0x1f0, size, direction, string: true };
        handle(io, NEXT, &mut self.vcpu, 40, &mut self.bus, &self.ram, NOW)
    }

    fn input(&mut self, size: Size) -> Handled {
        self.run(Direction::In, size)
    }

    fn output(&mut self, size: Size) -> Handled {
        self.run(Direction::Out, size)
    }

    fn gprs(&mut self) -> &mut Gprs {
        &mut self.vcpu.state.gprs
    }

    /// RIP and RCX.
    fn progress(&self) -> (u64, u64) {
        (self.vcpu.state.rip, self.vcpu.state.gprs.rcx)
    }
}

const INSB: &[u8] = &[0x6c];
const REP_INSW: &[u8] = &[0xf3, 0x6d];
const REP_OUTSB: &[u8] = &[0xf3, 0x6e];

#[test]
fn ins_moves_one_element_and_leaves_cx_alone() {
    let mut bench = Bench::new(INSB);
    bench.gprs().rcx = 7;
    bench.gprs().rdi = 0x10;
    assert_eq!(bench.input(Size::Byte), Outcome::Resume.silent());
    assert_eq!(bench.ram.peek(0x2_0010, 2), [1, 0]);
    assert_eq!((bench.progress(), bench.gprs().rdi), ((NEXT, 7), 0x11));
}

#[test]
fn rep_insw_fills_a_buffer() {
    let mut bench = Bench::new(REP_INSW);
    bench.gprs().rcx = 0x1234_0000_0100;
    bench.gprs().rdi = 0xaaaa_0000_0000_0100;
    bench.input(Size::Word);
    let expected: Vec<u8> = (1..=256_u16).flat_map(u16::to_le_bytes).collect();
    assert_eq!(bench.ram.peek(0x2_0100, 512), expected);
    assert_eq!(bench.progress(), (NEXT, 0x1234_0000_0000));
    assert_eq!(bench.gprs().rdi, 0xaaaa_0000_0000_0300, "upper bits stay");
}

#[test]
fn a_count_of_zero_touches_nothing() {
    let mut bench = Bench::new(REP_INSW);
    bench.gprs().rcx = 0x1_0000;
    bench.input(Size::Word);
    assert_eq!((bench.bus.next, bench.progress()), (0, (NEXT, 0x1_0000)));
}

#[test]
fn the_direction_flag_goes_down() {
    let mut bench = Bench::new(REP_OUTSB);
    bench.ram.write(Gpa(0x1_0000), b"abcd").unwrap();
    bench.vcpu.state.rflags = RFLAGS_DF;
    bench.gprs().rcx = 3;
    bench.gprs().rsi = 2;
    bench.output(Size::Byte);
    assert_eq!(bench.bus.written, b"cba".map(u32::from));
    assert_eq!(bench.gprs().rsi, 0xffff, "wraps in 16 bits");
}

#[test]
fn a_long_string_takes_several_exits() {
    let mut bench = Bench::new(REP_INSW);
    bench.gprs().rcx = 600;
    bench.input(Size::Word);
    assert_eq!(bench.progress(), (CODE, 600 - MAX_ELEMENTS));
    bench.input(Size::Word);
    assert_eq!(bench.progress(), (NEXT, 0));
    let expected: Vec<u8> = (1..=600_u16).flat_map(u16::to_le_bytes).collect();
    assert_eq!(bench.ram.peek(0x2_0000, 1200), expected);
    // A string that just fits is complete.
    let mut bench = Bench::new(REP_INSW);
    bench.gprs().rcx = MAX_ELEMENTS;
    bench.input(Size::Word);
    assert_eq!(bench.progress(), (NEXT, 0));
}

#[test]
fn a_single_step_ends_behind_each_element() {
    let mut bench = Bench::new(REP_INSW);
    bench.gprs().rcx = 2;
    bench.vcpu.state.rflags = RFLAGS_TF;
    bench.input(Size::Word);
    assert_eq!((bench.progress(), bench.vcpu.completed), ((CODE, 1), 1));
    bench.input(Size::Word);
    assert_eq!((bench.progress(), bench.vcpu.completed), ((NEXT, 0), 2));
}

#[test]
fn a_breakpoint_on_the_port_traps_behind_each_element() {
    let mut bench = Bench::new(REP_INSW);
    bench.gprs().rcx = 2;
    bench.vcpu.state.cr4 = CR4_DE;
    bench.vcpu.dr7 = 0x0200_0020;
    bench.vcpu.breakpoints = [0, 0, 0x1f0, 0];
    for progress in [(CODE, 1), (NEXT, 0)] {
        bench.input(Size::Word);
        assert_eq!((bench.progress(), bench.vcpu.trapped), (progress, 0b100));
        bench.vcpu.trapped = 0;
    }
    assert_eq!(bench.vcpu.completed, 2);
    bench.vcpu.state.rip = CODE;
    bench.input(Size::Word);
    assert_eq!((bench.progress(), bench.vcpu.trapped), ((NEXT, 0), 0), "CX is zero");
}

#[test]
fn outs_stops_while_its_output_has_a_place() {
    let mut bench = Bench::new(REP_OUTSB);
    bench.bus.effects = test_pc(1 << 20).write_port(NOW, 0x3f8, Size::Byte, b'x'.into());
    bench.gprs().rcx = 40;
    let mut printed = 0;
    for _ in 0..3 {
        printed += bench.output(Size::Byte).output.as_slice().len();
        if bench.progress().0 == NEXT {
            break;
        }
    }
    assert_eq!((printed, bench.progress(), bench.bus.written.len()), (40, (NEXT, 0), 40));
}

#[test]
fn a_reset_ends_the_string() {
    let mut bench = Bench::new(REP_OUTSB);
    bench.bus.effects.power = Some(PowerEvent::Reset(ResetSource::FastReset));
    bench.gprs().rcx = 5;
    let stop = Outcome::Stop(StopReason::Reset(ResetSource::FastReset));
    assert_eq!((bench.output(Size::Byte).outcome, bench.bus.written.len()), (stop, 1));
}

#[test]
fn prefixes_choose_segment_and_address_size() {
    // ss a32 rep outsd
    let mut bench = Bench::new(&[0x36, 0x67, 0x66, 0xf3, 0x6f]);
    bench.ram.write(Gpa(0x3_0020), &0x1122_3344_u32.to_le_bytes()).unwrap();
    bench.gprs().rcx = 0xffff_ffff_0000_0001;
    bench.gprs().rsi = 0xffff_ffff_0000_0020;
    bench.output(Size::Dword);
    assert_eq!(bench.bus.written, [0x1122_3344]);
    assert_eq!((bench.progress(), bench.gprs().rsi), ((NEXT, 0), 0x24), "32-bit results clear the rest");
    // The last of several overrides counts, and INS has none.
    let mut bench = Bench::new(&[0x36, 0x26, 0x6e]);
    bench.ram.write(Gpa(0x2_0000), &[9]).unwrap();
    bench.output(Size::Byte);
    assert_eq!(bench.bus.written, [9]);
    let mut bench = Bench::new(&[0x36, 0x6c]);
    bench.input(Size::Byte);
    assert_eq!(bench.ram.peek(0x2_0000, 1), [1]);
}

#[test]
fn thirty_two_bit_code_has_32_bit_addresses_by_default() {
    let decoded = |attributes: u16, efer: u64, code: &[u8]| {
        let mut bench = Bench::new(code);
        bench.vcpu.state.cs.attributes |= attributes;
        bench.vcpu.state.efer = efer;
        let mut linear = Linear::new(&bench.vcpu.state, 0, 40, &bench.ram);
        decode::decode(&mut linear, Direction::In).unwrap().map(|found| (found.address_width, found.repeat))
    };
    let (big, long) = (SEGMENT_BIG, crate::vcpu::SEGMENT_LONG);
    let lma = crate::vcpu::EFER_LMA;
    assert_eq!(decoded(big, 0, &[0x6d]), Some((Width::Bits32, false)));
    assert_eq!(decoded(big, 0, &[0x67, 0x6d]), Some((Width::Bits16, false)));
    assert_eq!(decoded(0, 0, &[0x67, 0xf2, 0x6d]), Some((Width::Bits32, true)));
    assert_eq!(decoded(long, lma, &[0xf3, 0x48, 0x6d]), Some((Width::Bits64, true)));
    assert_eq!(decoded(long, lma, &[0x67, 0x6d]), Some((Width::Bits32, false)));
    for rex in 0x40..=0x4f {
        assert_eq!(decoded(long, lma, &[rex, 0x6d]), Some((Width::Bits64, false)), "{rex:#x}");
    }
    assert_eq!(decoded(big, 0, &[0x48, 0x6d]), None, "DEC EAX");
    assert_eq!(decoded(big, 0, &[0x6f]), None, "OUTS");
    let mut longest = [0x66; 15];
    assert_eq!(decoded(big, 0, &longest), None, "too long");
    longest[14] = 0x6d;
    assert_eq!(decoded(big, 0, &longest), Some((Width::Bits32, false)));
}

#[test]
fn sixty_four_bit_code_ignores_most_overrides() {
    for (prefix, source) in [(0x2e, SegmentName::Ds), (0x64, SegmentName::Fs), (0x65, SegmentName::Gs)] {
        let mut bench = Bench::new(&[prefix, 0x6e]);
        bench.vcpu.state.cs.attributes = crate::vcpu::SEGMENT_LONG;
        bench.vcpu.state.efer = crate::vcpu::EFER_LMA;
        let mut linear = Linear::new(&bench.vcpu.state, 0, 40, &bench.ram);
        let found = decode::decode(&mut linear, Direction::Out).unwrap().map(|found| found.source);
        assert_eq!(found, Some(source));
    }
}

#[test]
fn a_fault_comes_before_the_device_is_read_and_keeps_the_progress() {
    let mut bench = Bench::new(REP_INSW);
    bench.gprs().rcx = 4;
    bench.gprs().rdi = 0xfffb;
    bench.input(Size::Word);
    assert_eq!(bench.vcpu.injected, Some(Event::Fault(Fault::GeneralProtection)));
    assert_eq!((bench.bus.next, bench.progress(), bench.gprs().rdi), (2, (CODE, 2), 0xffff));
}

#[test]
fn a_read_only_destination_faults() {
    let mut bench = Bench::new(INSB);
    bench.vcpu.state.cr0 = CR0_PE;
    bench.vcpu.state.es.attributes = 0x91;
    bench.input(Size::Byte);
    assert_eq!((bench.vcpu.injected, bench.bus.next), (Some(Event::Fault(Fault::GeneralProtection)), 0));
}

#[test]
fn a_string_can_be_in_the_memory_of_a_device() {
    let mut bench = Bench::new(INSB);
    bench.bus.next = 6;
    bench.vcpu.state.es.base = SCREEN;
    bench.bus.effects.power = Some(PowerEvent::Off);
    assert_eq!(bench.input(Size::Byte).outcome, Outcome::Stop(StopReason::PowerOff), "what the device does");
    assert_eq!((bench.bus.screen, bench.gprs().rdi), (7, 1));
    let mut bench = Bench::new(&[0x6e]);
    bench.vcpu.state.ds.base = SCREEN;
    bench.bus.screen = 8;
    bench.output(Size::Byte);
    assert_eq!((bench.bus.written, bench.vcpu.state.rip), ([8].into(), NEXT));
}

#[test]
fn a_string_can_be_where_nothing_is() {
    let mut bench = Bench::new(INSB);
    bench.vcpu.state.es.base = 0xd000_0000;
    bench.input(Size::Byte);
    assert_eq!((bench.bus.next, bench.vcpu.state.rip), (1, NEXT));
    let mut bench = Bench::new(&[0x6f]);
    bench.vcpu.state.ds.base = 0xd000_0000;
    bench.output(Size::Word);
    assert_eq!(bench.bus.written, [0xffff]);
}

#[test]
fn a_buffer_above_four_gibibytes_that_is_not_ram_floats() {
    const CR4_PSE: u64 = 1 << 4;
    let mut bench = Bench::new(INSB);
    // A page of 4 MiB for the code, and one at 4 GiB.
    bench.ram.write(Gpa(0x1000), &[0x83, 0, 0, 0, 0x83, 0x20, 0, 0]).unwrap();
    let state = &mut bench.vcpu.state;
    (state.cr0, state.cr3, state.cr4) = (CR0_PE | CR0_PG, 0x1000, CR4_PSE);
    state.es.base = 0x40_0010;
    bench.input(Size::Byte);
    assert_eq!((bench.bus.next, bench.vcpu.state.rip), (1, NEXT));
}

#[test]
fn other_code_at_rip_stops_the_vm() {
    let mut bench = Bench::new(&[0x90]);
    assert!(matches!(bench.input(Size::Byte).outcome, Outcome::Stop(StopReason::Unsupported(_))));
}

proptest! {
    /// In any state whatever, an exit ends and does not panic.
    #[test]
    fn no_state_does_harm(
        code in prop::collection::vec(prop::sample::select(&[0x26_u8, 0x36, 0x64, 0x67, 0xf3, 0x48, 0x6c, 0x6f][..]), 1..8),
        (cr0, cr3, cr4, efer) in any::<(u64, u64, u64, u64)>(),
        (rcx, rsi, rdi, rip) in any::<(u64, u64, u64, u64)>(),
        (attributes, limit, base) in any::<(u16, u32, u64)>(),
        near in any::<bool>(),
        out in any::<bool>(),
    ) {
        let mut bench = Bench::new(&code);
        let segment = Segment { selector: 0, attributes, limit, base };
        let state = &mut bench.vcpu.state;
        (state.cr4, state.efer, state.rflags) = (cr4, efer, cr3);
        if !near {
            (state.cr0, state.cr3, state.rip, state.cs) = (cr0, cr3 & 0xf_ffff, rip, segment);
        }
        (state.ds, state.es) = (segment, segment);
        (state.gprs.rcx, state.gprs.rsi, state.gprs.rdi) = (rcx, rsi, rdi);
        let direction = if out { Direction::Out } else { Direction::In };
        let handled = bench.run(direction, Size::Dword);
        prop_assert!(bench.bus.written.len() <= MAX_ELEMENTS as usize);
        prop_assert!(handled.outcome != Outcome::Halt);
    }

    /// Elements that are moved at once end as those that are stepped one by one: memory, registers, what the device saw.
    #[test]
    fn many_elements_at_once_are_as_many_one_by_one(
        (count, index) in (0_u64..700, prop_oneof![0_u64..0x2000, 0xfd00_u64..0x1_0000]),
        limit in prop_oneof![Just(u32::MAX), Just(0xffff), 0x1000_u32..0x2000],
        base in prop_oneof![0x2_0000_u64..0x4_0000, 0x9_f000_u64..0xb_8100, 0xf_e000_u64..0x10_0000],
        size in prop::sample::select(&[Size::Byte, Size::Word, Size::Dword][..]),
        (down, out, transfer) in any::<(bool, bool, bool)>(),
    ) {
        let (bytes, direction): (&[u8], _) = match (out, size) {
            (false, Size::Byte) => (&[0xf3, 0x6c], Direction::In),
            (false, Size::Word) => (&[0xf3, 0x6d], Direction::In),
            (false, Size::Dword) => (&[0xf3, 0x66, 0x6d], Direction::In),
            (true, Size::Byte) => (&[0xf3, 0x6e], Direction::Out),
            (true, Size::Word) => (&[0xf3, 0x6f], Direction::Out),
            (true, Size::Dword) => (&[0xf3, 0x66, 0x6f], Direction::Out),
        };
        let end = |step: u64| {
            let mut bench = Bench::new(bytes);
            let segment = Segment { selector: 0, attributes: 0x93, limit, base };
            (bench.vcpu.state.ds, bench.vcpu.state.es) = (segment, segment);
            bench.vcpu.state.rflags = step | if down { RFLAGS_DF } else { 0 };
            bench.bus.effects.transfer = transfer;
            let gprs = bench.gprs();
            (gprs.rcx, gprs.rsi, gprs.rdi) = (count, index, index);
            for _ in 0..=count {
                bench.run(direction, size);
                if bench.vcpu.injected.is_some() || bench.vcpu.state.rip == NEXT {
                    break;
                }
            }
            let memory = [bench.ram.peek(0x1_0000, 0x9_0000), bench.ram.peek(0xc_0000, 0x4_0000)];
            let Gprs { rcx, rsi, rdi, .. } = *bench.gprs();
            let Counter { next, written, screen, .. } = bench.bus;
            ((rcx, rsi, rdi, bench.vcpu.injected), (next, written, screen), memory)
        };
        let (at_once, stepped) = (end(0), end(RFLAGS_TF));
        prop_assert_eq!(at_once.0, stepped.0);
        prop_assert_eq!(&at_once.1, &stepped.1);
        prop_assert!(at_once.2 == stepped.2, "memory differs");
    }
}
