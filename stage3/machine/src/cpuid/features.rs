//! The feature bits that a guest may see.
//!
//! Names as in the Intel SDM, "CPUID—CPU Identification", and in the AMD APM, volume 3, appendix E.
//! What is missing is missing on purpose; the reasons stand beside the lists.

use super::{CpuidConfig, CpuidResult, GuestCpuidState};
use crate::vcpu::CR4_OSXSAVE;

/// The bits at these positions.
const fn bits(positions: &[u32]) -> u32 {
    let mut mask = 0;
    let mut i = 0;
    while i < positions.len() {
        mask |= 1 << positions[i];
        i += 1;
    }
    mask
}

/// Leaf 1 ECX. Not: MONITOR, VMX, SMX, EIST, TM2, PDCM, which need the hypervisor's help; DTES64,
/// DS-CPL, SDBG, xTPR, DCA, which belong to hidden features.
pub const LEAF_1_ECX: u32 = bits(&[
    0,     // SSE3
    1,     // PCLMULQDQ
    9,     // SSSE3
    FMA,   // FMA
    13,    // CMPXCHG16B
    PCID,  // process-context identifiers
    19,    // SSE4.1
    20,    // SSE4.2
    22,    // MOVBE
    23,    // POPCNT
    25,    // AES
    XSAVE, // XSAVE and its registers
    AVX,   // AVX
    F16C,  // half-precision conversions
    30,    // RDRAND
]);
/// Leaf 1 ECX: FMA.
pub const FMA: u32 = 12;
/// Leaf 1 ECX: PCID.
pub const PCID: u32 = 17;
/// Leaf 1 ECX: XSAVE.
pub const XSAVE: u32 = 26;
/// Leaf 1 ECX: OSXSAVE, a mirror of CR4.OSXSAVE.
const OSXSAVE: u32 = 27;
/// Leaf 1 ECX: AVX.
pub const AVX: u32 = 28;
/// Leaf 1 ECX: F16C.
pub const F16C: u32 = 29;
/// Leaf 1 ECX: always zero on a processor, one under a hypervisor.
pub const HYPERVISOR: u32 = 31;

/// Leaf 1 ECX: x2APIC and TSC-deadline timer, which the virtual local APIC has on every host.
const LAPIC_ECX: u32 = bits(&[21, 24]);
/// Leaf 1 EDX: the local APIC is there, and not switched off in IA32_APIC_BASE.
const APIC: u32 = 9;

/// Leaf 1 EDX. Not: PSN, DS, ACPI, TM and
/// PBE (thermal and debug-store hardware of the host), HTT (one logical processor).
pub const LEAF_1_EDX: u32 = bits(&[
    0,   // FPU
    1,   // VME
    2,   // DE
    3,   // PSE
    4,   // TSC
    5,   // MSR
    6,   // PAE
    MCE, // machine checks: none ever happens in the virtual PC
    8,   // CMPXCHG8B
    11,  // SYSENTER
    12,  // MTRR
    13,  // PGE
    14,  // MCA: no banks
    15,  // CMOV
    16,  // PAT
    17,  // PSE-36
    19,  // CLFLUSH
    23,  // MMX
    24,  // FXSAVE
    25,  // SSE
    26,  // SSE2
    27,  // self snoop
]);

/// Leaf 1 EDX: MCE.
pub const MCE: u32 = 7;

/// Leaf 7 EBX. Not: SGX, HLE and RTM, RDT, MPX, Processor Trace.
const LEAF_7_EBX: u32 = bits(&[
    0,          // FSGSBASE
    TSC_ADJUST, // MSR IA32_TSC_ADJUST
    3,          // BMI1
    AVX2,       // AVX2
    6,          // x87 data pointer updated on exceptions only
    7,          // SMEP
    8,          // BMI2
    9,          // enhanced REP MOVSB/STOSB
    INVPCID,    // INVPCID
    13,         // x87 CS and DS deprecated
    18,         // RDSEED
    19,         // ADX
    20,         // SMAP
    23,         // CLFLUSHOPT
    24,         // CLWB
    29,         // SHA
]) | AVX512_EBX;
/// Leaf 7 EBX: TSC_ADJUST.
pub const TSC_ADJUST: u32 = 1;
/// Leaf 7 EBX: AVX2.
const AVX2: u32 = 5;
/// Leaf 7 EBX: INVPCID.
const INVPCID: u32 = 10;
/// Leaf 7 EBX: AVX512F, DQ, IFMA, PF, ER, CD, BW, VL.
const AVX512_EBX: u32 = bits(&[16, 17, 21, 26, 27, 28, 30, 31]);

