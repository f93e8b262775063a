use super::{Scheduler, State, Turn, WEIGHT};
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

const SLICE: u64 = 10_000;

/// Lets tasks that never sleep share `ticks`; returns how many each of them got.
fn share(weights: &[u32], ticks: u64) -> Vec<u64> {
    let mut scheduler = Scheduler::new(SLICE);
    for weight in weights {
        let task = scheduler.add(*weight);
        scheduler.wake(task);
    }
    let (mut now, mut got) = (0, vec![0; weights.len()]);
    while now < ticks {
        let turn = scheduler.pick(now).expect("all are ready");
        let ran = turn.until.min(ticks) - now;
        got[turn.task] += ran;
        scheduler.ran(turn.task, ran);
        now += ran;
    }
    got
}

#[test]
fn equal_weights_get_equal_shares() {
    let got = share(&[WEIGHT; 3], 1000 * SLICE);
    for ticks in got {
        assert!(ticks.abs_diff(1000 * SLICE / 3) <= SLICE, "{ticks}");
    }
}

#[test]
fn nobody_has_two_slices_in_a_row_for_a_hair() {
    let mut scheduler = Scheduler::new(SLICE);
    let tasks: Vec<usize> = (0..3).map(|_| scheduler.add(100)).collect();
    for task in &tasks {
        scheduler.wake(*task);
    }
    let (mut now, mut last) = (0, Vec::new());
    // Some slices end a little late.
    for late in [3, 1, 0, 2, 2, 5, 0, 0, 4, 1, 3, 0, 7, 1, 1, 2, 0, 6] {
        let turn = scheduler.pick(now).unwrap();
        assert!(!last.contains(&turn.task), "{last:?}, then {}", turn.task);
        last.push(turn.task);
        if last.len() == 3 {
            last.remove(0);
        }
        let ran = turn.until - now + late;
        scheduler.ran(turn.task, ran);
        now += ran;
    }
}

#[test]
fn one_task_is_never_interrupted() {
    let mut scheduler = Scheduler::new(SLICE);
    let task = scheduler.add(WEIGHT);
    scheduler.wake(task);
    assert_eq!(scheduler.pick(5), Some(Turn { task, until: u64::MAX }));
}

#[test]
fn nobody_runs_when_all_sleep() {
    let mut scheduler = Scheduler::new(SLICE);
    let task = scheduler.add(WEIGHT);
    assert_eq!(scheduler.pick(0), None);
    scheduler.sleep(task, Some(100));
    assert_eq!((scheduler.pick(99), scheduler.next_wake()), (None, Some(100)));
    assert_eq!(scheduler.pick(100).map(|turn| turn.task), Some(task));
    scheduler.sleep(task, None);
    assert_eq!((scheduler.pick(u64::MAX), scheduler.next_wake()), (None, None));
    scheduler.wake(task);
    assert_eq!(scheduler.state(task), State::Ready);
    scheduler.stop(task);
    assert_eq!(scheduler.pick(u64::MAX), None);
}

#[test]
fn a_sleeper_ends_the_turn_of_a_task_that_ran_a_while() {
    let mut scheduler = Scheduler::new(SLICE);
    let (busy, sleeper) = (scheduler.add(WEIGHT), scheduler.add(WEIGHT));
    scheduler.wake(busy);
    scheduler.ran(busy, 100 * SLICE);
    scheduler.sleep(sleeper, Some(SLICE / 2));
    assert_eq!(scheduler.pick(0), Some(Turn { task: busy, until: SLICE / 2 }));
    scheduler.ran(busy, SLICE / 2);
    assert_eq!(scheduler.pick(SLICE / 2).map(|turn| turn.task), Some(sleeper));
}

#[test]
fn time_that_was_slept_is_not_saved_up() {
    let mut scheduler = Scheduler::new(SLICE);
    let (busy, sleeper) = (scheduler.add(WEIGHT), scheduler.add(WEIGHT));
    scheduler.wake(busy);
    scheduler.ran(busy, 100 * SLICE);
    assert!(scheduler.pick(0).is_some());
    scheduler.wake(sleeper);
    let mut ran = [0; 2];
    for turn in 0..20 {
        let next = scheduler.pick(turn * SLICE).expect("both are ready");
        scheduler.ran(next.task, SLICE);
        ran[next.task] += 1;
    }
    assert!(ran[busy] >= 9, "{ran:?}");
}

#[test]
fn who_gives_way_is_not_asked_again_at_once() {
    let mut scheduler = Scheduler::new(SLICE);
    let tasks = [scheduler.add(WEIGHT), scheduler.add(WEIGHT)];
    for task in tasks {
        scheduler.wake(task);
    }
    let first = scheduler.pick(0).expect("both are ready").task;
    assert_eq!(scheduler.pick(1).map(|turn| turn.task), Some(first));
    scheduler.ran(first, 2);
    scheduler.give_way(first);
    assert_ne!(scheduler.pick(2).map(|turn| turn.task), Some(first));
}

proptest! {
    #[test]
    fn shares_follow_weights(weights in prop::collection::vec(1_u32..1000, 1..8)) {
        let ticks = 20_000 * SLICE;
        let sum: u64 = weights.iter().copied().map(u64::from).sum();
        for (weight, got) in weights.iter().zip(share(&weights, ticks)) {
            let fair = ticks * u64::from(*weight) / sum;
            prop_assert!(got.abs_diff(fair) <= 10 * SLICE, "{got} instead of {fair}");
        }
    }

    /// Whatever the others do: who wants to run comes to it. Each of the others can be three slices behind at most, one of
    /// them by having slept, and has a slice more before it gives way.
    #[test]
    fn nobody_starves(steps in prop::collection::vec((0_usize..5, 0_u8..4, 1_u64..2 * SLICE), 1..300)) {
        let mut scheduler = Scheduler::new(SLICE);
        let tasks: Vec<usize> = (0..5).map(|_| scheduler.add(WEIGHT)).collect();
        let (mut now, mut waiting) = (0, [None::<u64>; 5]);
        for (task, action, ticks) in steps {
            match action {
                0 => scheduler.sleep(task, Some(now + ticks)),
                1 => scheduler.stop(task),
                _ => scheduler.wake(task),
            }
            let Some(turn) = scheduler.pick(now) else { continue };
            waiting[turn.task] = None;
            for other in &tasks {
                match scheduler.state(*other) {
                    State::Ready if *other != turn.task => {
                        let since = *waiting[*other].get_or_insert(now);
                        prop_assert!(now - since <= 4 * 4 * SLICE, "task {} waits for {}", other, now - since);
                    }
                    _ => waiting[*other] = None,
                }
            }
            let ran = ticks.min(turn.until - now).min(SLICE);
            scheduler.ran(turn.task, ran);
            now += ran;
        }
    }
}
