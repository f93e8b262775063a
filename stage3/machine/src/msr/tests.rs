use super::*;
use crate::exits::mock::{virtual_cpu, MockVcpu};
use crate::memory::test_ram::TestRam;
use crate::pvclock::MSR_SYSTEM_TIME;
use crate::vcpu::{EFER_NXE, EFER_SCE};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::vec;
use std::vec::Vec;

const GP: Result<(), Fault> = Err(Fault::GeneralProtection);

struct Bench {
    cpu: crate::exits::VirtualCpu,
    vcpu: MockVcpu,
    ram: TestRam,
}

impl Bench {
    fn new(vendor: CpuVendor) -> Self {
        Self { cpu: virtual_cpu(vendor), vcpu: MockVcpu::default(), ram: TestRam::new(0x10_0000) }
    }

    fn read(&self, index: u32) -> Result<u64, Fault> {
        self.cpu.msr.read(index, &self.vcpu, &self.cpu.cpuid)
    }

    fn write(&mut self, index: u32, value: u64) -> Result<(), Fault> {
        self.cpu.msr.write(index, value, &mut self.vcpu, &self.cpu.cpuid, &self.ram)
    }
}

#[test]
fn exactly_these_msrs_exist() {
    let both =
        [0x10, 0x3b, 0x8b, 0x179, 0x17a, 0x1a0, 0x277, 0xc000_0080, 0xfe, 0x2ff, 0x4b56_4d00, 0x4b56_4d01];
    let fixed = [0x250, 0x258, 0x259].into_iter().chain(0x268..=0x26f);
    let common: BTreeSet<u32> = both.into_iter().chain(0x200..=0x20f).chain(fixed).collect();
    for (vendor, own) in [
        (CpuVendor::Intel, vec![0x17]),
        (CpuVendor::Amd, vec![0xc001_0010, 0xc001_0015, 0xc001_001f, 0xc001_0055, 0xc001_1029]),
    ] {
        let bench = Bench::new(vendor);
        let searched = (0..0x2000).chain(0x4b56_4c00..0x4b56_4e00).chain(0xc000_0000..0xc000_2000);
        let found: BTreeSet<u32> =
            searched.chain(0xc001_0000..0xc001_2000).filter(|&index| bench.read(index).is_ok()).collect();
        assert_eq!(found, common.iter().copied().chain(own).collect(), "{vendor:?}");
    }
}

#[test]
fn what_cannot_be_read_cannot_be_written() {
    for vendor in [CpuVendor::Intel, CpuVendor::Amd] {
        let mut bench = Bench::new(vendor);
        for index in (0..0x2000).chain(0xc000_0000..0xc000_2000).chain(0xc001_0000..0xc001_2000) {
            if bench.read(index).is_err() {
                assert_eq!(bench.write(index, 0), GP, "{index:#x}");
            }
        }
    }
}

#[test]
fn reserved_bits_of_efer_fault() {
    let mut bench = Bench::new(CpuVendor::Amd);
    assert_eq!(bench.write(EFER, EFER_SCE | EFER_LME | EFER_NXE), Ok(()));
    assert_eq!(bench.read(EFER), Ok(EFER_SCE | EFER_LME | EFER_NXE));
    for reserved in [1 << 1, 1 << 12, 1 << 14, 1 << 15, 1 << 63] {
        assert_eq!(bench.write(EFER, EFER_LME | reserved), GP, "{reserved:#x}");
    }
    assert_eq!(bench.read(EFER), Ok(EFER_SCE | EFER_LME | EFER_NXE));
}

#[test]
fn lme_is_fixed_while_paging_is_on_and_lma_always() {
    let mut bench = Bench::new(CpuVendor::Intel);
    bench.vcpu.state.cr0 = CR0_PG;
    assert_eq!(bench.write(EFER, EFER_LME), GP);
    bench.vcpu.state.efer = EFER_LME | EFER_LMA;
    assert_eq!(bench.write(EFER, EFER_LMA), GP);
    // SYSCALL on, LMA cleared by a write: the first happens, the second doesn't.
    assert_eq!(bench.write(EFER, EFER_LME | EFER_SCE), Ok(()));
    assert_eq!(bench.read(EFER), Ok(EFER_LME | EFER_LMA | EFER_SCE));
    bench.vcpu.state = crate::vcpu::CpuState::default();
    assert_eq!(bench.write(EFER, EFER_LMA), Ok(()));
    assert_eq!(bench.read(EFER), Ok(0));
}

