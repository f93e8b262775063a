//! Exits on the board of a PC.

use super::*;
use crate::pc::Pc;
use crate::vcpu::CR0_PE;

const APIC_BASE: u64 = 0x1b;
/// IA32_APIC_BASE of the boot CPU: the address and, after it, how the local APIC is accessed.
const XAPIC: u64 = 0xfee0_0900;
const X2APIC: u64 = 0xfee0_0d00;
/// Task priority, and the timer's entry of the local vector table, as MSRs.
const TASK_PRIORITY: u64 = 0x808;
const LVT_TIMER: u64 = 0x832;

struct Guest {
    vcpu: MockVcpu,
    cpu: VirtualCpu,
    pc: Pc,
    ram: TestRam,
}

impl Guest {
    fn new() -> Self {
        let mut vcpu = MockVcpu::default();
        vcpu.state.cr0 = CR0_PE;
        Self { vcpu, cpu: virtual_cpu(CpuVendor::Intel), pc: test_pc(1 << 20), ram: TestRam::new(1 << 20) }
    }

    fn exit(&mut self, reason: ExitReason) -> Outcome {
        self.vcpu.injected = None;
        let exit = Exit { reason, next_rip: NEXT };
        handle(exit, &mut self.vcpu, &mut self.cpu, &mut self.pc, &self.ram, NOW).outcome
    }

    /// RDMSR; `None` if it faults.
    fn read(&mut self, index: u64) -> Option<u64> {
        self.vcpu.state.gprs.rcx = index;
        self.exit(ExitReason::ReadMsr);
        let gprs = self.vcpu.state.gprs;
        self.vcpu.injected.is_none().then_some(gprs.rdx << 32 | gprs.rax)
    }

    /// WRMSR; whether it does not fault.
    fn write(&mut self, index: u64, value: u64) -> bool {
        let gprs = &mut self.vcpu.state.gprs;
        (gprs.rcx, gprs.rax, gprs.rdx) = (index, value & 0xffff_ffff, value >> 32);
        self.exit(ExitReason::WriteMsr);
        self.vcpu.injected.is_none()
    }

    fn port(&mut self, port: u16, size: Size, direction: Direction, rax: u64) -> u64 {
        self.vcpu.state.gprs.rax = rax;
        let io = PortIo { port, size, direction, string: false };
        assert_eq!(self.exit(ExitReason::PortIo(io)), Outcome::Resume);
        self.vcpu.state.gprs.rax
    }

    /// CPUID leaf 1 shows a local APIC.
    fn shows_lapic(&mut self) -> bool {
        (self.vcpu.state.gprs.rax, self.vcpu.state.gprs.rcx) = (1, 0);
        self.exit(ExitReason::Cpuid);
        self.vcpu.state.gprs.rdx & 1 << 9 != 0
    }
}

#[test]
fn the_local_apic_has_msrs_in_x2apic_mode_only() {
    let mut guest = Guest::new();
    assert_eq!((guest.read(APIC_BASE), guest.read(TASK_PRIORITY)), (Some(XAPIC), None));
    assert!(!guest.write(TASK_PRIORITY, 0x30));
    assert!(guest.write(APIC_BASE, X2APIC) && guest.write(TASK_PRIORITY, 0x30));
    assert_eq!(guest.read(TASK_PRIORITY), Some(0x30));
    assert_eq!(guest.pc.cr8(), 3);
    assert!(guest.shows_lapic());
    assert!(guest.write(APIC_BASE, 0xfee0_0100));
    assert!(!guest.shows_lapic() && guest.read(TASK_PRIORITY).is_none());
}

#[test]
fn a_deadline_follows_the_counter_that_the_guest_sets() {
    let mut guest = Guest::new();
    assert!(guest.write(APIC_BASE, X2APIC) && guest.write(LVT_TIMER, 0x4_0050));
    assert!(guest.write(TSC_DEADLINE.into(), 1_000_000));
    assert!(guest.pc.next_deadline().is_some_and(|due| due > NOW));
    guest.vcpu.tsc = 2_000_000;
    assert!(guest.write(0x10, 2_000_000));
    assert!(guest.pc.interrupt_pending(), "it has passed");
}

#[test]
fn ports_reach_their_devices() {
    let mut guest = Guest::new();
    guest.port(0x80, Size::Byte, Direction::Out, 0x1234);
    assert_eq!(guest.port(0x80, Size::Byte, Direction::In, 0xffff_ffff_0000_0000), 0xffff_ffff_0000_0034);
}

#[test]
fn a_device_writes_to_the_guests_memory() {
    const COMMAND: u64 = 0x2000;
    const BUFFER: u64 = 0x3000;
    let mut guest = Guest::new();
    // Select the signature of the firmware configuration and read it: control, length, address.
    let command = [&0xa_u32.to_be_bytes()[..], &4_u32.to_be_bytes(), &BUFFER.to_be_bytes()].concat();
    guest.ram.write(Gpa(COMMAND), &command).unwrap();
    guest.port(0x518, Size::Dword, Direction::Out, (COMMAND as u32).swap_bytes().into());
    assert_eq!(guest.ram.peek(BUFFER, 4), b"QEMU");
}

#[test]
fn a_halted_guest_waits_if_a_line_can_be_an_nmi() {
    let mut guest = Guest::new();
    assert_eq!(guest.exit(ExitReason::Halt), Outcome::Stop(StopReason::Halted));
    // Input 4 of the I/O APIC: NMI.
    for (register, value) in [(0, 0x18), (0x10, 0x400)] {
        let ioapic = Gpa(crate::pc::IOAPIC.0 + register);
        assert!(guest.pc.write_mmio(NOW, ioapic, OperandSize::Dword, value).is_some());
    }
    assert_eq!(guest.exit(ExitReason::Halt), Outcome::Halt);
}
