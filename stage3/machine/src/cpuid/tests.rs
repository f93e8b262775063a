mod control;
mod random;
mod xsave;

use super::test_host::{result, TestHost, CONFIG};
use super::*;
use std::vec::Vec;

const STATE: GuestCpuidState = GuestCpuidState { cr4: 0, xcr0: 1, has_lapic: false };

fn intel() -> CpuidPolicy {
    TestHost::new(CpuVendor::Intel).policy()
}

fn amd() -> CpuidPolicy {
    TestHost::new(CpuVendor::Amd).policy()
}

fn get(policy: &CpuidPolicy, leaf: u32, subleaf: u32) -> CpuidResult {
    policy.leaf(leaf, subleaf, &STATE)
}

fn bit(value: u32, position: u32) -> bool {
    value & (1 << position) != 0
}

#[test]
fn vendor_and_highest_leaf() {
    assert_eq!(get(&intel(), 0, 0), signature(0x16, b"GenuntelineI"));
    assert_eq!(intel().vendor(), CpuVendor::Intel);
    assert_eq!(get(&amd(), 0, 0), signature(0xd, b"AuthcAMDenti"));
    assert_eq!(amd().vendor(), CpuVendor::Amd);
}

#[test]
fn an_old_intel_host_still_shows_the_rate_of_the_tsc() {
    let mut host = TestHost::new(CpuVendor::Intel);
    host.set(0, 0, signature(0xd, b"GenuntelineI"));
    assert_eq!(get(&host.policy(), 0, 0).eax, 0x16);
    assert_ne!(get(&host.policy(), 0x15, 0).ebx, 0);
}

#[test]
fn a_host_with_everything_shows_leaf_1_as_listed() {
    let leaf = get(&intel(), 1, 0);
    // Intel SDM, "Feature Information Returned in the ECX Register": hidden.
    for position in [2, 3, 4, 5, 6, 7, 8, 10, 11, 14, 15, 16, 18, 27] {
        assert!(!bit(leaf.ecx, position), "ECX[{position}]");
    }
    assert_eq!(leaf.ecx.count_ones(), 32 - 14);
    // EDX: APIC (switched off), reserved, PSN, reserved, DS, ACPI, HTT, TM, IA-64, PBE are hidden.
    for position in [9, 10, 18, 20, 21, 22, 28, 29, 30, 31] {
        assert!(!bit(leaf.edx, position), "EDX[{position}]");
    }
    assert_eq!(leaf.edx.count_ones(), 32 - 10);
    assert_eq!(leaf.ebx, 0x0001_ffff, "one logical processor, APIC ID 0");
    assert_eq!(leaf.eax, u32::MAX, "family, model, stepping");
}

#[test]
fn what_the_host_lacks_is_not_shown() {
    let mut host = TestHost::new(CpuVendor::Intel);
    host.set(1, 0, CpuidResult::default());
    host.set(7, 0, CpuidResult::default());
    host.set(0x8000_0001, 0, CpuidResult::default());
    let policy = host.policy();
    assert_eq!(get(&policy, 1, 0), result(0, 0x1_0000, 1 << 31 | 1 << 24 | 1 << 21, 0));
    assert_eq!(get(&policy, 7, 0), CpuidResult::default());
    assert_eq!(get(&policy, 0xd, 0), CpuidResult::default());
    assert_eq!(get(&policy, 0x8000_0001, 0), CpuidResult::default());
    assert_eq!((policy.xcr0_allowed(), policy.efer_allowed(), policy.cr4_allowed()), (0, 0, 1 << 8));
}

#[test]
fn osxsave_mirrors_the_guests_cr4() {
    for (cr4, shown) in [(0, false), (1 << 18, true), (!(1 << 18), false)] {
        let leaf = intel().leaf(1, 0, &GuestCpuidState { cr4, xcr0: 7, has_lapic: false });
        assert_eq!(bit(leaf.ecx, 27), shown);
    }
}

#[test]
fn a_host_with_everything_shows_leaf_7_as_listed() {
    let leaf = get(&intel(), 7, 0);
    assert_eq!(leaf.eax, 1, "subleaves");
    // SGX, HLE, RTM, PQM, MPX, PQE, reserved, Processor Trace.
    for position in [2, 4, 11, 12, 14, 15, 22, 25] {
        assert!(!bit(leaf.ebx, position), "EBX[{position}]");
    }
    assert_eq!(leaf.ebx.count_ones(), 32 - 8);
    // PKU, OSPKE, WAITPKG, CET_SS, TME, LA57, KL, BUS_LOCK, ENQCMD, SGX_LC, PKS.
    for position in [3, 4, 5, 7, 13, 16, 23, 24, 29, 30, 31] {
        assert!(!bit(leaf.ecx, position), "ECX[{position}]");
    }
    // UINTR, RTM_ALWAYS_ABORT, hybrid, PCONFIG, LBR, CET_IBT, AMX, SPEC_CTRL … SSBD.
    for position in [5, 11, 15, 18, 19, 20, 22, 24, 25, 26, 27, 28, 29, 30, 31] {
        assert!(!bit(leaf.edx, position), "EDX[{position}]");
    }
    assert_eq!(leaf.edx, 0x0080_451c);
    assert_eq!(get(&intel(), 7, 1), result(0x0080_1c30, 0, 0, 0));
    assert_eq!(get(&intel(), 7, 2), CpuidResult::default());
}