/// Leaf 7 ECX. Not: PKU (XSAVE component 9), WAITPKG and ENQCMD (need execution controls), CET,
/// TME, LA57, SGX_LC.
const LEAF_7_ECX: u32 = bits(&[
    0,     // PREFETCHWT1
    2,     // UMIP
    8,     // GFNI
    RDPID, // RDPID
    25,    // CLDEMOTE
    27,    // MOVDIRI
    28,    // MOVDIR64B
]) | VECTOR_AES_ECX
    | AVX512_ECX;
/// Leaf 7 ECX: RDPID, which like RDTSCP reads TSC_AUX.
const RDPID: u32 = 22;
/// Leaf 7 ECX: VAES, VPCLMULQDQ.
const VECTOR_AES_ECX: u32 = bits(&[9, 10]);
/// Leaf 7 ECX: AVX512_VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ.
const AVX512_ECX: u32 = bits(&[1, 6, 11, 12, 14]);

/// Leaf 7 EDX. Not: everything that is an MSR of speculation control (SPEC_CTRL, PRED_CMD,
/// FLUSH_CMD, ARCH_CAPABILITIES …), hybrid parts, PCONFIG, architectural LBR, UINTR, AMX.
const LEAF_7_EDX: u32 = bits(&[
    4,  // fast short REP MOVSB
    10, // VERW clears buffers (MD_CLEAR)
    14, // SERIALIZE
]) | AVX512_EDX;
/// Leaf 7 EDX: AVX512_4VNNIW, 4FMAPS, VP2INTERSECT, FP16.
const AVX512_EDX: u32 = bits(&[2, 3, 8, 23]);

/// Leaf 7 subleaf 1 EAX: fast zero-length REP MOVSB, fast short REP STOSB, REP CMPSB/SCASB.
const LEAF_7_1_EAX: u32 = bits(&[10, 11, 12]) | AVX_7_1_EAX | AVX512_7_1_EAX;
/// Leaf 7 subleaf 1 EAX: AVX-VNNI, AVX-IFMA.
const AVX_7_1_EAX: u32 = bits(&[4, 23]);
/// Leaf 7 subleaf 1 EAX: AVX512_BF16.
const AVX512_7_1_EAX: u32 = bits(&[5]);

/// Leaf 80000001h ECX. Not: SVM, SKINIT, extended APIC space, CR8 through LOCK MOV CR0, OSVW, IBS,
/// LWP, TCE (an EFER bit), topology extensions, performance counters, MWAITX.
const LEAF_8000_0001_ECX: u32 = bits(&[
    0,  // LAHF in 64-bit mode
    5,  // LZCNT
    6,  // SSE4A
    7,  // misaligned SSE
    8,  // PREFETCHW
    21, // TBM
]) | AVX_8000_0001_ECX;
/// Leaf 80000001h ECX: XOP, FMA4.
const AVX_8000_0001_ECX: u32 = bits(&[11, 16]);

/// Leaf 80000001h EDX: the bits that AMD repeats from leaf 1 EDX.
const REPEATED_EDX: u32 = 0x0183_f3ff;
/// Leaf 80000001h EDX. Not: FFXSR (an EFER bit).
const LEAF_8000_0001_EDX: u32 = bits(&[
    SYSCALL, // SYSCALL
    NX,      // execute disable
    22,      // AMD's extensions to MMX
    26,      // 1 GiB pages
    RDTSCP,  // RDTSCP
    LM,      // long mode
    30,      // AMD's extensions to 3DNow!
    31,      // 3DNow!
]) | (REPEATED_EDX & LEAF_1_EDX);
/// Leaf 80000001h EDX: SYSCALL.
pub const SYSCALL: u32 = 11;
/// Leaf 80000001h EDX: NX.
pub const NX: u32 = 20;
/// Leaf 80000001h EDX: RDTSCP.
pub const RDTSCP: u32 = 27;
/// Leaf 80000001h EDX: LM.
pub const LM: u32 = 29;

