//! Exceptions for the guest, and refusals.

use super::*;
use crate::vcpu::{SEGMENT_BIG, SEGMENT_GRANULAR};
use std::string::ToString;

const LOAD: &[u8] = &[0x8b, 0x03];
const STORE: &[u8] = &[0x89, 0x03];

#[test]
fn limits_and_types_of_segments() {
    let mut bench = Bench::new(Mode::Bits32);
    bench.vcpu.state.ds.limit = DEVICE as u32 + 2;
    bench.gprs().rbx = DEVICE;
    bench.faults(LOAD, Fault::GeneralProtection);
    bench.run(&[0x66, 0x8b, 0x03]);
    bench.vcpu.state.ds.attributes = 0x91 | SEGMENT_BIG | SEGMENT_GRANULAR;
    bench.run(&[0x8a, 0x03]);
    bench.faults(&[0x88, 0x03], Fault::GeneralProtection);
    bench.vcpu.state.ss.limit = 0xfff;
    bench.gprs().rbp = DEVICE;
    bench.faults(&[0x8b, 0x45, 0], Fault::StackSegment);
}

#[test]
fn addresses_that_are_not_canonical() {
    let mut bench = Bench::new(Mode::Bits64);
    bench.gprs().rbx = 1 << 47;
    bench.gprs().rbp = 1 << 47;
    bench.faults(LOAD, Fault::GeneralProtection);
    bench.faults(&[0x8b, 0x45, 0], Fault::StackSegment);
    bench.faults(&[0x3e, 0x8b, 0x45, 0], Fault::StackSegment);
    bench.faults(&[0x36, 0x8b, 0x03], Fault::GeneralProtection);
}

#[test]
fn page_faults_of_operands_come_before_any_access() {
    let mut bench = Bench::new(Mode::Bits64);
    bench.gprs().rbx = 0x1_2345_6789;
    bench.faults(LOAD, Fault::PageFault { address: 0x1_2345_6789, error_code: 0 });
    bench.faults(STORE, Fault::PageFault { address: 0x1_2345_6789, error_code: 2 });
    // ADD [RBX], EAX is a write; MOVS reads the device only when its target is fine.
    bench.faults(&[0x01, 0x03], Fault::PageFault { address: 0x1_2345_6789, error_code: 2 });
    bench.gprs().rsi = DEVICE;
    bench.gprs().rdi = 0x1_0000_0ffd;
    bench.faults(&[0xa5], Fault::PageFault { address: 0x1_0000_0ffd, error_code: 2 });
    bench.vcpu.cpl = 3;
    bench.faults(LOAD, Fault::PageFault { address: 0x1_2345_6789, error_code: 4 });
    assert_eq!(bench.device.log, []);
}

#[test]
fn instructions_cross_pages() {
    let mut bench = Bench::new(Mode::Bits64);
    bench.set_ram(0x2008, 0x3007);
    bench.set_ram(0x3000, 0x4007);
    bench.set_ram(0x4000, 0x9007);
    bench.set_ram(0x4008, 0xb007);
    bench.gprs().rbx = DEVICE;
    bench.vcpu.state.rip = 0x4000_0fff;
    bench.ram.write(Gpa(0x9fff), &LOAD[..1]).unwrap();
    bench.ram.write(Gpa(0xb000), &LOAD[1..]).unwrap();
    bench.again().unwrap();
    assert_eq!((bench.vcpu.state.rip, bench.device.log.len()), (0x4000_1001, 1));
    // Without the second page, what needs it faults, and what doesn't, doesn't.
    bench.set_ram(0x4008, 0);
    bench.vcpu.state.rip = 0x4000_0fff;
    bench.again().unwrap();
    let missing = Fault::PageFault { address: 0x4000_1000, error_code: 0 };
    assert_eq!(bench.vcpu.injected.take(), Some(Event::Fault(missing)));
    bench.vcpu.state.rip = 0x4000_0ffe;
    bench.ram.write(Gpa(0x9ffe), LOAD).unwrap();
    bench.again().unwrap();
    assert_eq!((bench.vcpu.injected, bench.vcpu.state.rip), (None, 0x4000_1000));
}

#[test]
fn instructions_end_within_the_limit_of_the_code_segment() {
    for (limit, fault) in [(CODE + 1, None), (CODE, Some(Event::Fault(Fault::GeneralProtection)))] {
        let mut bench = Bench::new(Mode::Bits32);
        bench.gprs().rbx = DEVICE;
        bench.vcpu.state.cs.limit = limit as u32;
        bench.emulate(LOAD).unwrap();
        assert_eq!(bench.vcpu.injected, fault);
    }
    let mut bench = Bench::new(Mode::Bits64);
    bench.vcpu.state.rip = 1 << 47;
    bench.again().unwrap();
    assert_eq!(bench.vcpu.injected, Some(Event::Fault(Fault::GeneralProtection)));
}

#[test]
fn instruction_pointers_have_32_bits_outside_of_64_bit_code() {
    // MOV EAX, [BX] with ES ends at the limit of 16-bit code: the next fetch faults.
    let mut bench = Bench::new(Mode::Bits16);
    bench.vcpu.state.rip = 0xfffd;
    bench.emulate(&[0x26, 0x8b, 0x07]).unwrap();
    assert_eq!(bench.vcpu.state.rip, 0x1_0000);
    let mut bench = Bench::new(Mode::Bits32);
    bench.gprs().rbx = DEVICE;
    bench.vcpu.state.cs.base = RAM;
    bench.vcpu.state.rip = 0xffff_fffe;
    bench.ram.write(Gpa(RAM - 2), LOAD).unwrap();
    bench.again().unwrap();
    assert_eq!((bench.vcpu.state.rip, bench.device.log.len()), (0, 1));
}

