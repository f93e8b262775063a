//! Control registers.

use super::*;

#[test]
fn control_register_bits_follow_the_features() {
    // VME PVI TSD DE PSE PAE MCE PGE PCE OSFXSR OSXMMEXCPT UMIP, FSGSBASE PCIDE OSXSAVE, SMEP SMAP;
    // not LA57, VMXE, SMXE, PKE, CET, PKS, UINTR.
    assert_eq!(intel().cr4_allowed(), 0x0037_0fff);
    assert_eq!(intel().efer_allowed(), 0xd01);
    assert_eq!(intel().xcr0_allowed(), 0xe7);
    let mut host = TestHost::new(CpuVendor::Amd);
    host.set(7, 0, CpuidResult::default());
    host.set(0x8000_0001, 0, result(0, 0, 0, 1 << 29));
    assert_eq!(host.policy().cr4_allowed(), 0x0006_07ff);
    assert_eq!(host.policy().efer_allowed(), 0x501);
}

/// CR4 bit, and the one feature that allows it: leaf, register, bit.
#[test]
fn each_control_register_bit_needs_its_own_feature() {
    for (cr4, leaf, register, feature) in [
        (0, 1, 3, 1),
        (1, 1, 3, 1),
        (2, 1, 3, 4),
        (3, 1, 3, 2),
        (4, 1, 3, 3),
        (5, 1, 3, 6),
        (6, 1, 3, 7),
        (7, 1, 3, 13),
        (9, 1, 3, 24),
        (10, 1, 3, 25),
        (17, 1, 2, 17),
        (18, 1, 2, 26),
        (11, 7, 2, 2),
        (16, 7, 1, 0),
        (20, 7, 1, 7),
        (21, 7, 1, 20),
    ] {
        let mut host = TestHost::new(CpuVendor::Intel);
        let mut only = [0; 4];
        only[register] = 1 << feature;
        host.set(1, 0, CpuidResult::default());
        host.set(7, 0, CpuidResult::default());
        host.set(leaf, 0, result(only[0], only[1], only[2], only[3]));
        assert_ne!(host.policy().cr4_allowed() & 1 << cr4, 0, "CR4[{cr4}] with its feature");
        only[register] = !only[register];
        host.set(1, 0, result(u32::MAX, u32::MAX, u32::MAX, u32::MAX));
        host.set(leaf, 0, result(only[0], only[1], only[2], only[3]));
        assert_eq!(host.policy().cr4_allowed() & 1 << cr4, 0, "CR4[{cr4}] without");
    }
}
