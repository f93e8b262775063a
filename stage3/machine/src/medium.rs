//! What is in a drive: sectors in memory. They begin as they are in the bundle; what is written is kept beside it, in
//! chunks.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// Bytes of a sector.
pub const SECTOR: usize = 512;
/// Bytes that are kept together. A multiple of [`SECTOR`], and not much less than one exit of a guest can write.
pub const CHUNK: usize = 32 << 10;
/// Chunks in reserve: what one exit writes may touch three, a whole cylinder of a floppy disk.
const SPARES: usize = 3;

/// The contents of a disk.
#[derive(Clone, Debug)]
pub struct Medium {
    base: &'static [u8],
    changed: Vec<Option<Box<[u8]>>>,
    spares: Vec<Box<[u8]>>,
}

/// Why a sector can't be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// There is no such sector.
    NoSector,
    /// There is no memory to keep it: [`Medium::give`].
    NoMemory,
}

impl Medium {
    /// A disk with these contents. What does not fill a sector at their end is left out.
    #[must_use]
    pub fn new(base: &'static [u8]) -> Self {
        Self {
            base,
            changed: alloc::vec![None; base.len().div_ceil(CHUNK)],
            spares: Vec::with_capacity(SPARES),
        }
    }

    /// How many sectors it has.
    #[must_use]
    pub const fn sectors(&self) -> u64 {
        (self.base.len() / SECTOR) as u64
    }

    /// The bytes of a sector, if there is such a one.
    #[must_use]
    pub fn read(&self, sector: u64) -> Option<&[u8; SECTOR]> {
        let (chunk, offset) = self.place(sector)?;
        let bytes = match self.changed.get(chunk)? {
            Some(bytes) => bytes.get(offset..)?,
            None => self.base.get(chunk * CHUNK + offset..)?,
        };
        bytes.first_chunk()
    }

    /// Writes a sector.
    ///
    /// # Errors
    /// What [`WriteError`] lists; nothing changes then.
    pub fn write(&mut self, sector: u64, bytes: &[u8; SECTOR]) -> Result<(), WriteError> {
        let (chunk, offset) = self.place(sector).ok_or(WriteError::NoSector)?;
        let slot = self.changed.get_mut(chunk).ok_or(WriteError::NoSector)?;
        if slot.is_none() {
            let mut spare = self.spares.pop().ok_or(WriteError::NoMemory)?;
            let original = self.base.get(chunk * CHUNK..).unwrap_or_default();
            for (place, byte) in spare.iter_mut().zip(original) {
                *place = *byte;
            }
            *slot = Some(spare);
        }
        let place = slot.as_mut().and_then(|chunk| chunk.get_mut(offset..offset + SECTOR));
        place.ok_or(WriteError::NoSector)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Whether it wants memory, for what will be written. To be asked after each exit of a guest.
    #[must_use]
    pub fn wants_memory(&self) -> bool {
        self.spares.len() < SPARES
    }

    /// Gives it memory: [`CHUNK`] bytes.
    pub fn give(&mut self, chunk: Box<[u8]>) {
        debug_assert_eq!(chunk.len(), CHUNK);
        self.spares.push(chunk);
    }

    fn place(&self, sector: u64) -> Option<(usize, usize)> {
        if sector >= self.sectors() {
            return None;
        }
        let at = sector as usize * SECTOR;
        Some((at / CHUNK, at % CHUNK))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    const PER_CHUNK: u64 = (CHUNK / SECTOR) as u64;

    fn medium(sectors: u64) -> Medium {
        let bytes: Vec<u8> = (0..sectors).flat_map(|sector| [sector as u8; SECTOR]).collect();
        Medium::new(bytes.leak())
    }

    fn fed(medium: &mut Medium) {
        while medium.wants_memory() {
            medium.give(vec![0xee; CHUNK].into());
        }
    }

    #[test]
    fn what_was_written_is_read_and_the_rest_stays() {
        let mut medium = medium(2 * PER_CHUNK + 1);
        fed(&mut medium);
        let last = 2 * PER_CHUNK;
        for sector in [0, PER_CHUNK - 1, last] {
            fed(&mut medium);
            medium.write(sector, &[0xaa; SECTOR]).unwrap();
            assert_eq!(medium.read(sector), Some(&[0xaa; SECTOR]));
        }
        assert_eq!(medium.read(1), Some(&[1; SECTOR]), "beside a sector that was written");
        assert_eq!(medium.read(PER_CHUNK), Some(&[PER_CHUNK as u8; SECTOR]));
        assert_eq!((medium.read(last + 1), medium.sectors()), (None, last + 1));
        assert_eq!(medium.write(last + 1, &[0; SECTOR]), Err(WriteError::NoSector));
        assert_eq!(medium.read(u64::MAX), None);
    }

    #[test]
    fn writes_need_memory_once_for_each_chunk() {
        let mut medium = medium(4 * PER_CHUNK);
        assert_eq!(medium.write(0, &[0; SECTOR]), Err(WriteError::NoMemory));
        assert_eq!(medium.read(0), Some(&[0; SECTOR]));
        fed(&mut medium);
        for sector in [0, 1, PER_CHUNK, 2, 2 * PER_CHUNK] {
            assert_eq!(medium.write(sector, &[9; SECTOR]), Ok(()));
        }
        assert_eq!(medium.write(3 * PER_CHUNK, &[9; SECTOR]), Err(WriteError::NoMemory));
        assert_eq!(medium.read(3 * PER_CHUNK), Some(&[3 * PER_CHUNK as u8; SECTOR]));
    }

    #[test]
    fn part_of_a_sector_is_none() {
        assert_eq!(Medium::new(&[0; SECTOR + 511]).sectors(), 1);
        assert_eq!(Medium::new(&[]).read(0), None);
    }

    proptest! {
        #[test]
        fn it_is_like_an_array(writes in prop::collection::vec((0_u64..3 * PER_CHUNK, any::<u8>()), 0..60)) {
            let mut medium = medium(3 * PER_CHUNK);
            let mut array: Vec<u8> = (0..3 * PER_CHUNK).map(|sector| sector as u8).collect();
            for (sector, byte) in writes {
                fed(&mut medium);
                prop_assert_eq!(medium.write(sector, &[byte; SECTOR]), Ok(()));
                array[sector as usize] = byte;
            }
            for (sector, byte) in array.iter().enumerate() {
                prop_assert_eq!(medium.read(sector as u64), Some(&[*byte; SECTOR]));
            }
        }
    }
}
