//! The virtual PC: everything that a guest can see.
//!
//! This crate knows no hardware, never blocks and takes time as an argument, so that all of it runs
//! in ordinary host tests. The hypervisor joins it to a real CPU through two traits:
//! [`vcpu::Vcpu`], the registers of a virtual CPU, and [`memory::GuestMemory`], its RAM.
//!
//! * [`exits`]: what each exit of a guest leads to
//! * [`emulate`]: the instructions that access device memory
//! * [`translation`]: the way through a guest's page tables, for whoever looks from outside
//! * [`pc`]: the board: devices, their ports and interrupt lines
//! * [`device`]: the devices, each plain data behind `read` and `write`
//! * [`cpuid`], [`msr`], [`pvclock`]: the identity of the virtual CPU
//! * [`acpi`]: the tables that tell a guest what the board has
//! * [`boot`]: guest loaders
//! * [`screen`], [`typing`]: a guest's text screen and keyboard on a terminal
//!
//! The feature `testing` adds what tests outside of this crate need: a virtual CPU of plain data, RAM in a vector.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod acpi;
pub mod boot;
pub mod cpuid;
pub mod device;
pub mod emulate;
pub mod exits;
mod linear;
pub mod medium;
pub mod memory;
pub mod msr;
pub mod mtrr;
pub mod pages;
pub mod pc;
pub mod port;
pub mod pvclock;
pub mod screen;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;
pub mod translation;
pub mod typing;
pub mod vcpu;
