//! The control port: pxHV's monitor for programs, on the computer's second serial port.
//!
//! A line is a command. Its answer is any number of lines that begin with `| `, and then `ok` or `error: WHY`. While an
//! emulator runs, a socket in its directory leads to the port, for one client after the other; `target/control-NAME`
//! is a link to the socket of the emulator NAME that `cargo xtask run` started last.

mod client;
#[cfg(test)]
pub mod fake;
mod question;
mod record;
mod relay;
#[cfg(test)]
mod tests;

pub use client::{Answer, Client};
pub use question::{Question, Verdict, Wanted};
pub use record::{running, Record};
pub use relay::Relay;
