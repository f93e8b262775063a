//! What the manuals define: registers, VMCS and VMCB, exit reasons, the rules of VM entry, the firmware's tables. Data
//! and pure functions: this crate touches no hardware, so that all of it runs in ordinary host tests.
//!
//! * [`registers`], [`address`], [`cpuid`]: what both vendors share
//! * [`exit_table`]: what each exit leads to
//! * [`vmx`], [`svm`]: the two virtualization extensions; neither knows the other
//! * [`audit`]: the findings of their auditors, which name what makes VM entry fail
//! * [`acpi`]: the firmware's ACPI tables, as far as pxHV reads them
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod acpi;
pub mod address;
pub mod audit;
pub mod cpuid;
pub mod exit_table;
pub mod registers;
pub mod svm;
pub mod vmx;
