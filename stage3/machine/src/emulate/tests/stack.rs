//! PUSH and POP.

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
