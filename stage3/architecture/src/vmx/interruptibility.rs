//! The interruptibility state: what blocks events (Intel SDM, "Guest Non-Register State").

/// Blocking by STI, for one instruction.
pub const BLOCKING_BY_STI: u32 = 1 << 0;
/// Blocking by MOV SS or POP SS, for one instruction.
pub const BLOCKING_BY_MOV_SS: u32 = 1 << 1;
/// Blocking by SMI: the processor is in SMM.
pub const BLOCKING_BY_SMI: u32 = 1 << 2;
/// Blocking by NMI, until IRET.
pub const BLOCKING_BY_NMI: u32 = 1 << 3;
/// The exit came from an enclave.
pub const ENCLAVE_INTERRUPTION: u32 = 1 << 4;
/// Bits that are 0.
pub const RESERVED: u32 = 0xffff_ffe0;
