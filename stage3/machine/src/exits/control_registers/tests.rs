use super::*;
use crate::exits::mock::{virtual_cpu, MockVcpu};
use crate::memory::test_ram::TestRam;
use crate::vcpu::{Segment, SEGMENT_PRESENT};
use ControlRegister::{Cr0, Cr4};

const PROTECTED: u64 = CR0_PE | CR0_ET;
const PAGED: u64 = PROTECTED | CR0_PG;
const REFUSED: Result<(), Fault> = Err(Fault::GeneralProtection);

struct Bench {
    vcpu: MockVcpu,
    ram: TestRam,
    vendor: CpuVendor,
}

impl Bench {
    /// A virtual CPU with these control registers.
    fn new(cr0: u64, cr4: u64, efer: u64) -> Self {
        let mut vcpu = MockVcpu::default();
        (vcpu.state.cr0, vcpu.state.cr4, vcpu.state.efer) = (cr0, cr4, efer);
        vcpu.state.cr3 = 0x1000;
        Self { vcpu, ram: TestRam::new(0x1_0000), vendor: CpuVendor::Intel }
    }

    fn write(&mut self, register: ControlRegister, value: u64) -> Result<(), Fault> {
        let before = self.vcpu.state;
        let result = write(register, value, &mut self.vcpu, &virtual_cpu(self.vendor).cpuid, &self.ram);
        if result.is_err() {
            assert_eq!((self.vcpu.state, self.vcpu.pdptes), (before, None), "nothing changes");
        }
        result
    }
}

#[test]
fn cr0_ignores_what_means_nothing_and_keeps_et() {
    let mut bench = Bench::new(PROTECTED, 0, 0);
    assert_eq!(bench.write(Cr0, 0x1ffa_ffc1 | CR0_NE), Ok(()));
    assert_eq!(bench.vcpu.state.cr0, CR0_PE | CR0_ET | CR0_NE);
    assert_eq!(bench.write(Cr0, 1 << 32 | CR0_PE), REFUSED);
    assert_eq!(bench.write(Cr0, CR0_PE | CR0_NW), REFUSED);
    assert_eq!(bench.write(Cr0, CR0_PE | CR0_NW | CR0_CD), Ok(()));
    assert_eq!(bench.write(Cr0, CR0_PG), REFUSED, "paging without protection");
}

#[test]
fn cr4_bits_of_hidden_features_are_reserved() {
    let mut bench = Bench::new(PROTECTED, 0, 0);
    // LA57, VMXE, SMXE, a bit that nobody defines, PKE, CET.
    for bit in [12, 13, 14, 15, 22, 23, 32, 63] {
        assert_eq!(bench.write(Cr4, 1 << bit), REFUSED, "{bit}");
    }
    assert_eq!(bench.write(Cr4, CR4_PAE), Ok(()));
    assert_eq!(bench.vcpu.state.cr4, CR4_PAE);
}

#[test]
fn long_mode_is_activated_by_paging() {
    let mut bench = Bench::new(PROTECTED, CR4_PAE, EFER_LME);
    assert_eq!(bench.write(Cr0, PAGED), Ok(()));
    assert_eq!(bench.vcpu.state.efer, EFER_LME | EFER_LMA);
    assert_eq!(bench.write(Cr4, 0), REFUSED, "PAE stays on");
    assert_eq!(bench.write(Cr4, CR4_PAE | CR4_PGE), Ok(()));
    assert_eq!(bench.write(Cr0, PROTECTED), Ok(()), "from compatibility mode");
    assert_eq!(bench.vcpu.state.efer, EFER_LME);
}

#[test]
fn long_mode_has_conditions() {
    assert_eq!(Bench::new(PROTECTED, 0, EFER_LME).write(Cr0, PAGED), REFUSED, "no PAE");
    let mut bench = Bench::new(PROTECTED, CR4_PAE, EFER_LME);
    bench.vcpu.state.cs.attributes = SEGMENT_LONG;
    assert_eq!(bench.write(Cr0, PAGED), REFUSED, "CS.L");
    bench.vcpu.state.cs.attributes = 0;
    bench.vcpu.state.tr = Segment { attributes: SEGMENT_PRESENT | 0x3, ..Segment::default() };
    assert_eq!(bench.write(Cr0, PAGED), REFUSED, "16-bit TSS");
    bench.vcpu.state.tr.attributes = SEGMENT_PRESENT | 0xb;
    assert_eq!(bench.write(Cr0, PAGED), Ok(()));
    bench.vcpu.state.cs.attributes = SEGMENT_LONG;
    assert_eq!(bench.write(Cr0, PROTECTED), REFUSED, "64-bit code");
}

#[test]
fn process_context_identifiers_need_long_mode() {
    assert_eq!(Bench::new(PAGED, 0, 0).write(Cr4, CR4_PCIDE), REFUSED);
    let mut bench = Bench::new(PAGED, CR4_PAE, EFER_LME | EFER_LMA);
    bench.vcpu.state.cr3 = 0x1001;
    assert_eq!(bench.write(Cr4, CR4_PAE | CR4_PCIDE), REFUSED, "CR3 has one already");
    bench.vcpu.state.cr3 = 0x1000;
    assert_eq!(bench.write(Cr4, CR4_PAE | CR4_PCIDE), Ok(()));
    assert_eq!(bench.write(Cr0, PROTECTED), REFUSED, "paging goes off");
}

#[test]
fn intels_processors_load_the_page_directory_pointers() {
    let pointers = [0x2001_u64, 0, 0x3001, 0xffff_ffff_ffff_fffe];
    let mut bench = Bench::new(PROTECTED, CR4_PAE, 0);
    bench.vcpu.state.cr3 = 0x1fe0;
    for (index, pointer) in pointers.iter().enumerate() {
        bench.ram.write(Gpa(0x1fe0 + 8 * index as u64), &pointer.to_le_bytes()).unwrap();
    }
    assert_eq!(bench.write(Cr0, PAGED), Ok(()));
    assert_eq!(bench.vcpu.pdptes.take(), Some(pointers));
    assert_eq!(bench.write(Cr0, PAGED | CR0_WP), Ok(()));
    assert_eq!(bench.vcpu.pdptes, None, "WP does not load them");
    assert_eq!(bench.write(Cr4, CR4_PAE | CR4_PGE), Ok(()));
    assert_eq!(bench.vcpu.pdptes.take(), Some(pointers));

    bench.ram.write(Gpa(0x1fe0), &3_u64.to_le_bytes()).unwrap();
    assert_eq!(bench.write(Cr4, CR4_PAE), REFUSED, "reserved bit");
    bench.vcpu.state.cr3 = 0x10_0000;
    assert_eq!(bench.write(Cr4, CR4_PAE), REFUSED, "no memory there");
    bench.vendor = CpuVendor::Amd;
    assert_eq!(bench.write(Cr4, CR4_PAE), Ok(()), "AMD's read them when they need them");
    assert_eq!(bench.vcpu.pdptes, None);
}
