//! PUSH, POP, LEAVE, CALL, JMP and RET.

use super::*;

#[test]
fn push_and_pop_in_all_modes() {
    // PUSH [BX] and POP [BX] with ES, and their sizes.
    let cases: &[(Mode, &[u8], &[u8], OperandSize)] = &[
        (Mode::Bits16, &[0x26, 0xff, 0x37], &[0x26, 0x8f, 0x07], OperandSize::Word),
        (Mode::Bits16, &[0x26, 0x66, 0xff, 0x37], &[0x26, 0x66, 0x8f, 0x07], OperandSize::Dword),
        (Mode::Bits32, &[0xff, 0x33], &[0x8f, 0x03], OperandSize::Dword),
        (Mode::Bits32, &[0x66, 0xff, 0x33], &[0x66, 0x8f, 0x03], OperandSize::Word),
        (Mode::Bits64, &[0xff, 0x33], &[0x8f, 0x03], OperandSize::Qword),
        (Mode::Bits64, &[0x66, 0xff, 0x33], &[0x66, 0x8f, 0x03], OperandSize::Word),
    ];
    for &(mode, push, pop, size) in cases {
        let mut bench = Bench::new(mode);
        let bytes = size.bytes() as u64;
        let rsp = bench.vcpu.state.rsp;
        bench.gprs().rbx = if mode == Mode::Bits16 { 0x20 } else { DEVICE + 0x20 };
        bench.set(0x20, 0x8877_6655_4433_2211);
        bench.run(push);
        assert_eq!(bench.vcpu.state.rsp, rsp - bytes, "{mode:?}");
        assert_eq!(bench.ram(STACK - bytes) & size.mask(), 0x8877_6655_4433_2211 & size.mask());
        bench.set_ram(STACK - bytes, 0x0102_0304_0506_0708);
        bench.run(pop);
        assert_eq!(
            (bench.vcpu.state.rsp, bench.get(0x20) & size.mask()),
            (rsp, 0x0102_0304_0506_0708 & size.mask())
        );
        assert_eq!(bench.device.log.last().map(|access| access.1), Some(size.bytes()));
    }
}

#[test]
fn addresses_with_the_stack_pointer() {
    let mut bench = Bench::new(Mode::Bits64);
    bench.vcpu.state.rsp = DEVICE + 0x20;
    bench.set(0x20, 0x1111);
    // POP [RSP + 8]: the new stack pointer counts.
    bench.run(&[0x8f, 0x44, 0x24, 8]);
    assert_eq!((bench.get(0x30), bench.vcpu.state.rsp), (0x1111, DEVICE + 0x28));
    // PUSH [RSP + 8]: the old one.
    bench.run(&[0xff, 0x74, 0x24, 8]);
    assert_eq!((bench.get(0x20), bench.vcpu.state.rsp), (0x1111, DEVICE + 0x20));
}

#[test]
fn a_stack_of_16_bits_wraps() {
    let mut bench = Bench::new(Mode::Bits16);
    bench.vcpu.state.rsp = 0x1234_0000;
    bench.gprs().rbx = 0x20;
    bench.set(0x20, 0x5678);
    bench.run(&[0x26, 0xff, 0x37]);
    assert_eq!(bench.vcpu.state.rsp, 0x1234_fffe);
    assert_eq!(bench.ram(STACK - 0x8000 + 0xfffe) & 0xffff, 0x5678);
}

#[test]
fn a_fault_leaves_the_stack_pointer() {
    let mut bench = Bench::new(Mode::Bits64);
    bench.gprs().rbx = 0x1_0000_0000;
    bench.faults(&[0x8f, 0x03], Fault::PageFault { address: 0x1_0000_0000, error_code: 2 });
    bench.vcpu.state.rsp = 0x1_0000_0010;
    bench.gprs().rbx = DEVICE;
    bench.faults(&[0xff, 0x33], Fault::PageFault { address: 0x1_0000_0008, error_code: 2 });
}

/// A stack in the device, in each mode: SS:SP is at 40h of it.
fn on_device(mode: Mode) -> Bench {
    let mut bench = Bench::new(mode);
    if mode == Mode::Bits16 {
        bench.vcpu.state.ss.base = DEVICE;
        bench.vcpu.state.rsp = 0x40;
    } else {
        bench.vcpu.state.rsp = DEVICE + 0x40;
    }
    bench
}

