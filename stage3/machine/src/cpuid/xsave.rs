//! Leaf Dh: which register state XSAVE covers, and how large its area is.
//!
//! The sizes are computed from what the host says of each component and not taken from its own EBX,
//! which is about the host's XCR0 (and wrong for the compacted format in one emulator).

use super::features::Vectors;
use super::{basic, features, CpuidResult, HostCpuid};

/// XCR0: x87, always set.
pub const XCR0_X87: u64 = 1 << 0;
/// XCR0: SSE.
pub const XCR0_SSE: u64 = 1 << 1;
/// XCR0: the upper halves of YMM0–15.
pub const XCR0_AVX: u64 = 1 << 2;
/// XCR0: opmask, ZMM_Hi256 and Hi16_ZMM, all or none of them.
pub const XCR0_AVX512: u64 = 7 << 5;

/// Components with a place of their own in the area are numbered 2 to 7.
const COMPONENTS: core::ops::Range<usize> = 2..8;
/// Legacy region and header, which every XSAVE area starts with.
const FIXED_BYTES: u32 = 512 + 64;

/// Subleaf 1 EAX: XSAVEOPT, XSAVEC, XGETBV with ECX = 1. Not: XSAVES (and with it IA32_XSS), XFD.
const EXTENSIONS: u32 = 0b111;
/// Subleaf 1 EAX: XSAVEC.
const XSAVEC: u32 = 1 << 1;
/// Subleaf n ECX: in the compacted format the component starts at a multiple of 64.
const ALIGNED: u32 = 1 << 1;

/// What XSAVE can do in a guest.
#[derive(Clone, Copy, Debug)]
pub struct Xsave {
    /// Bits that XCR0 may have; zero without XSAVE.
    pub allowed: u64,
    extensions: u32,
    /// Subleaf n at index n: size (EAX), offset in the standard format (EBX), flags (ECX).
    components: [CpuidResult; COMPONENTS.end],
}

impl Xsave {
    /// What the host's XSAVE can do for a guest.
    pub fn new(host: &dyn HostCpuid) -> Self {
        let mut xsave =
            Self { allowed: 0, extensions: 0, components: [CpuidResult::default(); COMPONENTS.end] };
        let leaf_1 = host.leaf(basic::FEATURES, 0);
        if host.leaf(0, 0).eax < basic::XSAVE || leaf_1.ecx & (1 << features::XSAVE) == 0 {
            return xsave;
        }
        let host_xcr0 = u64::from(host.leaf(basic::XSAVE, 0).eax);
        xsave.allowed = (host_xcr0 & XCR0_SSE) | XCR0_X87;
        if leaf_1.ecx & (1 << features::AVX) != 0 {
            xsave.allowed |= host_xcr0 & XCR0_AVX;
        }
        if host_xcr0 & XCR0_AVX512 == XCR0_AVX512 && xsave.allowed & XCR0_AVX != 0 {
            xsave.allowed |= XCR0_AVX512;
        }
        xsave.extensions = host.leaf(basic::XSAVE, 1).eax & EXTENSIONS;
        for component in COMPONENTS {
            if xsave.allowed & (1 << component) != 0 {
                let CpuidResult { eax, ebx, ecx, .. } = host.leaf(basic::XSAVE, component as u32);
                xsave.components[component] = CpuidResult { eax, ebx, ecx: ecx & ALIGNED, edx: 0 };
            }
        }
        xsave
    }

    /// Which vector registers a guest can enable.
    pub const fn vectors(&self) -> Vectors {
        Vectors { avx: self.allowed & XCR0_AVX != 0, avx512: self.allowed & XCR0_AVX512 != 0 }
    }

    /// Leaf Dh with ECX = `subleaf`.
    pub fn leaf(&self, subleaf: u32, xcr0: u64) -> CpuidResult {
        match subleaf {
            _ if self.allowed == 0 => CpuidResult::default(),
            0 => CpuidResult {
                eax: self.allowed as u32,
                ebx: self.standard_bytes(xcr0),
                ecx: self.standard_bytes(self.allowed),
                edx: (self.allowed >> 32) as u32,
            },
            1 => CpuidResult {
                eax: self.extensions,
                ebx: if self.extensions & XSAVEC == 0 { 0 } else { self.compacted_bytes(xcr0) },
                ..CpuidResult::default()
            },
            _ => self.components.get(subleaf as usize).copied().unwrap_or_default(),
        }
    }

    fn enabled(&self, xcr0: u64) -> impl Iterator<Item = &CpuidResult> {
        let xcr0 = xcr0 & self.allowed;
        COMPONENTS
            .filter(move |component| xcr0 & (1 << component) != 0)
            .map(|component| &self.components[component])
    }

    /// Every component has its place, whichever others are enabled.
    fn standard_bytes(&self, xcr0: u64) -> u32 {
        self.enabled(xcr0)
            .fold(FIXED_BYTES, |end, component| end.max(component.ebx.saturating_add(component.eax)))
    }

    /// The enabled components one after another.
    fn compacted_bytes(&self, xcr0: u64) -> u32 {
        self.enabled(xcr0).fold(FIXED_BYTES, |end, component| {
            let start = if component.ecx & ALIGNED == 0 { end } else { end.saturating_add(63) & !63 };
            start.saturating_add(component.eax)
        })
    }
}
