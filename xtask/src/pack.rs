//! Stage 3 as it lies in the image: its code divided into streams, and all of it packed by LZMA. stage2/unpack.asm and
//! stage2/join.asm are the other side.

mod streams;

use crate::flatten::Flat;
use anyhow::Result;
use bundle::instructions::STREAMS;
use lzma_rust2::{EncodeMode, LzmaOptions, LzmaWriter, MfType};
use std::io::Write as _;

/// A packed stage 3.
#[derive(Debug)]
pub struct Packed {
    /// What stage 2 loads and unpacks.
    pub bytes: Vec<u8>,
    /// Their length when they are unpacked.
    pub unpacked: u32,
    /// How many of these are code.
    pub code: u32,
    /// Lengths of the code's streams.
    pub streams: [u32; STREAMS],
    /// Length in memory, with room for what stage 2 works on.
    pub memory: u32,
    /// Entry point (HPA).
    pub entry: u32,
}

/// Packs it.
pub fn pack(flat: &Flat) -> Result<Packed> {
    let (code, data) = flat.bytes.split_at(flat.code as usize);
    let streams = streams::divide(code);
    let unpacked = u32::try_from(flat.bytes.len())?;
    let bytes = compress(&[&streams.concat(), data].concat())?;
    // Stage 2 unpacks from the end of this to behind the place of what it then joins at its start.
    let memory = flat.memory.max(2 * unpacked + u32::try_from(bytes.len())?);
    let streams = streams.each_ref().map(|stream| stream.len() as u32);
    Ok(Packed { bytes, unpacked, code: flat.code, streams, memory, entry: flat.entry })
}

fn compress(bytes: &[u8]) -> Result<Vec<u8>> {
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
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lzma_rust2::LzmaReader;
    use proptest::prelude::*;
    use std::io::Read as _;

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked_the_same(
            bytes in prop::collection::vec(any::<u8>(), 1..600),
            code in any::<prop::sample::Index>(),
        ) {
            let code = code.index(bytes.len()) as u32;
            let flat = Flat { bytes, memory: 1000, code, entry: 7 };
            let packed = pack(&flat).unwrap();
            prop_assert!(packed.memory as usize >= 2 * flat.bytes.len() + packed.bytes.len());
            prop_assert_eq!((packed.unpacked as usize, packed.code, packed.entry), (flat.bytes.len(), code, 7));
            let (length, dictionary) = (packed.unpacked.into(), packed.unpacked.max(4096));
            let mut reader = LzmaReader::new(&packed.bytes[..], length, 3, 0, 0, dictionary, None).unwrap();
            let mut take = |bytes: u32| {
                let mut taken = vec![0; bytes as usize];
                reader.read_exact(&mut taken).unwrap();
                taken
            };
            let streams = packed.streams.map(&mut take);
            let data = take(packed.unpacked - code);
            let code = streams::tests::join(&streams, code as usize);
            prop_assert_eq!([code, data].concat(), flat.bytes);
        }
    }
}
