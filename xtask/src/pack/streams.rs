//! Stage 3's code, divided into streams for packing ([`bundle::instructions`]).

use bundle::instructions::{self as kind, Stream, ESCAPE, LONGEST, OPERAND_SIZE, STREAMS};

/// The streams of some code.
pub type Streams = [Vec<u8>; STREAMS];

/// Divides `code`.
pub fn divide(code: &[u8]) -> Streams {
    let mut divider = Divider { code, at: 0, streams: Streams::default() };
    let (mut is_wide, mut is_half) = (false, false);
    while divider.at + LONGEST <= code.len() {
        let opcode = divider.take(Stream::Opcodes, 1);
        if kind::after(&kind::ONE_BYTE, opcode) == kind::SPECIAL {
            is_half |= opcode == OPERAND_SIZE;
            is_wide |= opcode & 0xf8 == 0x48;
            continue;
        }
        match divider.up_to_displacement(opcode) {
            kind::IMMEDIATE8 => divider.take(Stream::Immediates8, 1),
            kind::IMMEDIATE32 if is_half => divider.take(Stream::Immediates32, 2),
            kind::IMMEDIATE64 if is_wide => divider.take(Stream::Immediates32, 8),
            kind::IMMEDIATE32 | kind::IMMEDIATE64 => divider.take(Stream::Immediates32, 4),
            kind::JUMP8 => divider.take(Stream::Jumps8, 1),
            kind::JUMP32 => divider.take_target(Stream::Jumps32),
            kind::CALL => divider.take_target(Stream::Calls),
            _ => 0,
        };
        (is_wide, is_half) = (false, false);
    }
    let Divider { at, mut streams, .. } = divider;
    streams[Stream::Opcodes as usize].extend(&code[at..]);
    streams
}

struct Divider<'a> {
    code: &'a [u8],
    at: usize,
    streams: Streams,
}

