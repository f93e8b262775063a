//! Guest-physical memory: where a VM's RAM is, and bounds-checked access to it.

use crate::emulate::OperandSize;

/// Guest-physical address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gpa(pub u64);

impl core::fmt::Display for Gpa {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// An access that touches something that is not RAM of this VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotRam {
    /// Where the access started.
    pub gpa: Gpa,
    /// Its length in bytes.
    pub bytes: usize,
}

impl core::fmt::Display for NotRam {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} bytes at GPA {} are not RAM", self.bytes, self.gpa)
    }
}

impl core::error::Error for NotRam {}

/// A VM's RAM. Shared: other vCPUs may change it at any time, so nothing hands out references.
pub trait GuestMemory {
    /// How much RAM there is, and where.
    fn layout(&self) -> RamLayout;

    /// Copies from `gpa` into `buffer`.
    ///
    /// # Errors
    /// [`NotRam`] if any byte is outside of RAM; `buffer` is then unspecified.
    fn read(&self, gpa: Gpa, buffer: &mut [u8]) -> Result<(), NotRam>;

    /// Copies `bytes` to `gpa`.
    ///
    /// # Errors
    /// [`NotRam`] if any byte is outside of RAM; nothing is written then.
    fn write(&self, gpa: Gpa, bytes: &[u8]) -> Result<(), NotRam>;

    /// Loads what is at `gpa`, of `size`: in one step for all CPUs of the VM, as [`GuestMemory::compare_exchange`] is.
    ///
    /// # Errors
    /// [`NotRam`] if it is outside of RAM, or `gpa` is no multiple of `size`.
    fn load(&self, gpa: Gpa, size: OperandSize) -> Result<u64, NotRam> {
        let (mut held, length) = ([0; 8], size.bytes());
        if !gpa.0.is_multiple_of(length as u64) {
            return Err(NotRam { gpa, bytes: length });
        }
        self.read(gpa, &mut held[..length])?;
        Ok(u64::from_le_bytes(held))
    }

    /// Stores `new` of `size` at `gpa` if `old` is there, and tells whether it was. It must be one step for all CPUs of
    /// the VM; what is written here is for memory that one CPU has for itself, as in tests.
    ///
    /// # Errors
    /// [`NotRam`] if it is outside of RAM, or `gpa` is no multiple of `size`; nothing is written then.
    fn compare_exchange(&self, gpa: Gpa, size: OperandSize, old: u64, new: u64) -> Result<bool, NotRam> {
        let (mut held, length) = ([0; 8], size.bytes());
        if !gpa.0.is_multiple_of(length as u64) {
            return Err(NotRam { gpa, bytes: length });
        }
        self.read(gpa, &mut held[..length])?;
        let is_old = u64::from_le_bytes(held) == old & size.mask();
        if is_old {
            self.write(gpa, &new.to_le_bytes()[..length])?;
        }
        Ok(is_old)
    }
}

/// A VM's RAM that is being loaded, from files that last as long as it does.
pub trait LoadTarget<'f>: GuestMemory {
    /// Puts `file` to `gpa`. It need not be copied before somebody looks.
    ///
    /// # Errors
    /// [`NotRam`] if any byte is outside of RAM; nothing is written then.
    fn place(&self, gpa: Gpa, file: &'f [u8]) -> Result<(), NotRam> {
        self.write(gpa, file)
    }
}

/// End of RAM below 4 GiB at most: what is above is for devices, as on every PC.
pub const LOW_RAM_LIMIT: u64 = 0xc000_0000;
/// Where RAM goes on above 4 GiB.
pub const HIGH_RAM_START: u64 = 1 << 32;
/// The window of VGA memory: RAM on a board with a VGA, nothing on another.
pub const VGA_WINDOW: core::ops::Range<u64> = 0xa_0000..0xc_0000;

/// Where a VM with a given amount of memory has RAM: below the VGA window, above it up to
/// [`LOW_RAM_LIMIT`], and the rest from [`HIGH_RAM_START`] on. The RAM under the window is lost, as in a PC,
/// or serves as the memory of a VGA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RamLayout {
    bytes: u64,
    has_vga: bool,
}

impl RamLayout {
    /// The layout of a VM with `bytes` of memory.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self { bytes, has_vga: false }
    }

    /// The same with a VGA, whose memory fills the window.
    #[must_use]
    pub const fn with_vga(self) -> Self {
        Self { has_vga: true, ..self }
    }

    /// Whether there is a VGA.
    #[must_use]
    pub const fn has_vga(&self) -> bool {
        self.has_vga
    }

    /// The ranges of addresses (GPA) that are memory, the VGA's included. Some may be empty.
    #[must_use]
    pub const fn regions(&self) -> [core::ops::Range<u64>; 3] {
        let window = if self.has_vga { VGA_WINDOW.end } else { VGA_WINDOW.start };
        [0..window, VGA_WINDOW.end..self.low_end(), HIGH_RAM_START..self.high_end()]
    }

    /// Memory of the VM in bytes, the part under the VGA window included.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// End of RAM below 4 GiB (GPA).
    #[must_use]
    pub const fn low_end(&self) -> u64 {
        if self.bytes < LOW_RAM_LIMIT {
            self.bytes
        } else {
            LOW_RAM_LIMIT
        }
    }

    /// End of RAM above 4 GiB (GPA); [`HIGH_RAM_START`] if there is none.
    #[must_use]
    pub const fn high_end(&self) -> u64 {
        HIGH_RAM_START + (self.bytes - self.low_end())
    }

    /// Offset into the VM's memory of the RAM at `gpa`, if all `length` bytes there are RAM and lie
    /// together.
    #[must_use]
    pub fn offset(&self, gpa: Gpa, length: usize) -> Option<u64> {
        let start = gpa.0;
        let end = start.checked_add(length as u64)?;
        if start >= HIGH_RAM_START {
            (end <= self.high_end()).then(|| start - HIGH_RAM_START + LOW_RAM_LIMIT)
        } else {
            let in_window = start < VGA_WINDOW.end && end > VGA_WINDOW.start;
            (end <= self.low_end() && (self.has_vga || !in_window)).then_some(start)
        }
    }
}

