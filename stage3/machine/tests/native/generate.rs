//! Instructions with a memory operand, and what they work on.

use crate::guest::{BUFFER, MEMORY};
use crate::random::Random;

/// Numbers of registers in [`Case::registers`].
const RAX: usize = 0;
const RCX: usize = 1;
const RBX: usize = 3;
const RSI: usize = 6;
const RDI: usize = 7;
const R9: usize = 9;

/// Kind of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Bits32,
    Bits64,
}

/// One instruction and the state before it.
#[derive(Clone, Debug)]
pub struct Case {
    pub code: Vec<u8>,
    /// By number; RSP's is not used.
    pub registers: [u64; 16],
    pub flags: u64,
}

/// What the register field of ModRM is.
#[derive(Clone, Copy)]
enum Field {
    /// A register.
    Any,
    /// A register with the number of a bit.
    Bit,
    /// More of the opcode: one of these, and the bytes of an immediate (4: as many as the operand has, at most 4).
    Opcode(&'static [u8], usize),
}

/// Opcode and register field; bit 0 of the last byte makes the operand a byte if `has_bytes`.
struct Form {
    opcode: &'static [u8],
    reg: Field,
    has_bytes: bool,
    /// Legal with LOCK.
    can_lock: bool,
}

const fn form(opcode: &'static [u8], reg: Field, has_bytes: bool, can_lock: bool) -> Form {
    Form { opcode, reg, has_bytes, can_lock }
}

/// Instructions with ModRM. With a byte form, the opcode is that of the wide one.
const FORMS: &[Form] = &[
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
    // MOVSXD; in 32-bit code it is another instruction.
    form(&[0x63], Field::Any, false, false),
];

/// MOVS, CMPS, STOS, LODS and SCAS, wide.
const STRINGS: &[u8] = &[0xa5, 0xa7, 0xab, 0xad, 0xaf];

impl Case {
    /// The next case; it may change `memory` before.
    pub fn new(mode: Mode, random: &mut Random, memory: &mut [u8; MEMORY]) -> Self {
        let width = if mode == Mode::Bits64 { u64::MAX } else { u32::MAX.into() };
        let mut registers = [(); 16].map(|()| random.edgy() & width);
        // Operands are around the middle, where the pages meet.
        let mut place = || {
            BUFFER + 0x800 + if random.once_in(2) { random.below(0x1000) } else { 0x7f0 + random.below(0x20) }
        };
        (registers[RBX], registers[RSI], registers[RDI]) = (place(), place(), place());
        let mut case = Self { code: Vec::new(), registers, flags: random.next() & 0xcd5 };
        if random.once_in(8) {
            case.string(mode, random, memory);
        } else {
            case.with_modrm(mode, random, memory);
        }
        case
    }

    fn string(&mut self, mode: Mode, random: &mut Random, memory: &mut [u8; MEMORY]) {
        if random.once_in(2) {
            // Something to find, and something to differ.
            for byte in memory.iter_mut() {
                *byte = u8::from(random.once_in(16));
            }
            self.registers[RAX] = 0;
        }
        self.code.extend(random.of(&[&[][..], &[0x66]]));
        self.code.extend(random.of(&[&[][..], &[0xf2], &[0xf3]]));
        if mode == Mode::Bits64 {
            self.code.extend(random.of(&[&[][..], &[0x48]]));
        }
        self.code.push(random.of(STRINGS) & !u8::from(random.once_in(3)));
        self.registers[RCX] = random.below(20);
    }

    fn with_modrm(&mut self, mode: Mode, random: &mut Random, memory: &[u8; MEMORY]) {
        let in_64_bits = mode == Mode::Bits64;
        let forms = if in_64_bits { FORMS } else { &FORMS[..FORMS.len() - 1] };
        let form = &forms[random.below(forms.len() as u64) as usize];
        let is_byte = form.has_bytes && random.once_in(4);
        let (word, rex) = (random.once_in(4), in_64_bits && random.once_in(2));
        let wide = rex && random.once_in(2);
        let with_sib = (rex || !in_64_bits) && random.once_in(2);
        let index = if in_64_bits { R9 } else { RCX };
        if with_sib {
            self.registers[index] = random.below(4);
        }
        if form.can_lock && random.once_in(4) {
            self.code.push(0xf0);
        }
        if word {
            self.code.push(0x66);
        }
        let (mut field, immediate) = match form.reg {
            Field::Any | Field::Bit => (random.below(if rex { 16 } else { 8 }) as u8, 0),
            Field::Opcode(choices, immediate) => (random.of(choices), immediate),
        };
        let is_register = !matches!(form.reg, Field::Opcode(..));
        // Not RSP, which the processor's stack needs. In bytes without REX it is AH.
        if is_register && field == 4 && (rex || !is_byte) {
            field = 5;
        }
        if matches!(form.reg, Field::Bit) {
            // Not the address itself, and not far away; 16-bit operands ignore the upper bits.
            field = if [RBX, index].contains(&field.into()) { 0 } else { field };
            let number = random.below(0x1000).cast_signed() - 0x800;
            self.registers[usize::from(field)] =
                number.cast_unsigned() & if in_64_bits { u64::MAX } else { u32::MAX.into() };
        }
        if rex {
            let bits = [(wide, 8), (field >= 8, 4), (with_sib, 2)];
            self.code.push(bits.iter().filter(|bit| bit.0).fold(0x40, |rex, bit| rex | bit.1));
        }
        self.code.extend(form.opcode);
        if is_byte {
            *self.code.last_mut().unwrap() &= !1;
        }
        let displacement = random.next() as i8;
        let modrm = 0x40 | (field & 7) << 3;
        let scale = random.below(4) as u8;
        if with_sib {
            // [RBX + index * scale + disp8]
            self.code.extend([modrm | 4, scale << 6 | (index as u8 & 7) << 3 | 3]);
        } else {
            self.code.push(modrm | 3);
        }
        self.code.push(displacement.cast_unsigned());
        let immediate = match immediate {
            4 if is_byte => 1,
            4 if word && !wide => 2,
            other => other,
        };
        let value = random.edgy().to_le_bytes();
        self.code.extend(&value[..immediate]);
        if random.once_in(2) {
            // What CMPXCHG compares with.
            let index = if with_sib { self.registers[index] << scale } else { 0 };
            let address = self.registers[RBX].wrapping_add_signed(displacement.into()) + index;
            let at = (address - BUFFER) as usize;
            if field != 0 || !is_register {
                let value = read(memory, at);
                self.registers[RAX] = if in_64_bits { value } else { value & u64::from(u32::MAX) };
            }
        }
    }
}

fn read(memory: &[u8; MEMORY], at: usize) -> u64 {
    u64::from_le_bytes(memory[at..at + 8].try_into().unwrap())
}
