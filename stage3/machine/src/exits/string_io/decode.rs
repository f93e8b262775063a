//! The prefixes of a string instruction. Processors tell of them at the exit in part, or not at all.

use crate::emulate::decode;
use crate::linear::{AccessError, Linear, SegmentName, Width};
use crate::vcpu::Direction;
use iced_x86::Code;

/// What the prefixes change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StringIo {
    /// REP, or REPNE, which means the same here.
    pub repeat: bool,
    /// Of SI or DI, and of CX.
    pub address_width: Width,
    /// Segment of the source of OUTS.
    pub source: SegmentName,
}

/// Decodes the instruction at RIP; `None` if it moves no string in this `direction`.
pub fn decode(code: &mut Linear, direction: Direction) -> Result<Option<StringIo>, AccessError> {
    let Some(instruction) = decode::decode(code)?.instruction else { return Ok(None) };
    let place = match (direction, instruction.code()) {
        (Direction::In, Code::Insb_m8_DX | Code::Insw_m16_DX | Code::Insd_m32_DX) => instruction.op0_kind(),
        (Direction::Out, Code::Outsb_DX_m8 | Code::Outsw_DX_m16 | Code::Outsd_DX_m32) => {
            instruction.op1_kind()
        }
        _ => return Ok(None),
    };
    let Some(address_width) = decode::string_address_width(place) else { return Ok(None) };
    Ok(Some(StringIo {
        repeat: instruction.has_rep_prefix() || instruction.has_repne_prefix(),
        address_width,
        source: decode::segment(&instruction).unwrap_or(SegmentName::Ds),
    }))
}
