//! Where kernel and initrd go.

use super::header::{Image, DEFAULT_ADDRESS};
use super::LinuxError;
use crate::memory::RamLayout;

const PAGE: u64 = 4096;

/// Guest-physical addresses of the parts.
#[derive(Debug, PartialEq, Eq)]
pub struct Places {
    pub kernel: u64,
    /// Meaningless without an initrd.
    pub initrd: u64,
}

impl Places {
    /// Finds a place for each part.
    pub fn find(image: &Image, initrd_bytes: u64, layout: RamLayout) -> Result<Self, LinuxError> {
        let low_end = layout.low_end();
        let preferred = image.preferred_address();
        let fits = |start: u64| {
            let end = start.saturating_add(image.memory());
            if start >= DEFAULT_ADDRESS && end <= low_end {
                Ok((start, end))
            } else {
                Err(LinuxError::KernelTooLarge { end, low_end })
            }
        };
        // A relocatable kernel also runs at the lowest address that its alignment allows.
        let (kernel, kernel_end) = fits(preferred).or_else(|error| {
            image
                .relocatable()
                .map_or(Err(error), |alignment| fits(DEFAULT_ADDRESS.next_multiple_of(alignment)))
        })?;

        // As high as possible: the kernel unpacks itself upwards.
        let end = low_end.min(u64::from(image.header.initrd_addr_max.get()) + 1);
        let room = end.saturating_sub(kernel_end);
        let too_large = LinuxError::InitrdTooLarge { bytes: initrd_bytes, room };
        let start = end.checked_sub(initrd_bytes).ok_or(too_large)? / PAGE * PAGE;
        if initrd_bytes != 0 && start < kernel_end {
            return Err(too_large);
        }
        Ok(Self { kernel, initrd: start })
    }
}
