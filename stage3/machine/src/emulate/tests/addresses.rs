//! Where an operand is.

use super::*;

const VALUE: u64 = 0xaabb_ccdd_eeff_8081;

/// What `MOV EAX, operand` reads: `code` has the operand at DEVICE + 20h.
fn reads(bench: &mut Bench, code: &[u8]) {
    bench.set(0x20, VALUE);
    bench.device.log.clear();
    bench.run(code);
    assert_eq!(bench.gprs().rax & 0xffff, 0x8081, "{code:x?}");
    assert_eq!(bench.device.log.first().map(|access| access.0), Some(0x20));
}

#[test]
fn moffs_and_displacements_of_all_widths() {
    let d = [0x20, 0, 0xe0, 0xfe];
    let cases: &[(Mode, &[u8])] = &[
        (Mode::Bits16, &[0x26, 0xa1, 0x20, 0]),
        (Mode::Bits16, &[0x26, 0x67, 0xa1, 0x20, 0, 0, 0]),
        (Mode::Bits16, &[0x26, 0x8b, 0x06, 0x20, 0]),
        (Mode::Bits32, &[0xa1, d[0], d[1], d[2], d[3]]),
        (Mode::Bits32, &[0x8b, 0x05, d[0], d[1], d[2], d[3]]),
        (Mode::Bits64, &[0x48, 0xa1, d[0], d[1], d[2], d[3], 0, 0, 0, 0]),
        (Mode::Bits64, &[0x67, 0xa1, d[0], d[1], d[2], d[3]]),
        (Mode::Bits64, &[0x67, 0x8b, 0x04, 0x25, d[0], d[1], d[2], d[3]]),
    ];
    for &(mode, code) in cases {
        reads(&mut Bench::new(mode), code);
    }
    let mut bench = Bench::new(Mode::Bits32);
    bench.gprs().rax = 0x1122_3344;
    bench.run(&[0xa3, d[0], d[1], d[2], d[3]]);
    assert_eq!(bench.device.log, [(0x20, 4, Some(0x1122_3344))]);
}

#[test]
fn base_index_scale_and_displacement_add_up() {
    // MOV EAX, [RBX + R9 * 8 - 8]
    let mut bench = Bench::new(Mode::Bits64);
    bench.gprs().rbx = DEVICE;
    bench.gprs().r9 = 5;
    reads(&mut bench, &[0x42, 0x8b, 0x44, 0xcb, 0xf8]);
    // MOV EAX, [EBP + ESI * 4 + 100h]
    let mut bench = Bench::new(Mode::Bits32);
    bench.gprs().rbp = 0xdead_0000_fede_ff00;
    bench.gprs().rsi = 0xffff_ffff_0000_4008;
    reads(&mut bench, &[0x8b, 0x84, 0xb5, 0, 1, 0, 0]);
    // The same in 64-bit code with 67h
    let mut bench = Bench::new(Mode::Bits64);
    bench.gprs().rbp = 0xdead_0000_fede_ff00;
    bench.gprs().rsi = 0xffff_ffff_0000_4008;
    reads(&mut bench, &[0x67, 0x8b, 0x84, 0xb5, 0, 1, 0, 0]);
    // MOV AX, ES:[BX + SI - 20h], around 64 KiB
    let mut bench = Bench::new(Mode::Bits16);
    bench.gprs().rbx = 0xf_8000;
    bench.gprs().rsi = 0x8040;
    reads(&mut bench, &[0x26, 0x8b, 0x40, 0xe0]);
}

#[test]
fn addresses_relative_to_rip_count_from_the_next_instruction() {
    let target = i32::try_from(CODE + 6).unwrap();
    let distance = (DEVICE as i32).wrapping_add(0x20).wrapping_sub(target);
    let mut code = [0x8b, 0x05, 0, 0, 0, 0];
    code[2..].copy_from_slice(&distance.to_le_bytes());
    let mut bench = Bench::new(Mode::Bits64);
    // In 64 bits the displacement is negative, and the sum far away.
    bench.faults(&code, Fault::PageFault { address: 0xffff_ffff_fee0_0020, error_code: 0 });
    // MOV EAX, [EIP + distance]
    let distance = distance.wrapping_sub(1).to_le_bytes();
    let mut with_prefix = [0x67, 0x8b, 0x05, 0, 0, 0, 0];
    with_prefix[3..].copy_from_slice(&distance);
    reads(&mut bench, &with_prefix);
}

#[test]
fn segments_have_bases_and_64_bit_code_only_those_of_fs_and_gs() {
    let mut bench = Bench::new(Mode::Bits32);
    bench.vcpu.state.gs = bench.vcpu.state.ds;
    bench.vcpu.state.gs.base = DEVICE;
    bench.gprs().rbx = 0x20;
    reads(&mut bench, &[0x65, 0x8b, 0x03]);
    let mut bench = Bench::new(Mode::Bits64);
    bench.vcpu.state.fs.base = DEVICE;
    bench.vcpu.state.ds.base = 0x1_0000;
    bench.gprs().rbx = 0x20;
    reads(&mut bench, &[0x64, 0x8b, 0x03]);
    bench.gprs().rbx = DEVICE + 0x20;
    reads(&mut bench, &[0x8b, 0x03]);
    for prefix in [0x26, 0x2e, 0x36, 0x3e] {
        reads(&mut bench, &[prefix, 0x8b, 0x03]);
    }
}

#[test]
fn sixteen_bit_code_finds_its_stack_by_bp() {
    let mut bench = Bench::new(Mode::Bits16);
    bench.gprs().rbp = 0x10;
    bench.set_ram(STACK - 0x8000 + 0x10, 0x5678);
    bench.run(&[0x8b, 0x46, 0]);
    assert_eq!(bench.gprs().rax, 0x5678);
}

#[test]
fn prefixes_are_counted() {
    let count = |mode, code: &[u8]| {
        let bench = Bench::new(mode);
        bench.ram.write(Gpa(CODE), code).unwrap();
        crate::emulate::prefixes(&bench.vcpu, &bench.ram, 40)
    };
    for mode in MODES {
        assert_eq!(count(mode, &[0x0f, 0xa2]), 0, "CPUID");
        assert_eq!(count(mode, &[0xf4]), 0, "HLT");
        assert_eq!(count(mode, &[0x66, 0x26, 0x0f, 0xa2]), 2);
        assert_eq!(
            count(mode, &[0xf3, 0x2e, 0x67, 0x64, 0xf2, 0xf0, 0x65, 0x36, 0x3e, 0x0f, 0x30]),
            9,
            "WRMSR"
        );
        assert_eq!(count(mode, &[0x66; 16]), 15, "too long");
    }
    assert_eq!(count(Mode::Bits64, &[0x2e, 0x48, 0x0f, 0x32]), 2, "RDMSR with REX");
    assert_eq!(count(Mode::Bits32, &[0x48, 0x0f, 0x32]), 0, "DEC EAX");
    let mut bench = Bench::new(Mode::Bits32);
    bench.vcpu.state.rip = DEVICE;
    assert_eq!(crate::emulate::prefixes(&bench.vcpu, &bench.ram, 40), 0, "not in RAM");
}
