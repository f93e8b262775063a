//! x86-64: this CPU's tables, interrupts and paging, and its two virtualization extensions behind one
//! seam ([`backend`]).

pub mod apic;
pub mod backend;
pub mod cpu;
mod entry;
mod exceptions;
pub mod guest_registers;
pub mod interrupts;
pub mod msr;
pub mod nested_paging;
pub mod page;
pub mod paging;
pub mod svm;
pub mod tables;
pub mod timer;
pub mod vmx;
pub mod wide;
