//! One case of each operation; the full comparison is with real execution, in tests/native.

use super::*;
use crate::emulate::{emulate, Done};
use crate::memory::{NotRam, RamLayout};
use bench::NOW;

const CF: u64 = 1;
const PF: u64 = 4;
const AF: u64 = 0x10;
const ZF: u64 = 0x40;
const SF: u64 = 0x80;
const OF: u64 = 0x800;
const FIXED: u64 = 2;

/// A device register of 32 bits at 20h, whose address RBX (in 16-bit code: ES:BX) has; ECX is the source.
fn bench(mode: Mode, value: u64, source: u64) -> Bench {
    let mut bench = Bench::new(mode);
    bench.gprs().rbx = if mode == Mode::Bits16 { 0x20 } else { DEVICE + 0x20 };
    bench.gprs().rcx = source;
    bench.set(0x20, value);
    bench
}

/// `code` for [BX] or [EBX] with operands of 32 bits.
fn encode(mode: Mode, opcode: &[u8], reg: u8, immediate: &[u8]) -> std::vec::Vec<u8> {
    let prefixes: &[u8] = if mode == Mode::Bits16 { &[0x26, 0x66] } else { &[] };
    let rm = if mode == Mode::Bits16 { 7 } else { 3 };
    [prefixes, opcode, &[reg << 3 | rm], immediate].concat()
}

#[test]
fn every_operation_in_every_mode() {
    const TOP: u64 = 0x8000_0000;
    // Opcode, reg field, immediate, value, source, flags before, result, flags after.
    type Case = (&'static [u8], u8, &'static [u8], u64, u64, u64, u64, u64);
    let cases: &[Case] = &[
        (&[0x01], 1, &[], 0xffff_ffff, 1, 0, 0, CF | PF | AF | ZF),
        (&[0x01], 1, &[], 0x7fff_ffff, 1, CF, TOP, PF | AF | SF | OF),
        (&[0x11], 1, &[], 1, 1, CF, 3, PF),
        (&[0x29], 1, &[], TOP, 1, 0, 0x7fff_ffff, PF | AF | OF),
        (&[0x19], 1, &[], 0, 0, CF, 0xffff_ffff, CF | PF | AF | SF),
        (&[0x21], 1, &[], 0xff00_00ff, 0x8000_000f, CF | AF | OF, 0x8000_000f, PF | SF),
        (&[0x09], 1, &[], 0xf0, 0x0e, CF, 0xfe, 0),
        (&[0x31], 1, &[], 0x55, 0x55, 0, 0, PF | ZF),
        (&[0x39], 1, &[], 1, 2, 0, 1, CF | PF | AF | SF),
        (&[0x85], 1, &[], 0x10, 0x10, CF, 0x10, 0),
        (&[0x83], 5, &[0xff], 5, 0, 0, 6, CF | PF | AF),
        (&[0x81], 4, &[0, 0xff, 0, 0], 0x1234, 0, 0, 0x1200, PF),
        (&[0xf7], 0, &[1, 0, 0, 0], 2, 0, 0, 2, PF | ZF),
        (&[0xff], 0, &[], 0xffff_ffff, 0, CF, 0, CF | PF | AF | ZF),
        (&[0xff], 1, &[], TOP, 0, 0, 0x7fff_ffff, PF | AF | OF),
        (&[0xf7], 2, &[], 0xf, 0, CF | ZF, 0xffff_fff0, CF | ZF),
        (&[0xf7], 3, &[], 1, 0, 0, 0xffff_ffff, CF | PF | AF | SF),
        (&[0xf7], 3, &[], 0, 0, CF, 0, PF | ZF),
        (&[0x0f, 0xba], 4, &[33], 2, 0, ZF | OF, 2, CF | ZF | OF),
        (&[0x0f, 0xba], 5, &[4], 0, 0, CF | SF, 0x10, SF),
        (&[0x0f, 0xba], 6, &[4], 0x10, 0, 0, 0, CF),
        (&[0x0f, 0xba], 7, &[31], TOP, 0, 0, 0, CF),
    ];
    for mode in MODES {
        for &(opcode, reg, immediate, value, source, before, result, after) in cases {
            let mut bench = bench(mode, value | 0xee << 32, source);
            bench.vcpu.state.rflags = FIXED | before;
            let code = encode(mode, opcode, reg, immediate);
            bench.run(&code);
            assert_eq!(bench.get(0x20), result | 0xee << 32, "{mode:?} {code:x?}");
            assert_eq!(bench.vcpu.state.rflags, FIXED | after, "{mode:?} {code:x?}");
            assert_eq!(bench.gprs().rcx, source);
        }
    }
}

#[test]
fn a_device_can_be_the_source() {
    for mode in MODES {
        let mut bench = bench(mode, 5, 0x1111_1111_0000_0007);
        bench.run(&encode(mode, &[0x2b], 1, &[]));
        assert_eq!((bench.gprs().rcx, bench.device.log.len()), (2, 1), "SUB ECX, [EBX]");
    }
}

#[test]
fn comparisons_do_not_write() {
    for (opcode, reg) in [(&[0x39][..], 1), (&[0x85], 1), (&[0x0f, 0xa3], 1)] {
        let mut bench = bench(Mode::Bits64, 5, 3);
        bench.run(&encode(Mode::Bits64, opcode, reg, &[]));
        assert_eq!(bench.device.log, [(0x20, 4, None)]);
    }
}

