//! Whatever a guest does to the board, in any order.

use super::steps::{apply, steps, Step};
use super::*;
use proptest::prelude::*;

/// The interrupt controllers but for the local APIC's timer, which is the last part of it.
fn requests(pc: &Pc) -> (String, bool) {
    let mut state = format!("{:?}", pc.interrupts);
    let ext_int = state.contains("ext_int: true");
    state.truncate(state.find("timer: Timer").expect("the timer"));
    (state, ext_int)
}

/// What the loop that runs the CPU asks for.
fn what_the_cpu_knows(pc: &Pc) -> (Option<Instant>, bool, Option<u8>, u8, bool, bool) {
    let interrupts = (pc.interrupt_pending(), pc.held_back_class(), pc.cr8(), pc.has_signal());
    let (pending, held_back, cr8, signal) = interrupts;
    (pc.next_deadline(), pending, held_back, cr8, signal, pc.media_want_memory())
}

/// An idle guest takes all interrupts that wait, and ends each. `None` if there is no end to them.
fn serve(pc: &mut Pc, now: Instant) -> Option<Vec<u8>> {
    let mut vectors = Vec::new();
    while pc.interrupt_pending() {
        vectors.push(pc.acknowledge_interrupt());
        apply(pc, now, &Step::LocalApic(0x0b, 0));
        end_of_interrupt(pc, now);
        if vectors.len() > 20 {
            return None;
        }
    }
    if pc.take_nmi() {
        vectors.push(2);
    }
    pc.take_init();
    Some(vectors)
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
            prop_assert_eq!(requests(&lazy), requests(&eager), "{:?} at {:?}", step, now);
        }
    }

    /// What does not change need not be looked at.
    #[test]
    fn no_change_goes_unnoticed(steps in steps(150)) {
        let mut pc = pc(0);
        start_timer(&mut pc, T0, 2, COUNT);
        let mut now = T0;
        let mut before = None;
        for step in &steps {
            now = now + if let Step::Wait(nanos) = step { *nanos } else { 300 };
            apply(&mut pc, now, step);
            let is_changed = pc.take_change(now);
            pc.advance(now);
            let present = Some(what_the_cpu_knows(&pc));
            prop_assert!(is_changed || present == before, "{:?} after {:?}: {:?}", present, step, before);
            before = present;
        }
    }

    /// Deadlines lie in the future, no interrupt comes before them, and each is worth waking up for.
    #[test]
    fn no_interrupt_comes_before_the_deadline(steps in steps(150)) {
        let mut pc = pc(0);
        let mut now = T0;
        for step in &steps {
            now = now + if let Step::Wait(nanos) = step { *nanos } else { 300 };
            apply(&mut pc, now, step);
            let deadline = pc.next_deadline();
            prop_assert!(deadline.is_none_or(|deadline| deadline > now));
            let mut later = pc.clone();
            later.advance(deadline.map_or(now + (1 << 50), |deadline| Instant(deadline.0 - 1)));
            prop_assert!(!later.interrupt_pending() || pc.interrupt_pending(), "before {:?}", deadline);
            prop_assert_eq!(later.has_signal(), pc.has_signal(), "before {:?}", deadline);
            if let Some(deadline) = deadline {
                let before = requests(&later);
                later.advance(deadline);
                prop_assert_ne!(requests(&later), before, "nothing happens at {:?}", deadline);
            }
        }
    }

    /// Time may also stand still at its end.
    #[test]
    fn nothing_panics_at_the_end_of_time(steps in steps(60)) {
        let mut pc = Pc::new(&PcConfig {
            layout: RamLayout::new(u64::MAX >> 1),
            cpus: 1,
            wall_clock: u64::MAX,
            tsc: TscScale::from_khz(1_000_000),
            physical_bits: 52,
            debug: DebugPorts { exit: Some(0xf4), console: Some(0xe9) },
        });
        for step in &steps {
            apply(&mut pc, Instant(u64::MAX), step);
            prop_assert!(pc.next_deadline().is_none_or(|deadline| deadline.0 == u64::MAX));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    /// A guest that is woken at the deadlines only gets the interrupts that it gets when somebody looks every
    /// microsecond, and when it gets them.
    #[test]
    fn an_idle_guest_gets_its_interrupts_in_time(steps in steps(60)) {
        let mut pc = pc(0);
        start_timer(&mut pc, T0, 2, COUNT);
        let mut now = T0;
        for step in &steps {
            now = now + if let Step::Wait(nanos) = step { *nanos } else { 300 };
            apply(&mut pc, now, step);
        }
        let mut eager = pc.clone();
        let end = now + 2_500_000;
        while now < end {
            let (served, expected) = (serve(&mut pc, now), serve(&mut eager, now));
            prop_assert_eq!(&served, &expected, "at {:?}", now);
            if served.is_none() {
                break;
            }
            let next = pc.next_deadline().map_or(end, |deadline| deadline.min(end));
            prop_assert!(next > now);
            while now + 1000 < next {
                now = now + 1000;
                eager.advance(now);
                prop_assert!(!eager.interrupt_pending() && !eager.has_signal(), "{:?} is before {:?}", now, next);
            }
            now = next;
            pc.advance(now);
            eager.advance(now);
        }
    }
}
