//! The operator's console: keys, commands and their answers, and who is heard.
//!
//! This crate knows no hardware. It works on bytes that came in and on a [`Hypervisor`], and writes answers. The
//! operator has two ways in, and both understand the same commands:
//!
//! * [`console`]: a person at the serial line or the keyboard. [`prefix`] finds the keys that are the hypervisor's own,
//!   [`front`] says who gets the others, [`editor`] is for typing commands, [`joined`] shows all VMs at once
//! * [`protocol`]: a program at the second serial port
//!
//! Behind them:
//!
//! * [`command`]: what there is to say, as a table and as a type
//! * [`run`]: does it
//! * [`hypervisor`], [`view`]: what it needs of the hypervisor
//! * [`lifecycle`]: the states of a VM, and what may be done in each
//! * [`ring`]: what a VM or the log said last
//!
//! A character that comes in or goes out allocates nothing.
//!
//! The feature `testing` adds a hypervisor of plain data for tests outside of this crate.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod command;
mod complete;
pub mod console;
pub mod editor;
mod escaped;
pub mod front;
pub mod hypervisor;
pub mod joined;
pub mod lifecycle;
pub mod prefix;
pub mod protocol;
pub mod ring;
pub mod run;
mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod units;
pub mod view;

pub use console::Console;
pub use front::Front;
pub use hypervisor::Hypervisor;
pub use protocol::Protocol;
pub use ring::Ring;
