//! XSAVE: leaf Dh, and what depends on it.

use super::*;

/// The sizes that Linux computes itself and compares (a mismatch makes it switch XSAVE off).
#[test]
fn xsave_sizes_follow_the_guests_xcr0() {
    let policy = intel();
    for (xcr0, standard, compacted) in [(1, 576, 576), (3, 576, 576), (7, 832, 832), (0xe7, 2688, 2432)] {
        let state = GuestCpuidState { cr4: 0, xcr0, has_lapic: false };
        assert_eq!(policy.leaf(0xd, 0, &state), result(0xe7, standard, 2688, 0), "XCR0 {xcr0:#x}");
        assert_eq!(policy.leaf(0xd, 1, &state), result(0b111, compacted, 0, 0), "XCR0 {xcr0:#x}");
    }
    assert_eq!(get(&policy, 0xd, 2), result(256, 576, 0, 0));
    for hidden in [3, 4, 8, 9, 17, 18, 62, u32::MAX] {
        assert_eq!(get(&policy, 0xd, hidden), CpuidResult::default(), "component {hidden}");
    }
}

#[test]
fn compacted_components_are_aligned_where_the_host_says_so() {
    let mut host = TestHost::new(CpuVendor::Amd);
    host.set(0xd, 5, result(8, 1088, 0, 0));
    host.set(0xd, 6, result(512, 1152, 0b10, 0));
    let size = |host: &TestHost| {
        host.policy().leaf(0xd, 1, &GuestCpuidState { cr4: 0, xcr0: 0xe7, has_lapic: false }).ebx
    };
    assert_eq!(size(&host), 832 + 64 + 512 + 1024);
    host.set(0xd, 6, result(512, 1152, 0, 0));
    assert_eq!(size(&host), 832 + 8 + 512 + 1024);
}

#[test]
fn without_xsavec_there_is_no_compacted_size() {
    let mut host = TestHost::new(CpuVendor::Amd);
    host.set(0xd, 1, result(0b101, 2688, 0, 0));
    assert_eq!(get(&host.policy(), 0xd, 1), result(0b101, 0, 0, 0));
}

#[test]
fn vector_instructions_need_their_registers_in_xcr0() {
    let mut host = TestHost::new(CpuVendor::Intel);
    let show = |host: &TestHost| {
        let policy = host.policy();
        let (leaf_1, leaf_7) = (get(&policy, 1, 0), get(&policy, 7, 0));
        (policy.xcr0_allowed(), bit(leaf_1.ecx, 28), bit(leaf_7.ebx, 5), bit(leaf_7.ebx, 16), leaf_7.edx)
    };
    assert_eq!(show(&host), (0xe7, true, true, true, 0x0080_451c));
    // AVX-512 without one of its three components.
    host.set(0xd, 0, result(0xa7, 0, 0, 0));
    assert_eq!(show(&host), (7, true, true, false, 0x4410));
    host.set(0xd, 0, result(3, 0, 0, 0));
    assert_eq!(show(&host), (3, false, false, false, 0x4410));
}

#[test]
fn without_its_leaf_there_is_no_xsave() {
    let mut host = TestHost::new(CpuVendor::Intel);
    host.set(0, 0, signature(3, b"GenuntelineI"));
    let policy = host.policy();
    assert!(!bit(get(&policy, 1, 0).ecx, 26));
    assert_eq!((policy.cr4_allowed() >> 18 & 1, policy.xcr0_allowed()), (0, 0));
    assert_eq!(get(&policy, 0xd, 0), CpuidResult::default());
}
