//! The addresses in a header, which say what belongs where in memory (the "a.out kludge" of version 1, the
//! address tag of version 2).

use super::image::Part;
use super::MultibootError;

/// The fields as they are in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    /// Where the header will be.
    pub header: u32,
    /// Where the first byte that is loaded belongs.
    pub load: u32,
    /// First address behind the file's part; zero: as far as the file goes.
    pub load_end: u32,
    /// First address behind the zeros that follow; zero: there are none.
    pub bss_end: u32,
}

/// The same, with the first byte that is loaded as an offset in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    offset: u32,
    load: u32,
    load_end: u32,
    bss_end: u32,
}

impl Addresses {
    /// The addresses in a header at the offset `at` in the file.
    pub fn new(fields: Fields, at: usize) -> Result<Self, MultibootError> {
        let before = fields
            .header
            .checked_sub(fields.load)
            .ok_or(MultibootError::BadAddresses("the load address is above the header's"))?;
        let offset = (at as u32)
            .checked_sub(before)
            .ok_or(MultibootError::BadAddresses("the load address is before the start of the file"))?;
        Ok(Self { offset, load: fields.load, load_end: fields.load_end, bss_end: fields.bss_end })
    }

    /// The kernel in `file`.
    pub fn part<'a>(&self, file: &'a [u8]) -> Result<Part<'a>, MultibootError> {
        let rest = file.get(self.offset as usize..).unwrap_or_default();
        let bytes = if self.load_end == 0 {
            rest
        } else {
            let length = self
                .load_end
                .checked_sub(self.load)
                .ok_or(MultibootError::BadAddresses("the load end address is below the load address"))?;
            rest.get(..length as usize).ok_or(MultibootError::Truncated {
                needed: u64::from(self.offset) + u64::from(length),
                found: file.len() as u64,
            })?
        };
        let (start, length) = (u64::from(self.load), bytes.len() as u64);
        let memory = match self.bss_end {
            0 => length,
            end => u64::from(end)
                .checked_sub(start)
                .filter(|memory| *memory >= length)
                .ok_or(MultibootError::BadAddresses("the end of the zeros is below the load end address"))?,
        };
        Ok(Part { start, bytes, memory })
    }
}
