//! The event that VM entry injects.

use super::state::{long, protected, real};
use super::{all_are_valid, each_is_named, id};
use crate::registers::{RFLAGS_FIXED, RFLAGS_IF};
use crate::vmx::capabilities::{BASIC_ANY_ERROR_CODE, MISC_ZERO_INSTRUCTION_LENGTH};
use crate::vmx::controls::Primary;
use crate::vmx::fields::*;

const NO_CODE: &str = "this event has no error code";
const NEEDS_CODE: &str = "this exception must have an error code";

#[test]
fn the_information_is_checked() {
    let information = id(&VM_ENTRY_INTERRUPTION_INFORMATION);
    let state = long().with(&GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
    each_is_named(
        &state,
        &[
            (information, 0x8000_1030, "reserved bits must be 0"),
            (information, 0xc000_0030, "reserved bits must be 0"),
            (information, 0x8000_0130, "type 1 is reserved"),
            (information, 0x8000_0203, "the vector of an NMI must be 2"),
            (information, 0x8000_0320, "the vector of an exception must be below 32"),
            (information, 0x8000_0701, "the vector of a pending monitor trap must be 0"),
            (information, 0x8000_0830, NO_CODE),
            (information, 0x8000_0a02, NO_CODE),
            (information, 0x8000_0b06, NO_CODE),
            (information, 0x8000_0b12, NO_CODE),
            (information, 0x8000_0308, NEEDS_CODE),
            (information, 0x8000_030d, NEEDS_CODE),
            (information, 0x8000_030e, NEEDS_CODE),
            (information, 0x8000_0311, NEEDS_CODE),
        ],
    );
    all_are_valid(
        &state.with(&VM_ENTRY_INSTRUCTION_LENGTH, 2),
        &[
            (information, 0x8000_00ff),
            (information, 0x8000_0202),
            (information, 0x8000_0301),
            (information, 0x8000_0b08),
            (information, 0x8000_0b0e),
            (information, 0x8000_0480),
            (information, 0x8000_0501),
            (information, 0x8000_0603),
            (information, 0x8000_0700),
            // Not valid, so nothing else counts.
            (information, 0x7fff_ffff),
        ],
    );
}

#[test]
fn exceptions_have_no_error_code_in_real_mode() {
    let information = id(&VM_ENTRY_INTERRUPTION_INFORMATION);
    each_is_named(&real(), &[(information, 0x8000_0b0d, NO_CODE)]);
    all_are_valid(&real(), &[(information, 0x8000_030d)]);
}

#[test]
fn the_error_code_can_be_free() {
    let mut state = protected();
    state.processor.capabilities.basic |= BASIC_ANY_ERROR_CODE;
    let information = id(&VM_ENTRY_INTERRUPTION_INFORMATION);
    all_are_valid(&state, &[(information, 0x8000_030d), (information, 0x8000_0b06)]);
    each_is_named(&state, &[(information, 0x8000_0a02, NO_CODE)]);
}

#[test]
fn the_error_code_has_16_bits() {
    let state = protected().with(&VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0b0d);
    each_is_named(&state, &[(id(&VM_ENTRY_EXCEPTION_ERROR_CODE), 0x1_0000, "bits 31:16 must be 0")]);
    all_are_valid(&protected(), &[(id(&VM_ENTRY_EXCEPTION_ERROR_CODE), 0x1_0000)]);
}

#[test]
fn the_length_of_an_instruction_is_checked() {
    let length = id(&VM_ENTRY_INSTRUCTION_LENGTH);
    for kind in [0x8000_0480, 0x8000_0501, 0x8000_0603] {
        let mut state =
            protected().with(&VM_ENTRY_INTERRUPTION_INFORMATION, kind).with(&VM_ENTRY_INSTRUCTION_LENGTH, 1);
        each_is_named(
            &state,
            &[
                (length, 16, "an instruction has at most 15 bytes"),
                (length, 0, "this processor takes no instruction of 0 bytes"),
            ],
        );
        state.processor.capabilities.misc |= MISC_ZERO_INSTRUCTION_LENGTH;
        all_are_valid(&state, &[(length, 0), (length, 15)]);
    }
}

#[test]
fn a_pending_monitor_trap_needs_the_feature() {
    let mut state = long();
    state.processor.capabilities.primary.0 &= !(u64::from(Primary::MONITOR_TRAP_FLAG.bits()) << 32);
    each_is_named(
        &state,
        &[(
            id(&VM_ENTRY_INTERRUPTION_INFORMATION),
            0x8000_0700,
            "type 7 needs a processor with a monitor trap flag",
        )],
    );
}
