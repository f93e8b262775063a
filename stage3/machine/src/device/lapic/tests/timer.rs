//! "APIC Timer", against arithmetic.

use super::*;
use crate::device::lapic::timer::{LEAST_INTERVAL, TICK};
use crate::device::lapic::TSC_DEADLINE;
use proptest::prelude::*;

const VECTOR: u32 = 0x60;
const PERIODIC: u32 = 1 << 17;
const DEADLINE: u32 = 2 << 17;

/// Divide configuration and divider, by the manual's table.
const DIVIDERS: [(u32, u64); 8] = [
    (0b0000, 2),
    (0b0001, 4),
    (0b0010, 8),
    (0b0011, 16),
    (0b1000, 32),
    (0b1001, 64),
    (0b1010, 128),
    (0b1011, 1),
];

fn timer(mode: u32, divide: u32) -> LocalApic {
    let mut apic = apic();
    write(&mut apic, LVT_TIMER, mode | VECTOR);
    write(&mut apic, DIVIDE, divide);
    apic
}

fn read_at(apic: &mut LocalApic, now: u64, offset: u32) -> u32 {
    apic.read(Instant(now), offset, Size::Dword)
}

fn write_at(apic: &mut LocalApic, now: u64, offset: u32, value: u32) {
    assert_eq!(apic.write(Instant(now), offset, Size::Dword, value), ApicEffects::default());
}

/// Advances; whether the timer interrupted, which is served at once.
fn interrupts(apic: &mut LocalApic, now: u64) -> bool {
    apic.advance(Instant(now));
    let interrupts = apic.pending().is_some();
    if interrupts {
        assert_eq!(u32::from(apic.acknowledge()), VECTOR);
        write_at(apic, now, EOI, 0);
    }
    interrupts
}

/// Divide configuration and nanoseconds of a tick.
fn ticks() -> impl Strategy<Value = (u32, u64)> {
    prop::sample::select(&DIVIDERS[..]).prop_map(|(code, divider)| (code, divider * TICK))
}

fn counts() -> impl Strategy<Value = u32> {
    prop_oneof![1_u32..2000, any::<u32>().prop_map(|count| count.max(1))]
}

/// Points in time, with many steps that are of the order of `period`.
fn times(start: u64, period: u64) -> impl Strategy<Value = std::vec::Vec<u64>> {
    prop::collection::vec(0..=period * 3, 1..20).prop_map(move |steps| {
        let mut now = start;
        steps
            .into_iter()
            .map(|step| {
                now += step;
                now
            })
            .collect()
    })
}

fn case() -> impl Strategy<Value = ((u32, u64), u32, u64, std::vec::Vec<u64>)> {
    (ticks(), counts(), 1000_u64..1 << 40).prop_flat_map(|(tick, count, start)| {
        (Just(tick), Just(count), Just(start), times(start, tick.1 * u64::from(count)))
    })
}

