//! The guest's state beside its registers (Intel SDM, "Checks on Guest Non-Register State").

use super::{Audit, Features};
use crate::registers::{DEBUGCTL_BTF, RFLAGS_IF, RFLAGS_TF};
use crate::vmx::access_rights::dpl;
use crate::vmx::capabilities::MISC_ACTIVITY_STATES;
use crate::vmx::controls::{Pin, Secondary};
use crate::vmx::fields::*;
use crate::vmx::interruptibility::{
    BLOCKING_BY_MOV_SS, BLOCKING_BY_NMI, BLOCKING_BY_SMI, BLOCKING_BY_STI, ENCLAVE_INTERRUPTION, RESERVED,
};
use crate::vmx::interruption::Kind;

/// Activity states.
const ACTIVE: u32 = 0;
/// See [`ACTIVE`].
const HLT: u32 = 1;
/// See [`ACTIVE`].
const SHUTDOWN: u32 = 2;
/// See [`ACTIVE`].
const WAIT_FOR_SIPI: u32 = 3;

/// Vectors of the exceptions that end an inactive state.
const DEBUG: u32 = 1;
/// See [`DEBUG`].
const MACHINE_CHECK: u32 = 18;

/// Pending debug exceptions: B3 to B0.
const PENDING_DR6: u64 = 0xf;
/// Bus lock.
const PENDING_BUS_LOCK: u64 = 1 << 11;
/// An enabled breakpoint was met.
const PENDING_ENABLED_BREAKPOINT: u64 = 1 << 12;
/// BS, a single step.
const PENDING_SINGLE_STEP: u64 = 1 << 14;
/// RTM, a debug exception in a transactional region.
const PENDING_RTM: u64 = 1 << 16;

/// [`VMCS_LINK_POINTER`] that points to nothing.
const NO_LINK: u64 = u64::MAX;
/// In the first four bytes of a VMCS: it is a shadow VMCS.
const SHADOW_VMCS: u32 = 1 << 31;

