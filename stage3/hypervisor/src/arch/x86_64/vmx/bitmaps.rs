//! Which ports and MSRs exit (Intel SDM, "I/O-Bitmap Addresses" and "MSR-Bitmap Address").

use super::super::backend::OptionalInstructions;
use super::super::page::{Hpa, Page, PAGE_SIZE};
use machine::msr::{PASS_THROUGH, TSC_AUX};

/// Offset in the MSR bitmap of the half for WRMSR; the one for RDMSR comes first.
const WRITES: usize = 2048;

/// The bitmaps of a virtual CPU: a set bit exits. MSRs outside of the bitmap's two ranges always exit.
pub struct Bitmaps {
    /// Bitmap A, for ports 0000h to 7FFFh, and bitmap B, for the others.
    io: Page<8192>,
    msr: Page,
}

impl Bitmaps {
    /// All ports exit, and all MSRs but those that the guest may have for itself.
    pub fn new(instructions: OptionalInstructions) -> Self {
        let mut msr = Page::filled(0xff);
        let tsc_aux = instructions.rdtscp.then_some(TSC_AUX);
        for index in PASS_THROUGH.iter().copied().chain(tsc_aux) {
            // One that has no bit goes on exiting, and the handler answers for it.
            if let Some((byte, bit)) = position(index) {
                msr[byte] &= !(1 << bit);
                msr[WRITES + byte] &= !(1 << bit);
            }
        }
        Self { io: Page::filled(0xff), msr }
    }

    /// HPAs of I/O bitmaps A and B.
    pub fn io(&self) -> (Hpa, Hpa) {
        let a = self.io.hpa();
        (a, Hpa(a.0 + PAGE_SIZE))
    }

    /// HPA of the MSR bitmap.
    pub fn msr(&self) -> Hpa {
        self.msr.hpa()
    }
}

/// Byte and bit of an MSR in either half of the MSR bitmap: the low MSRs, then, 1024 bytes on, the high ones.
const fn position(index: u32) -> Option<(usize, u32)> {
    let (range, number) = match index {
        0..=0x1fff => (0, index),
        0xc000_0000..=0xc000_1fff => (1024, index - 0xc000_0000),
        _ => return None,
    };
    Some((range + number as usize / 8, number % 8))
}

const _: () = assert!(matches!(position(0x174), Some((0x2e, 4))));
const _: () = assert!(matches!(position(0xc000_0102), Some((0x420, 2))));
const _: () = assert!(matches!(position(0xc000_1fff), Some((2047, 7))));
const _: () = assert!(position(0x2000).is_none());