#[test]
fn pat_takes_memory_types_only() {
    let mut bench = Bench::new(CpuVendor::Intel);
    assert_eq!(bench.write(PAT, 0x0007_0406_0507_0106), Ok(()));
    assert_eq!(bench.read(PAT), Ok(0x0007_0406_0507_0106));
    for bad in [2, 3 << 8, 8 << 56, 0xff << 24] {
        assert_eq!(bench.write(PAT, bad), GP, "{bad:#x}");
    }
    assert_eq!(bench.vcpu.pat, 0x0007_0406_0507_0106);
}

#[test]
fn the_tsc_is_the_cpus_and_the_clock_hears_of_writes() {
    let mut bench = Bench::new(CpuVendor::Intel);
    bench.vcpu.tsc = 1_000_000;
    assert_eq!(bench.read(TSC), Ok(1_000_000));
    bench.write(MSR_SYSTEM_TIME, 0x2001).unwrap();
    assert_eq!(bench.write(TSC, 5), Ok(()));
    assert_eq!(bench.vcpu.tsc, 5);
    assert_eq!(bench.cpu.msr.clock.nanos(5), 1_000_000);
    assert_eq!(bench.ram.peek(0x2008, 8), 5_u64.to_le_bytes(), "tsc_timestamp");
}

#[test]
fn microcode_revision_is_zero_after_any_write() {
    let mut bench = Bench::new(CpuVendor::Intel);
    assert_eq!(bench.write(BIOS_SIGN_ID, 77), Ok(()));
    assert_eq!(bench.read(BIOS_SIGN_ID), Ok(0));
    assert_eq!(bench.write(PLATFORM_ID, 0), GP, "read-only");
}

#[test]
fn misc_enable_keeps_what_a_guest_may_change() {
    for vendor in [CpuVendor::Intel, CpuVendor::Amd] {
        let mut bench = Bench::new(vendor);
        assert_eq!(bench.read(MISC_ENABLE), Ok(0x1801));
        assert_eq!(bench.write(MISC_ENABLE, 0x1880), Ok(()));
        assert_eq!(bench.read(MISC_ENABLE), Ok(0x1800), "read-only bits");
        // Fast strings, thermal control, EIST, MONITOR, CPUID limit, xTPR, execute disable.
        for bit in [0, 3, 16, 18, 22, 23, 34] {
            assert_eq!(bench.write(MISC_ENABLE, 1 << bit), Ok(()), "bit {bit}");
            assert_eq!(bench.read(MISC_ENABLE), Ok(0x1800 | 1 << bit), "bit {bit}");
        }
        for bit in [1, 2, 4, 13, 33, 35, 63] {
            assert_eq!(bench.write(MISC_ENABLE, 1 << bit), GP, "bit {bit}");
        }
    }
}

#[test]
fn no_bank_reports_machine_checks() {
    let mut bench = Bench::new(CpuVendor::Intel);
    assert_eq!((bench.read(MCG_CAP), bench.read(MCG_STATUS)), (Ok(0), Ok(0)));
    assert_eq!((bench.write(MCG_CAP, 0), bench.write(MCG_STATUS, 0)), (GP, Ok(())));
    assert_eq!(bench.write(MCG_STATUS, 1 << 2), GP);
}

#[test]
fn tsc_adjust_is_the_sum_of_all_changes() {
    let mut bench = Bench::new(CpuVendor::Intel);
    bench.vcpu.tsc = 1000;
    assert_eq!(bench.write(TSC, 5000), Ok(()));
    assert_eq!(bench.read(TSC_ADJUST), Ok(4000));
    assert_eq!(bench.write(TSC, 0), Ok(()));
    assert_eq!(bench.read(TSC_ADJUST), Ok(1000_u64.wrapping_neg()));
    bench.vcpu.tsc = 10;
    assert_eq!(bench.write(TSC_ADJUST, 100), Ok(()));
    assert_eq!((bench.vcpu.tsc, bench.read(TSC_ADJUST)), (1110, Ok(100)));
    assert!([TSC, TSC_ADJUST].into_iter().all(sets_tsc) && !sets_tsc(PAT));
}

