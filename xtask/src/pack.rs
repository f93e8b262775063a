//! Stage 3 as it lies in the image: packed by LZMA. stage2/unpack.asm is the other side.
#![allow(clippy::cast_possible_wrap, reason = "stage 3 lies below 16 MB")]

use crate::flatten::Flat;
use anyhow::Result;
use lzma_rust2::{EncodeMode, LzmaOptions, LzmaWriter, MfType};
use std::io::Write as _;

/// The longest instruction that is changed: 0Fh, 8xh, operand.
const LONGEST: usize = 6;

/// A packed stage 3.
#[derive(Debug)]
pub struct Packed {
    /// What stage 2 loads and unpacks.
    pub bytes: Vec<u8>,
    /// Their length when they are unpacked.
    pub unpacked: u32,
    /// How many of these are code whose jumps are counted from its start.
    pub code: u32,
    /// Length in memory, with room for the packed bytes behind the unpacked ones.
    pub memory: u32,
    /// Entry point (HPA).
    pub entry: u32,
}

/// Packs it.
pub fn pack(flat: &Flat) -> Result<Packed> {
    let mut bytes = flat.bytes.clone();
    let code = flat.code as usize;
    count_from_start(&mut bytes[..code]);
    let options = LzmaOptions {
        dict_size: u32::try_from(bytes.len())?.max(4096),
        lc: 3,
        lp: 0,
        pb: 0,
        mode: EncodeMode::Normal,
        nice_len: LzmaOptions::NICE_LEN_MAX,
        mf: MfType::Bt4,
        depth_limit: 0,
        preset_dict: None,
    };
    let mut writer = LzmaWriter::new_no_header(Vec::new(), &options, false)?;
    writer.write_all(&bytes)?;
    let packed = writer.finish()?;
    let unpacked = bytes.len() as u32;
    let memory = flat.memory.max(unpacked + u32::try_from(packed.len())?);
    Ok(Packed { bytes: packed, unpacked, code: flat.code, memory, entry: flat.entry })
}

/// Makes the operands of calls and jumps the same for the same target: counted from the start of `code`, the highest byte first.
fn count_from_start(code: &mut [u8]) {
    let length = code.len() as i32;
    let mut at = 0;
    while at + LONGEST <= code.len() {
        let operand = match code[at..] {
            [0xe8 | 0xe9, ..] => at + 1,
            [0x0f, 0x80..=0x8f, ..] => at + 2,
            _ => {
                at += 1;
                continue;
            }
        };
        at = operand + 4;
        let Some(field) = code[operand..].first_chunk_mut() else { break };
        let position = at as i32;
        *field = match i32::from_le_bytes(*field) {
            inside if (-position..length - position).contains(&inside) => inside + position,
            // What the others would become has to become something else.
            beyond if (length - position..length).contains(&beyond) => beyond - length,
            other => other,
        }
        .to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lzma_rust2::LzmaReader;
    use proptest::prelude::*;
    use std::io::Read as _;

    /// What stage 2 does behind LZMA.
    fn count_from_next_instruction(code: &mut [u8]) {
        let length = code.len() as i32;
        let mut at = 0;
        while at + LONGEST <= code.len() {
            at += match code[at..] {
                [0xe8 | 0xe9, ..] => 1,
                [0x0f, 0x80..=0x8f, ..] => 2,
                _ => {
                    at += 1;
                    continue;
                }
            };
            let field: &mut [u8; 4] = code[at..].first_chunk_mut().unwrap();
            at += 4;
            let (value, position) = (i32::from_be_bytes(*field), at as i32);
            *field = match value {
                inside if (0..length).contains(&inside) => inside - position,
                beyond if (-position..0).contains(&beyond) => beyond + length,
                other => other,
            }
            .to_le_bytes();
        }
    }

    /// Code with many jumps, some of them out of it.
    fn code() -> impl Strategy<Value = Vec<u8>> {
        let operand = prop_oneof![-300..300_i32, any::<i32>()];
        let opcode =
            prop_oneof![Just(vec![0xe8]), Just(vec![0xe9]), Just(vec![0x0f, 0x84]), Just(vec![0x0f, 0xaf])];
        let instruction = (opcode, operand).prop_map(|(mut bytes, operand)| {
            bytes.extend(operand.to_le_bytes());
            bytes
        });
        let other = prop::collection::vec(any::<u8>(), 0..4);
        prop::collection::vec(prop_oneof![instruction, other], 0..60).prop_map(|pieces| pieces.concat())
    }

    #[test]
    fn calls_of_one_function_become_the_same() {
        let mut code = vec![0x90; 40];
        for (at, operand) in [(0, 25_i32), (10, 15)] {
            code[at] = 0xe8;
            code[at + 1..at + 5].copy_from_slice(&operand.to_le_bytes());
        }
        count_from_start(&mut code);
        assert_eq!((&code[..5], &code[10..15]), (&[0xe8, 0, 0, 0, 30][..], &[0xe8, 0, 0, 0, 30][..]));
    }

    proptest! {
        #[test]
        fn counting_can_be_undone(original in code()) {
            let mut code = original.clone();
            count_from_start(&mut code);
            count_from_next_instruction(&mut code);
            prop_assert_eq!(code, original);
        }

        #[test]
        fn what_is_packed_is_unpacked_the_same(mut bytes in code(), data in prop::collection::vec(any::<u8>(), 1..300)) {
            let code = bytes.len() as u32;
            bytes.extend(data);
            let flat = Flat { bytes, memory: 1000, code, entry: 7 };
            let packed = pack(&flat).unwrap();
            prop_assert!(packed.memory as usize >= flat.bytes.len() + packed.bytes.len());
            prop_assert_eq!((packed.unpacked as usize, packed.code, packed.entry), (flat.bytes.len(), code, 7));
            let (length, dictionary) = (packed.unpacked.into(), packed.unpacked.max(4096));
            let mut unpacked = Vec::new();
            let mut reader = LzmaReader::new(&packed.bytes[..], length, 3, 0, 0, dictionary, None).unwrap();
            reader.read_to_end(&mut unpacked).unwrap();
            count_from_next_instruction(&mut unpacked[..code as usize]);
            prop_assert_eq!(unpacked, flat.bytes);
        }
    }
}
