//! Where in RAM the tables and stacks of a task switch are.

use crate::linear::{not_ram, AccessError, Linear, Pieces, SegmentName};
use crate::memory::GuestMemory;
use crate::vcpu::{Access, Segment};

/// How often a translation is tried while another CPU changes the page tables.
const ATTEMPTS: usize = 16;

/// Bytes that are all in RAM: reading and writing them succeeds.
pub struct Place(Pieces);

impl Place {
    /// The `length` bytes at `offset` in `segment`, all checks done for `access`.
    pub fn find(
        linear: &mut Linear,
        segment: (SegmentName, &Segment),
        offset: u64,
        length: usize,
        access: Access,
        memory: &dyn GuestMemory,
    ) -> Result<Self, AccessError> {
        let mut found = Err(AccessError::Changed);
        for _ in 0..ATTEMPTS {
            found = linear.locate(segment, offset, length as u64, access);
            if found != Err(AccessError::Changed) {
                break;
            }
        }
        let pieces = found?;
        for (gpa, length) in pieces.parts() {
            if length > 0 && memory.layout().offset(gpa, length).is_none() {
                return Err(not_ram(gpa, access));
            }
        }
        Ok(Self(pieces))
    }

    /// Reads them into `bytes`, which has their length.
    pub fn read(&self, memory: &dyn GuestMemory, bytes: &mut [u8]) -> Result<(), AccessError> {
        let [(first, length), (second, _)] = self.0.parts();
        let (head, tail) = bytes.split_at_mut(length.min(bytes.len()));
        memory.read(first, head).map_err(|_| not_ram(first, Access::Read))?;
        memory.read(second, tail).map_err(|_| not_ram(second, Access::Read))
    }

    /// Writes `bytes`, which have their length.
    pub fn write(&self, memory: &dyn GuestMemory, bytes: &[u8]) -> Result<(), AccessError> {
        let [(first, length), (second, _)] = self.0.parts();
        let (head, tail) = bytes.split_at(length.min(bytes.len()));
        memory.write(first, head).map_err(|_| not_ram(first, Access::Write))?;
        memory.write(second, tail).map_err(|_| not_ram(second, Access::Write))
    }
}
