//! One instruction with a memory operand, and what it works on.

mod address;
mod prepare;

use crate::forms::{Field, Form, Kind, FORMS, PORT_STRINGS, STRINGS};
use crate::mode::{Mode, DS, ES, FS, SS};
use crate::random::Random;

/// Numbers of registers in [`Case::registers`].
const RAX: usize = 0;
const RCX: usize = 1;
const RDX: usize = 2;
const RBX: usize = 3;
const RSP: usize = 4;
const RBP: usize = 5;
const RSI: usize = 6;
const RDI: usize = 7;
const R9: usize = 9;

/// Ports that are memory, for INS and OUTS of bytes and words: page registers of the DMA controller.
pub const PORT_PAGE: u64 = 0x81;
/// For dwords: the address register of the PCI bus.
pub const PORT_DWORD: u64 = 0xcf8;

/// One instruction and the state before it.
#[derive(Clone, Debug)]
pub struct Case {
    pub mode: Mode,
    pub code: Vec<u8>,
    /// By number; RSP's is used on the emulated computer only.
    pub registers: [u64; 16],
    pub flags: u64,
    /// Flags that the manual leaves undefined after it.
    pub undefined: u64,
    /// INS or OUTS: it exits for the port.
    pub is_port_io: bool,
}

/// How the code of a case is encoded.
#[derive(Clone, Copy)]
struct Prefixes {
    /// Bytes of an address.
    address: usize,
    /// Bytes of a wide operand.
    operand: usize,
    /// 66h is there.
    word: bool,
    rex: bool,
    wide: bool,
    /// The segment, if there is a prefix for it.
    segment: Option<usize>,
}

impl Case {
    /// The next case; it may change `memory` before.
    pub fn new(mode: Mode, random: &mut Random, memory: &mut [u8]) -> Self {
        let width = if mode == Mode::Bits64 { u64::MAX } else { u32::MAX.into() };
        let registers = [(); 16].map(|()| random.edgy() & width);
        let flags = random.next() & 0xcd5;
        let mut case = Self { mode, code: Vec::new(), registers, flags, undefined: 0, is_port_io: false };
        let prefixes = case.prefixes(random);
        if mode.has_machine() {
            let upper = case.registers[RSP] & !0xffff & if mode.bits() == 16 { u64::MAX } else { 0 };
            case.registers[RSP] = case.place(random, SS) & 0xffff | upper;
        }
        match random.below(16) {
            0 | 1 => case.string(prefixes, random, memory),
            2 if mode.has_machine() => case.port_string(prefixes, random),
            3 if mode.has_machine() => case.without_modrm(prefixes, random),
            _ => case.with_modrm(prefixes, random, memory),
        }
        case
    }

    fn prefixes(&mut self, random: &mut Random) -> Prefixes {
        let bits = self.mode.bits();
        let (word, rex) = (random.once_in(4), bits == 64 && random.once_in(2));
        let wide = rex && random.once_in(2);
        let other_address = self.mode.has_machine() && random.once_in(4);
        let segment = if self.mode.has_machine() && random.once_in(3) {
            Some(random.of(&[ES, SS, DS, FS]))
        } else {
            None
        };
        if other_address {
            self.code.push(0x67);
        }
        if let Some(segment) = segment {
            self.code.push([0x26, 0x2e, 0x36, 0x3e, 0x64][segment]);
        }
        let address = match bits {
            64 => 8,
            32 => {
                if other_address {
                    2
                } else {
                    4
                }
            }
            _ => {
                if other_address {
                    4
                } else {
                    2
                }
            }
        };
        let operand = if wide {
            8
        } else if (bits == 16) != word {
            2
        } else {
            4
        };
        Prefixes { address, operand, word, rex, wide, segment }
    }

    /// An offset in `segment` near the place where the pages meet.
    fn place(&self, random: &mut Random, segment: usize) -> u64 {
        let space = self.mode.space();
        let near = if random.once_in(2) { space.near } else { 0x10 };
        (space.start + space.middle - near + random.below(2 * near)).wrapping_sub(self.mode.base(segment))
    }

    /// Sets the register of an address of `bytes`: the upper part of a shorter one does not matter.
    fn set_address(&mut self, register: usize, value: u64, bytes: usize) {
        let whole = &mut self.registers[register];
        *whole = match bytes {
            2 => *whole & !0xffff | value & 0xffff,
            4 => value & 0xffff_ffff,
            _ => value,
        };
    }

    fn string(&mut self, prefixes: Prefixes, random: &mut Random, memory: &mut [u8]) {
        if random.once_in(2) {
            // Something to find, and something to differ.
            for byte in memory.iter_mut() {
                *byte = u8::from(random.once_in(16));
            }
            self.registers[RAX] = 0;
        }
        self.push_string_prefixes(prefixes, random, 20);
        self.code.push(random.of(STRINGS) & !u8::from(random.once_in(3)));
    }

