//! x86-64: this CPU's tables, interrupts and paging, and its two virtualization extensions behind one
//! seam ([`backend`]).

pub mod backend;
pub mod nested_paging;
pub mod page;
pub mod svm;
pub mod vmx;
