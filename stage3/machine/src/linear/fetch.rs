//! The bytes of the instruction at CS:RIP.

use super::{not_ram, AccessError, Linear, Width, PAGE};
use crate::vcpu::{Access, Fault};

/// Longest instruction that processors execute (Intel SDM, "Instruction Format").
pub const MAX_INSTRUCTION: usize = 15;

/// What can be fetched at CS:RIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    bytes: [u8; MAX_INSTRUCTION],
    length: usize,
    /// Why there is no more of it. An instruction that needs more takes this fault.
    pub end: Option<AccessError>,
}

impl Code {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Linear<'_> {
    /// Fetches as many bytes as the longest instruction has, or up to the first that can't be fetched.
    pub fn fetch(&mut self) -> Code {
        let mut code = Code { bytes: [0; MAX_INSTRUCTION], length: 0, end: None };
        while code.length < MAX_INSTRUCTION && code.end.is_none() {
            match self.fetch_from_page(&mut code.bytes, code.length) {
                Ok(bytes) => code.length += bytes,
                Err(error) => code.end = Some(error),
            }
        }
        code
    }

    /// Fills `bytes` from `have` on with what lies in one page, and returns how much that is.
    fn fetch_from_page(
        &mut self,
        bytes: &mut [u8; MAX_INSTRUCTION],
        have: usize,
    ) -> Result<usize, AccessError> {
        let offset = self.state.rip.wrapping_add(have as u64);
        let wanted = MAX_INSTRUCTION - have;
        let linear = self.code_address(offset).map_err(AccessError::Fault)?;
        let in_page = ((PAGE - linear % PAGE) as usize).min(wanted);
        let in_limit = match self.code_width() {
            Width::Bits64 => in_page,
            Width::Bits32 | Width::Bits16 => {
                let more = u64::from(self.state.cs.limit).saturating_sub(offset);
                in_page.min(usize::try_from(more).map_or(in_page, |more| more.saturating_add(1)))
            }
        };
        let place = self.translate(linear, Access::Fetch)?;
        let target = bytes.get_mut(have..have + in_limit).unwrap_or_default();
        self.memory.read(place, target).map_err(|_| not_ram(place, Access::Fetch))?;
        Ok(in_limit)
    }

    /// The linear address of the code at `offset`.
    fn code_address(&self, offset: u64) -> Result<u64, Fault> {
        match self.code_width() {
            Width::Bits64 if super::segment::is_canonical(offset) => Ok(offset),
            Width::Bits32 | Width::Bits16 if offset <= self.state.cs.limit.into() => {
                Ok(self.state.cs.base.wrapping_add(offset) & Width::Bits32.mask())
            }
            _ => Err(Fault::GeneralProtection),
        }
    }
}
