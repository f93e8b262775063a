//! What a processor's VMX can do (Intel SDM, "VMX Capability Reporting Facility").

use super::controls::{Primary, Secondary};

const IA32_VMX_BASIC: u32 = 0x480;
const IA32_VMX_PINBASED_CTLS: u32 = 0x481;
const IA32_VMX_PROCBASED_CTLS: u32 = 0x482;
const IA32_VMX_EXIT_CTLS: u32 = 0x483;
const IA32_VMX_ENTRY_CTLS: u32 = 0x484;
const IA32_VMX_MISC: u32 = 0x485;
const IA32_VMX_CR0_FIXED0: u32 = 0x486;
const IA32_VMX_CR0_FIXED1: u32 = 0x487;
const IA32_VMX_CR4_FIXED0: u32 = 0x488;
const IA32_VMX_CR4_FIXED1: u32 = 0x489;
const IA32_VMX_PROCBASED_CTLS2: u32 = 0x48b;
const IA32_VMX_EPT_VPID_CAP: u32 = 0x48c;
const IA32_VMX_TRUE_PINBASED_CTLS: u32 = 0x48d;
const IA32_VMX_TRUE_PROCBASED_CTLS: u32 = 0x48e;
const IA32_VMX_TRUE_EXIT_CTLS: u32 = 0x48f;
const IA32_VMX_TRUE_ENTRY_CTLS: u32 = 0x490;
const IA32_VMX_VMFUNC: u32 = 0x491;
const IA32_VMX_PROCBASED_CTLS3: u32 = 0x492;
const IA32_VMX_EXIT_CTLS2: u32 = 0x493;

/// [`Capabilities::basic`]: addresses of structures have 32 bits.
pub const BASIC_32_BIT_ADDRESSES: u64 = 1 << 48;
/// The same: the TRUE capability MSRs exist.
pub const BASIC_TRUE_CONTROLS: u64 = 1 << 55;
/// The same: VM entry delivers hardware exceptions with or without an error code, whatever the vector.
pub const BASIC_ANY_ERROR_CODE: u64 = 1 << 56;

/// [`Capabilities::misc`]: the activity states beside "active" that VM entry takes: HLT, shutdown, wait-for-SIPI.
pub const MISC_ACTIVITY_STATES: u64 = 0b111 << 6;
/// The same: software events may be injected with an instruction length of 0.
pub const MISC_ZERO_INSTRUCTION_LENGTH: u64 = 1 << 30;

/// [`Capabilities::ept_vpid`]: 4-level page walks.
pub const EPT_PAGE_WALK_4: u64 = 1 << 6;
/// The same: 5-level page walks.
pub const EPT_PAGE_WALK_5: u64 = 1 << 7;
/// The same: paging structures in uncacheable memory.
pub const EPT_UNCACHEABLE: u64 = 1 << 8;
/// The same: paging structures in write-back memory.
pub const EPT_WRITE_BACK: u64 = 1 << 14;
/// The same: 2 MiB pages.
pub const EPT_2M_PAGES: u64 = 1 << 16;
/// The same: 1 GiB pages.
pub const EPT_1G_PAGES: u64 = 1 << 17;
/// The same: INVEPT.
pub const INVEPT: u64 = 1 << 20;
/// The same: accessed and dirty flags.
pub const EPT_ACCESSED_DIRTY: u64 = 1 << 21;
/// The same: access rights of supervisor shadow-stack pages.
pub const EPT_SUPERVISOR_SHADOW_STACK: u64 = 1 << 23;
/// The same: single-context INVEPT.
pub const INVEPT_SINGLE_CONTEXT: u64 = 1 << 25;
/// The same: all-context INVEPT.
pub const INVEPT_ALL_CONTEXT: u64 = 1 << 26;
/// The same: INVVPID.
pub const INVVPID: u64 = 1 << 32;
/// The same: single-context INVVPID.
pub const INVVPID_SINGLE_CONTEXT: u64 = 1 << 41;
/// The same: all-context INVVPID.
pub const INVVPID_ALL_CONTEXT: u64 = 1 << 42;

/// Which settings the processor allows for a field of controls: bits 31:0 of its capability MSR are the controls that
/// must be 1, bits 63:32 those that may be 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowed(pub u64);

impl Allowed {
    /// The controls that must be 1.
    #[must_use]
    pub const fn must_be_one(self) -> u32 {
        self.0 as u32
    }

