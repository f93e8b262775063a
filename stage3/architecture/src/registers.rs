//! Bits of the registers that both vendors have.

/// RFLAGS bit 1, which always reads as one.
pub const RFLAGS_FIXED: u64 = 1 << 1;
/// RFLAGS.TF.
pub const RFLAGS_TF: u64 = 1 << 8;
/// RFLAGS.IF.
pub const RFLAGS_IF: u64 = 1 << 9;
/// RFLAGS.DF: strings go down.
pub const RFLAGS_DF: u64 = 1 << 10;
/// RFLAGS.NT.
pub const RFLAGS_NT: u64 = 1 << 14;
/// RFLAGS.RF: the next instruction causes no instruction breakpoint.
pub const RFLAGS_RF: u64 = 1 << 16;
/// RFLAGS.VM: virtual-8086 mode.
pub const RFLAGS_VM: u64 = 1 << 17;
/// RFLAGS.AC.
pub const RFLAGS_AC: u64 = 1 << 18;
/// DR6.B0 to B3: breakpoints.
pub const DR6_BREAKPOINTS: u64 = 0xf;
/// DR6.BS: a single step.
pub const DR6_BS: u64 = 1 << 14;
/// DR6.BT: a task switch.
pub const DR6_BT: u64 = 1 << 15;
/// DR7.L0 to L3 and LE: the breakpoints of the present task.
pub const DR7_LOCAL: u64 = 0x155;
/// DR7: any of the four breakpoints is enabled, locally or globally.
pub const DR7_ENABLED: u64 = 0xff;
/// CR0.PE.
pub const CR0_PE: u64 = 1 << 0;
/// CR0.TS.
pub const CR0_TS: u64 = 1 << 3;
/// CR0.MP, CR0.EM and CR0.TS.
pub const CR0_FPU: u64 = 0b1110;
/// CR0.ET, which always reads as one.
pub const CR0_ET: u64 = 1 << 4;
/// CR0.NE.
pub const CR0_NE: u64 = 1 << 5;
/// CR0.WP.
pub const CR0_WP: u64 = 1 << 16;
/// CR0.AM.
pub const CR0_AM: u64 = 1 << 18;
/// CR0.NW.
pub const CR0_NW: u64 = 1 << 29;
/// CR0.CD.
pub const CR0_CD: u64 = 1 << 30;
/// CR0.PG.
pub const CR0_PG: u64 = 1 << 31;
/// CR4.DE: debugging extensions.
pub const CR4_DE: u64 = 1 << 3;
/// CR4.PSE.
pub const CR4_PSE: u64 = 1 << 4;
/// CR4.PAE.
pub const CR4_PAE: u64 = 1 << 5;
/// CR4.PGE.
pub const CR4_PGE: u64 = 1 << 7;
/// CR4.LA57.
pub const CR4_LA57: u64 = 1 << 12;
/// CR4.VMXE.
pub const CR4_VMXE: u64 = 1 << 13;
/// CR4.PCIDE.
pub const CR4_PCIDE: u64 = 1 << 17;
/// CR4.OSXSAVE.
pub const CR4_OSXSAVE: u64 = 1 << 18;
/// CR4.SMEP.
pub const CR4_SMEP: u64 = 1 << 20;
/// CR4.CET.
pub const CR4_CET: u64 = 1 << 23;
/// EFER.SCE.
pub const EFER_SCE: u64 = 1 << 0;
/// EFER.LME.
pub const EFER_LME: u64 = 1 << 8;
/// EFER.LMA.
pub const EFER_LMA: u64 = 1 << 10;
/// EFER.NXE.
pub const EFER_NXE: u64 = 1 << 11;
/// EFER.SVME (AMD): must be set in a guest's EFER; a guest of this hypervisor never sees it.
pub const EFER_SVME: u64 = 1 << 12;
/// DEBUGCTL.BTF: TF traps branches, not every instruction.
pub const DEBUGCTL_BTF: u64 = 1 << 1;

/// Each byte of a PAT is a memory type: 0, 1, 4, 5, 6 or 7.
#[must_use]
pub fn is_pat(value: u64) -> bool {
    value.to_le_bytes().iter().all(|kind| matches!(kind, 0 | 1 | 4..=7))
}

/// Segment attributes (bits 7:0 are byte 5 of a descriptor: type, S, DPL, P; bits 11:8 the upper half of byte 6: AVL, L,
/// D/B, G): P.
pub const SEGMENT_PRESENT: u16 = 1 << 7;
/// Segment attributes: L, a 64-bit code segment.
pub const SEGMENT_LONG: u16 = 1 << 9;
/// Segment attributes: D/B, a 32-bit segment.
pub const SEGMENT_BIG: u16 = 1 << 10;
/// Segment attributes: G, the limit counts 4 KiB units.
pub const SEGMENT_GRANULAR: u16 = 1 << 11;
