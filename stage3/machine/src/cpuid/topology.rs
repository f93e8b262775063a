//! Leaf Bh: the topology of one logical processor.

use super::CpuidResult;

/// EBX: logical processors at this level. Both shifts (EAX) and the x2APIC ID (EDX) are zero.
pub const ONE_PROCESSOR: CpuidResult = CpuidResult { eax: 0, ebx: 1, ecx: 0, edx: 0 };

/// ECX[15:8] of subleaf 0: threads of a core.
const LEVEL_SMT: u32 = 1 << 8;
/// ECX[15:8] of subleaf 1: cores of a package.
const LEVEL_CORE: u32 = 2 << 8;

/// Leaf Bh with ECX = `subleaf`; `level` is [`ONE_PROCESSOR`], or zero where the leaf is not shown.
pub const fn leaf(level: CpuidResult, subleaf: u32) -> CpuidResult {
    let (ebx, kind) = match subleaf {
        _ if level.ebx == 0 => return level,
        0 => (level.ebx, LEVEL_SMT),
        1 => (level.ebx, LEVEL_CORE),
        // Invalid levels return ECX[7:0] and nothing else.
        _ => (0, 0),
    };
    CpuidResult { ebx, ecx: kind | (subleaf & 0xff), ..level }
}
