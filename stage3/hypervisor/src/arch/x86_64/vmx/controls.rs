//! The VM-execution, VM-exit and VM-entry controls (Intel SDM, "VM-Execution Control Fields", "VM-Exit Control
//! Fields", "VM-Entry Control Fields"): their names, and how this hypervisor sets them.
//!
//! The controls named here are those that are used, and those that some processors force on although they would
//! make the guest exit, so that [`adjust`] can say which.

use super::super::backend::{OptionalInstructions, SetupError};
use super::capabilities::{adjust, Capabilities};
use bitflags::bitflags;

bitflags! {
    /// Pin-based VM-execution controls.
    #[derive(Clone, Copy, Debug)]
    pub struct Pin: u32 {
        const EXTERNAL_INTERRUPT_EXITING = 1 << 0;
        const NMI_EXITING = 1 << 3;
        const VIRTUAL_NMIS = 1 << 5;
        const ACTIVATE_VMX_PREEMPTION_TIMER = 1 << 6;
    }

    /// Primary processor-based VM-execution controls.
    #[derive(Clone, Copy, Debug)]
    pub struct Primary: u32 {
        const INTERRUPT_WINDOW_EXITING = 1 << 2;
        const USE_TSC_OFFSETTING = 1 << 3;
        const HLT_EXITING = 1 << 7;
        const INVLPG_EXITING = 1 << 9;
        const MWAIT_EXITING = 1 << 10;
        const RDPMC_EXITING = 1 << 11;
        const RDTSC_EXITING = 1 << 12;
        const CR3_LOAD_EXITING = 1 << 15;
        const CR3_STORE_EXITING = 1 << 16;
        const CR8_LOAD_EXITING = 1 << 19;
        const CR8_STORE_EXITING = 1 << 20;
        const USE_TPR_SHADOW = 1 << 21;
        const NMI_WINDOW_EXITING = 1 << 22;
        const MOV_DR_EXITING = 1 << 23;
        const USE_IO_BITMAPS = 1 << 25;
        const USE_MSR_BITMAPS = 1 << 28;
        const MONITOR_EXITING = 1 << 29;
        const PAUSE_EXITING = 1 << 30;
        const ACTIVATE_SECONDARY_CONTROLS = 1 << 31;
    }

    /// Secondary processor-based VM-execution controls.
    #[derive(Clone, Copy, Debug)]
    pub struct Secondary: u32 {
        const ENABLE_EPT = 1 << 1;
        const DESCRIPTOR_TABLE_EXITING = 1 << 2;
        const ENABLE_RDTSCP = 1 << 3;
        const ENABLE_VPID = 1 << 5;
        const WBINVD_EXITING = 1 << 6;
        const UNRESTRICTED_GUEST = 1 << 7;
        const ENABLE_INVPCID = 1 << 12;
    }

    /// VM-exit controls.
    #[derive(Clone, Copy, Debug)]
    pub struct Exit: u32 {
        const SAVE_DEBUG_CONTROLS = 1 << 2;
        const HOST_ADDRESS_SPACE_SIZE = 1 << 9;
        const ACKNOWLEDGE_INTERRUPT_ON_EXIT = 1 << 15;
        const SAVE_IA32_PAT = 1 << 18;
        const LOAD_IA32_PAT = 1 << 19;
        const SAVE_IA32_EFER = 1 << 20;
        const LOAD_IA32_EFER = 1 << 21;
    }

    /// VM-entry controls.
    #[derive(Clone, Copy, Debug)]
    pub struct Entry: u32 {
        const LOAD_DEBUG_CONTROLS = 1 << 2;
        const IA_32E_MODE_GUEST = 1 << 9;
        const LOAD_IA32_PAT = 1 << 14;
        const LOAD_IA32_EFER = 1 << 15;
    }
}

/// Values for the five fields of controls.
#[derive(Clone, Copy, Debug)]
pub struct Controls {
    pub pin: Pin,
    pub primary: Primary,
    pub secondary: Secondary,
    pub exit: Exit,
    pub entry: Entry,
}

impl Controls {
    /// The controls for a guest with these optional instructions. Interrupt window, NMI window and IA-32e mode,
    /// which come and go while it runs, are off.
    ///
    /// # Errors
    /// What this processor lacks.
    pub fn choose(can: &Capabilities, instructions: OptionalInstructions) -> Result<Self, SetupError> {
        // A guest of this hypervisor has no CR8 of the real local APIC: with a TPR shadow, MOV to and from CR8
        // work on the guest's own page, and only a fall below the TPR threshold exits.
        let primary = Primary::USE_TSC_OFFSETTING
            | Primary::HLT_EXITING
            | Primary::MWAIT_EXITING
            | Primary::RDPMC_EXITING
            | Primary::USE_TPR_SHADOW
            | Primary::USE_IO_BITMAPS
            | Primary::USE_MSR_BITMAPS
            | Primary::MONITOR_EXITING
            | Primary::ACTIVATE_SECONDARY_CONTROLS;
        let windows = Primary::INTERRUPT_WINDOW_EXITING | Primary::NMI_WINDOW_EXITING;
        let mut secondary = Secondary::ENABLE_EPT | Secondary::UNRESTRICTED_GUEST | Secondary::WBINVD_EXITING;
        secondary.set(Secondary::ENABLE_RDTSCP, instructions.rdtscp);
        secondary.set(Secondary::ENABLE_INVPCID, instructions.invpcid);
        secondary.set(Secondary::ENABLE_VPID, can.invvpid().is_some());
        Ok(Self {
            pin: adjust(
                "pin-based VM-execution controls",
                can.pin,
                Pin::EXTERNAL_INTERRUPT_EXITING
                    | Pin::NMI_EXITING
                    | Pin::VIRTUAL_NMIS
                    | Pin::ACTIVATE_VMX_PREEMPTION_TIMER,
            )?,
            primary: adjust("primary VM-execution controls", can.primary, primary | windows)? - windows,
            secondary: adjust("secondary VM-execution controls", can.secondary, secondary)?,
            exit: adjust("VM-exit controls", can.exit, Exit::all())?,
            entry: adjust("VM-entry controls", can.entry, Entry::all())? - Entry::IA_32E_MODE_GUEST,
        })
    }

    /// The instructions that a guest can have if it is to.
    pub fn optional_instructions(can: &Capabilities) -> OptionalInstructions {
        let has = |control: Secondary| can.secondary.may_be_one() & control.bits() != 0;
        OptionalInstructions {
            rdtscp: has(Secondary::ENABLE_RDTSCP),
            invpcid: has(Secondary::ENABLE_INVPCID),
        }
    }
}