#[test]
fn msrs_of_hidden_features_do_not_exist() {
    let mut host = crate::cpuid::test_host::TestHost::new(CpuVendor::Amd);
    host.set(1, 0, crate::cpuid::CpuidResult::default());
    host.set(7, 0, crate::cpuid::CpuidResult::default());
    let mut bench = Bench::new(CpuVendor::Amd);
    bench.cpu.cpuid = host.policy();
    for index in [TSC_ADJUST, MCG_CAP, MCG_STATUS] {
        assert_eq!((bench.read(index), bench.write(index, 0)), (Err(Fault::GeneralProtection), GP));
    }
}

#[test]
fn amds_own_msrs_take_harmless_values_and_forget_them() {
    let mut bench = Bench::new(CpuVendor::Amd);
    for (index, value, accepted) in [
        (0xc001_0010, 0, 0),
        (0xc001_0015, 1 << 24, 0x0100_0148),
        (0xc001_001f, 0, 1 << 46),
        (0xc001_0055, 0, 0),
        (0xc001_1029, 1 << 1, 1 << 1),
    ] {
        assert_eq!(bench.read(index), Ok(value), "{index:#x}");
        for bit in 0..64 {
            let expected = if accepted & (1_u64 << bit) != 0 { Ok(()) } else { GP };
            assert_eq!(bench.write(index, 1 << bit), expected, "{index:#x} bit {bit}");
        }
        assert_eq!(bench.read(index), Ok(value), "{index:#x}");
    }
}

#[test]
fn what_passes_through_is_not_answered_here() {
    let bench = Bench::new(CpuVendor::Amd);
    for &index in PASS_THROUGH.iter().chain([&TSC_AUX]) {
        assert_eq!(bench.read(index), Err(Fault::GeneralProtection), "{index:#x}");
    }
}

/// Every MSR that any vendor's CPU has.
fn all() -> Vec<u32> {
    let amd = [0xc001_0010, 0xc001_0015, 0xc001_001f, 0xc001_0055, 0xc001_1029];
    let own = [TSC, PLATFORM_ID, BIOS_SIGN_ID, MISC_ENABLE, PAT, EFER, MSR_SYSTEM_TIME, MSR_SYSTEM_TIME - 1];
    (0x200..0x210).chain([0x250, 0x259, 0x26f, 0xfe, 0x2ff]).chain(own).chain(amd).collect()
}

proptest! {
    /// A write changes no other MSR, and one that faults none at all.
    #[test]
    fn a_write_changes_its_own_msr_or_nothing(
        is_intel in any::<bool>(),
        index in prop_oneof![8 => prop::sample::select(all()), 1 => any::<u32>()],
        value in prop_oneof![any::<u64>(), 0..0x1000_u64, (0..64_u32).prop_map(|bit| 1 << bit)],
        (cr0, efer) in (any::<u64>(), any::<u64>()),
    ) {
        let mut bench = Bench::new(if is_intel { CpuVendor::Intel } else { CpuVendor::Amd });
        bench.vcpu.state.cr0 = cr0;
        bench.vcpu.state.efer = efer & bench.cpu.cpuid.efer_allowed();
        let seen = |bench: &Bench| all().into_iter().map(|index| bench.read(index)).collect::<Vec<_>>();
        let before = seen(&bench);
        let result = bench.write(index, value);
        for ((other, before), after) in all().into_iter().zip(before).zip(seen(&bench)) {
            prop_assert!(before == after || (other == index && result.is_ok()), "{:#x} changed", other);
        }
        let state = bench.vcpu.state;
        prop_assert_eq!(state.efer & !bench.cpu.cpuid.efer_allowed(), 0);
        prop_assert_eq!((state.efer ^ efer) & EFER_LMA & bench.cpu.cpuid.efer_allowed(), 0, "LMA is read-only");
    }
}
