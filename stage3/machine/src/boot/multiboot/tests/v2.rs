//! Version 2: header tags and boot information tags.

use super::*;

/// The tags of the boot information: type, and content.
fn tags(ram: &TestRam, info: u64) -> Vec<(u32, Vec<u8>)> {
    let end = info + u64::from(word(ram, info));
    let mut at = info + 8;
    let mut tags = Vec::new();
    while at < end {
        let size = word(ram, at + 4);
        tags.push((word(ram, at), ram.peek(at + 8, size as usize - 8)));
        at = (at + u64::from(size)).next_multiple_of(8);
    }
    assert_eq!((at, tags.last()), (end, Some(&(0, vec![]))));
    tags
}

#[test]
fn the_header_is_searched_in_32_kib() {
    let found = |at: usize| {
        let base = BASE + at as u32;
        let mut file = vec![0; at];
        file.extend(v2_header(&[(2, 0, &[base, u32::MAX, 0, 0]), (3, 0, &[base])]));
        file.resize(40_000, 0);
        load_alone(&file).map(|(state, ram)| (state.rip, word(&ram, base.into())))
    };
    assert_eq!(found(8), Ok((u64::from(BASE) + 8, 0xe852_50d6)), "from the start of the file");
    assert_eq!(found(32768 - 64), Ok((u64::from(BASE) + 32704, 0xe852_50d6)));
    assert_eq!(found(32768 - 56), Err(MultibootError::BadTag(0)));
    assert_eq!(found(12), Err(MultibootError::NoHeader { compressed: false }), "not aligned");
    let mut wrong_sum = v2_kernel(&[]);
    wrong_sum[12] ^= 1;
    assert_eq!(error(&wrong_sum), MultibootError::NoHeader { compressed: false });
    let mut mips = v2_kernel(&[]);
    (mips[4], mips[12]) = (4, mips[12] - 4);
    assert_eq!(error(&mips), MultibootError::Architecture(4));
}

#[test]
fn what_is_missing_is_refused_if_it_is_a_demand() {
    let with = |kind, flags, content: &[u32]| load_alone(&v2_kernel(&[(kind, flags, content)])).map(|_| ());
    assert_eq!(with(1, 0, &[1, 2, 3, 4, 6, 9, 14, 15, 21]), Ok(()));
    assert_eq!(with(1, 0, &[1, 8]), Err(MultibootError::Request(8)));
    assert_eq!(with(1, 1, &[1, 8]), Ok(()));
    assert_eq!(with(5, 0, &[80, 25, 0]), Err(MultibootError::Tag(5)));
    assert_eq!(with(5, 1, &[80, 25, 0]), Ok(()));
    assert_eq!(with(4, 0, &[3]), Err(MultibootError::Tag(4)), "no console, no kernel");
    assert_eq!(with(4, 0, &[2]), Ok(()));
    assert_eq!(with(4, 1, &[3]), Ok(()));
    assert_eq!(with(6, 0, &[]), Ok(()));
    assert_eq!(with(7, 0, &[]), Ok(()));
    assert_eq!(with(9, 0, &[0]), Ok(()));
    assert_eq!(with(99, 0, &[]), Err(MultibootError::Tag(99)));
    assert_eq!(with(99, 1, &[]), Ok(()));
}

#[test]
fn broken_tags_are_named() {
    let with = |kind, content: &[u32]| load_alone(&v2_kernel(&[(kind, 0, content)])).map(|_| ());
    assert_eq!(with(2, &[BASE; 3]), Err(MultibootError::BadTag(2)));
    assert_eq!(with(3, &[]), Err(MultibootError::BadTag(3)));
    assert_eq!(with(4, &[]), Err(MultibootError::BadTag(4)));
    assert_eq!(with(10, &[0; 3]), Err(MultibootError::BadTag(10)));
    let mut file = v2_kernel(&[]);
    // The size of the first tag.
    for (size, expected) in [(7, 2), (255, 2), (0, 2)] {
        file[20] = size;
        assert_eq!(error(&file), MultibootError::BadTag(expected));
    }
    let alone = v2_header(&[(2, 0, &[BASE, BASE, 0, 0])]);
    assert_eq!(error(&alone), MultibootError::BadAddresses("there is no entry address with them"));
    assert_eq!(error(&v2_header(&[])), MultibootError::NotElf);
}

