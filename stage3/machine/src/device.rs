//! The devices of the PC: each is plain data behind `read` and `write`, takes time as an argument and
//! calls nobody. The board ([`crate::pc`]) carries interrupt lines and output from one to another.

pub mod ata;
pub mod dma;
pub mod floppy;
pub mod fw_cfg;
pub mod i8042;
pub mod ioapic;
pub mod lapic;
pub mod pci;
pub mod pic;
pub mod pit;
pub mod power_management;
pub mod reset_control;
pub mod rtc;
pub mod system_control;
pub mod uart;
pub mod vga;