#[test]
fn subleaf_1_of_leaf_7_needs_a_host_that_has_it() {
    let mut host = TestHost::new(CpuVendor::Intel);
    host.set(7, 0, result(0, u32::MAX, 0, 0));
    assert_eq!(get(&host.policy(), 7, 1), CpuidResult::default());
}

#[test]
fn rdtscp_and_invpcid_need_the_backend() {
    let host = TestHost::new(CpuVendor::Intel);
    let shown = |config| {
        let policy = CpuidPolicy::new(&host, &config);
        let leaf_7 = get(&policy, 7, 0);
        (
            policy.has_rdtscp(),
            bit(get(&policy, 0x8000_0001, 0).edx, 27),
            bit(leaf_7.ecx, 22),
            bit(leaf_7.ebx, 10),
        )
    };
    assert_eq!(shown(CONFIG), (true, true, true, true));
    assert_eq!(shown(CpuidConfig { rdtscp: false, ..CONFIG }), (false, false, false, true));
    assert_eq!(shown(CpuidConfig { invpcid: false, ..CONFIG }), (true, true, true, false));
}

#[test]
fn hardware_that_the_guest_does_not_have_is_zero() {
    for leaf in [3, 5, 6, 8, 9, 0xa, 0xc, 0xe, 0xf, 0x10, 0x11, 0x12, 0x13, 0x14] {
        assert_eq!(get(&intel(), leaf, 0), CpuidResult::default(), "leaf {leaf:#x}");
    }
    assert_eq!(get(&amd(), 2, 0), CpuidResult::default(), "reserved by AMD");
    assert_eq!(get(&amd(), 4, 0), CpuidResult::default(), "reserved by AMD");
}

#[test]
fn caches_are_shared_with_nobody() {
    let mut host = TestHost::new(CpuVendor::Intel);
    host.set(4, 0, result(0xfc00_4121, 0x01c0_003f, 63, 0));
    host.set(4, 1, result(0xfc1f_c163, 0x02c0_003f, 4095, 4));
    host.set(4, 2, CpuidResult::default());
    let policy = host.policy();
    assert_eq!(get(&policy, 4, 0), result(0x121, 0x01c0_003f, 63, 0));
    assert_eq!(get(&policy, 4, 1), result(0x163, 0x02c0_003f, 4095, 4));
    assert_eq!(get(&policy, 4, 2), CpuidResult::default());
    assert_eq!(get(&policy, 4, u32::MAX), CpuidResult::default());
}

#[test]
fn the_topology_is_one_thread_of_one_core() {
    assert_eq!(get(&intel(), 0xb, 0), result(0, 1, 0x100, 0));
    assert_eq!(get(&intel(), 0xb, 1), result(0, 1, 0x201, 0));
    assert_eq!(get(&intel(), 0xb, 2), result(0, 0, 2, 0));
    let mut old = TestHost::new(CpuVendor::Amd);
    old.set(0xb, 0, CpuidResult::default());
    assert_eq!(get(&old.policy(), 0xb, 1), CpuidResult::default());
}

#[test]
fn the_apic_bit_follows_the_guests_apic_base() {
    for has_lapic in [false, true] {
        let state = GuestCpuidState { has_lapic, ..GuestCpuidState::default() };
        assert_eq!(bit(intel().leaf(1, 0, &state).edx, 9), has_lapic);
        assert_eq!(bit(amd().leaf(1, 0, &state).edx, 9), has_lapic);
        assert_eq!(bit(amd().leaf(0x8000_0001, 0, &state).edx, 9), has_lapic, "AMD repeats it");
        assert!(!bit(intel().leaf(0x8000_0001, 0, &state).edx, 9));
    }
}

