//! The tables that lead to all others: RSDP, RSDT and XSDT.

use super::{table, OEM_ID};
use acpi_tables::sdt::Sdt;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{Immutable, IntoBytes, Unaligned};

/// Root System Description Pointer.
#[derive(IntoBytes, Immutable, Unaligned)]
#[repr(C)]
struct Rsdp {
    signature: [u8; 8],
    /// Over the fields of ACPI 1.0.
    checksum: u8,
    oem_id: [u8; 6],
    revision: u8,
    rsdt_address: U32,
    length: U32,
    xsdt_address: U64,
    /// Over all fields.
    extended_checksum: u8,
    reserved: [u8; 3],
}

/// Bytes of the RSDP.
pub const RSDP_BYTES: usize = 36;
/// Bytes of the RSDP of ACPI 1.0.
const RSDP_1_BYTES: usize = 20;
/// Revision of the RSDP since ACPI 2.0.
const RSDP_REVISION: u8 = 2;
/// Revision of RSDT and XSDT.
const REVISION: u8 = 1;

const _: () = assert!(size_of::<Rsdp>() == RSDP_BYTES);

/// The byte with which the sum of `bytes` is zero.
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum: u8, byte| sum.wrapping_sub(*byte))
}

/// The RSDP for tables at these addresses.
pub fn rsdp(rsdt: u32, xsdt: u32) -> [u8; RSDP_BYTES] {
    let mut pointer = Rsdp {
        signature: *b"RSD PTR ",
        checksum: 0,
        oem_id: OEM_ID,
        revision: RSDP_REVISION,
        rsdt_address: rsdt.into(),
        length: (RSDP_BYTES as u32).into(),
        xsdt_address: u64::from(xsdt).into(),
        extended_checksum: 0,
        reserved: [0; 3],
    };
    pointer.checksum = checksum(&pointer.as_bytes()[..RSDP_1_BYTES]);
    pointer.extended_checksum = checksum(pointer.as_bytes());
    zerocopy::transmute!(pointer)
}

/// Root System Description Table: the addresses of `tables` in 32 bits.
pub fn rsdt(tables: &[u32]) -> Sdt {
    let mut rsdt = table(*b"RSDT", REVISION);
    for table in tables {
        rsdt.append_slice(&table.to_le_bytes());
    }
    rsdt
}

/// Extended System Description Table: the addresses of `tables` in 64 bits.
pub fn xsdt(tables: &[u32]) -> Sdt {
    let mut xsdt = table(*b"XSDT", REVISION);
    for table in tables {
        xsdt.append_slice(&u64::from(*table).to_le_bytes());
    }
    xsdt
}
