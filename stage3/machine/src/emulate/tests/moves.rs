use super::*;

const OLD: u64 = 0x1122_3344_5566_7788;
const VALUE: u64 = 0xaabb_ccdd_eeff_8081;

/// A device register at 20h, whose address RBX (in 16-bit code: ES:BX) has.
fn bench(mode: Mode) -> Bench {
    let mut bench = Bench::new(mode);
    bench.gprs().rbx = if mode == Mode::Bits16 { 0x20 } else { DEVICE + 0x20 };
    bench.gprs().rax = OLD;
    bench.gprs().rcx = OLD;
    bench.set(0x20, VALUE);
    bench
}

#[test]
fn loads_merge_into_registers() {
    let cases: &[(Mode, &[u8], u64)] = &[
        (Mode::Bits16, &[0x26, 0x8a, 0x07], 0x1122_3344_5566_7781),
        (Mode::Bits16, &[0x26, 0x8a, 0x27], 0x1122_3344_5566_8188), // AH
        (Mode::Bits16, &[0x26, 0x8b, 0x07], 0x1122_3344_5566_8081),
        (Mode::Bits16, &[0x26, 0x66, 0x8b, 0x07], 0xeeff_8081),
        (Mode::Bits32, &[0x8a, 0x03], 0x1122_3344_5566_7781),
        (Mode::Bits32, &[0x8b, 0x03], 0xeeff_8081),
        (Mode::Bits32, &[0x66, 0x8b, 0x03], 0x1122_3344_5566_8081),
        (Mode::Bits64, &[0x8a, 0x23], 0x1122_3344_5566_8188), // AH
        (Mode::Bits64, &[0x8b, 0x03], 0xeeff_8081),
        (Mode::Bits64, &[0x48, 0x8b, 0x03], VALUE),
        (Mode::Bits64, &[0x66, 0x8b, 0x03], 0x1122_3344_5566_8081),
        // MOVZX and MOVSX.
        (Mode::Bits16, &[0x26, 0x0f, 0xb6, 0x07], 0x1122_3344_5566_0081),
        (Mode::Bits32, &[0x0f, 0xb6, 0x03], 0x81),
        (Mode::Bits32, &[0x0f, 0xbe, 0x03], 0xffff_ff81),
        (Mode::Bits32, &[0x0f, 0xbf, 0x03], 0xffff_8081),
        (Mode::Bits32, &[0x66, 0x0f, 0xbe, 0x03], 0x1122_3344_5566_ff81),
        (Mode::Bits64, &[0x0f, 0xb7, 0x03], 0x8081),
        (Mode::Bits64, &[0x48, 0x0f, 0xbe, 0x03], 0xffff_ffff_ffff_ff81),
        (Mode::Bits64, &[0x48, 0x63, 0x03], 0xffff_ffff_eeff_8081), // MOVSXD
    ];
    for &(mode, code, expected) in cases {
        let mut bench = bench(mode);
        bench.run(code);
        assert_eq!(bench.gprs().rax, expected, "{mode:?} {code:x?}");
        assert_eq!(bench.vcpu.state.rflags, 2);
        assert_eq!(bench.device.log.len(), 1);
    }
}

#[test]
fn stores_write_their_size() {
    let cases: &[(Mode, &[u8], usize, u64)] = &[
        (Mode::Bits16, &[0x26, 0x88, 0x2f], 1, 0x77), // CH
        (Mode::Bits16, &[0x26, 0x89, 0x0f], 2, 0x7788),
        (Mode::Bits16, &[0x26, 0xc7, 0x07, 0x34, 0x12], 2, 0x1234),
        (Mode::Bits16, &[0x26, 0x66, 0xc7, 0x07, 4, 3, 2, 1], 4, 0x0102_0304),
        (Mode::Bits32, &[0x88, 0x0b], 1, 0x88),
        (Mode::Bits32, &[0x89, 0x0b], 4, 0x5566_7788),
        (Mode::Bits32, &[0xc6, 0x03, 0xff], 1, 0xff),
        (Mode::Bits32, &[0xc7, 0x03, 4, 3, 2, 1], 4, 0x0102_0304),
        (Mode::Bits64, &[0x48, 0x89, 0x0b], 8, OLD),
        (Mode::Bits64, &[0x48, 0xc7, 0x03, 0xfe, 0xff, 0xff, 0xff], 8, 0xffff_ffff_ffff_fffe),
        (Mode::Bits64, &[0x66, 0xc7, 0x03, 0xfe, 0xff], 2, 0xfffe),
        (Mode::Bits64, &[0x0f, 0xc3, 0x0b], 4, 0x5566_7788), // MOVNTI
    ];
    for &(mode, code, size, expected) in cases {
        let mut bench = bench(mode);
        bench.run(code);
        assert_eq!(bench.device.log, [(0x20, size, Some(expected))], "{mode:?} {code:x?}");
    }
}

#[test]
fn selectors_are_stored_in_16_bits() {
    let mut bench = bench(Mode::Bits32);
    bench.vcpu.state.fs.selector = 0x1234;
    bench.run(&[0x8c, 0x23]);
    assert_eq!(bench.device.log, [(0x20, 2, Some(0x1234))]);
    assert!(matches!(bench.emulate(&[0x8e, 0x23]), Err(Refusal::Unsupported(..))), "MOV FS, [EBX]");
}