/// Leaf 80000008h EBX (AMD): CLZERO, XSAVE's error pointers. Not: WBNOINVD, RDPRU, IRPERF, and
/// the MSRs of speculation control.
pub const LEAF_8000_0008_EBX: u32 = bits(&[0, 2]);

/// Which vector registers a guest can enable in XCR0; instructions on others are not shown.
#[derive(Clone, Copy, Debug)]
pub struct Vectors {
    /// XCR0 can have the AVX bit.
    pub avx: bool,
    /// XCR0 can have the three AVX-512 bits.
    pub avx512: bool,
}

impl Vectors {
    /// `features` without `avx` and `avx512` where those can't be enabled.
    const fn limit(self, features: u32, avx: u32, avx512: u32) -> u32 {
        let mut hidden = 0;
        if !self.avx {
            hidden |= avx;
        }
        if !self.avx512 {
            hidden |= avx512;
        }
        features & !hidden
    }
}

/// Leaf 1 ECX and EDX.
pub fn leaf_1(host: CpuidResult, vectors: Vectors) -> (u32, u32) {
    let avx = bits(&[AVX, FMA, F16C]);
    (vectors.limit(host.ecx & LEAF_1_ECX, avx, 0) | LAPIC_ECX | 1 << HYPERVISOR, host.edx & LEAF_1_EDX)
}

/// Leaf 1 of a guest in `state`: OSXSAVE as in its CR4, APIC as its IA32_APIC_BASE says.
pub const fn in_state(mut leaf_1: CpuidResult, state: &GuestCpuidState) -> CpuidResult {
    if state.cr4 & CR4_OSXSAVE != 0 {
        leaf_1.ecx |= 1 << OSXSAVE;
    }
    with_apic(leaf_1, state)
}

/// A leaf that shows in EDX whether there is a local APIC.
pub const fn with_apic(mut leaf: CpuidResult, state: &GuestCpuidState) -> CpuidResult {
    if state.has_lapic {
        leaf.edx |= 1 << APIC;
    }
    leaf
}

/// Leaf 7 subleaf 0.
pub fn leaf_7(host: CpuidResult, config: &CpuidConfig, vectors: Vectors) -> CpuidResult {
    let mut ebx = vectors.limit(host.ebx & LEAF_7_EBX, 1 << AVX2, AVX512_EBX);
    let mut ecx = vectors.limit(host.ecx & LEAF_7_ECX, VECTOR_AES_ECX, AVX512_ECX);
    if !config.invpcid {
        ebx &= !(1 << INVPCID);
    }
    if !config.rdtscp {
        ecx &= !(1 << RDPID);
    }
    CpuidResult { eax: host.eax.min(1), ebx, ecx, edx: vectors.limit(host.edx & LEAF_7_EDX, 0, AVX512_EDX) }
}

/// Leaf 7 subleaf 1.
pub fn leaf_7_1(host: CpuidResult, vectors: Vectors) -> CpuidResult {
    let eax = vectors.limit(host.eax & LEAF_7_1_EAX, AVX_7_1_EAX, AVX512_7_1_EAX);
    CpuidResult { eax, ..CpuidResult::default() }
}

/// Leaf 80000001h ECX and EDX.
pub fn leaf_8000_0001(host: CpuidResult, config: &CpuidConfig, vectors: Vectors) -> (u32, u32) {
    let mut edx = host.edx & LEAF_8000_0001_EDX;
    if !config.rdtscp {
        edx &= !(1 << RDTSCP);
    }
    (vectors.limit(host.ecx & LEAF_8000_0001_ECX, AVX_8000_0001_ECX, 0), edx)
}
