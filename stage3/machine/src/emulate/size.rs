//! Operand sizes.

use crate::port::Size;
use iced_x86::MemorySize;

/// Size of an integer operand, and of an access to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum OperandSize {
    /// 8 bits.
    Byte = 1,
    /// 16 bits.
    Word = 2,
    /// 32 bits.
    Dword = 4,
    /// 64 bits.
    Qword = 8,
}

impl OperandSize {
    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self as usize
    }

    /// In bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        8 * self as u32
    }

    /// All bits of such an operand: also what a read gives where no device is.
    #[must_use]
    pub const fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits())
    }

    /// The most significant bit of such an operand.
    #[must_use]
    pub const fn sign(self) -> u64 {
        1 << (self.bits() - 1)
    }

    /// `value`, of this size, as a signed number of 64 bits.
    #[must_use]
    pub const fn sign_extend(self, value: u64) -> u64 {
        let unused = 64 - self.bits();
        ((value << unused).cast_signed() >> unused).cast_unsigned()
    }

    /// What a register holds after its part of this size was set: 8 and 16 bits leave the rest alone, 32 bits
    /// clear the upper half (Intel SDM, "General-Purpose Registers in 64-Bit Mode").
    #[must_use]
    pub const fn merge(self, old: u64, value: u64) -> u64 {
        match self {
            Self::Byte | Self::Word => old & !self.mask() | value & self.mask(),
            Self::Dword | Self::Qword => value & self.mask(),
        }
    }

    /// The size of an integer or of the address of code in memory.
    pub(super) const fn of_memory(size: MemorySize) -> Option<Self> {
        match size {
            MemorySize::UInt8 | MemorySize::Int8 => Some(Self::Byte),
            MemorySize::UInt16 | MemorySize::Int16 | MemorySize::WordOffset => Some(Self::Word),
            MemorySize::UInt32 | MemorySize::Int32 | MemorySize::DwordOffset => Some(Self::Dword),
            MemorySize::UInt64 | MemorySize::Int64 | MemorySize::QwordOffset => Some(Self::Qword),
            _ => None,
        }
    }
}

impl From<Size> for OperandSize {
    fn from(size: Size) -> Self {
        match size {
            Size::Byte => Self::Byte,
            Size::Word => Self::Word,
            Size::Dword => Self::Dword,
        }
    }
}
