//! This computer: its memory, console, control line, clock and power switch.

pub mod acpi;
pub mod clock;
pub mod console;
pub mod control;
pub mod keyboard;
pub mod log;
pub mod memory;
pub mod power;
pub mod rtc;
pub mod screen;
mod serial;
