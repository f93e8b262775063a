//! Version 1: header, addresses, boot information.

use super::*;

#[test]
fn the_header_is_searched_in_8_kib() {
    let found = |at: usize| {
        let mut file = vec![0; at];
        let base = BASE + at as u32;
        file.extend(v1_header(1 << 16, &[base, BASE, 0, 0, base]));
        file.resize(10_000, 0);
        load_alone(&file).map(|(state, _)| state.rip)
    };
    assert_eq!(found(4), Ok(u64::from(BASE) + 4));
    assert_eq!(found(8192 - 32), Ok(u64::from(BASE) + 8160));
    assert_eq!(found(8192 - 28), Err(MultibootError::BadAddresses("the header is cut off")));
    assert_eq!(found(8192 - 8), Err(MultibootError::NoHeader { compressed: false }));
    assert_eq!(found(6), Err(MultibootError::NoHeader { compressed: false }), "not aligned");
    let mut wrong_sum = v1_kernel();
    wrong_sum[8] ^= 1;
    assert_eq!(error(&wrong_sum), MultibootError::NoHeader { compressed: false });
    assert_eq!(error(&[0x1f, 0x8b, 8, 0]), MultibootError::NoHeader { compressed: true });
}

#[test]
fn unknown_features_are_refused_if_they_are_demands() {
    let with = |flags: u32| {
        let mut file = v1_header(1 << 16 | flags, &[BASE, BASE, 0, 0, BASE]);
        file.resize(100, 0);
        load_alone(&file).map(|_| ())
    };
    assert_eq!(with(0b111), Ok(()));
    assert_eq!(with(0xfffe_0000), Ok(()), "the upper half is optional");
    assert_eq!(with(0b1001), Err(MultibootError::Flags(0b1000)));
    assert_eq!(with(1 << 15), Err(MultibootError::Flags(1 << 15)));
}

#[test]
fn addresses_say_what_is_loaded() {
    // 16 bytes before the header stay away, the file's last 40 too, and zeros follow.
    let mut file = vec![0xaa; 32];
    file.extend(v1_header(1 << 16, &[BASE + 16, BASE, BASE + 200, BASE + 300, BASE + 299]));
    file.resize(256, 0x90);
    let ram = ram(16);
    ram.write(Gpa(u64::from(BASE) + 199), &[0, 0]).unwrap();
    let modules = [Module { bytes: &[5], args: "" }];
    let state = load(&Guest { kernel: &file, cmdline: "", modules: &modules }, &acpi(), &ram).unwrap();
    assert_eq!(state.rip, u64::from(BASE) + 299);
    assert_eq!(ram.peek(BASE.into(), 200), file[16..216]);
    assert_eq!(ram.peek(u64::from(BASE) + 200, 100), [0; 100]);
    // No end: all of the file.
    let (_, ram) = load_alone(&v1_file([BASE, BASE, 0, 0, BASE])).unwrap();
    assert_eq!(ram.peek(u64::from(BASE) + 32, 225), [&[0x90; 224][..], &[0]].concat());
}

#[test]
fn addresses_that_contradict_each_other_are_refused() {
    let bad = |addresses| match error(&v1_file(addresses)) {
        MultibootError::BadAddresses(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert!(bad([BASE, BASE + 4, 0, 0, BASE]).contains("above the header's"));
    assert!(bad([BASE, BASE - 4, 0, 0, BASE]).contains("before the start of the file"));
    assert!(bad([BASE, BASE, BASE - 1, 0, BASE]).contains("below the load address"));
    assert!(bad([BASE, BASE, BASE + 100, BASE + 99, BASE]).contains("end of the zeros"));
    let cut = MultibootError::Truncated { needed: 257, found: 256 };
    assert_eq!(error(&v1_file([BASE, BASE, BASE + 257, 0, BASE])), cut);
    for entry in [BASE - 1, BASE + 256, 0] {
        let outside = MultibootError::EntryOutside(entry.into());
        assert_eq!(error(&v1_file([BASE, BASE, 0, 0, entry])), outside);
    }
}

#[test]
fn a_kernel_does_not_cover_what_is_not_memory() {
    for start in [0x9_fb01_u32, 0xa_0000, 0xe_0000, 0xf_ff01, 0xff_ff01, u32::MAX - 255] {
        let outside = MultibootError::OutsideMemory {
            start: start.into(),
            end: u64::from(start) + 256,
            low_end: 16 * MIB,
        };
        assert_eq!(error(&v1_file([start, start, 0, 0, start])), outside);
    }
    for start in [0, 0x9000, 0x9_fb00, 0x10_0000, 0xff_ff00] {
        let (state, ram) = load_alone(&v1_file([start, start, 0, 0, start])).unwrap();
        // The loader's own things keep away from it.
        assert_eq!(ram.peek(state.rip + 32, 224), [0x90; 224], "{start:#x}");
        assert_eq!(text(&ram, word(&ram, state.gprs.rbx + 64).into()), "pxHV");
    }
}

#[test]
fn the_boot_information_has_all_that_there_is() {
    let ram = ram(16);
    let kernel = v1_kernel();
    let state = load(&Guest { kernel: &kernel, cmdline: "a b=c", modules: &[] }, &acpi(), &ram).unwrap();
    let info = state.gprs.rbx;
    let field = |offset| word(&ram, info + offset);
    assert_eq!(field(0), 0b10_0100_1101, "memory, command line, modules, map, loader's name");
    assert_eq!((field(4), field(8)), (639, 15 * 1024));
    assert_eq!((field(20), field(12), field(28)), (0, 0, 0), "no modules, boot device, sections");
    assert_eq!(text(&ram, field(16).into()), "a b=c");
    assert_eq!(text(&ram, field(64).into()), "pxHV");
    let (start, length) = (u64::from(field(48)), u64::from(field(44)));
    let ranges: Vec<_> = (start..start + length)
        .step_by(24)
        .map(|at| [0, 4, 8, 12, 16, 20].map(|offset| word(&ram, at + offset)))
        .collect();
    let expected = [
        [20, 0, 0, 0x9_fc00, 0, 1],
        [20, 0x9_fc00, 0, 0x400, 0, 2],
        [20, 0xe_0000, 0, 0x2_0000, 0, 2],
        [20, 0x10_0000, 0, 0xf0_0000, 0, 1],
    ];
    assert_eq!(ranges, expected);
}