proptest! {
    #[test]
    fn one_shot_counts_down_once(((code, tick), count, start, times) in case()) {
        let mut apic = timer(0, code);
        write_at(&mut apic, start, INITIAL, count);
        let end = start + u64::from(count) * tick;
        let mut done = false;
        for now in times {
            let left = u64::from(count).saturating_sub((now - start) / tick);
            prop_assert_eq!(u64::from(read_at(&mut apic, now, CURRENT)), left);
            prop_assert_eq!(interrupts(&mut apic, now), now >= end && !done);
            done |= now >= end;
            prop_assert_eq!(apic.next_deadline(), (!done).then_some(Instant(end)));
            prop_assert_eq!(read_at(&mut apic, now, INITIAL), count);
        }
    }

    #[test]
    fn periodic_starts_again(((code, tick), count, start, times) in case()) {
        let mut apic = timer(PERIODIC, code);
        write_at(&mut apic, start, INITIAL, count);
        let count = u64::from(count);
        // Of short periods, not every end interrupts: the first does, and every `every`th from there on.
        let every = LEAST_INTERVAL.div_ceil(count * tick);
        let mut served = 0;
        for now in times {
            let ticks = (now - start) / tick;
            prop_assert_eq!(u64::from(read_at(&mut apic, now, CURRENT)), count - ticks % count);
            let due = (ticks / count).div_ceil(every);
            prop_assert_eq!(interrupts(&mut apic, now), due > served);
            served = due;
            let next = start + (1 + served * every) * count * tick;
            prop_assert_eq!(apic.next_deadline(), Some(Instant(next)));
        }
    }

    #[test]
    fn the_deadline_is_met_and_not_early(
        khz in 1_000_u64..10_000_000,
        host in 0_u64..1 << 50,
        offset in any::<u64>(),
        wait in 1_u64..1 << 50,
    ) {
        let scale = TscScale::from_khz(khz);
        let mut apic = LocalApic::new(0, true, BITS, scale);
        let (tsc, now) = (host.wrapping_add(offset), Instant(scale.nanos(host)));
        let Some(deadline) = tsc.checked_add(wait) else { return Ok(()) };
        let _ = apic.write(now, SVR, Size::Dword, 0x1ff);
        let _ = apic.write(now, LVT_TIMER, Size::Dword, DEADLINE | VECTOR);
        let _ = apic.write_msr(now, tsc, TSC_DEADLINE, deadline);
        prop_assert_eq!(apic.read_msr(now, TSC_DEADLINE), Ok(deadline));
        let due = apic.next_deadline().unwrap();
        prop_assert!(scale.ticks(due.0) >= host + wait, "early");
        prop_assert!(due.0 <= scale.nanos(host + wait) + 8, "late");
        apic.advance(Instant(due.0 - 1));
        prop_assert_eq!(apic.pending(), None);
        apic.advance(due);
        prop_assert_eq!(apic.pending(), Some(VECTOR as u8));
        prop_assert_eq!(apic.read_msr(due, TSC_DEADLINE), Ok(0));
    }

    #[test]
    fn a_new_divider_keeps_the_count(
        (first, first_tick) in ticks(),
        (second, second_tick) in ticks(),
        count in counts(),
        passed in any::<u32>(),
    ) {
        let mut apic = timer(PERIODIC, first);
        write_at(&mut apic, 5000, INITIAL, count);
        let passed = passed % count;
        let now = 5000 + u64::from(passed) * first_tick;
        write_at(&mut apic, now, DIVIDE, second);
        prop_assert_eq!(read_at(&mut apic, now, CURRENT), count - passed);
        let end = now + u64::from(count - passed) * second_tick;
        prop_assert_eq!(apic.next_deadline(), Some(Instant(end)));
        prop_assert!(interrupts(&mut apic, end));
        let period = u64::from(count) * second_tick;
        let next = end + period * LEAST_INTERVAL.div_ceil(period);
        prop_assert_eq!(apic.next_deadline(), Some(Instant(next)));
    }
}

/// Half a millisecond.
const COUNT: u32 = 50_000;
/// The fiftieth part of it in nanoseconds.
const UNIT: u64 = 1000 * TICK;

#[test]
fn count_zero_stops() {
    for mode in [0, PERIODIC] {
        let mut apic = timer(mode, 0b1011);
        write_at(&mut apic, 1000, INITIAL, COUNT);
        write_at(&mut apic, 1000 + 10 * UNIT, INITIAL, 0);
        assert_eq!((apic.next_deadline(), read_at(&mut apic, 1000 + 20 * UNIT, CURRENT)), (None, 0));
        assert!(!interrupts(&mut apic, 5000));
    }
}

#[test]
fn a_masked_timer_counts_and_its_end_is_lost() {
    let mut apic = timer(PERIODIC | MASKED, 0b1011);
    write_at(&mut apic, 1000, INITIAL, COUNT);
    assert_eq!((apic.next_deadline(), read_at(&mut apic, 1000 + 20 * UNIT, CURRENT)), (None, 30_000));
    write_at(&mut apic, 1000 + 60 * UNIT, LVT_TIMER, PERIODIC | VECTOR);
    assert_eq!((apic.pending(), apic.next_deadline()), (None, Some(Instant(1000 + 100 * UNIT))));
    // An interrupt that waits already makes the next ends no difference.
    apic.advance(Instant(1000 + 100 * UNIT));
    assert_eq!((apic.pending(), apic.next_deadline()), (Some(VECTOR as u8), None));
    apic.acknowledge();
    assert_eq!(apic.next_deadline(), Some(Instant(1000 + 150 * UNIT)));
}

#[test]
fn what_is_due_comes_before_the_write_that_masks_it() {
    let mut apic = timer(0, 0b1011);
    write_at(&mut apic, 1000, INITIAL, COUNT);
    write_at(&mut apic, 1000 + 50 * UNIT, LVT_TIMER, MASKED | VECTOR);
    assert_eq!(apic.pending(), Some(VECTOR as u8));
}