impl Audit<'_> {
    /// Whether the processor may sleep.
    pub(super) fn activity_state(&mut self) {
        let supported = self.processor.capabilities.misc & MISC_ACTIVITY_STATES;
        let state = self.read(&GUEST_ACTIVITY_STATE);
        let exists = match state {
            ACTIVE => true,
            HLT..=WAIT_FOR_SIPI => supported & (1 << (state + 5)) != 0,
            _ => false,
        };
        let in_ring_0 = dpl(self.read(&GUEST_SS.access_rights)) == 0;
        let blocked = self.read(&GUEST_INTERRUPTIBILITY_STATE) & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS) != 0;
        let delivered = match (state, self.injected()) {
            (ACTIVE, _) | (_, None) => true,
            (HLT, Some((kind, vector))) => match kind {
                Kind::ExternalInterrupt | Kind::Nmi | Kind::Other => true,
                Kind::HardwareException => matches!(vector, DEBUG | MACHINE_CHECK),
                _ => false,
            },
            (SHUTDOWN, Some((kind, vector))) => {
                kind == Kind::Nmi || (kind == Kind::HardwareException && vector == MACHINE_CHECK)
            }
            _ => false,
        };
        self.field(&GUEST_ACTIVITY_STATE)
            .must(exists, "must be an activity state that this processor has for VM entry")
            .must(state != HLT || in_ring_0, "HLT needs DPL of SS = 0")
            .must(state == ACTIVE || !blocked, "must be active while STI or MOV SS blocks")
            .must(!exists || delivered, "the injected event would not be delivered in this state");
    }

    /// What blocks events.
    pub(super) fn interruptibility_state(&mut self) {
        let virtual_nmis = self.controls.pin.contains(Pin::VIRTUAL_NMIS);
        let has_sgx = self.processor.features.contains(Features::SGX);
        let interrupts_off = self.read(&GUEST_RFLAGS) & RFLAGS_IF == 0;
        let injected = self.injected().map(|(kind, _)| kind);
        let state = self.read(&GUEST_INTERRUPTIBILITY_STATE);
        let shadow = BLOCKING_BY_STI | BLOCKING_BY_MOV_SS;
        self.field(&GUEST_INTERRUPTIBILITY_STATE)
            .zeros(RESERVED.into(), "reserved bits must be 0")
            .must(state & shadow != shadow, "blocking by STI and by MOV SS exclude each other")
            .zeros_if(interrupts_off, BLOCKING_BY_STI.into(), "blocking by STI needs RFLAGS.IF")
            .zeros_if(
                injected == Some(Kind::ExternalInterrupt),
                shadow.into(),
                "an external interrupt can't be injected while STI or MOV SS blocks",
            )
            .zeros_if(
                injected == Some(Kind::Nmi),
                BLOCKING_BY_MOV_SS.into(),
                "an NMI can't be injected while MOV SS blocks",
            )
            .zeros_if(
                injected == Some(Kind::Nmi) && virtual_nmis,
                BLOCKING_BY_NMI.into(),
                "an NMI can't be injected while an NMI blocks",
            )
            .zeros(BLOCKING_BY_SMI.into(), "blocking by SMI must be 0 outside of SMM")
            .zeros_if(!has_sgx, ENCLAVE_INTERRUPTION.into(), "this processor has no enclaves")
            .zeros_if(
                has_sgx && state & ENCLAVE_INTERRUPTION != 0,
                BLOCKING_BY_MOV_SS.into(),
                "enclave interruption excludes blocking by MOV SS",
            );
    }

    /// Debug exceptions that wait for the end of an instruction.
    pub(super) fn pending_debug_exceptions(&mut self) {
        let features = self.processor.features;
        let shadow = BLOCKING_BY_STI | BLOCKING_BY_MOV_SS;
        let interruptibility = self.read(&GUEST_INTERRUPTIBILITY_STATE);
        let waits = interruptibility & shadow != 0 || self.read(&GUEST_ACTIVITY_STATE) == HLT;
        let steps = self.read(&GUEST_RFLAGS) & RFLAGS_TF != 0;
        let steps_branches = self.read(&GUEST_IA32_DEBUGCTL) & DEBUGCTL_BTF != 0;
        let must_step = waits && steps && !steps_branches;
        let must_not_step = waits && !must_step;

        let has_bus_lock = features.contains(Features::BUS_LOCK_DETECTION);
        let has_rtm = features.contains(Features::RTM);
        let defined =
            PENDING_DR6 | PENDING_BUS_LOCK | PENDING_ENABLED_BREAKPOINT | PENDING_SINGLE_STEP | PENDING_RTM;
        let mut pending = self.field(&GUEST_PENDING_DEBUG_EXCEPTIONS);
        pending
            .zeros(!defined, "reserved bits must be 0")
            .zeros_if(!has_bus_lock, PENDING_BUS_LOCK, "this processor does not detect bus locks")
            .zeros_if(!has_rtm, PENDING_RTM, "this processor has no transactional memory")
            .ones_if(
                must_step,
                PENDING_SINGLE_STEP,
                "with RFLAGS.TF, BS must be 1 while STI, MOV SS or HLT blocks",
            )
            .zeros_if(
                must_not_step,
                PENDING_SINGLE_STEP,
                "without RFLAGS.TF, BS must be 0 while STI, MOV SS or HLT blocks",
            );
        if has_rtm && pending.value() & PENDING_RTM != 0 {
            pending
                .zeros(PENDING_DR6 | PENDING_BUS_LOCK | PENDING_SINGLE_STEP, "RTM excludes all but bit 12")
                .ones(PENDING_ENABLED_BREAKPOINT, "RTM needs bit 12")
                .must(interruptibility & BLOCKING_BY_MOV_SS == 0, "RTM excludes blocking by MOV SS");
        }
    }

    /// The VMCS that this one links to.
    pub(super) fn link_pointer(&mut self) {
        let address = self.read(&VMCS_LINK_POINTER);
        if address == NO_LINK {
            return;
        }
        self.page(&VMCS_LINK_POINTER);
        let shadowing = self.controls.secondary.contains(Secondary::VMCS_SHADOWING);
        let revision = self.processor.capabilities.revision();
        let wanted = revision | if shadowing { SHADOW_VMCS } else { 0 };
        let holds = self.vmcs.memory(address) == Some(wanted);
        self.field(&VMCS_LINK_POINTER)
            .must(holds, "must be all ones, or point to a VMCS; with VMCS shadowing, to a shadow VMCS");
    }
}
