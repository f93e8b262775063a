//! From the bytes at CS:RIP to an instruction.

use super::disassemble::Bytes;
use crate::linear::{AccessError, Linear, SegmentName, Width};
use iced_x86::{CodeSize, Decoder, DecoderError, DecoderOptions, Instruction, OpKind, Register};

/// An instruction, and where the next one is.
pub struct Decoded {
    /// `None` if the bytes are no instruction.
    pub instruction: Option<Instruction>,
    /// RIP of the next instruction.
    pub next_rip: u64,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Builds the decoder's tables, on the heap. To be called once before any guest runs; without it, the
/// first instruction does it. Nothing is allocated after that.
pub fn init() {
    const NOP: &[u8] = &[0x90];
    let _ = Decoder::new(Width::Bits64.bits(), NOP, DecoderOptions::NONE).decode();
}

/// Fetches and decodes the instruction at CS:RIP.
pub fn decode(code: &mut Linear) -> Result<Decoded, AccessError> {
    let (width, rip) = (code.code_width(), code.rip());
    let fetched = code.fetch();
    let bytes = fetched.bytes();
    let mut decoder = Decoder::with_ip(width.bits(), bytes, rip, DecoderOptions::NONE);
    let instruction = decoder.decode();
    if let (DecoderError::NoMoreBytes, Some(error)) = (decoder.last_error(), fetched.end) {
        return Err(error);
    }
    if instruction.is_invalid() {
        return Ok(Decoded { instruction: None, next_rip: rip, bytes: Bytes::new(bytes, width, rip) });
    }
    let length = instruction.len();
    let next_rip = rip.wrapping_add(length as u64);
    Ok(Decoded {
        instruction: Some(instruction),
        // IP of 16 bits does not wrap: what follows is beyond the limit.
        next_rip: if width == Width::Bits64 { next_rip } else { next_rip & Width::Bits32.mask() },
        bytes: Bytes::new(bytes.get(..length).unwrap_or_default(), width, rip),
    })
}

/// The segment of the operand in memory. 64-bit mode ignores the prefixes of ES, CS, SS and DS.
pub fn segment(instruction: &Instruction) -> Option<SegmentName> {
    const OF_STACK: [Register; 4] = [Register::ESP, Register::EBP, Register::RSP, Register::RBP];
    let by_prefix = [Register::FS, Register::GS].contains(&instruction.segment_prefix());
    if instruction.code_size() == CodeSize::Code64 && !by_prefix {
        let of_stack = OF_STACK.contains(&instruction.memory_base());
        return Some(if of_stack { SegmentName::Ss } else { SegmentName::Ds });
    }
    segment_register(instruction.memory_segment())
}

/// The segment register by the decoder's name.
pub const fn segment_register(register: Register) -> Option<SegmentName> {
    match register {
        Register::ES => Some(SegmentName::Es),
        Register::CS => Some(SegmentName::Cs),
        Register::SS => Some(SegmentName::Ss),
        Register::DS => Some(SegmentName::Ds),
        Register::FS => Some(SegmentName::Fs),
        Register::GS => Some(SegmentName::Gs),
        _ => None,
    }
}

/// Width of SI, DI and CX for a string operand; `None` if the operand is none.
pub const fn string_address_width(operand: OpKind) -> Option<Width> {
    match operand {
        OpKind::MemorySegSI | OpKind::MemoryESDI => Some(Width::Bits16),
        OpKind::MemorySegESI | OpKind::MemoryESEDI => Some(Width::Bits32),
        OpKind::MemorySegRSI | OpKind::MemoryESRDI => Some(Width::Bits64),
        _ => None,
    }
}
