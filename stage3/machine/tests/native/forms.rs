//! The instructions with a memory operand that cases are made of.

/// What the register field of ModRM is.
#[derive(Clone, Copy)]
pub enum Field {
    /// A register.
    Any,
    /// A register with the number of a bit.
    Bit,
    /// A segment register.
    Segment,
    /// More of the opcode: one of these, and the bytes of an immediate (4: as many as the operand has, at most 4).
    Opcode(&'static [u8], usize),
    /// A register, and so many bytes of an immediate.
    AnyAnd(usize),
}

/// What a case has to care about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Plain,
    /// The count is CL, or the last byte of the code, or 1.
    Shift,
    /// SHLD, SHRD.
    DoubleShift,
    /// Sets CF and OF only.
    Multiply,
    /// Must not overflow.
    Divide,
    /// Uses the stack.
    Stack,
    /// QEMU 7.2 takes 66h in 16-bit code for the same as in 32-bit code (MOVBE).
    Not16,
    /// Exists in 64-bit code only.
    Only64,
    /// CMPXCHG16B: the same, and its operand is aligned.
    Aligned64,
}

/// Opcode and register field; bit 0 of the last byte makes the operand a byte if `has_bytes`.
pub struct Form {
    pub opcode: &'static [u8],
    pub reg: Field,
    pub has_bytes: bool,
    /// Legal with LOCK.
    pub can_lock: bool,
    pub kind: Kind,
}

const fn form(opcode: &'static [u8], reg: Field, has_bytes: bool, can_lock: bool) -> Form {
    Form { opcode, reg, has_bytes, can_lock, kind: Kind::Plain }
}

const fn special(opcode: &'static [u8], reg: Field, has_bytes: bool, kind: Kind) -> Form {
    Form { opcode, reg, has_bytes, can_lock: false, kind }
}

/// Instructions with ModRM. With a byte form, the opcode is that of the wide one.
pub const FORMS: &[Form] = &[
    form(&[0x01], Field::Any, true, true),
    form(&[0x09], Field::Any, true, true),
    form(&[0x11], Field::Any, true, true),
    form(&[0x19], Field::Any, true, true),
    form(&[0x21], Field::Any, true, true),
    form(&[0x29], Field::Any, true, true),
    form(&[0x31], Field::Any, true, true),
    form(&[0x39], Field::Any, true, false),
    form(&[0x03], Field::Any, true, false),
    form(&[0x0b], Field::Any, true, false),
    form(&[0x13], Field::Any, true, false),
    form(&[0x1b], Field::Any, true, false),
    form(&[0x23], Field::Any, true, false),
    form(&[0x2b], Field::Any, true, false),
    form(&[0x33], Field::Any, true, false),
    form(&[0x3b], Field::Any, true, false),
    form(&[0x81], Field::Opcode(&[0, 1, 2, 3, 4, 5, 6], 4), true, true),
    form(&[0x81], Field::Opcode(&[7], 4), true, false),
    form(&[0x83], Field::Opcode(&[0, 1, 2, 3, 4, 5, 6], 1), false, true),
    form(&[0x85], Field::Any, true, false),
    form(&[0xf7], Field::Opcode(&[0], 4), true, false),
    form(&[0xf7], Field::Opcode(&[2, 3], 0), true, true),
    form(&[0xff], Field::Opcode(&[0, 1], 0), true, true),
    form(&[0x87], Field::Any, true, true),
    form(&[0x89], Field::Any, true, false),
    form(&[0x8b], Field::Any, true, false),
    form(&[0xc7], Field::Opcode(&[0], 4), true, false),
    form(&[0x0f, 0xb6], Field::Any, false, false),
    form(&[0x0f, 0xb7], Field::Any, false, false),
    form(&[0x0f, 0xbe], Field::Any, false, false),
    form(&[0x0f, 0xbf], Field::Any, false, false),
    form(&[0x0f, 0xb1], Field::Any, true, true),
    form(&[0x0f, 0xc1], Field::Any, true, true),
    form(&[0x0f, 0xa3], Field::Bit, false, false),
    form(&[0x0f, 0xab], Field::Bit, false, true),
    form(&[0x0f, 0xb3], Field::Bit, false, true),
    form(&[0x0f, 0xbb], Field::Bit, false, true),
    form(&[0x0f, 0xba], Field::Opcode(&[4], 1), false, false),
    form(&[0x0f, 0xba], Field::Opcode(&[5, 6, 7], 1), false, true),
    // SETcc, CMOVcc: a few of each half.
    form(&[0x0f, 0x92], Field::Opcode(&[0], 0), false, false),
    form(&[0x0f, 0x95], Field::Opcode(&[0], 0), false, false),
    form(&[0x0f, 0x9f], Field::Opcode(&[0], 0), false, false),
    form(&[0x0f, 0x40], Field::Any, false, false),
    form(&[0x0f, 0x46], Field::Any, false, false),
    form(&[0x0f, 0x49], Field::Any, false, false),
    form(&[0x0f, 0x4b], Field::Any, false, false),
    form(&[0x0f, 0x4c], Field::Any, false, false),
    // MOVBE, CMPXCHG8B.
    special(&[0x0f, 0x38, 0xf0], Field::Any, false, Kind::Not16),
    special(&[0x0f, 0x38, 0xf1], Field::Any, false, Kind::Not16),
    form(&[0x0f, 0xc7], Field::Opcode(&[1], 0), false, true),
    // ROL, ROR, RCL, RCR, SHL, SHR and SAR by 1, CL and an immediate.
    special(&[0xd1], Field::Opcode(&[0, 1, 2, 3, 4, 5, 7], 0), true, Kind::Shift),
    special(&[0xd3], Field::Opcode(&[0, 1, 2, 3, 4, 5, 7], 0), true, Kind::Shift),
    special(&[0xc1], Field::Opcode(&[0, 1, 2, 3, 4, 5, 7], 1), true, Kind::Shift),
    special(&[0x0f, 0xa4], Field::AnyAnd(1), false, Kind::DoubleShift),
    special(&[0x0f, 0xa5], Field::Any, false, Kind::DoubleShift),
    special(&[0x0f, 0xac], Field::AnyAnd(1), false, Kind::DoubleShift),
    special(&[0x0f, 0xad], Field::Any, false, Kind::DoubleShift),
    special(&[0xf7], Field::Opcode(&[4, 5], 0), true, Kind::Multiply),
    special(&[0x0f, 0xaf], Field::Any, false, Kind::Multiply),
    special(&[0x69], Field::AnyAnd(4), false, Kind::Multiply),
    special(&[0x6b], Field::AnyAnd(1), false, Kind::Multiply),
    special(&[0xf7], Field::Opcode(&[6, 7], 0), true, Kind::Divide),
    special(&[0xff], Field::Opcode(&[6], 0), false, Kind::Stack),
    special(&[0x8f], Field::Opcode(&[0], 0), false, Kind::Stack),
    special(&[0x8c], Field::Segment, false, Kind::Stack),
    // MOVSXD; in 32-bit code it is another instruction.
    special(&[0x63], Field::Any, false, Kind::Only64),
    special(&[0x0f, 0xc7], Field::Opcode(&[1], 0), false, Kind::Aligned64),
];

/// MOVS, CMPS, STOS, LODS and SCAS, wide.
pub const STRINGS: &[u8] = &[0xa5, 0xa7, 0xab, 0xad, 0xaf];
/// INS and OUTS, wide.
pub const PORT_STRINGS: &[u8] = &[0x6d, 0x6f];
