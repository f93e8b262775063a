//! Kernels in ELF files.

use super::*;

pub struct Segment {
    pub virt: u64,
    pub phys: u64,
    pub bytes: Vec<u8>,
    pub memory: u64,
}

/// An ELF file in the making.
pub struct File {
    /// 64 bits.
    pub wide: bool,
    pub entry: u64,
    pub segments: Vec<Segment>,
    /// Type, flags, address, content.
    pub sections: Vec<(u32, u64, u64, Vec<u8>)>,
}

impl File {
    /// With the multiboot header in the first of two segments.
    pub fn sample(wide: bool, header: &[u8]) -> Self {
        let mut code = header.to_vec();
        code.resize(300, 0xcc);
        let code = Segment { virt: 0xc010_0000, phys: MIB, bytes: code, memory: 300 };
        let data = Segment { virt: 0xc020_0000, phys: 2 * MIB, bytes: vec![0xdd; 10], memory: 5000 };
        Self { wide, entry: 0xc010_0020, segments: vec![data, code], sections: vec![] }
    }

    pub fn build(&self) -> Vec<u8> {
        let (header, program, section) = if self.wide { (64, 56, 64) } else { (52, 32, 40) };
        // An address: 4 or 8 bytes.
        let long = |value: u64| value.to_le_bytes()[..if self.wide { 8 } else { 4 }].to_vec();
        let half = |value: usize| (value as u16).to_le_bytes();
        let word = |value: u32| value.to_le_bytes();
        let mut contents: Vec<u8> = Vec::new();
        let tables = header + program * self.segments.len() + section * self.sections.len();
        let mut put = |bytes: &[u8]| {
            // Multiboot headers are aligned in the file.
            contents.resize((tables + contents.len()).next_multiple_of(16) - tables, 0);
            contents.extend_from_slice(bytes);
            (tables + contents.len() - bytes.len()) as u64
        };
        let mut programs = Vec::new();
        for Segment { virt, phys, bytes, memory } in &self.segments {
            let (offset, length) = (long(put(bytes)), long(bytes.len() as u64));
            let (flags_wide, flags) =
                if self.wide { (word(7).to_vec(), vec![]) } else { (vec![], word(7).to_vec()) };
            let fields = [
                word(1).to_vec(),
                flags_wide,
                offset,
                long(*virt),
                long(*phys),
                length,
                long(*memory),
                flags,
                long(1),
            ];
            programs.extend(fields.concat());
        }
        let mut sections = Vec::new();
        for (kind, flags, address, bytes) in &self.sections {
            let place = [long(*flags), long(*address), long(put(bytes)), long(bytes.len() as u64)].concat();
            sections.extend(
                [word(0).to_vec(), word(*kind).to_vec(), place, vec![0; 8], long(1), long(0)].concat(),
            );
        }
        let ident = [0x7f, b'E', b'L', b'F', if self.wide { 2 } else { 1 }, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let machine = if self.wide { 62 } else { 3 };
        let sections_at = if self.sections.is_empty() { 0 } else { header + programs.len() };
        let addresses = [long(self.entry), long(header as u64), long(sections_at as u64)].concat();
        let sizes =
            [header, program, self.segments.len(), section, self.sections.len(), 0].map(half).concat();
        let start = [&ident[..], &half(2), &half(machine), &word(1), &addresses, &word(0), &sizes].concat();
        [start, programs, sections, contents].concat()
    }
}

#[test]
fn segments_go_to_their_physical_addresses() {
    for (wide, header) in [
        (false, v1_header(0, &[])),
        (true, v1_header(0, &[])),
        (false, v2_header(&[])),
        (true, v2_header(&[])),
    ] {
        let (state, ram) = load_alone(&File::sample(wide, &header).build()).unwrap();
        assert_eq!(state.rip, MIB + 0x20, "the virtual entry point, without paging");
        assert_eq!(ram.peek(MIB, header.len()), header);
        assert_eq!(ram.peek(MIB + 299, 2), [0xcc, 0]);
        assert_eq!(ram.peek(2 * MIB, 11), [[0xdd; 10].as_slice(), &[0]].concat());
    }
}

#[test]
fn an_entry_point_may_be_physical_already() {
    let mut file = File::sample(true, &v1_header(0, &[]));
    file.entry = 2 * MIB + 4999;
    assert_eq!(load_alone(&file.build()).unwrap().0.rip, file.entry);
    file.entry += 1;
    assert_eq!(error(&file.build()), MultibootError::EntryOutside(file.entry));
    // The entry tag is physical, and goes first.
    let file = File::sample(true, &v2_header(&[(3, 0, &[0x10_0030])]));
    assert_eq!(load_alone(&file.build()).unwrap().0.rip, MIB + 0x30);
}

#[test]
fn addresses_in_the_header_go_before_the_elf_file() {
    let header = v1_header(1 << 16, &[BASE, BASE, 0, 0, BASE + 1]);
    let mut file = File::sample(false, &header);
    file.segments.reverse();
    let (state, ram) = load_alone(&file.build()).unwrap();
    assert_eq!(state.rip, u64::from(BASE) + 1);
    assert_eq!(word(&ram, MIB), 0);
}

#[test]
fn elf_files_that_cant_be_loaded_are_refused() {
    let good = File::sample(false, &v1_header(0, &[])).build();
    let patched = |at: usize, value: u8| {
        let mut file = good.clone();
        file[at] = value;
        match error(&file) {
            MultibootError::BadElf(reason) => reason,
            other => panic!("{other:?}"),
        }
    };
    assert!(patched(4, 3).contains("not that of a PC"), "class");
    assert!(patched(5, 2).contains("not that of a PC"), "big-endian");
    assert!(patched(16, 1).contains("not executable"));
    assert!(patched(18, 40).contains("another processor"));
    assert!(patched(29, 0xff).contains("program headers"), "their offset");
    assert!(patched(42, 33).contains("program headers"), "their size");
    assert!(patched(44, 0).contains("nothing to load"), "their number");
    let mut small = File::sample(false, &v1_header(0, &[]));
    small.segments[0].memory = 9;
    let longer = MultibootError::BadElf("a segment is longer in the file than in memory");
    assert_eq!(error(&small.build()), longer);
    let mut other = good.clone();
    other[0] = 0;
    assert_eq!(error(&other), MultibootError::NotElf);
    let mut overlap = File::sample(false, &v1_header(0, &[]));
    overlap.segments[1].memory = MIB + 1;
    assert_eq!(error(&overlap.build()), MultibootError::Overlap { at: 2 * MIB });
    overlap.segments[1].memory = MIB;
    assert!(load_alone(&overlap.build()).is_ok());
}

#[test]
fn sections_that_are_not_in_memory_are_loaded_beside_the_kernel() {
    for wide in [false, true] {
        for (header, version_2) in [(v1_header(0, &[]), false), (v2_header(&[]), true)] {
            let mut file = File::sample(wide, &header);
            file.sections = vec![
                (0, 0, 0, vec![]),
                (1, 2, 0xc010_0000, vec![1; 20]),
                (2, 0, 0, vec![0xab; 100]),
                (3, 0, 0, b"names".to_vec()),
            ];
            let (state, ram) = load_alone(&file.build()).unwrap();
            let info = state.gprs.rbx;
            let (count, bytes, table) = if version_2 {
                let mut at = info + 8;
                while word(&ram, at) != 9 {
                    let size = word(&ram, at + 4);
                    assert!(size > 8, "the end comes before any sections");
                    at = (at + u64::from(size)).next_multiple_of(8);
                }
                (word(&ram, at + 8), word(&ram, at + 12), at + 20)
            } else {
                assert_ne!(word(&ram, info) & 1 << 5, 0);
                (word(&ram, info + 28), word(&ram, info + 32), word(&ram, info + 36).into())
            };
            assert_eq!((count, bytes), (4, if wide { 64 } else { 40 }));
            let address =
                |index: u64| word(&ram, table + index * u64::from(bytes) + if wide { 16 } else { 12 });
            assert_eq!((address(0), address(1)), (0, 0xc010_0000));
            // Behind the zeros of the last segment.
            assert_eq!((address(2), address(3)), (0x20_2000, 0x20_2070));
            assert_eq!(ram.peek(0x20_2000, 100), [0xab; 100]);
            assert_eq!(ram.peek(0x20_2070, 5), b"names");
        }
    }
}

#[test]
fn sections_are_left_out_if_they_are_broken_or_too_large() {
    for (kind, size) in [(2, 14 << 20), (8, 1)] {
        let mut file = File::sample(false, &v1_header(0, &[]));
        file.sections = vec![(kind, 0, 0, vec![1; size])];
        let (state, ram) = load_alone(&file.build()).unwrap();
        assert_eq!(word(&ram, state.gprs.rbx) & 1 << 5 != 0, kind == 8, "nothing to load is no harm");
    }
    let mut cut = File::sample(false, &v1_header(0, &[]));
    cut.sections = vec![(2, 0, 0, vec![1])];
    let mut cut = cut.build();
    cut[48] = 200;
    let (state, ram) = load_alone(&cut).unwrap();
    assert_eq!(word(&ram, state.gprs.rbx) & 1 << 5, 0);
}
