//! Memory that keeps nothing: enough to try a guest loader before there is a VM.

use machine::memory::{Gpa, GuestMemory, LoadTarget, NotRam, RamLayout};

/// The memory of a VM of a certain size.
pub struct Pretended {
    layout: RamLayout,
}

impl Pretended {
    /// `bytes` of it.
    pub fn new(bytes: u64) -> Self {
        Self { layout: RamLayout::new(bytes) }
    }

    fn check(&self, gpa: Gpa, bytes: usize) -> Result<(), NotRam> {
        self.layout.offset(gpa, bytes).map(|_| ()).ok_or(NotRam { gpa, bytes })
    }
}

impl GuestMemory for Pretended {
    fn layout(&self) -> RamLayout {
        self.layout
    }

    fn read(&self, gpa: Gpa, buffer: &mut [u8]) -> Result<(), NotRam> {
        buffer.fill(0);
        self.check(gpa, buffer.len())
    }

    fn write(&self, gpa: Gpa, bytes: &[u8]) -> Result<(), NotRam> {
        self.check(gpa, bytes.len())
    }
}

impl LoadTarget<'_> for Pretended {}
