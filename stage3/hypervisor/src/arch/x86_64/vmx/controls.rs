//! How this hypervisor sets the VM-execution, VM-exit and VM-entry controls.

use super::super::backend::{OptionalInstructions, SetupError};
use super::capabilities::adjust;
use architecture::vmx::capabilities::Capabilities;
use architecture::vmx::controls::{Entry, Exit, Pin, Primary, Secondary};

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
        let exit = Exit::SAVE_DEBUG_CONTROLS
            | Exit::HOST_ADDRESS_SPACE_SIZE
            | Exit::ACKNOWLEDGE_INTERRUPT_ON_EXIT
            | Exit::SAVE_IA32_PAT
            | Exit::LOAD_IA32_PAT
            | Exit::SAVE_IA32_EFER
            | Exit::LOAD_IA32_EFER;
        let ia32e = Entry::IA_32E_MODE_GUEST;
        let entry = ia32e | Entry::LOAD_DEBUG_CONTROLS | Entry::LOAD_IA32_PAT | Entry::LOAD_IA32_EFER;
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
            exit: adjust("VM-exit controls", can.exit, exit)?,
            entry: adjust("VM-entry controls", can.entry, entry)? - ia32e,
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
