//! The modes of the processor, and where cases have their memory in each.

/// Kind of code, and what translates its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 64-bit code under this computer's Linux.
    Bits64,
    /// 32-bit code there.
    Compatibility,
    Real,
    /// With two-level page tables.
    Virtual8086,
    /// 16-bit code of protected mode, without paging.
    Protected16,
    /// 32-bit code with two-level page tables.
    Protected32,
    /// 32-bit code with PAE page tables.
    Pae,
}

/// Segment registers by their number in ModRM: ES, CS, SS, DS, FS.
pub const ES: usize = 0;
/// See [`ES`].
pub const SS: usize = 2;
/// See [`ES`].
pub const DS: usize = 3;
/// See [`ES`].
pub const FS: usize = 4;

/// Memory as the code of a case sees it: an offset into DS, and the place where two pages meet.
#[derive(Clone, Copy)]
pub struct Space {
    pub start: u64,
    /// Offset of the second page from `start`.
    pub middle: u64,
    /// How far from there operands begin.
    pub near: u64,
    /// Bits by which BT and its kin may reach further.
    pub bits: u64,
}

impl Mode {
    /// All modes of the computer that is emulated by QEMU.
    pub const OF_MACHINE: [Self; 5] =
        [Self::Real, Self::Virtual8086, Self::Protected16, Self::Protected32, Self::Pae];

    /// Width of code.
    pub fn bits(self) -> u32 {
        match self {
            Self::Bits64 => 64,
            Self::Compatibility | Self::Protected32 | Self::Pae => 32,
            Self::Real | Self::Virtual8086 | Self::Protected16 => 16,
        }
    }

    /// It runs on a computer of its own: segments have bases, and the stack can be used.
    pub fn has_machine(self) -> bool {
        !matches!(self, Self::Bits64 | Self::Compatibility)
    }

    pub fn space(self) -> Space {
        if self.has_machine() {
            Space { start: 0xf80, middle: 0x80, near: 36, bits: 256 }
        } else {
            Space { start: crate::guest::BUFFER, middle: 0x1000, near: 0x800, bits: 0x800 }
        }
    }

    /// How much higher the base of a segment is than that of DS.
    pub fn base(self, segment: usize) -> u64 {
        match segment {
            ES if self.has_machine() => 0x10,
            FS if self.has_machine() => 0x20,
            SS if self.has_machine() => 0x10_u64.wrapping_neg(),
            _ => 0,
        }
    }
}
