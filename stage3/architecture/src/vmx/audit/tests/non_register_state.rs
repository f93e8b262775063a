//! The guest's state beside its registers.

use super::state::{long, real, user};
use super::{all_are_valid, each_is_named, id, other_is_named};
use crate::registers::{DEBUGCTL_BTF, RFLAGS_FIXED, RFLAGS_IF, RFLAGS_TF};
use crate::vmx::audit::Features;
use crate::vmx::fields::*;

const INTERRUPT: u64 = 0x8000_0020;
const NMI: u64 = 0x8000_0202;
const DEBUG: u64 = 0x8000_0301;
const INVALID_OPCODE: u64 = 0x8000_0306;
const MACHINE_CHECK: u64 = 0x8000_0312;
const MONITOR_TRAP: u64 = 0x8000_0700;

const ACTIVE: u64 = 0;
const HLT: u64 = 1;
const SHUTDOWN: u64 = 2;
const WAIT_FOR_SIPI: u64 = 3;

#[test]
fn the_activity_state_is_checked() {
    const EXISTS: &str = "must be an activity state that this processor has for VM entry";
    let activity = id(&GUEST_ACTIVITY_STATE);
    each_is_named(&real(), &[(activity, 4, EXISTS), (activity, u32::MAX.into(), EXISTS)]);
    all_are_valid(&real(), &[ACTIVE, HLT, SHUTDOWN, WAIT_FOR_SIPI].map(|state| (activity, state)));
    let mut older = real();
    older.processor.capabilities.misc &= !(1 << 6);
    each_is_named(&older, &[(activity, HLT, EXISTS)]);
    each_is_named(&user(), &[(activity, HLT, "HLT needs DPL of SS = 0")]);
    let shadow = real().with(&GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF).with(&GUEST_INTERRUPTIBILITY_STATE, 1);
    each_is_named(&shadow, &[(activity, HLT, "must be active while STI or MOV SS blocks")]);
}