impl Divider<'_> {
    /// The next `bytes` go to `stream`, the last of them first. Returns the first one.
    fn take(&mut self, stream: Stream, bytes: usize) -> u8 {
        let taken = &self.code[self.at..self.at + bytes];
        self.streams[stream as usize].extend(taken.iter().rev());
        self.at += bytes;
        taken[0]
    }

    /// The distance of a call or jump becomes a position.
    fn take_target(&mut self, stream: Stream) -> u8 {
        let distance = self.code[self.at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        self.at += 4;
        let position = distance.wrapping_add(self.at as u32);
        self.streams[stream as usize].extend(position.to_be_bytes());
        0
    }

    /// Takes the second byte of `opcode`, ModRM, SIB and displacement, as far as it has them. Returns which operand follows.
    fn up_to_displacement(&mut self, opcode: u8) -> u8 {
        let parts = match opcode {
            ESCAPE => kind::after(&kind::TWO_BYTES, self.take(Stream::Opcodes, 1)),
            _ => kind::after(&kind::ONE_BYTE, opcode),
        };
        let operand = parts & kind::OPERAND;
        if parts & kind::MODRM == 0 {
            return operand;
        }
        let modrm = self.take(Stream::Opcodes, 1);
        let (mode, mut base) = (modrm >> 6, modrm & 7);
        if mode < 3 && base == 4 {
            base = self.take(Stream::Sibs, 1) & 7;
        }
        match mode {
            0 if base == 5 => self.take(Stream::Addresses, 4),
            1 => self.take(Stream::Displacements8, 1),
            2 => self.take(Stream::Displacements32, 4),
            _ => 0,
        };
        match (operand, modrm & 0x30, opcode & 1) {
            (kind::SPECIAL, 0, 0) => kind::IMMEDIATE8,
            (kind::SPECIAL, 0, _) => kind::IMMEDIATE32,
            (kind::SPECIAL, ..) => 0,
            _ => operand,
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Puts code together again, as stage 2 does.
    pub fn join(streams: &Streams, length: usize) -> Vec<u8> {
        let mut joiner = Joiner { code: Vec::new(), streams: streams.each_ref().map(|stream| &stream[..]) };
        let (mut is_wide, mut is_half) = (false, false);
        while joiner.code.len() + LONGEST <= length {
            let opcode = joiner.put(Stream::Opcodes, 1);
            let mut parts = kind::after(&kind::ONE_BYTE, opcode);
            if parts == kind::SPECIAL {
                is_half |= opcode == OPERAND_SIZE;
                is_wide |= opcode & 0xf8 == 0x48;
                continue;
            }
            if opcode == ESCAPE {
                parts = kind::after(&kind::TWO_BYTES, joiner.put(Stream::Opcodes, 1));
            }
            if parts & kind::MODRM != 0 {
                let modrm = joiner.put(Stream::Opcodes, 1);
                let has_sib = modrm < 0xc0 && modrm & 7 == 4;
                let base = if has_sib { joiner.put(Stream::Sibs, 1) } else { modrm } & 7;
                match modrm >> 6 {
                    1 => joiner.put(Stream::Displacements8, 1),
                    2 => joiner.put(Stream::Displacements32, 4),
                    0 if base == 5 => joiner.put(Stream::Addresses, 4),
                    _ => 0,
                };
                if parts & kind::OPERAND == kind::SPECIAL {
                    let operand = if opcode & 1 == 0 { kind::IMMEDIATE8 } else { kind::IMMEDIATE32 };
                    parts = if modrm & 0x30 == 0 { operand } else { 0 };
                }
            }
            match parts & kind::OPERAND {
                kind::IMMEDIATE8 => joiner.put(Stream::Immediates8, 1),
                kind::IMMEDIATE32 => joiner.put(Stream::Immediates32, if is_half { 2 } else { 4 }),
                kind::IMMEDIATE64 => joiner.put(Stream::Immediates32, if is_wide { 8 } else { 4 }),
                kind::JUMP8 => joiner.put(Stream::Jumps8, 1),
                kind::JUMP32 => joiner.put_target(Stream::Jumps32),
                kind::CALL => joiner.put_target(Stream::Calls),
                _ => 0,
            };
            (is_wide, is_half) = (false, false);
        }
        joiner.code.extend(joiner.streams[Stream::Opcodes as usize]);
        joiner.code
    }

    struct Joiner<'a> {
        code: Vec<u8>,
        streams: [&'a [u8]; STREAMS],
    }

    impl Joiner<'_> {
        fn put(&mut self, stream: Stream, bytes: usize) -> u8 {
            let (taken, rest) = self.streams[stream as usize].split_at(bytes);
            self.streams[stream as usize] = rest;
            self.code.extend(taken.iter().rev());
            taken[bytes - 1]
        }

        fn put_target(&mut self, stream: Stream) -> u8 {
            self.put(stream, 4);
            let end = self.code.len();
            let field: &mut [u8; 4] = self.code.last_chunk_mut().unwrap();
            *field = u32::from_le_bytes(*field).wrapping_sub(end as u32).to_le_bytes();
            0
        }
    }

    #[test]
    fn instructions_are_taken_apart() {
        let mut code = vec![
            0x0f, 0x84, 2, 1, 0, 0, // jz 108h
            0xe8, 0x10, 0, 0, 0, // call 1Bh
            0xeb, 0xfe, // jmp short
            0x48, 0x8b, 0x44, 0x24, 0x18, // mov rax, [rsp+18h]
            0x8b, 0x85, 8, 7, 6, 5, // mov eax, [rbp+5060708h]
            0x66, 0x81, 0x05, 4, 3, 2, 1, 0x22, 0x11, // add word [rip+1020304h], 1122h
            0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, // mov rax, 807060504030201h
            0xf6, 0xc1, 0x40, // test cl, 40h
            0xf7, 0xd8, // neg eax
        ];
        code.extend([0x90; LONGEST]);
        let streams = divide(&code);
        let of = |stream: Stream| streams[stream as usize].as_slice();
        let opcodes = [
            0x0f, 0x84, 0xe8, 0xeb, 0x48, 0x8b, 0x44, 0x8b, 0x85, 0x66, 0x81, 0x05, 0x48, 0xb8, 0xf6, 0xc1,
            0xf7, 0xd8,
        ];
        assert_eq!(of(Stream::Opcodes), [&opcodes[..], &[0x90; LONGEST]].concat());
        assert_eq!(of(Stream::Sibs), [0x24]);
        assert_eq!(of(Stream::Displacements8), [0x18]);
        assert_eq!(of(Stream::Displacements32), [5, 6, 7, 8]);
        assert_eq!(of(Stream::Addresses), [1, 2, 3, 4]);
        assert_eq!(of(Stream::Immediates8), [0x40]);
        assert_eq!(of(Stream::Immediates32), [0x11, 0x22, 8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(of(Stream::Jumps32), [0, 0, 1, 8]);
        assert_eq!(of(Stream::Jumps8), [0xfe]);
        assert_eq!(of(Stream::Calls), [0, 0, 0, 0x1b]);
        assert_eq!(join(&streams, code.len()), code);
    }

    proptest! {
        /// Whatever the bytes are, also if they are no instructions.
        #[test]
        fn what_was_divided_is_joined(code in prop::collection::vec(any::<u8>(), 0..600)) {
            prop_assert_eq!(join(&divide(&code), code.len()), code);
        }
    }
}