const fn word(mode: Mode) -> u64 {
    match mode {
        Mode::Bits16 => 2,
        Mode::Bits32 => 4,
        Mode::Bits64 => 8,
    }
}

#[test]
fn a_stack_can_be_a_device() {
    for mode in MODES {
        let (mut bench, size) = (on_device(mode), word(mode) as usize);
        let rsp = bench.vcpu.state.rsp;
        bench.gprs().rax = 0x1122_3344_5566_7788;
        bench.run(&[0x50]); // PUSH AX
        bench.run(&[0x6a, 0xfe]); // PUSH -2
        let mask = u64::MAX >> (64 - 8 * size);
        assert_eq!(bench.get(0x40 - size) & mask, 0x1122_3344_5566_7788 & mask, "{mode:?}");
        assert_eq!(bench.get(0x40 - 2 * size) & mask, mask - 1);
        bench.run(&[0x59]); // POP CX
        bench.run(&[0x5a]); // POP DX
        assert_eq!((bench.gprs().rcx, bench.gprs().rdx), (mask - 1, 0x1122_3344_5566_7788 & mask));
        assert_eq!(bench.vcpu.state.rsp, rsp);
        bench.vcpu.state.fs.selector = 0x1234;
        bench.run(&[0x0f, 0xa0]); // PUSH FS
        assert_eq!(bench.get(0x40 - size) & mask, 0x1234);
        bench.vcpu.state.rsp = 0;
        bench.gprs().rbp = rsp - size as u64;
        bench.run(&[0xc9]); // LEAVE
        assert_eq!((bench.gprs().rbp, bench.vcpu.state.rsp), (0x1234, rsp));
        assert!(matches!(bench.emulate(&[0x9d]), Err(Refusal::Unsupported(..))), "POPF");
    }
}

#[test]
fn calls_on_such_a_stack_return() {
    for mode in MODES {
        let (mut bench, size) = (on_device(mode), word(mode));
        let rsp = bench.vcpu.state.rsp;
        let displacement = if mode == Mode::Bits16 { &[0xe8, 0, 1][..] } else { &[0xe8, 0, 1, 0, 0] };
        bench.emulate(displacement).unwrap();
        let next = CODE + displacement.len() as u64;
        assert_eq!((bench.vcpu.state.rip, bench.vcpu.state.rsp), (next + 0x100, rsp - size), "{mode:?}");
        bench.emulate(&[0xc2, 6, 0]).unwrap(); // RET 6
        assert_eq!((bench.vcpu.state.rip, bench.vcpu.state.rsp), (next, rsp + 6));
        assert_eq!(bench.vcpu.injected, None);
    }
}

#[test]
fn targets_come_from_device_memory() {
    for mode in MODES {
        let mut bench = Bench::new(mode);
        let (prefix, register) = if mode == Mode::Bits16 { (&[0x26][..], 7) } else { (&[][..], 3) };
        bench.gprs().rbx = if mode == Mode::Bits16 { 0x20 } else { DEVICE + 0x20 };
        bench.set(0x20, 0x9000);
        let rsp = bench.vcpu.state.rsp;
        let code = |extension: u8| [prefix, &[0xff, extension << 3 | register]].concat();
        bench.emulate(&code(4)).unwrap();
        assert_eq!((bench.vcpu.state.rip, bench.vcpu.state.rsp), (0x9000, rsp), "JMP");
        bench.emulate(&code(2)).unwrap();
        assert_eq!((bench.vcpu.state.rip, bench.vcpu.state.rsp), (0x9000, rsp - word(mode)), "CALL");
        let top = if mode == Mode::Bits16 { STACK - 2 } else { STACK - word(mode) };
        assert_eq!(bench.ram(top) & 0xffff, 0x9000 + code(2).len() as u64);
        bench.set(0x20, if mode == Mode::Bits64 { 1 << 47 } else { 0xffff_ffff });
        bench.vcpu.state.cs.limit = 0xffff - u32::from(mode == Mode::Bits16);
        bench.faults(&code(4), Fault::GeneralProtection);
        bench.faults(&code(2), Fault::GeneralProtection);
    }
}
