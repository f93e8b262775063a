//! The access rights of a segment register (Intel SDM, "Guest Register State").

/// Type, bits 3:0.
pub const TYPE: u32 = 0xf;
/// S, a code or data segment.
pub const CODE_OR_DATA: u32 = 1 << 4;
/// P.
pub const PRESENT: u32 = 1 << 7;
/// L, a 64-bit code segment.
pub const LONG: u32 = 1 << 13;
/// D/B.
pub const BIG: u32 = 1 << 14;
/// G, the limit counts 4 KiB units.
pub const GRANULAR: u32 = 1 << 15;
/// The segment can't be used.
pub const UNUSABLE: u32 = 1 << 16;
/// Bits 11:8 and 31:17.
pub const RESERVED: u32 = 0xfffe_0f00;

/// DPL; of SS, it is the current privilege level.
#[must_use]
pub const fn dpl(access_rights: u32) -> u32 {
    (access_rights >> 5) & 3
}
