//! Starts a flat image in real mode, as a BIOS starts a boot sector. There is no BIOS behind it: software
//! interrupts lead nowhere, and hardware interrupts are off.

use super::real_mode;
use crate::memory::{Gpa, GuestMemory, NotRam, VGA_WINDOW};
use crate::vcpu::{CpuState, Gprs};

/// First address that the segment 0 does not reach.
const SEGMENT_0_END: u64 = 0x1_0000;
/// What a BIOS passes in DL: the number of the first hard disk.
const BOOT_DRIVE: u64 = 0x80;
/// Where boot sectors are loaded; the stack of an image above segment 0 grows down from here.
const USUAL_ADDRESS: u64 = 0x7c00;
/// An image from here on has room for a stack below it.
const STACK_BYTES: u64 = 0x1000;

/// Why an image can't be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlatError {
    /// The image's end is not in conventional memory.
    TooHigh {
        /// First address behind the image.
        end: u64,
    },
    /// The VM has no RAM there.
    NotRam(NotRam),
}

impl core::fmt::Display for FlatError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooHigh { end } => {
                write!(
                    f,
                    "the image would end at {end:#x}; memory for real mode ends at {:#x}",
                    VGA_WINDOW.start
                )
            }
            Self::NotRam(not_ram) => write!(f, "the VM has too little memory: {not_ram}"),
        }
    }
}

impl core::error::Error for FlatError {}

/// Puts `image` to `load`, and returns the state in which the CPU enters its first byte: CS is zero if it
/// reaches that far, DL is the first hard disk, the stack is below the image.
///
/// # Errors
/// The image does not fit there.
pub fn load(image: &[u8], load: u64, memory: &dyn GuestMemory) -> Result<CpuState, FlatError> {
    let end = load.saturating_add(image.len() as u64);
    if end > VGA_WINDOW.start {
        return Err(FlatError::TooHigh { end });
    }
    memory.write(Gpa(load), image).map_err(FlatError::NotRam)?;
    let (code, rip) = if load < SEGMENT_0_END { (0, load) } else { (load >> 4, load & 0xf) };
    let rsp = match load {
        STACK_BYTES..SEGMENT_0_END => load & !1,
        SEGMENT_0_END.. => USUAL_ADDRESS,
        // Down from the end of segment 0.
        _ => 0,
    };
    let gprs = Gprs { rdx: BOOT_DRIVE, ..Gprs::default() };
    Ok(CpuState { gprs, rsp, ..real_mode::state(code as u16, rip) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::test_ram::TestRam;
    use crate::vcpu::TableRegister;
    use proptest::prelude::*;
    use std::string::ToString;

    fn start(bytes: usize, at: u64) -> Result<CpuState, FlatError> {
        load(&std::vec![0xeb; bytes], at, &TestRam::new(2 << 20))
    }

    #[test]
    fn a_boot_sector_starts_as_from_a_disk() {
        let ram = TestRam::new(2 << 20);
        let state = load(&[0xeb, 0xfe], 0x7c00, &ram).unwrap();
        assert_eq!(ram.peek(0x7bff, 4), [0, 0xeb, 0xfe, 0]);
        assert_eq!((state.cs.selector, state.cs.base, state.rip), (0, 0, 0x7c00));
        assert_eq!((state.cs.attributes, state.cs.limit), (0x9b, 0xffff));
        assert_eq!((state.ss.selector, state.ss.attributes, state.rsp), (0, 0x93, 0x7c00));
        assert_eq!((state.cr0, state.rflags, state.efer), (0x10, 2, 0));
        assert_eq!(state.gprs, Gprs { rdx: 0x80, ..Gprs::default() });
        assert_eq!(state.idtr, TableRegister { base: 0, limit: 0x3ff });
    }

    #[test]
    fn code_that_segment_0_does_not_reach_has_a_segment_of_its_own() {
        let state = start(1, 0xffff).unwrap();
        assert_eq!((state.cs.selector, state.rip, state.rsp), (0, 0xffff, 0xfffe));
        let state = start(1, 0x1_0008).unwrap();
        assert_eq!((state.cs.selector, state.cs.base, state.rip), (0x1000, 0x1_0000, 8));
        assert_eq!((state.ss.selector, state.rsp), (0, 0x7c00));
        assert_eq!(start(1, 0x600).unwrap().rsp, 0, "no room for a stack below it");
    }

    #[test]
    fn an_image_ends_below_the_vga_window() {
        assert!(start(0x1_0000, 0x9_0000).is_ok());
        assert_eq!(start(0x1_0001, 0x9_0000), Err(FlatError::TooHigh { end: 0xa_0001 }));
        assert_eq!(start(1, u64::MAX), Err(FlatError::TooHigh { end: u64::MAX }));
        let words = "the image would end at 0xa0001; memory for real mode ends at 0xa0000";
        assert_eq!(FlatError::TooHigh { end: 0xa_0001 }.to_string(), words);
    }

    proptest! {
        /// It starts at its first byte, which is where it was wanted, and nothing else is written.
        #[test]
        fn an_image_is_where_it_was_wanted(
            load_at in prop_oneof![4 => 0_u64..0xa_0000, 1 => any::<u64>()],
            image in prop::collection::vec(1_u8.., 1..5000),
        ) {
            let ram = TestRam::new(2 << 20);
            let Ok(state) = load(&image, load_at, &ram) else {
                prop_assert!(load_at.saturating_add(image.len() as u64) > VGA_WINDOW.start);
                prop_assert!(ram.peek(0, 0xa_0000).iter().all(|byte| *byte == 0));
                return Ok(());
            };
            prop_assert_eq!((state.cs.base, state.cs.base + state.rip), (u64::from(state.cs.selector) << 4, load_at));
            prop_assert!(state.rip <= 0xffff);
            prop_assert_eq!(ram.peek(load_at, image.len()), image.clone());
            let others = ram.peek(0, 0xa_0000).iter().filter(|byte| **byte != 0).count();
            prop_assert_eq!(others, image.len());
        }
    }
}
