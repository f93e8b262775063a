//! The host-state area.

use super::state::{everything, real};
use super::{all_are_valid, each_is_named, id, Case};
use crate::vmx::audit::Features;
use crate::vmx::fields::*;
use std::vec::Vec;

const ONE: &str = "must be 1 in VMX operation";
const ZERO: &str = "must be 0 in VMX operation";
const WIDTH: &str = "must not be wider than physical addresses";
const CANONICAL: &str = "must be canonical";
const LACKING: &str = "bits that this processor does not have must be 0";
const LONG_EFER: &str = "a host in 64-bit mode needs LMA and LME";

#[test]
fn control_registers_and_msrs_are_checked() {
    each_is_named(
        &real(),
        &[
            (id(&HOST_CR0), 0x8001_0011, ONE),
            (id(&HOST_CR0), 0x8001_0030, ONE),
            (id(&HOST_CR0), 0x1_8001_0031, ZERO),
            (id(&HOST_CR4), 0x20, ONE),
            (id(&HOST_CR4), 0x2000, "a host in 64-bit mode needs PAE"),
            (id(&HOST_CR4), 0x100_2020, ZERO),
            (id(&HOST_CR3), 1 << 39, WIDTH),
            (id(&HOST_CR3), 1 << 62, WIDTH),
            (id(&HOST_IA32_EFER), 0x901, LONG_EFER),
            (id(&HOST_IA32_EFER), 0xc01, LONG_EFER),
            (id(&HOST_IA32_EFER), 0x1d01, LACKING),
            (id(&HOST_IA32_PAT), 0x0007_0406_0007_0402, "each byte must be 0, 1, 4, 5, 6 or 7"),
            (id(&HOST_IA32_PAT), 0x0807_0406_0007_0406, "each byte must be 0, 1, 4, 5, 6 or 7"),
        ],
    );
    each_is_named(
        &everything(),
        &[
            (id(&HOST_IA32_PERF_GLOBAL_CTRL), 0x100, LACKING),
            (id(&HOST_IA32_PKRS), 1 << 32, "bits 63:32 must be 0"),
            (id(&HOST_IA32_S_CET), 0x40, "reserved bits must be 0"),
            (id(&HOST_IA32_S_CET), 0xc00, "TRACKER and SUPPRESS exclude each other"),
            (id(&HOST_IA32_S_CET), 1 << 47, CANONICAL),
            (id(&HOST_SSP), 2, "bits 1:0 must be 0"),
            (id(&HOST_SSP), 1 << 47, CANONICAL),
            (id(&HOST_IA32_INTERRUPT_SSP_TABLE_ADDR), 1 << 47, CANONICAL),
        ],
    );
    // What no control loads is not looked at.
    all_are_valid(&real(), &[(id(&HOST_IA32_PKRS), 1 << 32), (id(&HOST_IA32_PERF_GLOBAL_CTRL), 0x100)]);
    let cet = real().with(&HOST_CR4, 0x80_2020);
    each_is_named(&cet, &[(id(&HOST_CR0), 0x8000_0031, "CR4.CET needs CR0.WP")]);
}

#[test]
fn linear_address_masking_is_a_feature() {
    let mut state = real();
    state.processor.features |= Features::LAM;
    all_are_valid(&state, &[(id(&HOST_CR3), 1 << 62 | 1 << 61), (id(&GUEST_CR3), 1 << 61)]);
    each_is_named(&state, &[(id(&HOST_CR3), 1 << 63, WIDTH)]);
}

#[test]
fn selectors_are_checked() {
    let selectors = [
        id(&HOST_CS_SELECTOR),
        id(&HOST_SS_SELECTOR),
        id(&HOST_DS_SELECTOR),
        id(&HOST_ES_SELECTOR),
        id(&HOST_FS_SELECTOR),
        id(&HOST_GS_SELECTOR),
        id(&HOST_TR_SELECTOR),
    ];
    let cases: Vec<Case> = selectors
        .into_iter()
        .flat_map(|field| [0x0b, 0x0c].map(|value| (field, value, "RPL and TI must be 0")))
        .collect();
    each_is_named(&real(), &cases);
    each_is_named(
        &real(),
        &[(id(&HOST_CS_SELECTOR), 0, "must not be 0"), (id(&HOST_TR_SELECTOR), 0, "must not be 0")],
    );
}

#[test]
fn linear_addresses_are_checked() {
    let fields = [
        id(&HOST_FS_BASE),
        id(&HOST_GS_BASE),
        id(&HOST_TR_BASE),
        id(&HOST_GDTR_BASE),
        id(&HOST_IDTR_BASE),
        id(&HOST_IA32_SYSENTER_ESP),
        id(&HOST_IA32_SYSENTER_EIP),
        id(&HOST_RIP),
    ];
    let cases: Vec<Case> = fields.into_iter().map(|field| (field, 0x8000_0000_0000, CANONICAL)).collect();
    each_is_named(&real(), &cases);
    all_are_valid(&real(), &fields.map(|field| (field, 0xffff_8000_0000_0000)));
    let mut newer = real();
    newer.processor.linear_bits = 57;
    all_are_valid(&newer, &fields.map(|field| (field, 0x8000_0000_0000)));
}