#[test]
fn an_inactive_guest_takes_few_events() {
    const LATE: &str = "the injected event would not be delivered in this state";
    let information = id(&VM_ENTRY_INTERRUPTION_INFORMATION);
    let state = real().with(&GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
    let events = [INTERRUPT, NMI, DEBUG, INVALID_OPCODE, MACHINE_CHECK, MONITOR_TRAP];
    for (activity, taken) in [
        (ACTIVE, &events[..]),
        (HLT, &[INTERRUPT, NMI, DEBUG, MACHINE_CHECK, MONITOR_TRAP]),
        (SHUTDOWN, &[NMI, MACHINE_CHECK]),
        (WAIT_FOR_SIPI, &[]),
    ] {
        let state = state.with(&GUEST_ACTIVITY_STATE, activity);
        for event in events {
            if taken.contains(&event) {
                all_are_valid(&state, &[(information, event)]);
            } else {
                other_is_named(&state.with_encoding(information.0, event), id(&GUEST_ACTIVITY_STATE), LATE);
            }
        }
    }
}

#[test]
fn the_interruptibility_state_is_checked() {
    let state = id(&GUEST_INTERRUPTIBILITY_STATE);
    let interruptible = real().with(&GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
    each_is_named(
        &interruptible,
        &[
            (state, 0x20, "reserved bits must be 0"),
            (state, 0x8000_0000, "reserved bits must be 0"),
            (state, 3, "blocking by STI and by MOV SS exclude each other"),
            (state, 4, "blocking by SMI must be 0 outside of SMM"),
            (state, 0x12, "enclave interruption excludes blocking by MOV SS"),
        ],
    );
    all_are_valid(&interruptible, &[0, 1, 2, 8, 9, 0x10].map(|value| (state, value)));
    each_is_named(&real(), &[(state, 1, "blocking by STI needs RFLAGS.IF")]);
    let mut without_sgx = real();
    without_sgx.processor.features -= Features::SGX;
    each_is_named(&without_sgx, &[(state, 0x10, "this processor has no enclaves")]);
}

#[test]
fn injection_respects_what_blocks() {
    const INTERRUPT_BLOCKED: &str = "an external interrupt can't be injected while STI or MOV SS blocks";
    let state = id(&GUEST_INTERRUPTIBILITY_STATE);
    let enabled = real().with(&GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
    let interrupt = enabled.with(&VM_ENTRY_INTERRUPTION_INFORMATION, INTERRUPT);
    each_is_named(&interrupt, &[(state, 1, INTERRUPT_BLOCKED), (state, 2, INTERRUPT_BLOCKED)]);
    all_are_valid(&interrupt, &[(state, 8)]);
    let nmi = enabled.with(&VM_ENTRY_INTERRUPTION_INFORMATION, NMI);
    each_is_named(
        &nmi,
        &[
            (state, 2, "an NMI can't be injected while MOV SS blocks"),
            (state, 8, "an NMI can't be injected while an NMI blocks"),
        ],
    );
    // Some processors refuse this one, the manual says: not all.
    all_are_valid(&nmi, &[(state, 1)]);
    let physical_nmis = nmi.toggle(&PIN_BASED_CONTROLS, 1_u32 << 5);
    all_are_valid(&physical_nmis, &[(state, 8)]);
}

#[test]
fn pending_debug_exceptions_are_checked() {
    const RESERVED: &str = "reserved bits must be 0";
    const ALONE: &str = "RTM excludes all but bit 12";
    let pending = id(&GUEST_PENDING_DEBUG_EXCEPTIONS);
    each_is_named(
        &real(),
        &[
            (pending, 0x10, RESERVED),
            (pending, 0x2000, RESERVED),
            (pending, 0x8000, RESERVED),
            (pending, 1 << 63, RESERVED),
            (pending, 0x1_0000, "RTM needs bit 12"),
            (pending, 0x1_1001, ALONE),
            (pending, 0x1_5000, ALONE),
        ],
    );
    all_are_valid(&real(), &[0xf, 0x800, 0x1000, 0x4000, 0x1_1000].map(|value| (pending, value)));
    let mut older = real();
    older.processor.features = Features::empty();
    each_is_named(
        &older,
        &[
            (pending, 0x800, "this processor does not detect bus locks"),
            (pending, 0x1_1000, "this processor has no transactional memory"),
        ],
    );
    let blocked = real().with(&GUEST_INTERRUPTIBILITY_STATE, 2);
    each_is_named(&blocked, &[(pending, 0x1_1000, "RTM excludes blocking by MOV SS")]);
}

#[test]
fn a_single_step_is_pending_where_it_must_be() {
    const MUST: &str = "with RFLAGS.TF, BS must be 1 while STI, MOV SS or HLT blocks";
    const MUST_NOT: &str = "without RFLAGS.TF, BS must be 0 while STI, MOV SS or HLT blocks";
    let pending = id(&GUEST_PENDING_DEBUG_EXCEPTIONS);
    let step = 0x4000;
    let enabled = long().with(&GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
    let blocked = [
        enabled.with(&GUEST_INTERRUPTIBILITY_STATE, 1),
        enabled.with(&GUEST_INTERRUPTIBILITY_STATE, 2),
        enabled.with(&GUEST_ACTIVITY_STATE, HLT),
    ];
    for state in blocked {
        each_is_named(&state, &[(pending, step, MUST_NOT)]);
        let stepping = state.toggle(&GUEST_RFLAGS, RFLAGS_TF).with(&GUEST_PENDING_DEBUG_EXCEPTIONS, step);
        each_is_named(&stepping, &[(pending, 0, MUST)]);
        let branches =
            stepping.with(&GUEST_IA32_DEBUGCTL, DEBUGCTL_BTF).with(&GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
        each_is_named(&branches, &[(pending, step, MUST_NOT)]);
    }
    // Otherwise BS is free.
    all_are_valid(&enabled.toggle(&GUEST_RFLAGS, RFLAGS_TF), &[(pending, 0), (pending, step)]);
}
