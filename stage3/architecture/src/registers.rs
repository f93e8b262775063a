//! Bits of the registers that both vendors have.

/// RFLAGS bit 1, which always reads as one.
pub const RFLAGS_FIXED: u64 = 1 << 1;
/// RFLAGS.TF.
pub const RFLAGS_TF: u64 = 1 << 8;
/// RFLAGS.IF.
pub const RFLAGS_IF: u64 = 1 << 9;
/// CR0.PE.
pub const CR0_PE: u64 = 1 << 0;
/// CR0.ET, which always reads as one.
pub const CR0_ET: u64 = 1 << 4;
/// CR0.NE.
pub const CR0_NE: u64 = 1 << 5;
/// CR0.NW.
pub const CR0_NW: u64 = 1 << 29;
/// CR0.CD.
pub const CR0_CD: u64 = 1 << 30;
/// CR0.PG.
pub const CR0_PG: u64 = 1 << 31;
/// CR4.PAE.
pub const CR4_PAE: u64 = 1 << 5;
/// CR4.OSXSAVE.
pub const CR4_OSXSAVE: u64 = 1 << 18;
/// EFER.SCE.
pub const EFER_SCE: u64 = 1 << 0;
/// EFER.LME.
pub const EFER_LME: u64 = 1 << 8;
/// EFER.LMA.
pub const EFER_LMA: u64 = 1 << 10;
/// EFER.NXE.
pub const EFER_NXE: u64 = 1 << 11;
/// Segment attributes (bits 7:0 are byte 5 of a descriptor: type, S, DPL, P; bits 11:8 the upper half of byte 6: AVL, L,
/// D/B, G): P.
pub const SEGMENT_PRESENT: u16 = 1 << 7;
/// Segment attributes: L, a 64-bit code segment.
pub const SEGMENT_LONG: u16 = 1 << 9;
/// Segment attributes: D/B, a 32-bit segment.
pub const SEGMENT_BIG: u16 = 1 << 10;
/// Segment attributes: G, the limit counts 4 KiB units.
pub const SEGMENT_GRANULAR: u16 = 1 << 11;
