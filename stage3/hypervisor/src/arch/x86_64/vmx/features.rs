//! What this processor's VMX has, and what of it is used.

use super::super::backend::OptionalInstructions;
use super::controls::Controls;
use architecture::vmx::capabilities::{Allowed, Capabilities, EPT_1G_PAGES, EPT_2M_PAGES, INVEPT, INVVPID};
use architecture::vmx::controls::{Entry, Exit, Pin, Primary, Secondary};
use bitflags::Flags;

/// Calls `each` with the name of each control, and of what EPT and VPID can do.
pub fn each(can: &Capabilities, instructions: OptionalInstructions, each: &mut dyn FnMut(&str, bool, bool)) {
    let Ok(used) = Controls::choose(can, instructions) else { return };
    controls::<Pin>(can.pin, used.pin.bits(), each);
    let windows = Primary::INTERRUPT_WINDOW_EXITING | Primary::NMI_WINDOW_EXITING;
    controls::<Primary>(can.primary, (used.primary | windows).bits(), each);
    controls::<Secondary>(can.secondary, used.secondary.bits(), each);
    controls::<Exit>(can.exit, used.exit.bits(), each);
    controls::<Entry>(can.entry, (used.entry | Entry::IA_32E_MODE_GUEST).bits(), each);
    let vpid = can.invvpid().is_some();
    for (bit, name, is_used) in [
        (EPT_2M_PAGES, "EPT_2_MIB_PAGES", true),
        (EPT_1G_PAGES, "EPT_1_GIB_PAGES", false),
        (INVEPT, "INVEPT", true),
        (INVVPID, "INVVPID", vpid),
    ] {
        each(name, can.ept_vpid & bit != 0, is_used);
    }
}

fn controls<F: Flags<Bits = u32>>(allowed: Allowed, used: u32, each: &mut dyn FnMut(&str, bool, bool)) {
    for flag in F::FLAGS {
        let bits = flag.value().bits();
        each(flag.name(), allowed.may_be_one() & bits != 0, used & bits != 0);
    }
}
