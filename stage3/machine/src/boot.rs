//! Guest loaders: each puts a guest into a VM's memory and says in what state its CPU starts.

pub mod bios;
pub mod flat;
pub mod linux;
mod memory_map;
pub mod multiboot;
mod protected_mode;
mod real_mode;
