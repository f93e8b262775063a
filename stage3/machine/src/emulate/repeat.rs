//! What REP makes of a string instruction (Intel SDM volume 2, "REP/REPE/REPZ/REPNE/REPNZ").
//!
//! One exit does a bounded number of elements, and one alone where a debug trap follows each. If there are more, the
//! registers say how far it came, RIP stays, and the guest executes the rest of the instruction again after its interrupts
//! had their turn: this is how the instruction is defined.

use super::cpu::Progress;
use crate::linear::Width;
use crate::vcpu::{Gprs, RFLAGS_DF, RFLAGS_TF};

/// Elements that one exit does at most, so that interrupts wait no longer than for a disk sector.
pub const MAX_ELEMENTS: u64 = 512;

/// What follows an element, or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next one.
    Element,
    /// Nothing: the instruction is complete, whatever CX says.
    End,
    /// The next one, but not in this exit.
    Exit,
}

/// One string instruction.
#[derive(Clone, Copy, Debug)]
pub struct Repeat {
    repeated: bool,
    width: Width,
    step: u64,
    share: u64,
}

impl Repeat {
    /// Elements of `bytes`, one or CX of them. `width` is that of SI, DI and CX. `trapped`: something else than
    /// RFLAGS.TF wants a debug trap behind each.
    pub const fn new(repeated: bool, width: Width, bytes: u64, rflags: u64, trapped: bool) -> Self {
        let step = if rflags & RFLAGS_DF == 0 { bytes } else { bytes.wrapping_neg() };
        let share = if trapped || rflags & RFLAGS_TF != 0 { 1 } else { MAX_ELEMENTS };
        Self { repeated, width, step, share }
    }

    /// Does elements until the instruction is complete or its share is used up. `elements` does one or more, up to the
    /// number that it gets, and tells how many. If it returns an error, CX stays.
    pub fn run<E>(
        &self,
        gprs: &mut Gprs,
        mut elements: impl FnMut(&mut Gprs, u64) -> Result<(u64, Next), E>,
    ) -> Result<Progress, E> {
        if !self.repeated {
            elements(gprs, 1)?;
            return Ok(Progress::Complete);
        }
        let mut left = self.share;
        while left > 0 && self.offset(gprs.rcx) != 0 {
            let (done, next) = elements(gprs, left.min(self.offset(gprs.rcx)))?;
            gprs.rcx = self.width.merge(gprs.rcx, gprs.rcx.wrapping_sub(done));
            left = left.saturating_sub(done);
            match next {
                Next::Element => {}
                Next::End => return Ok(Progress::Complete),
                Next::Exit => break,
            }
        }
        Ok(if self.offset(gprs.rcx) == 0 { Progress::Complete } else { Progress::Partial })
    }

    /// Whether SI and DI go up.
    pub const fn goes_up(&self) -> bool {
        self.step < 1 << 63
    }

    /// The part of SI, DI or CX that counts.
    pub const fn offset(&self, register: u64) -> u64 {
        register & self.width.mask()
    }

    /// SI or DI behind so many elements.
    pub const fn advance(&self, register: u64, elements: u64) -> u64 {
        self.width.merge(register, register.wrapping_add(self.step.wrapping_mul(elements)))
    }
}
