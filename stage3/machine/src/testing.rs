//! What tests need that are outside of this crate: a virtual CPU of plain data, RAM in a vector, and the
//! page walk by itself.

pub use crate::exits::mock::{virtual_cpu, MockVcpu};
pub use crate::linear::AccessError;
pub use crate::memory::test_ram::TestRam;

use crate::linear::Linear;
use crate::memory::{Gpa, GuestMemory};
use crate::vcpu::{Access, CpuState};

/// Where the page tables of a CPU in `state` at privilege level `cpl` lead to from `linear`.
///
/// # Errors
/// The fault that the CPU takes, or what the tables touch that is not RAM.
pub fn walk(
    state: &CpuState,
    cpl: u8,
    physical_bits: u32,
    memory: &dyn GuestMemory,
    linear: u64,
    access: Access,
) -> Result<Gpa, AccessError> {
    Linear::new(state, cpl, physical_bits, memory).walk(linear, access)
}
