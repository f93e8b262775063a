//! What is answered at once is what would have been done otherwise.

use super::*;
use crate::cpuid::CpuVendor;
use crate::exits::mock::{virtual_cpu, MockVcpu};
use crate::exits::{handle, Handled, Outcome, Output};
use crate::memory::test_ram::TestRam;
use crate::pc::test_pc;
use crate::vcpu::{Direction, Exit, ExitReason, PortIo, EFER_LMA, SEGMENT_LONG};
use proptest::prelude::*;
use std::vec;

const NOW: Instant = Instant(12_345_678);
const NEXT: u64 = 0x1002;

/// The exit that a question comes from.
fn reason(question: Question) -> ExitReason {
    match question {
        Question::Cpuid => ExitReason::Cpuid,
        Question::ReadMsr => ExitReason::ReadMsr,
        Question::Hypercall => ExitReason::Hypercall,
        Question::In { port, size } => {
            ExitReason::PortIo(PortIo { port, size, direction: Direction::In, string: false })
        }
    }
}

/// Asks with these values in RAX, RCX, and whether in 64-bit code, at CPL 3. What became of it; it must not differ from what
/// the handler does.
fn ask(
    question: Question,
    vendor: CpuVendor,
    [rax, rcx]: [u64; 2],
    is_64_bit: bool,
    is_user: bool,
) -> Answer {
    let (mut cpu, mut pc) = (virtual_cpu(vendor), test_pc(64 << 20));
    let mut vcpu = MockVcpu { cpl: if is_user { 3 } else { 0 }, xcr0: 1, tsc: 99, ..MockVcpu::default() };
    (vcpu.state.gprs.rax, vcpu.state.gprs.rcx, vcpu.state.gprs.rbx) = (rax, rcx, u64::MAX);
    if is_64_bit {
        vcpu.state.efer = EFER_LMA;
        vcpu.state.cs.attributes = SEGMENT_LONG;
    }
    pc.advance(NOW);
    let _ = pc.take_change(NOW);
    let (mut other, mut other_pc) = (vcpu.clone(), pc.clone());
    let answer = answer(question, &mut vcpu, &cpu, &mut pc, || NOW);
    if answer == Answer::None {
        assert_eq!(vcpu.state, other.state, "nothing happened");
        return answer;
    }
    let exit = Exit { reason: reason(question), next_rip: NEXT };
    let handled = handle(exit, &mut other, &mut cpu, &mut other_pc, &TestRam::new(4096), NOW);
    assert_eq!(handled, Handled { outcome: Outcome::Resume, output: Output::default() });
    assert_eq!((other.completed, other.injected, other.state.rip), (1, None, NEXT));
    other.state.rip = vcpu.state.rip;
    assert_eq!(vcpu.state, other.state, "{question:?}");
    assert_eq!(pc.is_changed(), other_pc.is_changed());
    assert_eq!(answer == Answer::GivenOnce, pc.is_changed());
    answer
}

#[test]
fn what_depends_on_nothing_else_is_answered() {
    let ask = |question, rax, rcx| ask(question, CpuVendor::Intel, [rax, rcx], true, false);
    for leaf in [0, 2, 0x15, 0x8000_0000, 0x8000_0002] {
        assert_eq!(ask(Question::Cpuid, leaf, 0), Answer::Given, "{leaf:#x}");
    }
    for leaf in [1, 4, 7, 0xd, 0x4000_0000, 0x8000_0001, 0x8000_0009, 0xffff_ffff] {
        assert_eq!(ask(Question::Cpuid, leaf, 0), Answer::None, "{leaf:#x}");
    }
    assert_eq!(ask(Question::ReadMsr, 0, 0x277), Answer::Given);
    for index in [0x1b, 0x6e0, 0x802, 0xdead] {
        assert_eq!(ask(Question::ReadMsr, 0, index), Answer::None, "{index:#x}");
    }
    assert_eq!(ask(Question::Hypercall, 0x5058_0000, 0), Answer::Given);
    assert_eq!(ask(Question::Hypercall, 0x5058_0004, 0), Answer::None);
    let input = |port| Question::In { port, size: Size::Byte };
    for port in [0x21, 0x4d0, 0x61, 0x71, 0xcfc, 0x3fd, 0x7e0] {
        assert_eq!(ask(input(port), 0, 0), Answer::Given, "{port:#x}");
    }
}

#[test]
fn a_read_that_changes_something_makes_the_loop_look() {
    let (cpu, mut pc) = (virtual_cpu(CpuVendor::Amd), test_pc(64 << 20));
    // The master 8259A in poll mode.
    pc.write_port(NOW, 0x20, Size::Byte, 0x0c);
    let _ = pc.take_change(NOW);
    let mut vcpu = MockVcpu::default();
    let mut ask = || answer(Question::In { port: 0x20, size: Size::Byte }, &mut vcpu, &cpu, &mut pc, || NOW);
    assert_eq!(ask(), Answer::GivenOnce);
}

proptest! {
    #[test]
    fn answers_are_those_of_the_handler(
        kind in 0..4_u8,
        leaf in prop_oneof![0..0x20_u64, 0x8000_0000..0x8000_0010_u64, 0x5058_0000..0x5058_0008_u64, any::<u64>()],
        rcx in prop_oneof![0..0x300_u64, 0xc000_0080..0xc000_0110_u64, 0x4b56_4d00..0x4b56_4d08_u64, any::<u64>()],
        port in prop_oneof![0..0x500_u16, any::<u16>()],
        size in prop::sample::select(vec![Size::Byte, Size::Word, Size::Dword]),
        flags in any::<[bool; 3]>(),
    ) {
        let question = match kind {
            0 => Question::Cpuid,
            1 => Question::ReadMsr,
            2 => Question::Hypercall,
            _ => Question::In { port, size },
        };
        let [is_intel, is_64_bit, is_user] = flags;
        let vendor = if is_intel { CpuVendor::Intel } else { CpuVendor::Amd };
        ask(question, vendor, [leaf, rcx], is_64_bit, is_user);
    }
}
