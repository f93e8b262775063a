//! Any sequence of accesses, of any size and at any time: nothing panics, and what is reserved stays clear.

use super::*;
use crate::device::lapic::{Lint, Mode, TSC_DEADLINE};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Read(u32, Size),
    Write(u32, Size, u32),
    ReadMsr(u32),
    WriteMsr(u32, u64),
    Accept(u8, u8, bool),
    Lint(bool, bool),
    Tsc(u64),
    Acknowledge,
    Take,
}

fn offset() -> impl Strategy<Value = u32> {
    prop_oneof![
        6 => (0_u32..0x40).prop_map(|index| index * 16),
        1 => Just(0x404),
        1 => 0_u32..0x1010,
        1 => any::<u32>()
    ]
}

fn size() -> impl Strategy<Value = Size> {
    prop_oneof![1 => Just(Size::Byte), 1 => Just(Size::Word), 6 => Just(Size::Dword)]
}

fn msr() -> impl Strategy<Value = u32> {
    prop_oneof![1 => Just(APIC_BASE), 1 => Just(TSC_DEADLINE), 4 => 0x800_u32..0x840, 1 => any::<u32>()]
}

fn wide() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        0_u64..0x200,
        (0_u64..0x20).prop_map(|bits| bits << 16 | 0x41),
        (0_u64..4).prop_map(|mode| 0xfee0_0000 | mode << 10),
    ]
}

fn narrow() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), 0_u32..0x200, (0_u32..0x20).prop_map(|bits| bits << 16 | 0x41)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (offset(), size()).prop_map(|(offset, size)| Step::Read(offset, size)),
        4 => (offset(), size(), narrow()).prop_map(|(offset, size, value)| Step::Write(offset, size, value)),
        1 => msr().prop_map(Step::ReadMsr),
        3 => (msr(), wide()).prop_map(|(index, value)| Step::WriteMsr(index, value)),
        2 => any::<(u8, u8, bool)>().prop_map(|(mode, vector, level)| Step::Accept(mode, vector, level)),
        1 => any::<(bool, bool)>().prop_map(|(pin, high)| Step::Lint(pin, high)),
        1 => any::<u64>().prop_map(Step::Tsc),
        2 => Just(Step::Acknowledge),
        1 => Just(Step::Take),
    ]
}

fn time() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0_u64..1000, 2 => any::<u64>(), 1 => Just(u64::MAX)]
}

fn run(apic: &mut LocalApic, now: Instant, tsc: u64, step: &Step) {
    match *step {
        Step::Read(offset, size) => {
            assert_eq!(apic.read(now, offset, size) & !size.mask(), 0);
        }
        Step::Write(offset, size, value) => {
            let _ = apic.write(now, offset, size, value);
        }
        Step::ReadMsr(index) => {
            let _ = apic.read_msr(now, index);
        }
        Step::WriteMsr(index, value) => {
            let _ = apic.write_msr(now, tsc, index, value);
        }
        Step::Accept(mode, vector, level) => {
            let trigger = if level { Trigger::Level } else { Trigger::Edge };
            if let Some(delivery) = Delivery::decode(u32::from(mode) << 8) {
                apic.accept(&InterruptMessage { trigger, ..message(delivery, vector) });
            }
        }
        Step::Lint(first, high) => apic.set_lint(if first { Lint::Lint0 } else { Lint::Lint1 }, high),
        Step::Tsc(tsc) => apic.tsc_changed(now, tsc),
        Step::Acknowledge => {
            apic.acknowledge();
        }
        Step::Take => {
            apic.take_init();
            apic.take_start_up();
            apic.take_nmi();
            apic.take_ext_int();
        }
    }
}

proptest! {
    #[test]
    fn nothing_panics(
        id in any::<u32>(),
        bits in any::<u8>(),
        khz in prop_oneof![any::<u64>(), 1_000_u64..5_000_000],
        steps in prop::collection::vec((time(), any::<u64>(), step()), 1..80),
    ) {
        let mut apic = LocalApic::new(id, true, bits, TscScale::from_khz(khz % (1 << 44)));
        let mut now = Instant(0);
        for (passed, tsc, step) in steps {
            now = now + passed;
            run(&mut apic, now, tsc, &step);
            for set in [&apic.irr, &apic.isr, &apic.tmr] {
                prop_assert!(set.word(0).trailing_zeros() >= 16, "vectors below 16");
            }
            prop_assert!(apic.pending().is_none_or(|vector| vector >= 16));
            if apic.mode() == Mode::Disabled {
                prop_assert_eq!((apic.pending(), apic.next_deadline()), (None, None));
            }
            apic.advance(now);
            // What is due now made its difference; only the end of time comes again and again.
            prop_assert!(now.0 == u64::MAX || apic.next_deadline().is_none_or(|due| due > now));
            let _ = (apic.matches(Destination::Physical(64)), apic.matches(Destination::Logical(tsc as u32)));
            let _ = (apic.arbitration_priority(), apic.processor_priority(), apic.mmio_page());
        }
    }
}