#[test]
fn from_one_shot_to_periodic_it_goes_on_if_it_runs() {
    let mut apic = timer(0, 0b1011);
    write_at(&mut apic, 1000, INITIAL, COUNT);
    write_at(&mut apic, 1000 + 10 * UNIT, LVT_TIMER, PERIODIC | VECTOR);
    assert!(interrupts(&mut apic, 1000 + 50 * UNIT));
    write_at(&mut apic, 1000 + 60 * UNIT, LVT_TIMER, VECTOR);
    assert!(interrupts(&mut apic, 1000 + 100 * UNIT));
    assert!(!interrupts(&mut apic, 1000 + 150 * UNIT));
    write_at(&mut apic, 1000 + 160 * UNIT, LVT_TIMER, PERIODIC | VECTOR);
    assert_eq!(apic.next_deadline(), None);
}

#[test]
fn deadline_mode_and_counts_exclude_each_other() {
    let mut apic = timer(0, 0b1011);
    write_msr(&mut apic, TSC_DEADLINE, 1 << 40);
    assert_eq!(apic.read_msr(NOW, TSC_DEADLINE), Ok(0), "ignored in another mode");
    write(&mut apic, INITIAL, 50);
    write(&mut apic, LVT_TIMER, DEADLINE | VECTOR);
    assert_eq!((apic.next_deadline(), read(&mut apic, CURRENT)), (None, 0), "disarmed");
    write(&mut apic, INITIAL, 50);
    assert_eq!((apic.next_deadline(), read(&mut apic, INITIAL)), (None, 0), "ignored");
    write_msr(&mut apic, TSC_DEADLINE, 1 << 40);
    assert!(apic.next_deadline().is_some());
    write_msr(&mut apic, TSC_DEADLINE, 0);
    assert_eq!((apic.next_deadline(), apic.pending()), (None, None));
    write_msr(&mut apic, TSC_DEADLINE, 1 << 40);
    write(&mut apic, LVT_TIMER, VECTOR);
    assert_eq!((apic.next_deadline(), apic.read_msr(NOW, TSC_DEADLINE)), (None, Ok(0)), "disarmed");
    write(&mut apic, LVT_TIMER, 3 << 17 | VECTOR);
    write(&mut apic, INITIAL, 50);
    assert_eq!(apic.next_deadline(), None, "the fourth mode is reserved");
}

#[test]
fn a_deadline_in_the_past_interrupts_at_once() {
    let mut apic = timer(DEADLINE, 0);
    assert_eq!(apic.write_msr(NOW, 500, TSC_DEADLINE, 501), Ok(ApicEffects::default()));
    assert_eq!(apic.pending(), None);
    assert_eq!(apic.write_msr(NOW, 500, TSC_DEADLINE, 500), Ok(ApicEffects::default()));
    assert_eq!(apic.pending(), Some(VECTOR as u8));
    assert_eq!(apic.read_msr(NOW, TSC_DEADLINE), Ok(0));
}

#[test]
fn a_deadline_beyond_the_end_of_time_never_comes() {
    for khz in [1, 1_000, 1_000_000, 3_000_000, 1 << 40] {
        let mut apic = LocalApic::new(0, true, BITS, TscScale::from_khz(khz));
        write(&mut apic, SVR, 0x1ff);
        write(&mut apic, LVT_TIMER, DEADLINE | VECTOR);
        for deadline in [1 << 63, u64::MAX - 1, u64::MAX] {
            write_msr(&mut apic, TSC_DEADLINE, deadline);
            apic.advance(Instant(1 << 20));
            assert_eq!(apic.pending(), None, "{khz} kHz, {deadline:#x}");
        }
    }
}

#[test]
fn a_new_tsc_moves_the_deadline() {
    let mut apic = timer(DEADLINE, 0);
    write_msr(&mut apic, TSC_DEADLINE, 1_000_000);
    apic.tsc_changed(NOW, 999_000);
    let due = apic.next_deadline().unwrap();
    assert!((2000..2010).contains(&due.0), "{due:?}");
    assert_eq!(apic.read_msr(NOW, TSC_DEADLINE), Ok(1_000_000));
    apic.tsc_changed(NOW, 2_000_000);
    assert_eq!(apic.pending(), Some(VECTOR as u8));
}
