//! String instructions.

use super::*;
use crate::emulate::repeat::MAX_ELEMENTS;
use crate::emulate::Done;
use crate::pc::{Effects, PowerEvent};
use crate::vcpu::{RFLAGS_DF, RFLAGS_TF};
use std::vec::Vec;

const ZF: u64 = 1 << 6;

/// SI at RAM, DI at the device.
fn bench(mode: Mode) -> Bench {
    let mut bench = Bench::new(mode);
    let (si, di) = if mode == Mode::Bits16 { (0, 0) } else { (RAM, DEVICE) };
    bench.gprs().rsi = si;
    bench.gprs().rdi = di;
    bench
}

#[test]
fn rep_movs_copies_to_a_device() {
    for mode in MODES {
        let mut bench = bench(mode);
        let (si, di) = (bench.gprs().rsi, bench.gprs().rdi);
        let data: Vec<u8> = (0..64).collect();
        bench.ram.write(Gpa(RAM), &data).unwrap();
        bench.gprs().rcx = 20;
        bench.run(&[0xf3, 0xa4]);
        assert_eq!(bench.device.bytes[..24], [&data[..20], &[0; 4]].concat());
        assert_eq!((bench.gprs().rsi, bench.gprs().rdi, bench.gprs().rcx), (si + 20, di + 20, 0), "{mode:?}");
    }
}

#[test]
fn single_elements_leave_the_count_alone() {
    let mut bench = bench(Mode::Bits64);
    bench.gprs().rcx = 5;
    bench.gprs().rax = 0x1122_3344_5566_7788;
    bench.run(&[0x48, 0xab]);
    assert_eq!((bench.get(0), bench.gprs().rdi, bench.gprs().rcx), (0x1122_3344_5566_7788, DEVICE + 8, 5));
    // LODSD, LODSB from the device
    bench.gprs().rsi = DEVICE;
    bench.run(&[0xad]);
    assert_eq!((bench.gprs().rax, bench.gprs().rsi), (0x5566_7788, DEVICE + 4));
    bench.run(&[0xac]);
    assert_eq!((bench.gprs().rax, bench.gprs().rsi), (0x5566_7744, DEVICE + 5));
}

#[test]
fn a_single_step_ends_behind_each_element() {
    let mut bench = bench(Mode::Bits64);
    bench.vcpu.state.rflags |= RFLAGS_TF;
    bench.gprs().rcx = 2;
    assert_eq!(bench.emulate(&[0xf3, 0xaa]), Ok(Done::default()));
    assert_eq!((bench.gprs().rdi, bench.gprs().rcx, bench.vcpu.completed), (DEVICE + 1, 1, 1));
}

#[test]
fn strings_go_down_with_df_and_wrap_in_their_width() {
    let mut down = bench(Mode::Bits16);
    down.vcpu.state.rflags |= RFLAGS_DF;
    down.gprs().rdi = 0xabcd_0000_0000_0002;
    down.gprs().rcx = 0xabcd_0002;
    down.gprs().rax = 0x5678;
    down.run(&[0xf3, 0xab]);
    assert_eq!(down.device.log, [(2, 2, Some(0x5678)), (0, 2, Some(0x5678))]);
    assert_eq!((down.gprs().rdi, down.gprs().rcx), (0xabcd_0000_0000_fffe, 0xabcd_0000));
    // 67h in 64-bit code: registers of 32 bits
    let mut narrow = bench(Mode::Bits64);
    narrow.gprs().rdi |= 7 << 32;
    narrow.gprs().rcx = 7 << 32 | 1;
    narrow.run(&[0x67, 0xf3, 0xaa]);
    assert_eq!((narrow.gprs().rdi, narrow.gprs().rcx, narrow.device.log.len()), (DEVICE + 1, 0, 1));
}