#[test]
fn exchanges() {
    for mode in MODES {
        let mut swapped = bench(mode, 0x1234_5678, 0xffff_0000_aabb_ccdd);
        swapped.run(&encode(mode, &[0x87], 1, &[]));
        assert_eq!((swapped.get(0x20), swapped.gprs().rcx), (0xaabb_ccdd, 0x1234_5678));
        assert_eq!(swapped.vcpu.state.rflags, FIXED);
        // CMPXCHG [EBX], ECX
        let code = encode(mode, &[0x0f, 0xb1], 1, &[]);
        let mut equal = bench(mode, 7, 9);
        equal.gprs().rax = 0xff_0000_0007;
        equal.run(&code);
        assert_eq!((equal.get(0x20), equal.gprs().rax), (9, 0xff_0000_0007));
        assert_eq!(equal.vcpu.state.rflags, FIXED | ZF | PF);
        let mut other = bench(mode, 7, 9);
        other.gprs().rax = 0xff_0000_0008;
        other.run(&code);
        assert_eq!((other.get(0x20), other.gprs().rax), (7, 7));
        assert_eq!(other.vcpu.state.rflags, FIXED);
        assert_eq!(other.device.log.last(), Some(&(0x20, 4, Some(7))), "written back");
        // XADD [EBX], ECX
        let mut sum = bench(mode, 7, 9);
        sum.run(&encode(mode, &[0x0f, 0xc1], 1, &[]));
        assert_eq!((sum.get(0x20), sum.gprs().rcx), (16, 7));
    }
}

#[test]
fn a_lock_prefix_changes_nothing() {
    let mut bench = bench(Mode::Bits64, 1, 2);
    bench.run(&[0xf0, 0x01, 0x0b]);
    assert_eq!(bench.get(0x20), 3);
}

#[test]
fn bits_in_registers_reach_around_the_operand() {
    // Number of the bit, offset of its unit, and the bit there.
    for (number, offset, bit) in
        [(0_i32, 0x20, 0), (37, 0x24, 5), (-1, 0x1c, 31), (-33, 0x18, 31), (1000, 0x9c, 8)]
    {
        for mode in MODES {
            let mut bench = bench(mode, 0, u64::from(number.cast_unsigned()));
            bench.run(&encode(mode, &[0x0f, 0xab], 1, &[]));
            assert_eq!(bench.device.log.last(), Some(&(offset, 4, Some(1 << bit))), "{number}");
        }
    }
    // Around 64 KiB, where nothing is.
    let mut around = bench(Mode::Bits16, 0, 0xfe00);
    around.run(&[0x26, 0x0f, 0xab, 0x0f]);
    assert_eq!(around.device.log, []);
    // BTS [RBX], RCX with 64 bits, and 16-bit numbers of 16-bit operands.
    let mut wide = bench(Mode::Bits64, 0, (-65_i64).cast_unsigned());
    wide.run(&[0x48, 0x0f, 0xab, 0x0b]);
    assert_eq!(wide.device.log.last(), Some(&(0x10, 8, Some(1 << 63))));
    let mut narrow = bench(Mode::Bits64, 0, 0x1_fff0);
    narrow.run(&[0x66, 0x0f, 0xab, 0x0b]);
    assert_eq!(narrow.device.log.last(), Some(&(0x1e, 2, Some(1))));
}

/// RAM of which another CPU changes each operand right before it is replaced.
struct Busy<'a>(&'a crate::memory::test_ram::TestRam);

impl GuestMemory for Busy<'_> {
    fn layout(&self) -> RamLayout {
        self.0.layout()
    }
    fn read(&self, gpa: Gpa, buffer: &mut [u8]) -> Result<(), NotRam> {
        self.0.read(gpa, buffer)
    }
    fn write(&self, gpa: Gpa, bytes: &[u8]) -> Result<(), NotRam> {
        self.0.write(gpa, bytes)
    }
    fn compare_exchange(&self, gpa: Gpa, size: OperandSize, _old: u64, _new: u64) -> Result<bool, NotRam> {
        let bytes = size.bytes();
        gpa.0.is_multiple_of(bytes as u64).then_some(false).ok_or(NotRam { gpa, bytes })
    }
}

#[test]
fn locked_operands_in_ram_change_in_one_step_or_not_at_all() {
    let fault = MemoryFault { gpa: Gpa(DEVICE), access: Access::Write };
    // LOCK ADD [RBX], ECX; XCHG; LOCK CMPXCHG; LOCK XADD; LOCK INC; LOCK BTS.
    for code in [
        &[0xf0, 0x01, 0x0b][..],
        &[0x87, 0x0b],
        &[0xf0, 0x0f, 0xb1, 0x0b],
        &[0xf0, 0x0f, 0xc1, 0x0b],
        &[0xf0, 0xff, 0x03],
        &[0xf0, 0x0f, 0xab, 0x0b],
    ] {
        let mut bench = Bench::new(Mode::Bits32);
        bench.gprs().rbx = RAM;
        bench.gprs().rcx = 1;
        bench.ram.write(Gpa(CODE), code).unwrap();
        let before = bench.vcpu.state;
        let done = emulate(fault, &mut bench.vcpu, 40, &mut bench.device, &Busy(&bench.ram), NOW);
        assert_eq!((done, bench.vcpu.state, bench.ram(RAM)), (Ok(Done::default()), before, 0), "{code:x?}");
        // Alone, it is done.
        bench.run(code);
        // Without alignment, nothing is promised.
        bench.vcpu.state.rip = CODE;
        bench.gprs().rbx = RAM + 1;
        emulate(fault, &mut bench.vcpu, 40, &mut bench.device, &Busy(&bench.ram), NOW).unwrap();
        assert_eq!(bench.vcpu.state.rip, CODE + code.len() as u64);
    }
}
