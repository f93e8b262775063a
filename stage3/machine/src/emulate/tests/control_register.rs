//! What instructions that write to control registers want.

use super::bench::{Bench, Mode, CODE, RAM};
use crate::emulate::{control_register_write, ControlRegisterWrite};
use crate::memory::{Gpa, GuestMemory};

fn write(mode: Mode, code: &[u8]) -> Option<ControlRegisterWrite> {
    let mut bench = Bench::new(mode);
    bench.ram.write(Gpa(CODE), code).unwrap();
    bench.gprs().rbx = 0x1_0000_0003;
    bench.gprs().r11 = 11;
    bench.vcpu.state.cr0 |= 0xf;
    bench.set_ram(RAM, 0xffff_fff5);
    control_register_write(&bench.vcpu, &bench.ram, 40)
}

/// Number, value, length.
const fn wants(number: usize, value: u64, length: u64) -> ControlRegisterWrite {
    ControlRegisterWrite { number, value, next_rip: CODE + length }
}

#[test]
fn mov_takes_all_of_its_register() {
    use Mode::{Bits16, Bits32, Bits64};
    assert_eq!(write(Bits64, &[0x44, 0x0f, 0x22, 0xc3]), Some(wants(8, 0x1_0000_0003, 4)), "MOV CR8, RBX");
    assert_eq!(write(Bits64, &[0x45, 0x0f, 0x22, 0xc3]), Some(wants(8, 11, 4)), "MOV CR8, R11");
    assert_eq!(write(Bits64, &[0x0f, 0x22, 0xe3]), Some(wants(4, 0x1_0000_0003, 3)), "MOV CR4, RBX");
    assert_eq!(write(Bits32, &[0x0f, 0x22, 0xdb]), Some(wants(3, 3, 3)), "MOV CR3, EBX");
    assert_eq!(write(Bits16, &[0x66, 0x0f, 0x22, 0xc3]), Some(wants(0, 3, 4)), "MOV CR0, EBX");
}

#[test]
fn lmsw_and_clts_change_the_lowest_bits_of_cr0() {
    use Mode::{Bits16, Bits32, Bits64};
    assert_eq!(write(Bits32, &[0x0f, 0x06]), Some(wants(0, 0x7, 2)), "CLTS");
    assert_eq!(write(Bits32, &[0x0f, 0x01, 0xf3]), Some(wants(0, 0x3, 3)), "LMSW BX");
    assert_eq!(write(Bits32, &[0x0f, 0x01, 0x35, 0, 0, 1, 0]), Some(wants(0, 0x5, 7)), "LMSW [RAM]");
    assert_eq!(write(Bits16, &[0x0f, 0x01, 0x36, 0, 0]), Some(wants(0, 0x5, 5)), "LMSW [DS:0]");
    assert_eq!(
        write(Bits64, &[0x41, 0x0f, 0x01, 0xf3]),
        Some(wants(0, 0x8000_000b, 4)),
        "LMSW R11W keeps PE"
    );
}

#[test]
fn other_instructions_want_nothing() {
    assert_eq!(write(Mode::Bits64, &[0x0f, 0xa2]), None, "CPUID");
    assert_eq!(write(Mode::Bits32, &[0x0f, 0x20, 0xc3]), None, "MOV EBX, CR0");
    assert_eq!(write(Mode::Bits32, &[0x0f, 0x01, 0xe3]), None, "SMSW BX");
    assert_eq!(write(Mode::Bits32, &[0x0f, 0x0b]), None, "UD2");
}