#[test]
fn what_is_not_emulated_is_named_with_its_bytes() {
    let mut bench = Bench::new(Mode::Bits64);
    bench.gprs().rbx = DEVICE;
    let before = bench.vcpu.state;
    // MOVAPS XMM0, [RBX]; CALL FAR [RBX]; FLD QWORD [RBX]; MOVSD XMM0, [RBX]; CPUID; VMOVAPS; LIDT; MOV DS, [RBX].
    for code in [
        &[0x0f, 0x28, 0x03][..],
        &[0xff, 0x1b],
        &[0xdd, 0x03],
        &[0xf2, 0x0f, 0x10, 0x03],
        &[0x0f, 0xa2],
        &[0xc5, 0xf8, 0x28, 0x03],
        &[0x0f, 0x01, 0x1b],
        &[0x8e, 0x1b],
    ] {
        let Err(refusal @ Refusal::Unsupported(_, bytes)) = bench.emulate(code) else { panic!("{code:x?}") };
        assert_eq!(bytes.as_slice().get(..code.len()), Some(code), "{refusal}");
    }
    assert_eq!(bench.vcpu.state, before);
    let text = bench.emulate(&[0x0f, 0x01, 0x1b]).unwrap_err().to_string();
    assert_eq!(
        text,
        "an instruction on device memory that pxHV does not emulate: lidt fword ptr [rbx] (0f 01 1b)"
    );
}

#[test]
fn a_delivery_that_needs_a_device_is_refused() {
    let mut bench = Bench::new(Mode::Bits64);
    bench.gprs().rbx = DEVICE;
    bench.vcpu.delivering = true;
    let fault = MemoryFault { gpa: Gpa(DEVICE), access: Access::Read };
    assert_eq!(bench.emulate(LOAD), Err(Refusal::Delivery(fault)));
}

/// A program at CPL 3 that asked for alignment checks.
fn strict(mode: Mode) -> Bench {
    const CR0_AM: u64 = 1 << 18;
    const RFLAGS_AC: u64 = 1 << 18;
    let mut bench = Bench::new(mode);
    bench.vcpu.cpl = 3;
    bench.vcpu.state.cr0 |= CR0_AM;
    bench.vcpu.state.rflags |= RFLAGS_AC;
    bench.gprs().rbx = DEVICE + 2;
    bench
}

#[test]
fn operands_of_programs_that_want_it_are_aligned() {
    for mode in [Mode::Bits32, Mode::Bits64] {
        let mut bench = strict(mode);
        bench.faults(LOAD, Fault::AlignmentCheck);
        bench.faults(STORE, Fault::AlignmentCheck);
        bench.run(&[0x66, 0x8b, 0x03]);
        bench.run(&[0x8a, 0x03]);
        bench.gprs().rbx = DEVICE + 4;
        bench.run(LOAD);
        // CMPXCHG8B
        bench.faults(&[0x0f, 0xc7, 0x0b], Fault::AlignmentCheck);
        // The same address without one of the three conditions.
        bench.gprs().rbx = DEVICE + 2;
        let strict = bench.vcpu.clone();
        bench.vcpu.cpl = 0;
        bench.run(LOAD);
        bench.vcpu = strict.clone();
        bench.vcpu.state.cr0 &= 0xffff;
        bench.vcpu.state.cr0 |= crate::vcpu::CR0_PG & strict.state.cr0;
        bench.run(LOAD);
        bench.vcpu = strict;
        bench.vcpu.state.rflags = 2;
        bench.run(LOAD);
    }
}

#[test]
fn limits_come_before_alignment_and_alignment_before_pages() {
    let mut bench = strict(Mode::Bits32);
    bench.vcpu.state.ds.limit = DEVICE as u32 + 4;
    bench.faults(LOAD, Fault::GeneralProtection);
    let mut bench = strict(Mode::Bits64);
    bench.gprs().rbx = 0x1_2345_6789;
    bench.faults(LOAD, Fault::AlignmentCheck);
}

#[test]
fn cmpxchg16b_is_always_aligned() {
    let mut bench = Bench::new(Mode::Bits64);
    bench.gprs().rbx = DEVICE + 8;
    bench.faults(&[0x48, 0x0f, 0xc7, 0x0b], Fault::GeneralProtection);
    bench.gprs().rbx = DEVICE + 16;
    bench.run(&[0x48, 0x0f, 0xc7, 0x0b]);
}

#[test]
fn quotients_fit() {
    let mut bench = Bench::new(Mode::Bits64);
    bench.gprs().rbx = DEVICE;
    // DIV and IDIV by zero, and DIV with a quotient of 33 bits.
    bench.faults(&[0xf7, 0x33], Fault::DivideError);
    bench.faults(&[0xf7, 0x3b], Fault::DivideError);
    bench.set(0, 2);
    bench.gprs().rdx = 2;
    bench.faults(&[0xf7, 0x33], Fault::DivideError);
    // IDIV of the lowest number by -1.
    bench.set(0, u64::MAX);
    bench.gprs().rax = 0x8000_0000;
    bench.gprs().rdx = 0xffff_ffff;
    bench.faults(&[0xf7, 0x3b], Fault::DivideError);
    bench.gprs().rax = 0x8000_0001;
    bench.run(&[0xf7, 0x3b]);
    assert_eq!((bench.gprs().rax, bench.gprs().rdx), (0x7fff_ffff, 0));
}
