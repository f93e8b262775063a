//! "x2APIC Register Address Space": which MSRs there are and what may be written to them.

use super::*;
use crate::device::lapic::TSC_DEADLINE;
use crate::vcpu::Fault::GeneralProtection;

/// Readable MSRs by the manual's table.
fn readable(index: u32) -> bool {
    matches!(index, 0x802 | 0x803 | 0x808 | 0x80a | 0x80d | 0x80f..=0x828 | 0x830 | 0x832..=0x839 | 0x83e)
}

/// Bits that may be set, by the registers' figures; `None` for MSRs that can't be written.
fn writable(index: u32) -> Option<u64> {
    Some(match index {
        0x808 | 0x83f => 0xff,
        0x80b | 0x828 => 0,
        0x80f => 0x13ff,
        0x830 => 0xffff_ffff_000c_dfff,
        0x832 => 0x7_10ff,
        0x833 | 0x834 => 0x1_17ff,
        0x835 | 0x836 => 0x1_f7ff,
        0x837 => 0x1_10ff,
        0x838 => 0xffff_ffff,
        0x83e => 0b1011,
        _ => return None,
    })
}

#[test]
fn msrs_are_those_of_the_manual() {
    for index in 0x7f0..0x910 {
        let mut apic = x2apic(0);
        assert_eq!(apic.read_msr(NOW, index).is_ok(), readable(index), "RDMSR {index:#x}");
        assert_eq!(apic.write_msr(NOW, 0, index, 0).is_ok(), writable(index).is_some(), "WRMSR {index:#x}");
        for bit in 0..64 {
            let allowed = writable(index).is_some_and(|bits| bits >> bit & 1 == 1);
            let result = apic.write_msr(NOW, 0, index, 1 << bit);
            assert_eq!(result.is_ok(), allowed, "WRMSR {index:#x} bit {bit}");
        }
    }
}

#[test]
fn there_are_none_in_the_other_modes() {
    let mut disabled = apic();
    disabled.set_base(0).unwrap();
    for mut apic in [apic(), disabled] {
        for index in 0x800..0x900 {
            assert_eq!(apic.read_msr(NOW, index), Err(GeneralProtection));
            assert_eq!(apic.write_msr(NOW, 0, index, 0), Err(GeneralProtection));
        }
        assert_eq!(apic.read_msr(NOW, APIC_BASE), Ok(apic.base()));
        assert_eq!(apic.read_msr(NOW, TSC_DEADLINE), Ok(0));
    }
}

#[test]
fn registers_are_the_same_in_both_modes() {
    let mut apic = x2apic(0);
    for (index, value) in [(0x808, 0x25), (0x832, 0x2_0055), (0x835, 0x8745), (0x838, 77), (0x83e, 0b1001)] {
        write_msr(&mut apic, index, value);
        assert_eq!(apic.read_msr(NOW, index), Ok(value), "{index:#x}");
    }
    assert_eq!(apic.read_msr(NOW, 0x839), Ok(77));
    apic.accept(&InterruptMessage { trigger: Trigger::Level, ..message(Delivery::Fixed, 0xe1) });
    assert_eq!((apic.read_msr(NOW, 0x827), apic.read_msr(NOW, 0x81f)), (Ok(2), Ok(2)));
    assert_eq!((apic.acknowledge(), apic.read_msr(NOW, 0x817)), (0xe1, Ok(2)));
    assert_eq!(apic.read_msr(NOW, 0x80a), Ok(0xe0));
    assert_eq!(apic.write_msr(NOW, 0, 0x80b, 0).unwrap().eoi, Some(0xe1));
}
