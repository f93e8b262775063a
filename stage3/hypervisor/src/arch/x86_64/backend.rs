//! The seam between the hypervisor and the two virtualization extensions.
//!
//! [`super::vmx`] and [`super::svm`] each implement [`Backend`] and [`HardwareVcpu`] and know nothing of
//! each other; the VM is generic over them, and the vendor is chosen once, at boot.

use super::nested_paging::Format;
use super::page::Hpa;
use alloc::string::String;
use bundle::boot_info::BootInfo;
use core::fmt;
use machine::exits::{Answer, Question};
use machine::memory::{Gpa, GuestMemory};
use machine::vcpu::{Exit, Vcpu};

/// One of the two virtualization extensions, switched on by stage 2 on this CPU.
pub trait Backend: Sized {
    /// Its virtual CPUs.
    type Vcpu: HardwareVcpu;
    /// The encoding of its nested page tables.
    type Format: Format;

    /// Reads the CPU's capabilities and checks that all that this hypervisor builds on is there.
    ///
    /// # Errors
    /// What is missing, in words.
    fn new(boot: &BootInfo) -> Result<Self, SetupError>;

    /// Name of the extension for messages.
    fn name(&self) -> &'static str;

    /// Calls `each` with every feature that the manual has of it: its name, whether this CPU has it, and whether it is used.
    fn features(&self, each: &mut dyn FnMut(&str, bool, bool));

    /// Instructions that need the backend's consent before CPUID may show them.
    fn optional_instructions(&self) -> OptionalInstructions;

    /// A virtual CPU whose memory is mapped by the nested page tables at `nested_root`. Its state is
    /// undefined until [`Vcpu::load`].
    ///
    /// # Errors
    /// What this CPU refuses, in words.
    fn create_vcpu(&self, nested_root: Hpa, limits: &GuestLimits) -> Result<Self::Vcpu, SetupError>;
}

/// Instructions that a guest can use only if the backend switches them on.
#[derive(Clone, Copy, Debug, Default)]
pub struct OptionalInstructions {
    /// RDTSCP, and MSR TSC_AUX with it.
    pub rdtscp: bool,
    /// INVPCID.
    pub invpcid: bool,
}

/// What the virtual CPU's identity ([`machine::cpuid`]) allows a guest to set.
#[derive(Clone, Copy, Debug)]
pub struct GuestLimits {
    /// CR4 bits that the guest may set.
    pub cr4: u64,
    /// Instructions that CPUID shows.
    pub instructions: OptionalInstructions,
    /// Bits of a physical address.
    pub physical_bits: u32,
}

/// Instructions that are answered in a row ([`HardwareVcpu::run`]), without a look at anything else. The host's interrupts end
/// it, too; but for Bochs 2.7, where they never exit from a guest that leaves its own off.
pub const ANSWERS: u32 = 256;

/// A virtual CPU on real hardware.
pub trait HardwareVcpu: Vcpu {
    /// Runs the guest until something happens, or until the host's TSC reaches `deadline`. Interrupts for the
    /// host are served before it returns. Host interrupts are off before and after.
    /// `ram` is the guest's, always the same: if the processor does not tell the length of the instruction that exited, it
    /// is read there.
    /// Instructions that `answer` answers, which may change general registers only, are completed, and the guest goes on.
    fn run(
        &mut self,
        deadline: u64,
        ram: &dyn GuestRam,
        answer: &mut impl FnMut(&mut Self, Question) -> Answer,
    ) -> Exit;

    /// The nested page tables map less than before: drops what the processor knows of them.
    ///
    /// # Errors
    /// The processor did not do that.
    fn drop_nested_translations(&mut self) -> Result<(), SetupError>;

    /// After [`machine::vcpu::ExitReason::EntryFailed`] or `Unsupported`: what the processor said, and which fields
    /// break which rule of the manual.
    fn explain(&self, out: &mut dyn fmt::Write) -> fmt::Result;
}

/// A VM's RAM in the host's memory. It stays where it is as long as the VM lives.
pub trait GuestRam: GuestMemory {
    /// HPA of the RAM at `gpa`, which holds nothing but what is the VM's. What follows in the same page lies together with
    /// it.
    fn host_address(&self, gpa: Gpa) -> Option<u64>;
}

/// Why virtualization can't be set up on this CPU.
#[derive(Clone, Debug)]
pub struct SetupError(pub String);

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
