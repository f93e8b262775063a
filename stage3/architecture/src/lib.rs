//! What Intel's and AMD's manuals define: registers, VMCS and VMCB, exit reasons. Data and pure functions: this crate
//! touches no hardware, so that all of it runs in ordinary host tests.
//!
//! * [`registers`]: what both vendors share
//! * [`vmx`], [`svm`]: the two virtualization extensions; neither knows the other
#![no_std]
#![forbid(unsafe_code)]

pub mod registers;
pub mod svm;
pub mod vmx;
