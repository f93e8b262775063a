//! ELF files in the making.

use arbitrary::{Result, Unstructured};

/// An address, mostly where RAM is.
fn address(u: &mut Unstructured) -> Result<u64> {
    Ok(match u.int_in_range(0..=7)? {
        0 => u.arbitrary()?,
        1 => u.int_in_range(0..=0x10_0000)?,
        _ => 0x10_0000 + 0x1000 * u.int_in_range(0..=0x400)?,
    })
}

/// An executable file of 32 or 64 bits with `header` in its first segment.
pub fn file(u: &mut Unstructured, header: &[u8]) -> Result<Vec<u8>> {
    let wide = u.arbitrary()?;
    let long = |value: u64| value.to_le_bytes()[..if wide { 8 } else { 4 }].to_vec();
    let half = |value: usize| (value as u16).to_le_bytes().to_vec();
    let word = |value: u32| value.to_le_bytes().to_vec();
    let (file_header, program, section) = if wide { (64, 56, 64) } else { (52, 32, 40) };
    let (segments, sections) = (u.int_in_range(1..=4)?, u.int_in_range(0..=4)?);
    let tables = file_header + program * segments + section * sections;
    let mut contents = Vec::new();
    let mut put = |bytes: &[u8]| {
        contents.resize((tables + contents.len()).next_multiple_of(16) - tables, 0_u8);
        contents.extend_from_slice(bytes);
        (tables + contents.len() - bytes.len()) as u64
    };
    let mut start = None;
    let mut programs = Vec::new();
    for number in 0..segments {
        let mut bytes = if number == 0 { header.to_vec() } else { Vec::new() };
        bytes.resize(bytes.len() + u.int_in_range(0..=600)?, 0xcc);
        let (offset, length) = (put(&bytes), bytes.len() as u64);
        let (physical, memory) = (address(u)?, length + u.int_in_range(0..=0x3000)?);
        let virt = if u.arbitrary()? { physical } else { physical | 0xc000_0000 };
        start = start.or(Some(virt));
        let flags = word(7);
        programs.extend(word(if u.ratio(1, 8)? { 4 } else { 1 }));
        programs.extend(if wide { flags.clone() } else { vec![] });
        programs.extend([long(offset), long(virt), long(physical), long(length), long(memory)].concat());
        programs.extend(if wide { vec![] } else { flags });
        programs.extend(long(1));
    }
    let mut headers = Vec::new();
    for _ in 0..sections {
        let bytes = vec![0xdd; u.int_in_range(0..=300)?];
        let kind = u.int_in_range(0..=9)?;
        let (flags, at) = (u.int_in_range(0..=3)?, if u.ratio(1, 4)? { address(u)? } else { 0 });
        headers.extend([word(0), word(kind), long(flags), long(at), long(put(&bytes))].concat());
        headers.extend([long(bytes.len() as u64), vec![0; 8], long(1), long(0)].concat());
    }
    let entry = if u.arbitrary()? { start.unwrap_or_default().wrapping_add(16) } else { address(u)? };
    let ident = [0x7f, b'E', b'L', b'F', if wide { 2 } else { 1 }, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0].to_vec();
    let machine = half(if wide { 62 } else { 3 });
    let sections_at = if sections == 0 { 0 } else { file_header + programs.len() };
    let places = [long(entry), long(file_header as u64), long(sections_at as u64), word(0)].concat();
    let sizes: Vec<u8> = [file_header, program, segments, section, sections, 0].map(half).concat();
    Ok([ident, half(2), machine, word(1), places, sizes, programs, headers, contents].concat())
}
