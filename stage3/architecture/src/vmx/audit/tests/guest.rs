//! The guest's registers but its segments.

use super::state::{everything, long, pae, protected, real, restricted, virtual_8086};
use super::{all_are_valid, each_is_named, id, other_is_named};
use crate::registers::*;
use crate::vmx::controls::{Entry, Secondary};
use crate::vmx::fields::*;

const ONE: &str = "must be 1 in VMX operation";
const ZERO: &str = "must be 0 in VMX operation";
const WIDTH: &str = "must not be wider than physical addresses";
const CANONICAL: &str = "must be canonical";
const LACKING: &str = "bits that this processor does not have must be 0";
const PAT: &str = "each byte must be 0, 1, 4, 5, 6 or 7";
const RESERVED: &str = "reserved bits must be 0";
const LMA: &str = "LMA must equal the control IA-32e mode guest";
const LME: &str = "with paging, LMA must equal LME";

#[test]
fn control_registers_are_checked() {
    each_is_named(
        &real(),
        &[
            (id(&GUEST_CR0), 0x10, ONE),
            (id(&GUEST_CR0), 0x1_0000_0030, ZERO),
            (id(&GUEST_CR0), 0x8000_0030, "PG needs PE"),
            (id(&GUEST_CR4), 0, ONE),
            (id(&GUEST_CR4), 0x100_2000, ZERO),
            (id(&GUEST_CR4), 0x2_2000, "PCIDE needs IA-32e mode"),
            (id(&GUEST_CR3), 1 << 39, WIDTH),
            (id(&GUEST_CR3), 1 << 63, WIDTH),
        ],
    );
    each_is_named(
        &long(),
        &[(id(&GUEST_CR0), 0x31, "IA-32e mode needs PG"), (id(&GUEST_CR4), 0x2000, "IA-32e mode needs PAE")],
    );
    // VM entry loads neither CD nor NW.
    all_are_valid(&real(), &[(id(&GUEST_CR0), CR0_NE | CR0_CD | CR0_NW), (id(&GUEST_CR0), CR0_NE | CR0_NW)]);
    other_is_named(&protected().with(&GUEST_CR4, CR4_VMXE | CR4_CET), id(&GUEST_CR0), "CR4.CET needs CR0.WP");
}

#[test]
fn a_restricted_guest_has_protection_and_paging() {
    each_is_named(&restricted(), &[(id(&GUEST_CR0), CR0_NE | CR0_ET | CR0_PE, ONE)]);
}

#[test]
fn debug_controls_are_checked_if_loaded() {
    each_is_named(
        &real(),
        &[
            (id(&GUEST_DR7), 0x1_0000_0400, "bits 63:32 must be 0"),
            (id(&GUEST_IA32_DEBUGCTL), 0x8, RESERVED),
            (id(&GUEST_IA32_DEBUGCTL), 0x1_0000, RESERVED),
        ],
    );
    let not_loaded = real().toggle(&VM_ENTRY_CONTROLS, Entry::LOAD_DEBUG_CONTROLS.bits());
    all_are_valid(&not_loaded, &[(id(&GUEST_DR7), 0x1_0000_0400), (id(&GUEST_IA32_DEBUGCTL), 0x8)]);
}

#[test]
fn msrs_are_checked() {
    each_is_named(
        &real(),
        &[
            (id(&GUEST_IA32_SYSENTER_ESP), 1 << 47, CANONICAL),
            (id(&GUEST_IA32_SYSENTER_EIP), 1 << 63, CANONICAL),
            (id(&GUEST_IA32_PAT), 0x0007_0406_0007_0403, PAT),
            (id(&GUEST_IA32_PAT), 0xff07_0406_0007_0406, PAT),
            (id(&GUEST_IA32_EFER), 0x1000, LACKING),
            (id(&GUEST_IA32_EFER), 0x400, LMA),
        ],
    );
    // Without paging, LME alone is legal; with paging, it is not without LMA.
    all_are_valid(&protected(), &[(id(&GUEST_IA32_EFER), EFER_LME)]);
    each_is_named(&pae(), &[(id(&GUEST_IA32_EFER), EFER_LME, LME)]);
    each_is_named(&long(), &[(id(&GUEST_IA32_EFER), EFER_LMA, LME)]);
    each_is_named(
        &everything(),
        &[
            (id(&GUEST_IA32_PERF_GLOBAL_CTRL), 0x8_0000_0000, LACKING),
            (id(&GUEST_IA32_BNDCFGS), 0x4, RESERVED),
            (id(&GUEST_IA32_BNDCFGS), 1 << 47, "the address in bits 63:12 must be canonical"),
            (id(&GUEST_UINV), 0x100, "bits 15:8 must be 0: there are 256 vectors"),
            (id(&GUEST_IA32_PKRS), 1 << 32, "bits 63:32 must be 0"),
            (id(&GUEST_IA32_S_CET), 0x200, RESERVED),
            (id(&GUEST_IA32_S_CET), 0xc00, "TRACKER and SUPPRESS exclude each other"),
            (id(&GUEST_IA32_S_CET), 1 << 47, CANONICAL),
            (id(&GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR), 1 << 47, CANONICAL),
            (id(&GUEST_SSP), 1, "bits 1:0 must be 0"),
            (id(&GUEST_SSP), 1 << 48, "the bits above linear addresses must be equal"),
        ],
    );
    all_are_valid(&real(), &[(id(&GUEST_IA32_BNDCFGS), 4), (id(&GUEST_SSP), 1), (id(&GUEST_UINV), 0x100)]);
}

