//! Which parts an instruction of stage 3's code has, as far as its packing needs to know it.
//!
//! Packed code is divided into streams of similar bytes: the [`Stream`]s. What is packed and what unpacks it go through the
//! code by the same tables, so that a mistake in them makes the packed code longer, but never wrong.

/// A part of the packed code. Numbers of several bytes have the highest one first. This order packs best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Prefixes, opcodes and ModRM.
    Opcodes,
    /// SIB.
    Sibs,
    /// Where calls go to, counted from the start of the code: the same number for the same function.
    Calls,
    /// Immediate operands of 8 bits.
    Immediates8,
    /// Displacements of 8 bits.
    Displacements8,
    /// Where jumps go to, counted from the start of the code.
    Jumps32,
    /// Distances of short jumps.
    Jumps8,
    /// Displacements without a base.
    Addresses,
    /// Other displacements of 32 bits.
    Displacements32,
    /// Immediate operands of 16, 32 and 64 bits.
    Immediates32,
}

/// How many there are.
pub const STREAMS: usize = 10;
/// No instruction is longer; none begins in so many bytes at the end of the code: these are opcodes.
pub const LONGEST: usize = 16;

/// The instruction has a ModRM byte.
pub const MODRM: u8 = 1;
/// Mask of the operand that follows.
pub const OPERAND: u8 = 0b1110;
/// Eight bits.
pub const IMMEDIATE8: u8 = 1 << 1;
/// 32 bits; 16 behind the prefix 66h.
pub const IMMEDIATE32: u8 = 2 << 1;
/// The distance of a jump, of eight bits.
pub const JUMP8: u8 = 3 << 1;
/// The distance of a jump, of 32 bits.
pub const JUMP32: u8 = 4 << 1;
/// The distance of a call.
pub const CALL: u8 = 5 << 1;
/// 32 bits; 64 behind REX.W.
pub const IMMEDIATE64: u8 = 6 << 1;
/// Not an instruction, but a prefix of the one that follows; with [`MODRM`], the opcodes F6h and F7h, which have an immediate
/// operand if bits 5:4 of ModRM are zero.
pub const SPECIAL: u8 = 7 << 1;

/// Operand-size prefix.
pub const OPERAND_SIZE: u8 = 0x66;
/// Opcodes of two bytes start so.
pub const ESCAPE: u8 = 0x0f;

/// What follows each opcode of one byte (Intel SDM, "One-byte Opcode Map"), two in a byte, the even one in the lower half.
pub const ONE_BYTE: [u8; 128] = halves(&ONE_BYTE_EACH);
/// What follows each opcode of two bytes ("Two-byte Opcode Map").
pub const TWO_BYTES: [u8; 128] = halves(&TWO_BYTES_EACH);

/// What follows `opcode`, by one of the tables.
#[must_use]
pub const fn after(table: &[u8; 128], opcode: u8) -> u8 {
    table[opcode as usize / 2] >> (4 * (opcode % 2)) & 0xf
}

const ONE_BYTE_EACH: [u8; 256] = {
    let mut table = [0; 256];
    let mut opcode = 0;
    while opcode < 256 {
        table[opcode] = match opcode {
            0x26 | 0x2e | 0x36 | 0x3e | 0x40..=0x4f | 0x64..=0x67 | 0xf0 | 0xf2 | 0xf3 => SPECIAL,
            0x00..=0x3f if opcode % 8 < 4 => MODRM,
            0x00..=0x3f if opcode % 8 == 4 => IMMEDIATE8,
            0x00..=0x3f if opcode % 8 == 5 => IMMEDIATE32,
            0x63 | 0x84..=0x8f | 0xd0..=0xd3 | 0xd8..=0xdf | 0xfe | 0xff => MODRM,
            0x68 | 0xa9 => IMMEDIATE32,
            0x6a | 0xa8 | 0xb0..=0xb7 | 0xcd | 0xe4..=0xe7 => IMMEDIATE8,
            0x69 | 0x81 | 0xc7 => MODRM | IMMEDIATE32,
            0x6b | 0x80 | 0x82 | 0x83 | 0xc0 | 0xc1 | 0xc6 => MODRM | IMMEDIATE8,
            0x70..=0x7f | 0xe0..=0xe3 | 0xeb => JUMP8,
            0xb8..=0xbf => IMMEDIATE64,
            0xe8 => CALL,
            0xe9 => JUMP32,
            0xf6 | 0xf7 => SPECIAL | MODRM,
            _ => 0,
        };
        opcode += 1;
    }
    table
};

const TWO_BYTES_EACH: [u8; 256] = {
    let mut table = [MODRM; 256];
    let mut opcode = 0;
    while opcode < 256 {
        table[opcode] = match opcode {
            0x80..=0x8f => JUMP32,
            0x05..=0x0b | 0x30..=0x37 | 0x77 | 0xa0..=0xa2 | 0xa8..=0xaa | 0xc8..=0xcf => 0,
            0x70..=0x73 | 0xa4 | 0xac | 0xba | 0xc2 | 0xc4..=0xc6 => MODRM | IMMEDIATE8,
            _ => MODRM,
        };
        opcode += 1;
    }
    table
};

const fn halves(each: &[u8; 256]) -> [u8; 128] {
    let mut table = [0; 128];
    let mut at = 0;
    while at < 128 {
        table[at] = each[2 * at] | each[2 * at + 1] << 4;
        at += 1;
    }
    table
}
