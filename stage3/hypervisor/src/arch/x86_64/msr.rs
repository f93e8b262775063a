//! Model-specific registers.

/// IA32_APIC_BASE.
pub const APIC_BASE: u32 = 0x1b;

/// Reads a register.
///
/// # Safety
/// The register must exist on this CPU; otherwise the read is a #GP, which halts the machine.
pub unsafe fn read(msr: u32) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { x86_64::registers::model_specific::Msr::new(msr).read() }
}

/// Writes a register.
///
/// # Safety
/// The register must exist, take this value, and its effect must be one that the hypervisor survives.
pub unsafe fn write(msr: u32, value: u64) {
    // SAFETY: the caller's promise.
    unsafe { x86_64::registers::model_specific::Msr::new(msr).write(value) }
}
