//! The instruction at CS:RIP as text.

use super::*;
use crate::emulate::disassemble;
use std::string::String;

fn text(bench: &Bench) -> String {
    disassemble(&bench.vcpu, &bench.ram, 40)
}

#[test]
fn the_same_bytes_by_the_width_of_the_code() {
    for (mode, expected) in [
        (Mode::Bits16, "dec ax (48)"),
        (Mode::Bits32, "dec eax (48)"),
        (Mode::Bits64, "mov rax, qword ptr [0x80] (48 8b 04 25 80 00 00 00)"),
    ] {
        let bench = Bench::new(mode);
        bench.ram.write(Gpa(CODE), &[0x48, 0x8b, 0x04, 0x25, 0x80, 0, 0, 0]).unwrap();
        assert_eq!(text(&bench), expected);
    }
}

#[test]
fn targets_of_jumps_are_addresses() {
    let bench = Bench::new(Mode::Bits64);
    bench.ram.write(Gpa(CODE), &[0xeb, 0xfe]).unwrap();
    assert_eq!(text(&bench), "jmp 0x8000 (eb fe)");
}

#[test]
fn what_is_no_instruction_is_shown_in_bytes() {
    let bench = Bench::new(Mode::Bits64);
    bench.ram.write(Gpa(CODE), &[0x0f, 0x04]).unwrap();
    assert!(text(&bench).starts_with("unknown to the decoder (0f 04 00 00"), "{}", text(&bench));
}

#[test]
fn code_that_can_not_be_read_says_why() {
    let mut bench = Bench::new(Mode::Bits64);
    bench.vcpu.state.rip = 0x1_2345_6789;
    assert_eq!(text(&bench), "unreadable: #PF at 0x123456789 with error code 0x0");
    bench.vcpu.state.rip = 1 << 47;
    assert_eq!(text(&bench), "unreadable: #GP(0)");
    bench.vcpu.state.rip = DEVICE;
    assert_eq!(text(&bench), "unreadable: address 0xfee00000 is no memory");
    bench.vcpu.state.cr3 = DEVICE;
    assert_eq!(text(&bench), "unreadable: address 0xfee00000 is no memory");
}
