//! Commands: a descriptor in guest memory says what to copy where.

use super::FwCfg;
use crate::memory::{Gpa, GuestMemory, NotRam};
use zerocopy::big_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// A command.
#[derive(FromBytes, IntoBytes, Immutable)]
#[repr(C)]
struct Descriptor {
    /// What to do; when it is done, zero or [`ERROR`].
    control: U32,
    length: U32,
    address: U64,
}

/// Control: it failed.
const ERROR: u32 = 1 << 0;
/// Control: copy the item to memory.
const READ: u32 = 1 << 1;
/// Control: pass over that many bytes.
const SKIP: u32 = 1 << 2;
/// Control: first select the item in the upper 16 bits.
const SELECT: u32 = 1 << 3;
/// Control: copy memory to the item.
const WRITE: u32 = 1 << 4;

/// Bytes that one command moves at most: some milliseconds of work. No item is as long; what is longer fails.
const LENGTH_MAX: u32 = 16 << 20;
/// Zeros that are copied at once.
const ZEROS: [u8; 4096] = [0; 4096];

impl FwCfg {
    /// Does the command that waits, if there is one. The descriptor says how it went, unless it is not in RAM itself.
    pub fn transfer(&mut self, memory: &dyn GuestMemory) {
        let Some(at) = self.command.take() else { return };
        let mut bytes = [0; size_of::<Descriptor>()];
        let done =
            memory.read(Gpa(at), &mut bytes).is_ok() && self.execute(&zerocopy::transmute!(bytes), memory);
        let control = if done { 0 } else { ERROR };
        // A guest whose descriptor is nowhere waits for ever, on real machines too.
        let _ = memory.write(Gpa(at), &control.to_be_bytes());
    }

    /// Whether it went well.
    fn execute(&mut self, command: &Descriptor, memory: &dyn GuestMemory) -> bool {
        let (control, length) = (command.control.get(), command.length.get());
        if control & SELECT != 0 {
            self.select((control >> 16) as u16);
        }
        let length_fits = length <= LENGTH_MAX;
        let length = length as usize;
        let done = if control & READ != 0 {
            length_fits && self.copy(Gpa(command.address.get()), length, memory).is_ok()
        } else {
            control & WRITE == 0
        };
        if control & (READ | SKIP) != 0 {
            self.offset = self.offset.saturating_add(length);
        }
        done
    }

    /// Copies `length` bytes of the item, and of the zeros behind it, to `gpa`.
    fn copy(&self, gpa: Gpa, length: usize, memory: &dyn GuestMemory) -> Result<(), NotRam> {
        // All or nothing; the address of no part can overflow then.
        memory.layout().offset(gpa, length).ok_or(NotRam { gpa, bytes: length })?;
        let item = self.rest();
        let item = &item[..item.len().min(length)];
        memory.write(gpa, item)?;
        let mut done = item.len();
        while done < length {
            let zeros = &ZEROS[..ZEROS.len().min(length - done)];
            memory.write(Gpa(gpa.0 + done as u64), zeros)?;
            done += zeros.len();
        }
        Ok(())
    }
}