#[cfg(any(test, feature = "testing"))]
pub(crate) mod test_ram {
    //! RAM for tests.

    use super::{Gpa, GuestMemory, LoadTarget, NotRam, RamLayout};
    use alloc::{vec, vec::Vec};
    use core::cell::RefCell;

    /// RAM in a vector.
    pub struct TestRam {
        bytes: RefCell<Vec<u8>>,
        has_vga: bool,
    }

    impl TestRam {
        /// Zeroed RAM of `bytes` bytes.
        #[must_use]
        pub fn new(bytes: usize) -> Self {
            Self { bytes: RefCell::new(vec![0; bytes]), has_vga: false }
        }

        /// The same with a VGA's memory in it.
        #[must_use]
        pub fn with_vga(bytes: usize) -> Self {
            Self { has_vga: true, ..Self::new(bytes) }
        }

        /// `length` bytes from `gpa`.
        ///
        /// # Panics
        /// If they are not RAM.
        #[must_use]
        pub fn peek(&self, gpa: u64, length: usize) -> Vec<u8> {
            let mut buffer = vec![0; length];
            self.read(Gpa(gpa), &mut buffer).expect("test reads RAM");
            buffer
        }
    }

    impl GuestMemory for TestRam {
        fn layout(&self) -> RamLayout {
            let layout = RamLayout::new(self.bytes.borrow().len() as u64);
            if self.has_vga {
                layout.with_vga()
            } else {
                layout
            }
        }

        fn read(&self, gpa: Gpa, buffer: &mut [u8]) -> Result<(), NotRam> {
            let not_ram = NotRam { gpa, bytes: buffer.len() };
            let start = self.layout().offset(gpa, buffer.len()).ok_or(not_ram)? as usize;
            buffer.copy_from_slice(&self.bytes.borrow()[start..start + buffer.len()]);
            Ok(())
        }

        fn write(&self, gpa: Gpa, bytes: &[u8]) -> Result<(), NotRam> {
            let not_ram = NotRam { gpa, bytes: bytes.len() };
            let start = self.layout().offset(gpa, bytes.len()).ok_or(not_ram)? as usize;
            self.bytes.borrow_mut()[start..start + bytes.len()].copy_from_slice(bytes);
            Ok(())
        }
    }

    impl LoadTarget<'_> for TestRam {}
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn small_memory_is_all_low() {
        let layout = RamLayout::new(GIB / 2);
        assert_eq!((layout.low_end(), layout.high_end()), (GIB / 2, HIGH_RAM_START));
        assert_eq!(layout.offset(Gpa(0), 1), Some(0));
        assert_eq!(layout.offset(Gpa(GIB / 2 - 1), 1), Some(GIB / 2 - 1));
        assert_eq!(layout.offset(Gpa(GIB / 2 - 1), 2), None);
        assert_eq!(layout.offset(Gpa(HIGH_RAM_START), 1), None);
    }

    #[test]
    fn memory_over_three_gibibytes_goes_on_above_four() {
        let layout = RamLayout::new(4 * GIB);
        assert_eq!(layout.high_end(), 5 * GIB);
        assert_eq!(layout.offset(Gpa(3 * GIB), 1), None);
        assert_eq!(layout.offset(Gpa(4 * GIB), 8), Some(3 * GIB));
        assert_eq!(layout.offset(Gpa(5 * GIB - 8), 9), None);
    }

    #[test]
    fn the_vga_window_is_not_ram() {
        let layout = RamLayout::new(GIB);
        assert_eq!(layout.offset(Gpa(0x9_fffe), 2), Some(0x9_fffe));
        assert_eq!(layout.offset(Gpa(0x9_ffff), 2), None);
        assert_eq!(layout.offset(Gpa(0xb_8000), 1), None);
        assert_eq!(layout.offset(Gpa(0xc_0000), 1), Some(0xc_0000));
        assert_eq!(layout.regions()[..2], [0..0xa_0000, 0xc_0000..GIB]);
    }

    #[test]
    fn the_vga_window_is_the_memory_of_a_vga() {
        let layout = RamLayout::new(GIB).with_vga();
        assert_eq!(layout.offset(Gpa(0x9_ffff), 2), Some(0x9_ffff));
        assert_eq!(layout.offset(Gpa(0xb_8000), 0x8000), Some(0xb_8000));
        assert_eq!(layout.offset(Gpa(0xb_8000), 0x8001), Some(0xb_8000));
        assert_eq!(layout.regions()[..2], [0..0xc_0000, 0xc_0000..GIB]);
    }

    #[test]
    fn ends_that_overflow_are_not_ram() {
        assert_eq!(RamLayout::new(GIB).offset(Gpa(u64::MAX), 2), None);
    }
}
