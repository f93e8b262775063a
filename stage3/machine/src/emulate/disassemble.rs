//! Instructions as text, for the operator of a VM that stopped.

use super::decode;
use crate::linear::{AccessError, Linear, Width, MAX_INSTRUCTION};
use crate::memory::GuestMemory;
use crate::vcpu::{MemoryFault, Vcpu};
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use iced_x86::{Decoder, DecoderOptions, FastFormatterOptions};
use iced_x86::{SpecializedFormatter, SpecializedFormatterTraitOptions};

/// Assembly language as in the manuals, with `0x` before numbers.
struct Style;

impl SpecializedFormatterTraitOptions for Style {
    fn space_after_operand_separator(_: &FastFormatterOptions) -> bool {
        true
    }

    fn always_show_memory_size(_: &FastFormatterOptions) -> bool {
        true
    }

    fn use_hex_prefix(_: &FastFormatterOptions) -> bool {
        true
    }
}

/// The instruction at CS:RIP of `vcpu` and its bytes; or why they can't be read. Nothing of the guest
/// changes.
pub fn disassemble<V: Vcpu>(vcpu: &V, memory: &dyn GuestMemory, physical_bits: u32) -> String {
    let state = vcpu.state();
    let mut linear = Linear::new(&state, vcpu.cpl(), physical_bits, memory).unnoticed();
    match decode::decode(&mut linear) {
        Ok(decoded) => decoded.bytes.to_string(),
        Err(AccessError::Fault(fault)) => format!("unreadable: {fault}"),
        Err(AccessError::Changed) => "unreadable: it changed".to_string(),
        Err(AccessError::NotRam(MemoryFault { gpa, .. })) => {
            format!("unreadable: address {gpa} is no memory")
        }
    }
}

/// The bytes of an instruction, or those that were fetched in search of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes {
    fetched: [u8; MAX_INSTRUCTION],
    length: usize,
    width: Width,
    rip: u64,
}

impl Bytes {
    /// From at most 15 `bytes`, of code of this `width` at `rip`.
    pub(super) fn new(bytes: &[u8], width: Width, rip: u64) -> Self {
        let length = bytes.len().min(MAX_INSTRUCTION);
        let mut result = Self { fetched: [0; MAX_INSTRUCTION], length, width, rip };
        for (to, from) in result.fetched.iter_mut().zip(bytes) {
            *to = *from;
        }
        result
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.fetched.get(..self.length).unwrap_or_default()
    }
}

/// The instruction in assembly language, then the bytes. This allocates: it is for VMs that stopped.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.as_slice();
        let instruction = Decoder::with_ip(self.width.bits(), bytes, self.rip, DecoderOptions::NONE).decode();
        let mut text = String::new();
        if instruction.is_invalid() {
            text.push_str("unknown to the decoder");
        } else {
            SpecializedFormatter::<Style>::new().format(&instruction, &mut text);
        }
        write!(f, "{text} (")?;
        for (index, byte) in bytes.iter().enumerate() {
            write!(f, "{}{byte:02x}", if index == 0 { "" } else { " " })?;
        }
        f.write_str(")")
    }
}