/// Linux, native_calibrate_tsc(): crystal kHz × EBX / EAX in 32 bits.
#[test]
fn leaf_15h_gives_the_rate_of_tsc_and_crystal() {
    for khz in [1000, 50_001, 200_009, 999_999, 2_596_123, 3_700_001, 4_294_967, 8_600_003] {
        let policy =
            CpuidPolicy::new(&TestHost::new(CpuVendor::Intel), &CpuidConfig { tsc_khz: khz, ..CONFIG });
        let leaf = get(&policy, 0x15, 0);
        let computed = u64::from((leaf.ecx / 1000).wrapping_mul(leaf.ebx) / leaf.eax);
        // One part in a million, and what the division cuts off.
        assert!(computed.abs_diff(khz) <= khz / 1_000_000 + 1, "{khz} kHz: {computed}");
        assert_eq!(u64::from(leaf.ecx), crate::device::lapic::TIMER_HZ);
        let mhz = (khz / 1000) as u32;
        assert_eq!(get(&policy, 0x16, 0), result(mhz, mhz, 100, 0));
    }
    assert_eq!(get(&amd(), 0x15, 0), CpuidResult::default());
}

#[test]
fn the_signatures_of_kvm_and_pxhv() {
    let text = |leaf: CpuidResult| -> Vec<u8> {
        [leaf.ebx, leaf.ecx, leaf.edx].into_iter().flat_map(u32::to_le_bytes).collect()
    };
    for policy in [intel(), amd()] {
        let kvm = get(&policy, 0x4000_0000, 0);
        assert_eq!((kvm.eax, text(kvm)), (0x4000_0001, b"KVMKVMKVM\0\0\0".to_vec()));
        assert_eq!(get(&policy, 0x4000_0001, 0), result(0x0100_000a, 0, 0, 0));
        let own = get(&policy, 0x4000_0100, 0);
        assert_eq!((own.eax, text(own)), (0x4000_0102, b"pxHVpxHVpxHV".to_vec()));
        assert_eq!(
            get(&policy, 0x4000_0101, 0),
            result(0x0000_0100, 0x1f, 0, 0),
            "version 0.1.0, five hypercalls"
        );
        assert_eq!(get(&policy, 0x4000_0102, 0), result(CONFIG.tsc_khz as u32, 0, 0, 0));
        for none in [0x4000_0002, 0x4000_0010, 0x4000_0200, 0x4fff_ffff] {
            assert_eq!(get(&policy, none, 0), CpuidResult::default());
        }
    }
}

#[test]
fn leaves_beyond_the_highest_follow_the_vendors_rule() {
    for leaf in [0x17, 0x1f, 0x3fff_ffff, 0x5000_0000, 0x8000_0009, 0x8000_001f, 0xc000_0000, u32::MAX] {
        assert_eq!(get(&intel(), leaf, 0), get(&intel(), 0x16, 0), "leaf {leaf:#x}");
        assert_eq!(get(&amd(), leaf, 0), CpuidResult::default(), "leaf {leaf:#x}");
    }
}

#[test]
fn extended_features_as_listed() {
    assert_eq!(get(&amd(), 0x8000_0000, 0).eax, 0x8000_0008);
    let leaf = get(&amd(), 0x8000_0001, 0);
    // CmpLegacy, SVM, ExtApicSpace, AltMovCr8, OSVW … TopologyExtensions, MONITORX …
    for position in [1, 2, 3, 4, 9, 10, 12, 13, 15, 17, 19, 22, 23, 24, 26, 27, 28, 29, 30] {
        assert!(!bit(leaf.ecx, position), "ECX[{position}]");
    }
    assert_eq!(leaf.ecx, 0x0021_09e1);
    let repeated = 0x0183_f3ff;
    assert_eq!(leaf.edx & repeated, get(&amd(), 1, 0).edx & repeated);
    assert_eq!(leaf.edx & !repeated, 0xec50_0800, "no FFXSR (25), no MP (19)");
}

#[test]
fn brand_caches_tsc_and_addresses() {
    let mut host = TestHost::new(CpuVendor::Amd);
    for leaf in 0x8000_0002..=0x8000_0006 {
        host.set(leaf, 0, result(leaf, 1, 2, 3));
    }
    let policy = host.policy();
    for leaf in 0x8000_0002..=0x8000_0006 {
        assert_eq!(get(&policy, leaf, 0), result(leaf, 1, 2, 3));
    }
    assert_eq!(get(&policy, 0x8000_0007, 0), result(0, 0, 0, 1 << 8));
    assert_eq!(get(&policy, 0x8000_0008, 0), result(0x302e, 0b101, 0, 0));
    assert_eq!(policy.physical_address_bits(), 46);
}

#[test]
fn a_host_without_leaf_80000008h_has_36_address_bits() {
    let mut host = TestHost::new(CpuVendor::Intel);
    host.set(0x8000_0000, 0, result(0x8000_0004, 0, 0, 0));
    let policy = host.policy();
    assert_eq!(policy.physical_address_bits(), 36);
    assert_eq!(get(&policy, 0x8000_0006, 0), CpuidResult::default());
    assert_eq!(get(&policy, 0x8000_0000, 0).eax, 0x8000_0008);
}
