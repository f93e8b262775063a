//! Memory for what guests write to their disks: taken from the heap when a part of a disk is written for the first
//! time, not before; the heap takes it from what the guests left.

use alloc::boxed::Box;
use alloc::vec::Vec;
use machine::medium::CHUNK;
use machine::pc::Pc;

/// Gives the disks of `pc` the memory that they want, and returns whether there was enough. Without, the guest's writes
/// fail.
pub fn feed(pc: &mut Pc) -> bool {
    for medium in pc.media_mut() {
        while medium.wants_memory() {
            let Some(chunk) = chunk() else { return false };
            medium.give(chunk);
        }
    }
    true
}

fn chunk() -> Option<Box<[u8]>> {
    let mut chunk = Vec::new();
    chunk.try_reserve_exact(CHUNK).ok()?;
    chunk.resize(CHUNK, 0);
    Some(chunk.into_boxed_slice())
}
