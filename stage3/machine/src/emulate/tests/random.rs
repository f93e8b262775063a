//! Anything at all as an instruction.

use super::*;
use crate::vcpu::Segment;
use proptest::prelude::*;

/// Bytes that mean something often: prefixes, opcodes of the families that are emulated, ModRM.
fn byte() -> impl Strategy<Value = u8> {
    let known = &[
        0x0f, 0x26, 0x64, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x48, 0x4c, 0x01, 0x29, 0x80, 0x83, 0x88, 0x8b, 0x8f,
        0xa1, 0xa4, 0xa7, 0xab, 0xae, 0xb1, 0xba, 0xbb, 0xc7, 0xf7, 0xfe, 0xff, 0x03, 0x07, 0x44, 0x84, 0x04,
        0x24,
    ][..];
    prop_oneof![any::<u8>(), prop::sample::select(known)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Whatever the bytes and the state are, the emulator ends without a panic, and at most one event is injected.
    #[test]
    fn no_code_and_no_state_do_harm(
        code in prop::collection::vec(byte(), 1..16),
        mode in prop::sample::select(&MODES[..]),
        registers in any::<[u64; 8]>(),
        near in any::<[bool; 8]>(),
        (cr0, cr3, cr4, efer) in any::<(u64, u64, u64, u64)>(),
        (attributes, limit, base) in any::<(u16, u32, u64)>(),
        (wild, rip, rflags, cpl) in (any::<bool>(), any::<u64>(), any::<u64>(), 0..4_u8),
    ) {
        let mut bench = Bench::new(mode);
        let at = if mode == Mode::Bits16 { 0 } else { DEVICE };
        let value = |index: usize| if near[index] { at + registers[index] % 0x800 } else { registers[index] };
        let state = &mut bench.vcpu.state;
        let gprs = &mut state.gprs;
        (gprs.rax, gprs.rcx, gprs.rdx, gprs.rbx) = (value(0), value(1), value(2), value(3));
        (state.rsp, gprs.rbp, gprs.rsi, gprs.rdi) = (value(4), value(5), value(6), value(7));
        state.rflags = rflags & 0x0024_0cd7 | 2;
        bench.vcpu.cpl = cpl;
        bench.ram.write(Gpa(CODE), &code).unwrap();
        if wild {
            let segment = Segment { selector: 0, attributes, limit, base };
            let state = &mut bench.vcpu.state;
            (state.cr0, state.cr3, state.cr4, state.efer) = (cr0, cr3 & 0xf_ffff, cr4, efer);
            (state.cs, state.ds, state.es, state.ss) = (segment, segment, segment, segment);
            state.rip = rip;
        }
        let before = bench.vcpu.state;
        if bench.again().is_err() {
            prop_assert_eq!(bench.vcpu.injected, None);
            prop_assert_eq!(bench.vcpu.state, before);
        }
        // Two pieces of up to eight accesses for each element, twice if it is read and written.
        prop_assert!(bench.device.log.len() <= 2 * 2 * 8 * 512);
    }
}