    fn port_string(&mut self, prefixes: Prefixes, random: &mut Random) {
        self.is_port_io = true;
        self.push_string_prefixes(prefixes, random, 12);
        let opcode = random.of(PORT_STRINGS) & !u8::from(random.once_in(3));
        let is_dword = opcode & 1 != 0 && prefixes.operand == 4;
        self.set_address(RDX, if is_dword { PORT_DWORD } else { PORT_PAGE }, 2);
        self.code.push(opcode);
    }

    fn push_string_prefixes(&mut self, prefixes: Prefixes, random: &mut Random, count: u64) {
        let source = self.place(random, prefixes.segment.unwrap_or(DS));
        self.set_address(RSI, source, prefixes.address);
        let target = self.place(random, ES);
        self.set_address(RDI, target, prefixes.address);
        self.set_address(RCX, random.below(count), prefixes.address);
        if prefixes.word {
            self.code.push(0x66);
        }
        self.code.extend(random.of(&[&[][..], &[0xf2], &[0xf3]]));
        if prefixes.wide {
            self.code.push(0x48);
        }
    }

    /// PUSH and POP of registers and constants, XLAT, MOV with the address in the code.
    fn without_modrm(&mut self, prefixes: Prefixes, random: &mut Random) {
        if prefixes.word {
            self.code.push(0x66);
        }
        let value = random.edgy().to_le_bytes();
        let target = self.place(random, prefixes.segment.unwrap_or(DS));
        match random.below(6) {
            0 => self.code.push(0x50 + random.below(8) as u8),
            1 => self.code.push(0x58 + random.below(8) as u8),
            2 => self.code.extend([&[0x68], &value[..prefixes.operand]].concat()),
            3 => self.code.extend([0x6a, value[0]]),
            4 => {
                let base = target.wrapping_sub(self.registers[RAX] & 0xff);
                self.set_address(RBX, base, prefixes.address);
                self.code.push(0xd7);
            }
            _ => {
                self.code.push(0xa0 + random.below(4) as u8);
                self.code.extend(&target.to_le_bytes()[..prefixes.address]);
            }
        }
    }

    fn with_modrm(&mut self, prefixes: Prefixes, random: &mut Random, memory: &mut [u8]) {
        let form = self.form(random);
        let is_byte = form.has_bytes && random.once_in(4);
        let size = match form.opcode {
            // CMPXCHG8B and 16B have a size of their own; 66h changes nothing, REX.W tells them apart.
            [0x0f, 0xc7] => 8,
            _ if is_byte => 1,
            _ => prefixes.operand,
        };
        let rex_w = match form.kind {
            Kind::Aligned64 => true,
            _ => prefixes.wide && size == prefixes.operand && form.opcode != [0x0f, 0xc7],
        };
        let rex = prefixes.rex || rex_w;
        if form.can_lock && random.once_in(4) {
            self.code.push(0xf0);
        }
        if prefixes.word && form.opcode != [0x0f, 0xc7] {
            self.code.push(0x66);
        }
        let (mut field, immediate) = match form.reg {
            Field::Any => (random.below(if rex { 16 } else { 8 }) as u8, 0),
            Field::AnyAnd(bytes) => (random.below(if rex { 16 } else { 8 }) as u8, bytes),
            Field::Bit => (random.of(&[0, 1, 2]), 0),
            Field::Segment => (random.of(&[ES, SS, DS, FS]) as u8, 0),
            Field::Opcode(choices, immediate) => (random.of(choices), immediate),
        };
        // Not RSP, which the processor's stack needs. In bytes without REX it is AH.
        if matches!(form.reg, Field::Any | Field::AnyAnd(_)) && field == 4 && (rex || !is_byte) {
            field = 5;
        }
        if matches!(form.reg, Field::Bit) {
            // Not far away; 16-bit operands ignore the upper bits.
            let bits = self.mode.space().bits;
            let number = random.below(2 * bits).wrapping_sub(bits);
            self.registers[usize::from(field)] = number & if rex_w { u64::MAX } else { u32::MAX.into() };
        }
        let (operand, at) = self.memory_operand(prefixes, field & 7, form.kind, random);
        if rex {
            let index_is_r9 = operand.len() > 1 && operand[0] & 7 == 4 && operand[1] >> 3 & 7 == 1;
            let bits = [(rex_w, 8), (field >= 8, 4), (index_is_r9, 2)];
            self.code.push(bits.iter().filter(|bit| bit.0).fold(0x40, |rex, bit| rex | bit.1));
        }
        self.code.extend(form.opcode);
        if is_byte {
            *self.code.last_mut().unwrap() &= !1;
        }
        self.code.extend(operand);
        let value = random.edgy().to_le_bytes();
        self.code.extend(&value[..if immediate == 4 { size.min(4) } else { immediate }]);
        self.prepare(form, field, size, random, &mut memory[at..]);
    }

    fn form(&self, random: &mut Random) -> &'static Form {
        loop {
            let form = &FORMS[random.below(FORMS.len() as u64) as usize];
            let exists = match form.kind {
                Kind::Stack => self.mode.has_machine(),
                Kind::Not16 => self.mode.bits() != 16,
                Kind::Only64 | Kind::Aligned64 => self.mode == Mode::Bits64,
                _ => true,
            };
            if exists {
                return form;
            }
        }
    }
}
