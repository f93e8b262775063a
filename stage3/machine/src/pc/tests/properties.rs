//! Whatever a guest does to the board, in any order.

use super::*;
use proptest::prelude::*;

/// What can happen to a board.
#[derive(Clone, Debug)]
enum Step {
    Read(u16, u8),
    Write(u16, u8, u32),
    Wait(u64),
    Acknowledge,
    Receive(u8),
}

fn steps(length: usize) -> impl Strategy<Value = Vec<Step>> {
    let mut ports: Vec<u16> = PORTS.iter().flat_map(|(range, _)| range.clone()).collect();
    ports.extend([0xcf7, 0xcf8, 0xffff, 0x1f]);
    let port = prop_oneof![20 => prop::sample::select(ports), 1 => any::<u16>()];
    let wait = prop_oneof![
        8 => 0_u64..2_000_000,
        2 => 0_u64..3_000_000_000,
        1 => 0_u64..1 << 40,
    ];
    let value = prop_oneof![4 => any::<u32>(), 2 => 0_u32..16];
    let step = prop_oneof![
        6 => (port.clone(), 0..3_u8).prop_map(|(port, size)| Step::Read(port, size)),
        12 => (port, prop_oneof![3 => Just(0_u8), 1 => 0..3_u8], value)
            .prop_map(|(port, size, value)| Step::Write(port, size, value)),
        4 => wait.prop_map(Step::Wait),
        3 => Just(Step::Acknowledge),
        2 => any::<u8>().prop_map(Step::Receive),
    ];
    prop::collection::vec(step, 1..length)
}

/// Does a step; gives everything that the guest can see of it.
fn apply(pc: &mut Pc, now: Instant, step: &Step) -> (u32, bool, Option<u8>, Effects) {
    let size = |code: u8| Size::from_bytes(1 << code).expect("1, 2 or 4");
    let mut seen = (0, false, None, Effects::default());
    match *step {
        Step::Read(port, code) => seen.0 = pc.read_port(now, port, size(code)),
        Step::Write(port, code, value) => seen.3 = pc.write_port(now, port, size(code), value),
        Step::Wait(_) => pc.advance(now),
        Step::Acknowledge => {
            pc.advance(now);
            if pc.interrupt_pending() {
                seen.2 = Some(pc.acknowledge_interrupt());
            }
        }
        Step::Receive(byte) => {
            seen.1 = pc.can_receive();
            pc.receive(now, byte);
        }
    }
    pc.advance(now);
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The guest sees the same whether the timers are served often or only when they have to be.
    #[test]
    fn advancing_more_often_makes_no_difference(steps in steps(150), often in 1_u64..20) {
        let mut lazy = pc(0);
        start_timer(&mut lazy, T0, 3, COUNT);
        let mut eager = lazy.clone();
        let mut now = T0;
        for step in &steps {
            if let Step::Wait(nanos) = step {
                for part in 1..often {
                    eager.advance(now + nanos / often * part);
                }
                now = now + *nanos;
            } else {
                now = now + 300;
            }
            prop_assert_eq!(apply(&mut lazy, now, step), apply(&mut eager, now, step), "{:?} at {:?}", step, now);
            prop_assert_eq!(lazy.interrupt_pending(), eager.interrupt_pending());
            prop_assert_eq!(lazy.next_deadline(), eager.next_deadline());
        }
    }

    /// Deadlines lie in the future, and no interrupt comes before them.
    #[test]
    fn no_interrupt_comes_before_the_deadline(steps in steps(150)) {
        let mut pc = pc(0);
        let mut now = T0;
        for step in &steps {
            now = now + if let Step::Wait(nanos) = step { *nanos } else { 300 };
            apply(&mut pc, now, step);
            let deadline = pc.next_deadline();
            prop_assert!(deadline.is_none_or(|deadline| deadline > now));
            if !pc.interrupt_pending() {
                let mut later = pc.clone();
                later.advance(deadline.map_or(now + (1 << 50), |deadline| Instant(deadline.0 - 1)));
                prop_assert!(!later.interrupt_pending(), "before {:?}", deadline);
            }
        }
    }

    /// Time may also stand still at its end.
    #[test]
    fn nothing_panics_at_the_end_of_time(steps in steps(60)) {
        let mut pc = Pc::new(&PcConfig {
            layout: RamLayout::new(u64::MAX >> 1),
            wall_clock: u64::MAX,
            tsc: TscScale::from_khz(1_000_000),
            physical_bits: 52,
        });
        for step in &steps {
            apply(&mut pc, Instant(u64::MAX), step);
            prop_assert!(pc.next_deadline().is_none_or(|deadline| deadline.0 == u64::MAX));
        }
    }
}
