//! Memory at guest-physical addresses: RAM, devices, and nothing.

use super::size::OperandSize;
use crate::exits::Output;
use crate::linear::{AccessError, Pieces};
use crate::memory::{Gpa, GuestMemory};
use crate::pc::{Effects, PowerEvent};
use crate::time::Instant;

/// The devices of a VM as its memory bus sees them.
pub trait Mmio {
    /// A read of `size` at `gpa`, which lies within 8 aligned bytes; `None` if no device is there.
    fn read_mmio(&mut self, now: Instant, gpa: Gpa, size: OperandSize) -> Option<u64>;
    /// A write; `None` if no device is there.
    fn write_mmio(&mut self, now: Instant, gpa: Gpa, size: OperandSize, value: u64) -> Option<Effects>;
}

/// A bus without devices.
#[derive(Clone, Copy, Debug)]
pub struct NoDevice;

impl Mmio for NoDevice {
    fn read_mmio(&mut self, _: Instant, _: Gpa, _: OperandSize) -> Option<u64> {
        None
    }

    fn write_mmio(&mut self, _: Instant, _: Gpa, _: OperandSize, _: u64) -> Option<Effects> {
        None
    }
}

/// What an instruction did outside of the virtual CPU and its memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// What the guest's console printed.
    pub output: Output,
    /// The guest reset its machine or switched it off.
    pub power: Option<PowerEvent>,
}

/// The memory bus while one instruction uses it.
pub struct Bus<'a> {
    memory: &'a dyn GuestMemory,
    mmio: &'a mut dyn Mmio,
    now: Instant,
    done: Done,
}

impl<'a> Bus<'a> {
    /// An instruction at the time `now` begins.
    pub fn new(memory: &'a dyn GuestMemory, mmio: &'a mut dyn Mmio, now: Instant) -> Self {
        Self { memory, mmio, now, done: Done::default() }
    }

    /// What happened.
    pub const fn done(&self) -> Done {
        self.done
    }

    /// Reads an operand, of `size`.
    pub fn read(&mut self, place: &Pieces, size: OperandSize) -> u64 {
        let mut bytes = [0; 8];
        let mut rest = bytes.get_mut(..size.bytes()).unwrap_or_default();
        for (gpa, length) in place.parts() {
            let (piece, tail) = rest.split_at_mut(length.min(rest.len()));
            rest = tail;
            if !piece.is_empty() && self.memory.read(gpa, piece).is_err() {
                self.read_device(gpa, piece);
            }
        }
        u64::from_le_bytes(bytes)
    }

    /// Writes an operand, of `size`.
    pub fn write(&mut self, place: &Pieces, size: OperandSize, value: u64) {
        let bytes = value.to_le_bytes();
        let mut rest = bytes.get(..size.bytes()).unwrap_or_default();
        for (gpa, length) in place.parts() {
            let (piece, tail) = rest.split_at(length.min(rest.len()));
            rest = tail;
            if !piece.is_empty() && self.memory.write(gpa, piece).is_err() {
                self.write_device(gpa, piece);
            }
        }
    }

    /// Writes `new` to an operand that held `old`, as one step for all CPUs if it is aligned RAM.
    pub fn replace(
        &mut self,
        place: &Pieces,
        size: OperandSize,
        old: u64,
        new: u64,
    ) -> Result<(), AccessError> {
        let [(gpa, length), _] = place.parts();
        if length == size.bytes() {
            match self.memory.compare_exchange(gpa, size, old, new) {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(AccessError::Changed),
                Err(_) => {}
            }
        }
        self.write(place, size, new);
        Ok(())
    }

    /// Where no device answers, the bus floats.
    fn read_device(&mut self, gpa: Gpa, bytes: &mut [u8]) {
        let mut at = 0;
        while let Some((place, size)) = next_access(gpa, at, bytes.len()) {
            let value = self.mmio.read_mmio(self.now, place, size).unwrap_or(size.mask());
            for (to, from) in bytes.iter_mut().skip(at).zip(&value.to_le_bytes()[..size.bytes()]) {
                *to = *from;
            }
            at += size.bytes();
        }
    }

    fn write_device(&mut self, gpa: Gpa, bytes: &[u8]) {
        let mut at = 0;
        while let Some((place, size)) = next_access(gpa, at, bytes.len()) {
            let mut value = [0; 8];
            for (to, from) in value.iter_mut().zip(bytes.iter().skip(at).take(size.bytes())) {
                *to = *from;
            }
            if let Some(effects) = self.mmio.write_mmio(self.now, place, size, u64::from_le_bytes(value)) {
                self.done.output.extend(effects.output.as_slice());
                self.done.power = self.done.power.or(effects.power);
            }
            at += size.bytes();
        }
    }
}

/// The next access for the bytes from `at` on of `length` bytes at `gpa`: all that is left, if it lies within
/// 8 aligned bytes and is as long as an operand; else the longest that is aligned.
fn next_access(gpa: Gpa, at: usize, length: usize) -> Option<(Gpa, OperandSize)> {
    let start = gpa.0.wrapping_add(at as u64);
    let left = length.checked_sub(at)?;
    let in_line = |size: OperandSize| start % 8 + size.bytes() as u64 <= 8;
    let is_aligned = |size: OperandSize| start.is_multiple_of(size.bytes() as u64);
    [OperandSize::Qword, OperandSize::Dword, OperandSize::Word, OperandSize::Byte]
        .into_iter()
        .find(|&size| (size.bytes() == left && in_line(size)) || (size.bytes() <= left && is_aligned(size)))
        .map(|size| (Gpa(start), size))
}
