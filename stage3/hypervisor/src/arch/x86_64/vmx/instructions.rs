//! The VMX instructions, and how they fail (Intel SDM, "VMX Instruction Reference").
//!
//! All of them raise #UD outside of VMX root operation. The functions are safe to call where they leave Rust's
//! memory alone in every case; the others say what the caller promises.

use super::super::page::Hpa;
use architecture::vmx::capabilities::Invalidation;
use core::arch::asm;
use core::fmt;

/// A VMX instruction did not do its job (Intel SDM, "Conventions": VMfailInvalid and VMfailValid).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VmFail {
    /// There is no current VMCS.
    Invalid,
    /// The reason is in the current VMCS, in the field VM-instruction error.
    Valid,
}

impl fmt::Display for VmFail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "VMfailInvalid",
            Self::Valid => "VMfailValid",
        })
    }
}

/// VMfail as a result, from what SETC and SETZ stored.
fn result(carry: u8, zero: u8) -> Result<(), VmFail> {
    match (carry, zero) {
        (0, 0) => Ok(()),
        (0, _) => Err(VmFail::Valid),
        _ => Err(VmFail::Invalid),
    }
}

/// VMCLEAR: writes the VMCS at `vmcs` back to memory, where nothing of it stays in the processor.
///
/// # Safety
/// `vmcs` is a VMCS region of this processor's, or will become one.
pub unsafe fn vmclear(vmcs: Hpa) -> Result<(), VmFail> {
    let (carry, zero): (u8, u8);
    // SAFETY: the processor writes to the region only, which is the caller's.
    unsafe {
        asm!("vmclear [{}]", "setc {}", "setz {}",
            in(reg) &raw const vmcs.0, out(reg_byte) carry, out(reg_byte) zero, options(nostack));
    }
    result(carry, zero)
}

/// VMPTRLD: makes the VMCS at `vmcs` the current one.
///
/// # Safety
/// It is a VMCS region that starts with this processor's revision identifier, and it stays one until it is cleared
/// with [`vmclear`].
pub unsafe fn vmptrld(vmcs: Hpa) -> Result<(), VmFail> {
    let (carry, zero): (u8, u8);
    // SAFETY: the processor writes to the region only, which is the caller's.
    unsafe {
        asm!("vmptrld [{}]", "setc {}", "setz {}",
            in(reg) &raw const vmcs.0, out(reg_byte) carry, out(reg_byte) zero, options(nostack));
    }
    result(carry, zero)
}

/// VMREAD: a field of the current VMCS. `None` if there is no such field or no current VMCS.
pub fn vmread(encoding: u64) -> Option<u64> {
    let value: u64;
    let failed: u8;
    // SAFETY: VMREAD writes to the given register only.
    unsafe {
        asm!("vmread {}, {}", "setbe {}",
            out(reg) value, in(reg) encoding, lateout(reg_byte) failed, options(nomem, nostack));
    }
    (failed == 0).then_some(value)
}

/// VMREAD of a field that every processor has, while there is a current VMCS.
#[inline]
pub fn vmread_present(encoding: u64) -> u64 {
    let value: u64;
    // SAFETY: VMREAD writes to the given register only.
    unsafe { asm!("vmread {}, {}", out(reg) value, in(reg) encoding, options(nomem, nostack)) };
    value
}

/// VMWRITE: whether the current VMCS took `value` in a field.
///
/// # Safety
/// The field does not make a later VM entry or exit break Rust's rules: what is written to the host-state area and to
/// the address fields is right.
pub unsafe fn vmwrite(encoding: u64, value: u64) -> bool {
    let failed: u8;
    // SAFETY: VMWRITE writes to the VMCS only.
    unsafe {
        asm!("vmwrite {}, {}", "setbe {}",
            in(reg) encoding, in(reg) value, lateout(reg_byte) failed, options(nostack));
    }
    failed == 0
}

/// VMWRITE of a field that every processor has, while there is a current VMCS.
///
/// # Safety
/// As for [`vmwrite`].
#[inline]
pub unsafe fn vmwrite_present(encoding: u64, value: u64) {
    // SAFETY: VMWRITE writes to the VMCS only.
    unsafe { asm!("vmwrite {}, {}", in(reg) encoding, in(reg) value, options(nostack)) };
}

/// INVEPT: drops cached translations that go through the EPT paging structures of `ept_pointer`.
pub fn invept(kind: Invalidation, ept_pointer: u64) -> Result<(), VmFail> {
    let descriptor = [ept_pointer, 0];
    let (carry, zero): (u8, u8);
    // SAFETY: dropping cached translations changes no memory.
    unsafe {
        asm!("invept {}, [{}]", "setc {}", "setz {}",
            in(reg) kind as u64, in(reg) &raw const descriptor, lateout(reg_byte) carry, lateout(reg_byte) zero,
            options(nostack));
    }
    result(carry, zero)
}

/// INVVPID: drops cached translations that are tagged with `vpid`.
pub fn invvpid(kind: Invalidation, vpid: u16) -> Result<(), VmFail> {
    let descriptor = [u64::from(vpid), 0];
    let (carry, zero): (u8, u8);
    // SAFETY: dropping cached translations changes no memory.
    unsafe {
        asm!("invvpid {}, [{}]", "setc {}", "setz {}",
            in(reg) kind as u64, in(reg) &raw const descriptor, lateout(reg_byte) carry, lateout(reg_byte) zero,
            options(nostack));
    }
    result(carry, zero)
}

/// A value of the field VM-instruction error, in the manual's words (Intel SDM, "VM Instruction Error Numbers").
pub struct InstructionError(pub u32);

impl fmt::Display for InstructionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.0 {
            1 => "VMCALL executed in VMX root operation",
            2 => "VMCLEAR with invalid physical address",
            3 => "VMCLEAR with VMXON pointer",
            4 => "VMLAUNCH with non-clear VMCS",
            5 => "VMRESUME with non-launched VMCS",
            6 => "VMRESUME after VMXOFF",
            7 => "VM entry with invalid control field(s)",
            8 => "VM entry with invalid host-state field(s)",
            9 => "VMPTRLD with invalid physical address",
            10 => "VMPTRLD with VMXON pointer",
            11 => "VMPTRLD with incorrect VMCS revision identifier",
            12 => "VMREAD/VMWRITE from/to unsupported VMCS component",
            13 => "VMWRITE to read-only VMCS component",
            15 => "VMXON executed in VMX root operation",
            16 => "VM entry with invalid executive-VMCS pointer",
            17 => "VM entry with non-launched executive VMCS",
            18 => "VM entry with executive-VMCS pointer not VMXON pointer",
            19 => "VMCALL with non-clear VMCS",
            20 => "VMCALL with invalid VM-exit control fields",
            22 => "VMCALL with incorrect MSEG revision identifier",
            23 => "VMXOFF under dual-monitor treatment of SMIs and SMM",
            24 => "VMCALL with invalid SMM-monitor features",
            25 => "VM entry with invalid VM-execution control fields in executive VMCS",
            26 => "VM entry with events blocked by MOV SS",
            28 => "invalid operand to INVEPT/INVVPID",
            _ => "no error that the manual knows",
        };
        write!(f, "error {}: {words}", self.0)
    }
}
