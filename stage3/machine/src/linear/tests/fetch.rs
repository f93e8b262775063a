//! The bytes at CS:RIP.

use super::*;

/// Where RAM of the bench ends.
const END: u64 = 0x20_0000;

fn fetch(bench: &Bench) -> Code {
    Linear::new(&bench.state, bench.cpl, 40, &bench.ram).fetch()
}

fn at(rip: u64, limit: u32) -> Bench {
    let mut bench = Bench::new();
    bench.state.cs = Segment { selector: 0, attributes: 0x9b, limit, base: 0x1_0000 };
    bench.state.rip = rip;
    for place in 0..0x200 {
        bench.ram.write(Gpa(0x1_0f00 + place), &[place as u8]).unwrap();
    }
    bench
}

#[test]
fn fifteen_bytes_or_up_to_the_limit() {
    let code = fetch(&at(0xffa, u32::MAX));
    let expected: std::vec::Vec<u8> = (0xfa..=0xff).chain(0..9).collect();
    assert_eq!((code.bytes(), code.end), (&expected[..], None), "across a page");
    let code = fetch(&at(0xf10, 0xf12));
    assert_eq!((code.bytes(), code.end), (&[0x10, 0x11, 0x12][..], GP.err()));
    let code = fetch(&at(0xf10, 0xf0f));
    assert_eq!((code.bytes(), code.end), (&[][..], GP.err()));
    let code = fetch(&at(0x1_0000_0000, u32::MAX));
    assert_eq!((code.bytes(), code.end), (&[][..], GP.err()));
}

#[test]
fn what_comes_before_the_end_of_ram_is_fetched() {
    let code = fetch(&at(END - 0x1_0000 - 3, u32::MAX));
    let end = MemoryFault { gpa: Gpa(END), access: Access::Fetch };
    assert_eq!((code.bytes(), code.end), (&[0; 3][..], Some(AccessError::NotRam(end))));
}

#[test]
fn long_mode_has_neither_base_nor_limit_but_canonical_addresses() {
    let mut bench = Bench::long();
    tables(&bench, [P | W; 4]);
    bench.state.cs = Segment { selector: 8, attributes: SEGMENT_LONG, limit: 0, base: 0x1000 };
    bench.state.rip = 0x10;
    bench.ram.write(Gpa(0x5010), &[1; 15]).unwrap();
    assert_eq!((fetch(&bench).bytes(), fetch(&bench).end), (&[1; 15][..], None));
    bench.state.rip = (1 << 47) - 1;
    assert_eq!(fetch(&bench).end, Some(page_fault((1 << 47) - 1, 0b1_0000)));
    bench.state.rip = 1 << 47;
    assert_eq!(fetch(&bench).end, GP.err());
}