    /// The controls that may be 1.
    #[must_use]
    pub const fn may_be_one(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// Which cached translations INVEPT and INVVPID drop. The two share the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Invalidation {
    /// Those of one EPT pointer or one VPID.
    SingleContext = 1,
    /// All.
    AllContext = 2,
}

/// The capability MSRs. Those that a processor lacks are zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct Capabilities {
    /// IA32_VMX_BASIC.
    pub basic: u64,
    /// IA32_VMX_MISC.
    pub misc: u64,
    /// Pin-based VM-execution controls.
    pub pin: Allowed,
    /// Primary processor-based VM-execution controls.
    pub primary: Allowed,
    /// Secondary processor-based VM-execution controls.
    pub secondary: Allowed,
    /// Tertiary processor-based VM-execution controls that may be 1.
    pub tertiary: u64,
    /// Primary VM-exit controls.
    pub exit: Allowed,
    /// Secondary VM-exit controls that may be 1.
    pub secondary_exit: u64,
    /// VM-entry controls.
    pub entry: Allowed,
    /// VM-function controls that may be 1.
    pub vm_functions: u64,
    /// Bits that are 1 in CR0 in VMX operation.
    pub cr0_fixed0: u64,
    /// Bits that can be 1 in CR0 in VMX operation.
    pub cr0_fixed1: u64,
    /// Bits that are 1 in CR4 in VMX operation.
    pub cr4_fixed0: u64,
    /// Bits that can be 1 in CR4 in VMX operation.
    pub cr4_fixed1: u64,
    /// IA32_VMX_EPT_VPID_CAP.
    pub ept_vpid: u64,
}

impl Capabilities {
    /// Reads them with `read`, and only those that a processor with VMX has.
    pub fn read(read: impl Fn(u32) -> u64) -> Self {
        let basic = read(IA32_VMX_BASIC);
        let controls =
            |plain, exact| Allowed(read(if basic & BASIC_TRUE_CONTROLS != 0 { exact } else { plain }));
        let read_if = |exists, index| if exists { read(index) } else { 0 };

        let primary = controls(IA32_VMX_PROCBASED_CTLS, IA32_VMX_TRUE_PROCBASED_CTLS);
        let has_primary = |control: Primary| primary.may_be_one() & control.bits() != 0;
        let has_secondary = has_primary(Primary::ACTIVATE_SECONDARY_CONTROLS);
        let secondary = Allowed(read_if(has_secondary, IA32_VMX_PROCBASED_CTLS2));
        let has = |controls: Secondary| secondary.may_be_one() & controls.bits() != 0;
        let exit = controls(IA32_VMX_EXIT_CTLS, IA32_VMX_TRUE_EXIT_CTLS);
        let has_secondary_exit =
            exit.may_be_one() & super::controls::Exit::ACTIVATE_SECONDARY_CONTROLS.bits() != 0;
        Self {
            basic,
            misc: read(IA32_VMX_MISC),
            pin: controls(IA32_VMX_PINBASED_CTLS, IA32_VMX_TRUE_PINBASED_CTLS),
            primary,
            secondary,
            tertiary: read_if(has_primary(Primary::ACTIVATE_TERTIARY_CONTROLS), IA32_VMX_PROCBASED_CTLS3),
            exit,
            secondary_exit: read_if(has_secondary_exit, IA32_VMX_EXIT_CTLS2),
            entry: controls(IA32_VMX_ENTRY_CTLS, IA32_VMX_TRUE_ENTRY_CTLS),
            vm_functions: read_if(has(Secondary::ENABLE_VM_FUNCTIONS), IA32_VMX_VMFUNC),
            cr0_fixed0: read(IA32_VMX_CR0_FIXED0),
            cr0_fixed1: read(IA32_VMX_CR0_FIXED1),
            cr4_fixed0: read(IA32_VMX_CR4_FIXED0),
            cr4_fixed1: read(IA32_VMX_CR4_FIXED1),
            ept_vpid: read_if(has(Secondary::ENABLE_EPT | Secondary::ENABLE_VPID), IA32_VMX_EPT_VPID_CAP),
        }
    }

    /// VMCS revision identifier.
    #[must_use]
    pub const fn revision(&self) -> u32 {
        self.basic as u32 & 0x7fff_ffff
    }

    /// The VMX-preemption timer counts down each time this bit of the TSC changes.
    #[must_use]
    pub const fn preemption_timer_rate(&self) -> u32 {
        self.misc as u32 & 0x1f
    }

    /// How many CR3-target values there are.
    #[must_use]
    pub const fn cr3_targets(&self) -> u32 {
        (self.misc >> 16) as u32 & 0x1ff
    }

    /// The narrowest INVEPT.
    #[must_use]
    pub const fn invept(&self) -> Option<Invalidation> {
        self.invalidation(INVEPT_SINGLE_CONTEXT, INVEPT_ALL_CONTEXT)
    }

    /// The narrowest INVVPID; `None` if VPIDs can't be used.
    #[must_use]
    pub const fn invvpid(&self) -> Option<Invalidation> {
        if self.ept_vpid & INVVPID == 0 || self.secondary.may_be_one() & Secondary::ENABLE_VPID.bits() == 0 {
            return None;
        }
        self.invalidation(INVVPID_SINGLE_CONTEXT, INVVPID_ALL_CONTEXT)
    }

    const fn invalidation(&self, single: u64, all: u64) -> Option<Invalidation> {
        if self.ept_vpid & single != 0 {
            Some(Invalidation::SingleContext)
        } else if self.ept_vpid & all != 0 {
            Some(Invalidation::AllContext)
        } else {
            None
        }
    }
}