#[test]
fn a_relocatable_kernel_goes_where_it_likes_to() {
    let at = |tag: [u32; 4]| {
        let (state, ram) = load_alone(&v2_kernel(&[(10, 0, &tag)]))?;
        let base = tags(&ram, state.gprs.rbx).into_iter().find(|(kind, _)| *kind == 21).unwrap().1;
        let base = u32::from_le_bytes(base.try_into().unwrap());
        assert_eq!(state.rip, u64::from(base) + 250);
        assert_eq!(word(&ram, base.into()), 0xe852_50d6);
        Ok(base)
    };
    assert_eq!(at([0, u32::MAX, 4096, 0]), Ok(BASE), "where it was made for");
    assert_eq!(at([0, u32::MAX, 4096, 1]), Ok(0x10_0000));
    assert_eq!(at([0, u32::MAX, 4096, 2]), Ok(0xff_f000));
    assert_eq!(at([0x50_0001, u32::MAX, 0x1000, 0]), Ok(0x50_1000));
    assert_eq!(at([0, 0x30_0000, 0, 2]), Ok(0x2f_ff00));
    let none = Err(MultibootError::NoPlace { bytes: 256 });
    assert_eq!(at([0x100_0000, u32::MAX, 1, 1]), none);
    assert_eq!(at([0x20_0000, 0x20_00ff, 1, 2]), none);
    assert_eq!(at([0, u32::MAX, u32::MAX, 0]), none);
}

#[test]
fn the_boot_information_has_all_that_there_is() {
    let ram = ram(16);
    let kernel = v2_kernel(&[]);
    let modules = [Module { bytes: &[1; 10], args: "one" }, Module { bytes: &[2; 20], args: "" }];
    let guest = Guest { kernel: &kernel, cmdline: "a b=c", modules: &modules };
    let state = load(&guest, &acpi(), &ram).unwrap();
    assert_eq!((state.gprs.rax, state.gprs.rbx % 8), (0x36d7_6289, 0));
    let tags = tags(&ram, state.gprs.rbx);
    let kinds: Vec<_> = tags.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [1, 2, 3, 3, 4, 6, 14, 15, 21, 0]);
    assert_eq!(tags[0].1, b"a b=c\0");
    assert_eq!(tags[1].1, b"pxHV\0");
    assert_eq!(tags[2].1, [words(&[BASE + 0x1000, BASE + 0x100a]), b"one\0".to_vec()].concat());
    assert_eq!(tags[3].1, [words(&[BASE + 0x2000, BASE + 0x2014]), vec![0]].concat());
    assert_eq!(tags[4].1, words(&[639, 15 * 1024]));
    let map = [
        [24, 0, 0, 0, 0x9_fc00, 0, 1, 0].as_slice(),
        &[0x9_fc00, 0, 0x400, 0, 2, 0],
        &[0xe_0000, 0, 0x2_0000, 0, 2, 0],
        &[0x10_0000, 0, 0xf0_0000, 0, 1, 0],
    ];
    assert_eq!(tags[5].1, words(&map.concat()));
    // The copies are whole: their checksums hold.
    let sum = |bytes: &[u8]| bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    assert_eq!((tags[6].1.len(), sum(&tags[6].1)), (20, 0));
    assert_eq!((tags[7].1.len(), sum(&tags[7].1)), (36, 0));
    assert!(tags[7].1.starts_with(b"RSD PTR "));
    assert_eq!(tags[8].1, words(&[BASE]));
}
