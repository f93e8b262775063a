//! The prefixes of a string instruction. Processors tell of them at the exit in part, or not at all.

use crate::exits::linear::{AccessError, Linear, SegmentName, Width};
use crate::vcpu::Direction;

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

/// Longest instruction that processors execute.
const MAX_BYTES: u64 = 15;

/// Decodes the instruction at RIP; `None` if it moves no string in this `direction`.
pub fn decode(code: &mut Linear, direction: Direction) -> Result<Option<StringIo>, AccessError> {
    let width = code.code_width();
    let mut result = StringIo { repeat: false, address_width: width, source: SegmentName::Ds };
    for offset in 0..MAX_BYTES {
        match code.fetch(offset)? {
            0x26 => override_segment(&mut result, width, SegmentName::Es),
            0x2e => override_segment(&mut result, width, SegmentName::Cs),
            0x36 => override_segment(&mut result, width, SegmentName::Ss),
            0x3e => override_segment(&mut result, width, SegmentName::Ds),
            0x64 => result.source = SegmentName::Fs,
            0x65 => result.source = SegmentName::Gs,
            0xf2 | 0xf3 => result.repeat = true,
            // Operand size: the exit tells it.
            0x66 => {}
            0x67 => {
                result.address_width = match width {
                    Width::Bits64 | Width::Bits16 => Width::Bits32,
                    Width::Bits32 => Width::Bits16,
                }
            }
            // REX
            0x40..=0x4f if width == Width::Bits64 => {}
            0x6c | 0x6d => return Ok((direction == Direction::In).then_some(result)),
            0x6e | 0x6f => return Ok((direction == Direction::Out).then_some(result)),
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// The last segment prefix counts; those of ES, CS, SS and DS are ignored in 64-bit mode.
fn override_segment(result: &mut StringIo, width: Width, segment: SegmentName) {
    if width != Width::Bits64 {
        result.source = segment;
    }
}
