//! Operands of instructions in memory that other CPUs use, too: each access is one step for all of them.

use core::ptr::with_exposed_provenance_mut;
use core::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, AtomicU8, Ordering::SeqCst};
use machine::emulate::OperandSize;

/// The operand of `size` at `hpa`.
///
/// # Safety
/// It is memory, on a multiple of its size, that no Rust reference points to.
pub unsafe fn load(hpa: usize, size: OperandSize) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        match size {
            OperandSize::Byte => AtomicU8::from_ptr(with_exposed_provenance_mut(hpa)).load(SeqCst).into(),
            OperandSize::Word => AtomicU16::from_ptr(with_exposed_provenance_mut(hpa)).load(SeqCst).into(),
            OperandSize::Dword => AtomicU32::from_ptr(with_exposed_provenance_mut(hpa)).load(SeqCst).into(),
            OperandSize::Qword => AtomicU64::from_ptr(with_exposed_provenance_mut(hpa)).load(SeqCst),
        }
    }
}

/// Stores `new` there if `old` is there, and tells whether it was.
///
/// # Safety
/// As for [`load`].
pub unsafe fn compare_exchange(hpa: usize, size: OperandSize, old: u64, new: u64) -> bool {
    macro_rules! exchange {
        ($atomic:ty, $value:ty) => {{
            // SAFETY: the caller's promise.
            let place = unsafe { <$atomic>::from_ptr(with_exposed_provenance_mut(hpa)) };
            place.compare_exchange(old as $value, new as $value, SeqCst, SeqCst).is_ok()
        }};
    }
    match size {
        OperandSize::Byte => exchange!(AtomicU8, u8),
        OperandSize::Word => exchange!(AtomicU16, u16),
        OperandSize::Dword => exchange!(AtomicU32, u32),
        OperandSize::Qword => exchange!(AtomicU64, u64),
    }
}
