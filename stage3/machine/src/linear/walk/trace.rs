//! The way of an address through a guest's page tables, for the operator of a VM that stopped.

use super::{frame, PRESENT};
use crate::linear::Linear;
use crate::memory::GuestMemory;
use crate::vcpu::{CpuState, CR0_PG};
use alloc::format;
use alloc::string::String;
use core::fmt::Write as _;

/// The tables' names in the manuals, from that of pages on.
const NAMES: [&str; 4] = ["PT", "PD", "PDPT", "PML4"];

/// The entries that translate the linear `address`, each with its place, up to where they lead. `None` if paging is off.
#[must_use]
pub fn page_walk(
    address: u64,
    state: &CpuState,
    memory: &dyn GuestMemory,
    physical_bits: u32,
) -> Option<String> {
    if state.cr0 & CR0_PG == 0 {
        return None;
    }
    let linear = Linear::new(state, 0, physical_bits, memory);
    let format = linear.format();
    let mut text = format!("{address:#x}");
    let mut table = linear.root(&format);
    for level in (0..format.levels).rev() {
        let place = format.place(table, level, address);
        let name = NAMES.get(level as usize).copied().unwrap_or_default();
        // Writing to a string can't fail.
        let _ = write!(text, ", {name} entry at {place}");
        let Ok(entry) = linear.entry(place, &format) else {
            text.push_str(" which is no memory");
            break;
        };
        let _ = write!(text, " = {entry:#x}");
        if entry & PRESENT == 0 {
            text.push_str(" not present");
            break;
        }
        if level == 0 || linear.is_large(entry, level, &format) {
            let offset = (1 << format.shift(level)) - 1;
            let _ =
                write!(text, ", address {:#x}", frame(entry, level, &format) & !offset | address & offset);
            break;
        }
        table = format.table(entry);
    }
    Some(text)
}
