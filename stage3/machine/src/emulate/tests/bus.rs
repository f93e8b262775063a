//! What reaches a device, RAM or nothing.

use super::*;
use crate::emulate::Done;
use crate::pc::{Effects, PowerEvent};

/// MOV RAX, [RBX] in 64-bit code.
const LOAD: &[u8] = &[0x48, 0x8b, 0x03];
/// MOV [RBX], RAX
const STORE: &[u8] = &[0x48, 0x89, 0x03];

fn at(address: u64) -> Bench {
    let mut bench = Bench::new(Mode::Bits64);
    bench.gprs().rbx = address;
    bench.gprs().rax = 0x8877_6655_4433_2211;
    bench
}

#[test]
fn accesses_are_split_at_eight_bytes() {
    let mut bench = at(DEVICE + 0x23);
    bench.set(0x20, 0x0706_0504_0302_0100);
    bench.set(0x28, 0x0f0e_0d0c_0b0a_0908);
    bench.run(LOAD);
    assert_eq!(bench.gprs().rax, 0x0a09_0807_0605_0403);
    assert_eq!(bench.device.log, [(0x23, 1, None), (0x24, 4, None), (0x28, 2, None), (0x2a, 1, None)]);
    let mut bench = at(DEVICE + 0x26);
    bench.run(STORE);
    let pieces = [(0x26, 2, Some(0x2211)), (0x28, 4, Some(0x6655_4433)), (0x2c, 2, Some(0x8877))];
    assert_eq!(bench.device.log, pieces);
    // Unaligned, but within eight bytes: MOV [RBX], EAX
    let mut bench = at(DEVICE + 0x21);
    bench.run(&[0x89, 0x03]);
    assert_eq!(bench.device.log, [(0x21, 4, Some(0x4433_2211))]);
}

#[test]
fn operands_may_be_half_in_ram() {
    // The second page of 4 KiB pages at 1 GiB is the device's, the first is RAM.
    let mut bench = at(0x4000_0ffe);
    for (entry, value) in [(0x2008, 0x3007), (0x3000, 0x4007), (0x4000, RAM | 7), (0x4008, DEVICE | 7)] {
        bench.set_ram(entry, value);
    }
    bench.run(STORE);
    assert_eq!(bench.ram(RAM + 0xff8), 0x2211 << 48);
    assert_eq!(bench.get(0), 0x8877_6655_4433);
    assert_eq!(bench.device.log, [(0, 4, Some(0x6655_4433)), (4, 2, Some(0x8877))]);
    bench.gprs().rax = 0;
    bench.run(LOAD);
    assert_eq!(bench.gprs().rax, 0x8877_6655_4433_2211);
}

#[test]
fn where_nothing_is_reads_float_high_and_writes_vanish() {
    let mut bench = at(0xfed0_0000);
    bench.run(STORE);
    bench.run(LOAD);
    assert_eq!(bench.gprs().rax, u64::MAX);
    bench.run(&[0x0f, 0xb6, 0x03]);
    assert_eq!(bench.gprs().rax, 0xff, "MOVZX EAX, BYTE [RBX]");
    // The end of RAM, and the window of VGA memory.
    for address in [0x10_0000, 0xa_0000, 0xb_8ffc] {
        let mut bench = at(address);
        bench.run(STORE);
        bench.run(LOAD);
        assert_eq!(bench.gprs().rax, u64::MAX);
    }
}

#[test]
fn above_four_gibibytes_the_bus_floats_too() {
    let mut bench = at(0x8000_0000);
    bench.set_ram(0x2010, 0x1_4000_0087);
    bench.run(STORE);
    bench.run(LOAD);
    assert_eq!(bench.gprs().rax, u64::MAX);
}

#[test]
fn fetches_from_devices_stop_the_vm() {
    let mut bench = at(0);
    bench.vcpu.state.rip = DEVICE;
    let fault = MemoryFault { gpa: Gpa(DEVICE), access: Access::Fetch };
    assert_eq!(bench.again(), Err(Refusal::NotRam(fault)));
    bench.vcpu.state.rip = CODE;
    let refused =
        crate::emulate::emulate(fault, &mut bench.vcpu, 40, &mut bench.device, &bench.ram, bench::NOW);
    assert_eq!(refused, Err(Refusal::NotRam(fault)));
}

#[test]
fn effects_come_back() {
    let mut bench = at(DEVICE);
    bench.device.effects = Effects { power: Some(PowerEvent::Off), ..Effects::default() };
    let done = Done { power: Some(PowerEvent::Off), ..Done::default() };
    assert_eq!(bench.emulate(STORE), Ok(done));
    assert_eq!(bench.emulate(LOAD), Ok(Done::default()));
}