#[test]
fn the_source_has_a_segment_and_the_target_has_not() {
    // FS: MOVSB
    let mut bench = bench(Mode::Bits32);
    bench.vcpu.state.fs = bench.vcpu.state.ds;
    bench.vcpu.state.fs.base = RAM;
    bench.gprs().rsi = 0x10;
    bench.set_ram(RAM + 0x10, 0x99);
    bench.run(&[0x64, 0xa4]);
    assert_eq!(bench.device.log, [(0, 1, Some(0x99))]);
}

#[test]
fn comparisons_end_at_the_first_difference_or_match() {
    let text = b"aaab";
    let run = |code: &[u8], al: u64| {
        let mut bench = bench(Mode::Bits64);
        bench.ram.write(Gpa(RAM), b"aaaaaa").unwrap();
        bench.device.bytes[..4].copy_from_slice(text);
        bench.gprs().rcx = 6;
        bench.gprs().rax = al;
        bench.run(code);
        (bench.gprs().rcx, bench.vcpu.state.rflags & ZF != 0)
    };
    assert_eq!(run(&[0xf3, 0xa6], 0), (2, false), "REPE CMPSB");
    assert_eq!(run(&[0xf2, 0xa6], 0), (5, true), "REPNE CMPSB");
    assert_eq!(run(&[0xf2, 0xae], b'b'.into()), (2, true), "REPNE SCASB");
    assert_eq!(run(&[0xf3, 0xae], b'a'.into()), (2, false), "REPE SCASB");
    assert_eq!(run(&[0xf2, 0xae], b'z'.into()), (0, false), "REPNE SCASB to the end");
    // CMPSB: source minus target, carry as in 'a' - 'b'.
    let mut bench = bench(Mode::Bits64);
    bench.ram.write(Gpa(RAM), b"a").unwrap();
    bench.device.bytes[0] = b'b';
    bench.run(&[0xa6]);
    assert_eq!(bench.vcpu.state.rflags & 0x8d5, 0x95);
}

#[test]
fn a_count_of_zero_touches_nothing() {
    let mut bench = bench(Mode::Bits32);
    bench.gprs().rcx = 1 << 32;
    bench.run(&[0xf3, 0xa5]);
    assert_eq!((bench.device.log.len(), bench.gprs().rcx), (0, 1 << 32));
}

#[test]
fn long_strings_are_done_in_parts() {
    let mut bench = bench(Mode::Bits64);
    bench.gprs().rcx = 600;
    bench.gprs().rax = 7;
    bench.emulate(&[0xf3, 0xaa]).unwrap();
    let rest = 600 - MAX_ELEMENTS;
    assert_eq!((bench.vcpu.state.rip, bench.gprs().rcx, bench.device.log.len()), (CODE, rest, 512));
    bench.run(&[0xf3, 0xaa]);
    assert_eq!(bench.gprs().rcx, 0);
    assert_eq!(bench.device.bytes[..601], [[7; 600].as_slice(), &[0]].concat());
    // A string that just fits is complete.
    bench.gprs().rcx = MAX_ELEMENTS;
    bench.run(&[0xf3, 0xaa]);
}

#[test]
fn a_fault_keeps_what_was_done() {
    let mut bench = bench(Mode::Bits16);
    bench.gprs().rdi = 0xfffd;
    bench.gprs().rcx = 4;
    bench.emulate(&[0xf3, 0xab]).unwrap();
    assert_eq!(bench.vcpu.injected, Some(Event::Fault(Fault::GeneralProtection)));
    assert_eq!((bench.gprs().rdi, bench.gprs().rcx, bench.vcpu.state.rip), (0xffff, 3, CODE));
}

#[test]
fn a_reset_ends_the_string() {
    let mut bench = bench(Mode::Bits64);
    bench.device.effects = Effects { power: Some(PowerEvent::Off), ..Effects::default() };
    bench.gprs().rcx = 5;
    let done = Done { power: Some(PowerEvent::Off), ..Done::default() };
    assert_eq!((bench.emulate(&[0xf3, 0xaa]), bench.gprs().rcx), (Ok(done), 4));
}
