//! The firmware's ACPI tables, as far as switching off needs them: the PM1 control registers of the FADT and
//! the values of `\_S5` in the DSDT (ACPI specification, "Root System Description Pointer", "Fixed ACPI
//! Description Table", "\_Sx (System States)").

#[cfg(test)]
mod tests;

use core::ops::Range;

/// Where the RSDP may be besides the EBDA.
const BIOS_AREA: Range<u64> = 0xe_0000..0x10_0000;
/// BIOS data area: segment of the EBDA.
const EBDA_SEGMENT: u64 = 0x40e;
/// Tables larger than this are taken for garbage.
const TABLE_MAX: u32 = 1 << 20;

/// How to enter S5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoftOff {
    /// Port and byte that switch from legacy to ACPI mode, if the firmware starts in legacy mode.
    pub enable: Option<(u16, u8)>,
    /// PM1a control register (port).
    pub pm1a_control: u16,
    /// PM1b control register (port), if there is one.
    pub pm1b_control: Option<u16>,
    /// SLP_TYP for PM1a and PM1b.
    pub sleep_type: [u8; 2],
}

/// The memory of a computer with this firmware: so many bytes at this HPA, if they can be read.
pub type Memory<'a> = &'a dyn Fn(u64, usize) -> Option<&'a [u8]>;

/// Finds out how the computer with this `memory` is switched off. `None` if its tables don't say so, or are broken.
#[must_use]
pub fn soft_off(memory: Memory) -> Option<SoftOff> {
    let pointer = find_rsdp(memory)?;
    let root = table(memory, u64::from(u32_at(pointer, 16)?), *b"RSDT")?;
    let mut entries = root.get(36..)?.chunks_exact(4);
    let fadt = entries.find_map(|entry| table(memory, u64::from(u32_at(entry, 0)?), *b"FACP"))?;
    let dsdt = table(memory, u64::from(u32_at(fadt, 40)?), *b"DSDT")?;
    let port = |at| u32_at(fadt, at).and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0);
    let command = port(48).zip(fadt.get(52).copied().filter(|enable| *enable != 0));
    Some(SoftOff {
        enable: command,
        pm1a_control: port(64)?,
        pm1b_control: port(68),
        sleep_type: s5_values(dsdt)?,
    })
}

/// The two values of the package `\_S5`: NameOp, the name, PackageOp, its length and count, then numbers.
fn s5_values(dsdt: &[u8]) -> Option<[u8; 2]> {
    const NAME_AND_PACKAGE_OP: &[u8; 5] = b"_S5_\x12";
    const BYTE_PREFIX: u8 = 0x0a;
    let at = dsdt.array_windows().position(|window| window == NAME_AND_PACKAGE_OP)?;
    let package = dsdt.get(at + NAME_AND_PACKAGE_OP.len()..)?;
    // The two top bits of the first length byte say how many more there are; then comes the count.
    let length_bytes = usize::from(package.first()? >> 6) + 1;
    let mut rest = package.get(length_bytes + 1..)?;
    let mut values = [0; 2];
    for value in &mut values {
        if *rest.first()? == BYTE_PREFIX {
            rest = &rest[1..];
        }
        // ZeroOp and OneOp are the numbers themselves.
        (*value, rest) = (*rest.first()?, rest.get(1..)?);
    }
    values.iter().all(|value| *value < 8).then_some(values)
}

fn find_rsdp(memory: Memory<'_>) -> Option<&[u8]> {
    let ebda = u64::from(u16::from_le_bytes(memory(EBDA_SEGMENT, 2)?.try_into().ok()?)) << 4;
    let search = |area: Range<u64>| {
        let places = memory(area.start, (area.end - area.start) as usize)?.chunks_exact(16);
        let signed = area.step_by(16).zip(places).filter(|(_, place)| place.starts_with(b"RSD PTR "));
        signed.filter_map(|(at, _)| memory(at, 20)).find(|pointer| sums_to_zero(pointer))
    };
    Some(ebda)
        .filter(|ebda| (0x8_0000..0xa_0000).contains(ebda))
        .and_then(|ebda| search(ebda..ebda + 1024))
        .or_else(|| search(BIOS_AREA))
}

fn table(memory: Memory<'_>, hpa: u64, signature: [u8; 4]) -> Option<&[u8]> {
    let length = u32_at(memory(hpa, 8)?, 4).filter(|length| (36..TABLE_MAX).contains(length))?;
    memory(hpa, length as usize).filter(|table| table.starts_with(&signature) && sums_to_zero(table))
}

fn sums_to_zero(bytes: &[u8]) -> bool {
    bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) == 0
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