#[test]
fn efer_and_the_control_must_agree() {
    let state = long().toggle(&VM_ENTRY_CONTROLS, Entry::IA_32E_MODE_GUEST.bits());
    let state = state.with(&GUEST_RIP, 0x1000).with(&GUEST_CR4, CR4_VMXE | CR4_PAE);
    other_is_named(&state, id(&GUEST_IA32_EFER), LMA);
}

#[test]
fn rip_is_checked() {
    const LOW: &str = "bits 63:32 must be 0 outside of 64-bit mode";
    const EXTENDED: &str = "the bits above linear addresses must be equal";
    let rip = id(&GUEST_RIP);
    each_is_named(&protected(), &[(rip, 0x1_0000_0000, LOW)]);
    each_is_named(&long(), &[(rip, 1 << 48, EXTENDED), (rip, 0x7fff_0000_0000_0000, EXTENDED)]);
    // Just below and just above the hole: what SYSCALL at its edge leads to.
    all_are_valid(&long(), &[(rip, 0x8000_0000_0000), (rip, 0xffff_0000_0000_0000), (rip, 0x7fff_ffff_ffff)]);
    let compatibility = long().with(&GUEST_CS.access_rights, 0xc09b).with(&GUEST_RIP, 0x1000);
    each_is_named(&compatibility, &[(rip, 0x1_0000_0000, LOW)]);
}

#[test]
fn rflags_are_checked() {
    const VM: &str = "VM needs protected mode without IA-32e mode";
    let rflags = id(&GUEST_RFLAGS);
    each_is_named(
        &real(),
        &[
            (rflags, 0, "bit 1 must be 1"),
            (rflags, 0xa, RESERVED),
            (rflags, 0x22, RESERVED),
            (rflags, 0x8002, RESERVED),
            (rflags, 0x40_0002, RESERVED),
            (rflags, 1 << 63 | 2, RESERVED),
        ],
    );
    let findings = virtual_8086().with(&GUEST_CR0, CR0_NE | CR0_ET).findings();
    assert!(findings.iter().all(|found| (found.field, found.rule) == ("GUEST_RFLAGS", VM)), "{findings:?}");
    assert_eq!(findings.len(), 1);
    let injecting = real().with(&GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
    let injecting = injecting.with(&VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0020);
    each_is_named(&injecting, &[(rflags, 2, "the injection of an external interrupt needs IF")]);
}

#[test]
fn pdptes_are_checked_if_they_count() {
    const PDPTE: &str = "reserved bits of a present entry must be 0";
    for field in [GUEST_PDPTE0, GUEST_PDPTE1, GUEST_PDPTE2, GUEST_PDPTE3] {
        let field = id(&field);
        each_is_named(&pae(), &[(field, 0x1003, PDPTE), (field, 0x1021, PDPTE), (field, 1 << 39 | 1, PDPTE)]);
        all_are_valid(&pae(), &[(field, 0x1002), (field, 0xffe), (field, 0xe01)]);
        all_are_valid(&long(), &[(field, 0x1003)]);
        all_are_valid(&protected().with(&GUEST_CR4, CR4_VMXE | CR4_PAE), &[(field, 0x1003)]);
        let without_ept =
            restricted().toggle(&SECONDARY_PROCESSOR_BASED_CONTROLS, Secondary::ENABLE_EPT.bits());
        all_are_valid(&without_ept, &[(field, 0x1003)]);
    }
}
