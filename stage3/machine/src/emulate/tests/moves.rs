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

#[test]
fn bytes_are_swapped_and_translated() {
    let mut bench = bench(Mode::Bits64);
    bench.run(&[0x48, 0x0f, 0x38, 0xf0, 0x03]); // MOVBE RAX, [RBX]
    assert_eq!(bench.gprs().rax, VALUE.swap_bytes());
    bench.run(&[0x66, 0x0f, 0x38, 0xf1, 0x0b]); // MOVBE [RBX], CX
    assert_eq!(bench.get(0x20) & 0xffff, 0x8877);
    bench.gprs().rbx = DEVICE;
    bench.gprs().rax = 0xff20;
    bench.run(&[0xd7]); // XLAT
    assert_eq!(bench.gprs().rax, 0xff77);
    bench.device.log.clear();
    bench.run(&[0x0f, 0xae, 0x3b]); // CLFLUSH [RBX]
    assert_eq!(bench.device.log, []);
}

#[test]
fn conditions_are_those_of_the_manual() {
    const CF: u64 = 1;
    const PF: u64 = 4;
    const ZF: u64 = 0x40;
    const SF: u64 = 0x80;
    const OF: u64 = 0x800;
    // Flags with which a condition holds, and some with which it doesn't.
    type Condition = (u8, &'static [u64], &'static [u64]);
    let conditions: &[Condition] = &[
        (0, &[OF, OF | SF], &[0, SF]),
        (2, &[CF], &[0, ZF]),
        (4, &[ZF], &[0, CF]),
        (6, &[CF, ZF, CF | ZF], &[0, SF | OF]),
        (8, &[SF], &[0, OF]),
        (10, &[PF], &[0, CF]),
        (12, &[SF, OF], &[0, SF | OF, ZF]),
        (14, &[SF, OF, ZF, ZF | SF | OF], &[0, SF | OF]),
    ];
    for &(number, yes, no) in conditions {
        for (flags, holds) in
            yes.iter().map(|flags| (flags, true)).chain(no.iter().map(|flags| (flags, false)))
        {
            for opposite in [0, 1] {
                let mut bench = bench(Mode::Bits64);
                bench.vcpu.state.rflags |= flags;
                let expected = holds != (opposite == 1);
                bench.run(&[0x0f, 0x90 + number + opposite, 0x03]); // SETcc [RBX]
                assert_eq!(bench.device.log, [(0x20, 1, Some(expected.into()))], "{number} {flags:x}");
                bench.set(0x20, VALUE);
                bench.run(&[0x48, 0x0f, 0x40 + number + opposite, 0x03]); // CMOVcc RAX, [RBX]
                assert_eq!(bench.gprs().rax, if expected { VALUE } else { OLD });
                bench.run(&[0x0f, 0x40 + number + opposite, 0x0b]); // CMOVcc ECX, [RBX]
                assert_eq!(bench.gprs().rcx, if expected { VALUE } else { OLD } & 0xffff_ffff);
            }
        }
    }
}
